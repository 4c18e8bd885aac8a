#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/ops.h"

static struct la_metrics metrics;
static struct la_health health;
static struct la_ops_sources sources;
static atomic_int stopping;
static int64_t now_ms;
static struct la_buf out = LA_BUF_INIT;
static const char *type;

static int64_t
now(void *cookie)
{
	(void)cookie;
	return (now_ms);
}

static int
start(void **state)
{
	static const struct la_label build[] = {{"version", "1.2"}, {"avro", "1.11"}};

	(void)state;
	la_metrics_init(&metrics, LA_PROGRAM_DETECTOR);
	la_health_init(&health, LA_PROGRAM_DETECTOR);
	stopping = 0;
	now_ms = 1000000;
	sources = (struct la_ops_sources){.metrics = &metrics,
	    .health = &health,
	    .build = build,
	    .build_count = 2,
	    .stopping = &stopping,
	    .now_ms = now,
	    .started_ms = now_ms,
	    .started_at_ms = 1751295600999,
	    .live_ms = LA_OPS_LIVE_MS};
	return (0);
}

static int
end(void **state)
{
	(void)state;
	la_health_clear(&health);
	la_buf_clear(&out);
	return (0);
}

/* The page's status; its body is in out, as a string. */
static unsigned
get(const char *path)
{
	unsigned status;

	la_buf_reset(&out);
	status = la_ops_page(&sources, path, &out, &type);
	assert_int_equal(la_buf_add(&out, "", 1), LA_OK);
	return (status);
}

#define assert_page(path, status, body)                                    \
	do {                                                               \
		assert_int_equal(get(path), status);                       \
		assert_string_equal((const char *)out.data, (body));       \
	} while (0)

static void
it_lives_while_the_loop_turns_within_30_s(void **state)
{
	(void)state;
	assert_page("/livez", 200, "ok\n"); /* it has just started */
	now_ms += 30000;
	assert_page("/livez", 200, "ok\n");
	now_ms++;
	assert_page("/livez", 503, "loop: has not turned for 30 s\n");
	la_health_turned(&health, now_ms);
	assert_page("/livez", 200, "ok\n");
	now_ms += 90000;
	assert_page("/livez", 503, "loop: has not turned for 90 s\n");
}

static void
it_is_ready_when_it_is_in_its_group_and_no_side_fails(void **state)
{
	(void)state;
	assert_page("/readyz", 503, "group: not joined yet\n");
	la_metrics_add(&metrics, LA_COUNTER_REBALANCES, 0, 1);
	assert_page("/readyz", 200, "ok\n");
	la_health_fails(&health, "redis", "no answer");
	la_health_fails(&health, "storm", "too many");
	la_health_fails(&health, "storm", "far too many");
	assert_page("/readyz", 503, "redis: no answer\nstorm: far too many\n");
	assert_page("/livez", 200, "ok\n"); /* nothing that a restart would better */
	la_health_works(&health, "broker");
	la_health_works(&health, "redis");
	assert_page("/readyz", 503, "storm: far too many\n");
	la_health_fails(&health, "broker", "away");
	la_health_works(&health, NULL);
	assert_page("/readyz", 200, "ok\n");
	now_ms += 40000;
	assert_page("/readyz", 503, "loop: has not turned for 40 s\n");
	la_health_turned(&health, now_ms);
	stopping = 1;
	assert_page("/readyz", 503, "stopping: it was told to end\n");
}

static enum la_err
more(void *cookie, struct la_buf *to)
{
	return (la_buf_add_text(to, cookie));
}

static void
metrics_say_build_and_pauses_beside_what_is_counted(void **state)
{
	char lag[] = "login_alert_consumer_lag{topic=\"t\",partition=\"3\"} 9\n";
	const char *text;

	(void)state;
	sources.more = more;
	sources.cookie = lag;
	la_health_fails(&health, "storm", "secret \"words\"");
	assert_int_equal(get("/metrics"), 200);
	assert_string_equal(type, "text/plain; version=0.0.4; charset=utf-8");
	text = (const char *)out.data;
	assert_non_null(strstr(text, "\nlogin_alert_build_info{version=\"1.2\",avro=\"1.11\"} 1\n"));
	assert_non_null(strstr(text, "\nlogin_alert_start_time_seconds 1751295600\n"));
	assert_non_null(strstr(text, "\nlogin_alert_paused{cause=\"storm\"} 1\n"));
	assert_non_null(strstr(text, "\nlogin_alert_paused{cause=\"redis\"} 0\n"));
	assert_null(strstr(text, "cause=\"relay\"")); /* the mailer's */
	assert_non_null(strstr(text, "\nlogin_alert_events_total{outcome=\"KNOWN\"} 0\n"));
	assert_non_null(strstr(text, lag));
	assert_null(strstr(text, "secret"));
}

static void
other_paths_are_not_there(void **state)
{
	static const char *const paths[] = {"/", "", "/metrics/", "/livez/x", "/LIVEZ", "//readyz", "/%6civez", "livez"};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_page(paths[i], 404, "There are /livez, /readyz and /metrics.\n");
}

static void
an_address_is_split_at_its_port(void **state)
{
	static const struct {
		const char *listen, *host, *port;
	} rows[] = {{"127.0.0.1:9464", "127.0.0.1", "9464"}, {"[::1]:9465", "::1", "9465"}, {"[::]:0", "::", "0"},
	    {"localhost:1", "localhost", "1"}, {"off", NULL, NULL}};
	char host[LA_OPS_HOST_BYTES], port[8];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(la_ops_split(rows[i].listen, host, port), rows[i].host != NULL);
		if (rows[i].host == NULL)
			continue;
		assert_string_equal(host, rows[i].host);
		assert_string_equal(port, rows[i].port);
	}
}

static void
what_nobody_asks_for_is_told_to_nobody(void **state)
{
	(void)state;
	la_health_turned(NULL, 1);
	la_health_fails(NULL, "redis", "x");
	la_health_works(NULL, "redis");
	la_health_fails(&health, "no such side", "x");
	assert_false(la_health_is_failing(&health));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(it_lives_while_the_loop_turns_within_30_s, start, end),
	    cmocka_unit_test_setup_teardown(it_is_ready_when_it_is_in_its_group_and_no_side_fails, start, end),
	    cmocka_unit_test_setup_teardown(metrics_say_build_and_pauses_beside_what_is_counted, start, end),
	    cmocka_unit_test_setup_teardown(other_paths_are_not_there, start, end),
	    cmocka_unit_test_setup_teardown(an_address_is_split_at_its_port, start, end),
	    cmocka_unit_test_setup_teardown(what_nobody_asks_for_is_told_to_nobody, start, end),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
