/* The relay over libcurl when time is short: a caller that was busy, a resolver that hangs, mails that are taken back. */
#include <dlfcn.h>
#include <netdb.h>

#include "relay_client.h"

static void
an_answer_that_came_while_the_caller_was_busy_counts(void **state)
{
	struct client client;
	struct sink sink;
	struct la_error error = LA_ERROR_INIT;
	struct la_relay_result result;
	size_t count;

	(void)state;
	sink_start(&sink, "[]", NULL);
	client_open(&client, &sink, PLAIN, 1);
	la_relay_curl_set_patience(client.relay, &short_patience);
	submit(&client, 1, "to@example.jp");
	for (count = 0; count == 0;) {
		(void)usleep(1200000); /* longer than any limit */
		assert_int_equal(
		    client.port->work(client.port->self, &not_at_all, &result, 1, &count, &error), LA_OK);
	}
	assert_int_equal(result.outcome, LA_RELAY_SENT);
	client_close(&client);
	sink_stop(&sink);
}

/* A resolver that hangs for this name: ours, in the place of libc's. */
#define DEAD_NAME "hangs.test"
#define DEAD_MS 12000

int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (name == NULL || strcmp(name, DEAD_NAME) != 0)
		return (real(name, service, hints, found));
	(void)usleep(DEAD_MS * 1000);
	return (EAI_AGAIN);
}

static void
a_resolver_that_hangs_holds_up_neither_the_loop_nor_the_end(void **state)
{
	static const char url[] = "smtp.url=smtp://" DEAD_NAME ":25/mailer.test,smtp://127.0.0.1:%d/mailer.test";
	struct client client = {.conf = NULL};
	struct la_relay_result result;
	struct sink sink;
	int64_t began_ms;

	(void)state;
	sink_start(&sink, "[]", NULL);
	assert_int_equal(la_conf_new(&client.conf, LA_PROGRAM_MAILER), LA_OK);
	set(client.conf, url, sink.port);
	set(client.conf, "smtp.starttls=never");
	assert_int_equal(la_relay_curl_new(&client.relay, client.conf, NULL), LA_OK);
	la_relay_curl_set_patience(client.relay, &short_patience);
	client.port = la_relay_curl_port(client.relay);
	assert_int_equal(client.port->count, 2);
	began_ms = la_clock_now_ms(NULL);
	submit(&client, 1, "to@example.jp");
	submit_to(&client, 1, 2, "to@example.jp");
	result = next(&client);
	assert_int_equal(result.token, 2); /* the other relay is not waited for */
	assert_int_equal(result.outcome, LA_RELAY_SENT);
	assert_int_equal(result.which, 1);
	result = next(&client);
	assert_int_equal(result.token, 1);
	assert_int_equal(result.which, 0);
	assert_int_equal(result.outcome, LA_RELAY_DEFER);
	assert_int_equal(result.stage, LA_SMTP_CONNECT);
	assert_non_null(strstr(result.detail, DEAD_NAME ":25"));
	client_close(&client);
	assert_true(la_clock_now_ms(NULL) - began_ms < DEAD_MS);
	sink_stop(&sink);
}

/* The sink has begun with its answer there, which is delayed. */
static void
until_reached(struct client *client, const struct sink *sink, const char *at)
{
	int64_t until_ms = la_clock_now_ms(NULL) + 30000;
	struct la_relay_result result;
	struct la_error error;
	char path[128];
	size_t count;

	sink_path(sink, "mails/delays", path);
	while (access(path, F_OK) != 0) {
		if (client->port->work(client->port->self, &a_while, &result, 1, &count, &error) != LA_OK || count > 0)
			fail_msg("%s: before its answer", at);
		assert_true(la_clock_now_ms(NULL) < until_ms);
	}
}

/* A mail that is not ours any more: nothing of it is accepted, unless its final dot is out. */
static void
what_is_not_trusted_any_more_is_withdrawn_before_its_final_dot(void **state)
{
	static const struct {
		const char *at;
		enum la_relay_outcome outcome;
	} rows[] = {{"banner", LA_RELAY_WITHDRAWN}, {"ehlo", LA_RELAY_WITHDRAWN}, {"mail", LA_RELAY_WITHDRAWN},
	    {"data", LA_RELAY_WITHDRAWN}, {"end", LA_RELAY_SENT}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_relay_result result;
		struct client client;
		struct sink sink;
		char script[100];

		(void)snprintf(script, sizeof(script), "[{\"at\": \"%s\", \"delay\": 2, \"times\": 1}]", rows[i].at);
		sink_start(&sink, script, NULL);
		client_open(&client, &sink, PLAIN, 1);
		submit(&client, 5, "to@example.jp");
		until_reached(&client, &sink, rows[i].at);
		client.port->trust(client.port->self, la_clock_now_ms(NULL)); /* in the middle of the delay */
		result = next(&client);
		if (result.outcome != rows[i].outcome)
			fail_msg("%s: %d, %s", rows[i].at, (int)result.outcome, result.detail);
		assert_int_equal(result.token, 5);
		if (result.outcome == LA_RELAY_WITHDRAWN) {
			client.port->trust(client.port->self, INT64_MAX);
			send_some(&client, 1, "to@example.jp"); /* it goes on */
		}
		assert_int_equal(sink_mails(&sink), 1);
		client_close(&client);
		sink_has_no_complaint(&sink);
		sink_stop(&sink);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_answer_that_came_while_the_caller_was_busy_counts),
	    cmocka_unit_test(a_resolver_that_hangs_holds_up_neither_the_loop_nor_the_end),
	    cmocka_unit_test(what_is_not_trusted_any_more_is_withdrawn_before_its_final_dot),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return (cmocka_run_group_tests(tests, make_certificate, remove_certificate));
}
