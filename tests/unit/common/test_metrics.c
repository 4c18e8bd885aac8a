#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/dead_letter.h"
#include "common/job.h"
#include "common/metrics.h"

static struct la_metrics metrics;
static struct la_buf out = LA_BUF_INIT;

/* What is printed, as a string. */
static const char *
printed(void)
{
	la_buf_reset(&out);
	assert_int_equal(la_metrics_print(&metrics, &out), LA_OK);
	assert_int_equal(la_buf_add(&out, "", 1), LA_OK);
	return ((const char *)out.data);
}

static void
assert_line(const char *line)
{
	const char *text = printed(), *found = strstr(text, line);

	if (found == NULL || (found != text && found[-1] != '\n') || found[strlen(line)] != '\n')
		fail_msg("no line %s in\n%s", line, text);
}

static int
start(void **state)
{
	(void)state;
	la_metrics_init(&metrics, LA_PROGRAM_DETECTOR);
	return (0);
}

static int
end(void **state)
{
	(void)state;
	la_buf_clear(&out);
	return (0);
}

static void
what_never_happened_is_there_with_zero(void **state)
{
	(void)state;
	assert_line("# TYPE login_alert_events_total counter");
	assert_line("login_alert_events_total{outcome=\"KNOWN\"} 0");
	assert_line("login_alert_events_total{outcome=\"REJECTED\"} 0");
	assert_line("login_alert_alerts_total{reason=\"THIRD_PARTY_LINK\"} 0");
	assert_line("login_alert_dead_letters_total{cause=\"too_large\"} 0");
	assert_line("login_alert_rebalances_total 0");
	assert_line("# TYPE login_alert_batch_seconds histogram");
	assert_line("login_alert_batch_seconds_bucket{le=\"0.0001\"} 0");
	assert_line("login_alert_batch_seconds_bucket{le=\"+Inf\"} 0");
	assert_line("login_alert_batch_seconds_sum 0");
	assert_line("login_alert_batch_seconds_count 0");
	assert_null(strstr(printed(), "OTHER\"")); /* is written by nobody */
}

static void
counters_count_each_label_for_itself(void **state)
{
	(void)state;
	la_metrics_add(&metrics, LA_COUNTER_EVENTS, LA_OUTCOME_ALERTED, 3);
	la_metrics_add(&metrics, LA_COUNTER_EVENTS, LA_OUTCOME_KNOWN, UINT64_C(5000000000));
	la_metrics_add(&metrics, LA_COUNTER_ALERTS, LA_REASON_NEW_BROWSER, 2);
	la_metrics_add(&metrics, LA_COUNTER_ALERTS, LA_REASON_NEW_BROWSER, 1);
	la_metrics_add(&metrics, LA_COUNTER_DEAD_LETTERS, LA_DEAD_INVALID_VALUE, 7);
	la_metrics_add(&metrics, LA_COUNTER_REBALANCES, 0, 1);
	la_metrics_add(&metrics, LA_COUNTER_EVENTS, LA_METRIC_LABELS_MAX, 1); /* nowhere */
	assert_line("login_alert_events_total{outcome=\"ALERTED\"} 3");
	assert_line("login_alert_events_total{outcome=\"KNOWN\"} 5000000000");
	assert_line("login_alert_alerts_total{reason=\"NEW_BROWSER\"} 3");
	assert_line("login_alert_alerts_total{reason=\"FIRST_LOGIN\"} 0");
	assert_line("login_alert_dead_letters_total{cause=\"invalid_value\"} 7");
	assert_line("login_alert_rebalances_total 1");
}

static void
a_histogram_is_cumulated_and_its_sum_is_exact(void **state)
{
	(void)state;
	la_metrics_observe(&metrics, LA_TIMING_STORE, 100);     /* a bound belongs to its bucket */
	la_metrics_observe(&metrics, LA_TIMING_STORE, 101);
	la_metrics_observe(&metrics, LA_TIMING_STORE, 1500000);
	la_metrics_observe(&metrics, LA_TIMING_STORE, 3600000000);
	la_metrics_observe(&metrics, LA_TIMING_STORE, -5);
	assert_line("login_alert_store_roundtrip_seconds_bucket{le=\"0.0001\"} 2");
	assert_line("login_alert_store_roundtrip_seconds_bucket{le=\"0.00025\"} 3");
	assert_line("login_alert_store_roundtrip_seconds_bucket{le=\"1\"} 3");
	assert_line("login_alert_store_roundtrip_seconds_bucket{le=\"2.5\"} 4");
	assert_line("login_alert_store_roundtrip_seconds_bucket{le=\"30\"} 4");
	assert_line("login_alert_store_roundtrip_seconds_bucket{le=\"+Inf\"} 5");
	assert_line("login_alert_store_roundtrip_seconds_sum 3601.500201");
	assert_line("login_alert_store_roundtrip_seconds_count 5");
}

