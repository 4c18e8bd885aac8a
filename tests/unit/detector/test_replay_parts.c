/* What a replay is made of: times, counts, what was recorded, markup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "detector/html.h"
#include "detector/replay_recorded.h"
#include "detector/replay_tally.h"
#include "detector/replay_time.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
#define AT INT64_C(1751295600000) /* 2025-07-01T00:00:00+09:00 */

static void
times_are_told_in_the_offset_that_was_asked_in(void **state)
{
	static const struct {
		const char *asked;
		int64_t offset_ms;
		const char *told;
	} rows[] = {{"2025-07-01T00:00:00+09:00", 9 * HOUR, "2025-07-01T00:00:00.000+09:00"},
	    {"2025-07-01T00:00+09", 9 * HOUR, "2025-07-01T00:00:00.000+09:00"},
	    {"2025-06-30T15:00:00Z", 0, "2025-06-30T15:00:00.000Z"},
	    {"1751295600000", 0, "2025-06-30T15:00:00.000Z"},
	    {"2025-06-30T11:30:00.5-03:30", -7 * HOUR / 2, "2025-06-30T11:30:00.000-03:30"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char told[LA_REPLAY_TIME_BYTES];

		assert_int_equal(la_replay_time_offset(rows[i].asked), rows[i].offset_ms);
		la_replay_time_print(AT, rows[i].offset_ms, told);
		assert_string_equal(told, rows[i].told);
	}
}

static void
add(struct la_replay_tally *tally, int64_t at_ms, int64_t came_ms, struct la_verdict first, struct la_verdict second)
{
	static const struct la_facts facts;
	const struct la_login_event event = {.occurred_at_ms = at_ms};
	const struct la_verdict verdict[2] = {first, second};
	const struct la_replay_seen seen = {.source = {.has_timestamp = true, .timestamp_ms = came_ms},
	    .in_range = true,
	    .event = &event,
	    .facts = &facts,
	    .verdict = verdict};

	assert_int_equal(la_replay_tally_add(tally, &seen, 2, NULL), LA_OK);
}

static void
a_mail_is_an_alert_that_is_new_and_in_time(void **state)
{
	struct la_replay_tally tally = {.offset_ms = 9 * HOUR, .max_age_ms = DAY};
	const struct la_verdict known = {.outcome = LA_OUTCOME_KNOWN};
	struct la_verdict alert = {.outcome = LA_OUTCOME_ALERTED, .has_reason = true, .reason = LA_REASON_NEW_DEVICE};
	struct la_verdict again = alert;

	(void)state;
	again.redelivered = true;
	add(&tally, AT, AT, alert, known);
	add(&tally, AT + 5 * DAY, AT + 5 * DAY, alert, alert);
	add(&tally, AT - 1, AT, alert, known);           /* a day that comes late, and is put in its place */
	add(&tally, AT + 1, AT + 1, again, known);       /* sent twice */
	add(&tally, AT, AT + DAY, alert, known);         /* the last moment */
	add(&tally, AT, AT + DAY + 1, alert, known);     /* EXPIRED */
	assert_int_equal(tally.in_range, 6);
	assert_int_equal(tally.outcomes[0][LA_OUTCOME_ALERTED], 6);
	assert_int_equal(tally.alerts[0][LA_REASON_NEW_DEVICE], 6);
	assert_int_equal(tally.mails[0], 4);
	assert_int_equal(tally.mails[1], 1);
	assert_int_equal(tally.repeats[0], 1);
	assert_int_equal(tally.late[0], 1);
	assert_int_equal(tally.changed, 5);
	assert_int_equal(tally.day_count, 3);
	for (size_t i = 1; i < tally.day_count; i++)
		assert_true(tally.days[i - 1].day < tally.days[i].day);
	assert_int_equal(tally.days[1].day, (AT + 9 * HOUR) / DAY);
	assert_int_equal(tally.days[1].mails[0], 2);
	assert_int_equal(tally.days[1].events, 4);
	la_replay_tally_clear(&tally);
}

static void
what_was_recorded_is_found_by_place_in_its_order(void **state)
{
	struct la_recorded_store store;
	char value[32];

	(void)state;
	la_recorded_init(&store);
	for (int round = 0; round < 2; round++) { /* the second round only repeats */
		for (int64_t offset = 0; offset < 3000; offset++) {
			for (int n = 0; n < 2; n++) {
				struct la_recorded record = {
				    .kind = LA_RECORDED_ALERT, .partition = (int32_t)(offset % 3), .offset = offset};

				snprintf(value, sizeof(value), "%d-%d", (int)offset, n);
				assert_int_equal(la_recorded_add(&store, &record, la_span_text(value), NULL), LA_OK);
			}
		}
	}
	assert_int_equal(store.record_count, 6000);
	assert_int_equal(store.repeats, 6000);
	for (int64_t offset = 0; offset < 3000; offset++) {
		const struct la_recorded *r = la_recorded_find(&store, LA_RECORDED_ALERT, (int32_t)(offset % 3), offset);

		for (int n = 0; n < 2; n++, r = la_recorded_next(&store, r)) {
			assert_non_null(r);
			snprintf(value, sizeof(value), "%d-%d", (int)offset, n);
			assert_true(la_span_is(la_recorded_value(&store, r), value));
		}
		assert_null(r);
		assert_null(la_recorded_find(&store, LA_RECORDED_DECISION, (int32_t)(offset % 3), offset));
	}
	la_recorded_clear(&store);
}

static void
what_became_of_a_job_is_found_by_its_id(void **state)
{
	struct la_recorded_store store;
	const struct la_recorded_delivery *found;
	struct la_delivery delivery = {.attempts = 1};

	(void)state;
	la_recorded_init(&store);
	assert_null(la_recorded_find_delivery(&store, "no such job"));
	for (int i = 0; i < 5000; i++) {
		snprintf(delivery.job_id, sizeof(delivery.job_id), "%032d", i / 2);
		delivery.outcome = i % 2 == 0 ? LA_DELIVERED_SENT : LA_DELIVERED_DUPLICATE;
		assert_int_equal(la_recorded_add_delivery(&store, &delivery, NULL), LA_OK);
	}
	for (int i = 0; i < 2500; i++) {
		snprintf(delivery.job_id, sizeof(delivery.job_id), "%032d", i);
		found = la_recorded_find_delivery(&store, delivery.job_id);
		assert_int_equal(found->outcome, LA_DELIVERED_SENT);
		found = la_recorded_next_delivery(&store, found);
		assert_int_equal(found->outcome, LA_DELIVERED_DUPLICATE);
		assert_null(la_recorded_next_delivery(&store, found));
	}
	la_recorded_clear(&store);
}

static void
no_text_becomes_markup(void **state)
{
	static const char hostile[] = "<script a='b' c=\"d\">&\x01\x7f\xff\xc2\x9b</script>\n";
	struct la_buf out = LA_BUF_INIT;
	struct la_html html = {&out, false};

	(void)state;
	la_html_text(&html, la_span_of(hostile, sizeof(hostile) - 1));
	la_html_count(&html, "td class=n", 1234567);
	la_html_count(&html, "td", 999);
	assert_false(html.failed);
	assert_true(la_span_is(la_buf_span(&out),
	    "&lt;script a=&#39;b&#39; c=&quot;d&quot;&gt;&amp;\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd&lt;/script&gt;\n"
	    "<td class=n>1,234,567</td><td>999</td>"));
	la_buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(times_are_told_in_the_offset_that_was_asked_in),
	    cmocka_unit_test(a_mail_is_an_alert_that_is_new_and_in_time),
	    cmocka_unit_test(what_was_recorded_is_found_by_place_in_its_order),
	    cmocka_unit_test(what_became_of_a_job_is_found_by_its_id),
	    cmocka_unit_test(no_text_becomes_markup),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