/* Timestamps are the producer's: whatever they are, they count as a time. */
static void
a_way_with_any_ends_is_a_time(void **state)
{
	static const struct {
		int64_t from, to;
	} ways[] = {{1000, 1250}, {INT64_MAX, 0}, {INT64_MIN, 250}, {0, INT64_MAX}, {5, 4}, {INT64_MIN, INT64_MAX}};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		la_metrics_observe_way(&metrics, LA_TIMING_EVENT_TO_ALERT, ways[i].from, ways[i].to);
	assert_line("login_alert_event_to_alert_seconds_bucket{le=\"0.001\"} 2");
	assert_line("login_alert_event_to_alert_seconds_bucket{le=\"0.25\"} 4");
	assert_line("login_alert_event_to_alert_seconds_bucket{le=\"86400\"} 4");
	assert_line("login_alert_event_to_alert_seconds_bucket{le=\"+Inf\"} 6");
	assert_line("login_alert_event_to_alert_seconds_sum 18446744073710.051614");
}

static void
each_program_prints_its_own_families(void **state)
{
	(void)state;
	assert_null(strstr(printed(), "mails_total"));
	assert_null(strstr(printed(), "smtp_seconds"));
	la_metrics_init(&metrics, LA_PROGRAM_MAILER);
	la_metrics_add(&metrics, LA_COUNTER_MAILS, LA_DELIVERED_DUPLICATE, 4);
	assert_line("login_alert_mails_total{outcome=\"DUPLICATE\"} 4");
	assert_line("# TYPE login_alert_smtp_seconds histogram");
	assert_line("# TYPE login_alert_event_to_mail_seconds histogram");
	assert_line("# TYPE login_alert_dead_letters_total counter");
	assert_null(strstr(printed(), "events_total"));
	assert_null(strstr(printed(), "event_to_alert_seconds"));
}

static void
a_label_may_hold_any_text(void **state)
{
	static const struct la_label labels[] = {{"a", "back\\slash \"quoted\"\nline"}, {"b", ""}};

	(void)state;
	la_buf_reset(&out);
	assert_int_equal(la_metrics_print_head(&out, "x", "gauge", "one \\ two\nthree \"four\""), LA_OK);
	assert_int_equal(la_metrics_print_sample(&out, "x", labels, 2, -1), LA_OK);
	assert_int_equal(la_metrics_print_sample(&out, "x", NULL, 0, 2), LA_OK);
	assert_int_equal(la_buf_add(&out, "", 1), LA_OK);
	assert_string_equal((const char *)out.data,
	    "# HELP login_alert_x one \\\\ two\\nthree \"four\"\n"
	    "# TYPE login_alert_x gauge\n"
	    "login_alert_x{a=\"back\\\\slash \\\"quoted\\\"\\nline\",b=\"\"} -1\n"
	    "login_alert_x 2\n");
}

static void
without_metrics_nothing_is_counted(void **state)
{
	(void)state;
	la_metrics_add(NULL, LA_COUNTER_EVENTS, 0, 1);
	la_metrics_observe(NULL, LA_TIMING_BATCH, 1);
	la_metrics_observe_way(NULL, LA_TIMING_BATCH, 1, 2);
	assert_line("login_alert_batch_seconds_count 0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(what_never_happened_is_there_with_zero, start),
	    cmocka_unit_test_setup(counters_count_each_label_for_itself, start),
	    cmocka_unit_test_setup(a_histogram_is_cumulated_and_its_sum_is_exact, start),
	    cmocka_unit_test_setup(a_way_with_any_ends_is_a_time, start),
	    cmocka_unit_test_setup(each_program_prints_its_own_families, start),
	    cmocka_unit_test_setup(a_label_may_hold_any_text, start),
	    cmocka_unit_test_setup(without_metrics_nothing_is_counted, start),
	};

	return (cmocka_run_group_tests(tests, NULL, end));
}
