/*
 * The relay over libcurl against a real SMTP server that behaves as badly as it is told to: each stage times each
 * answer, reuse of connections, limits.
 */
#include <dlfcn.h>
#include <netdb.h>

#include "relay_client.h"

/* ---- every stage times every answer ---- */

static const struct {
	const char *at;
	enum la_smtp_stage stage;
	enum security security;
} stages[] = {{"banner", LA_SMTP_BANNER, PLAIN}, {"ehlo", LA_SMTP_EHLO, PLAIN}, {"ehlo", LA_SMTP_EHLO, STARTTLS},
    {"starttls", LA_SMTP_STARTTLS, STARTTLS}, {"auth", LA_SMTP_AUTH, STARTTLS_AND_LOGIN},
    {"mail", LA_SMTP_MAIL, PLAIN}, {"rcpt", LA_SMTP_RCPT, PLAIN}, {"data", LA_SMTP_DATA, PLAIN},
    {"end", LA_SMTP_END_OF_DATA, PLAIN}, {"mail", LA_SMTP_MAIL, STARTTLS}, {"end", LA_SMTP_END_OF_DATA, STARTTLS}};

static const struct {
	const char *rule; /* JSON */
	int code;         /* 0: none; -1: no reply at all */
} answers[] = {{"\"reply\": \"421 4.3.2 no\"", 421}, {"\"reply\": \"421 4.3.2 no\", \"drop\": true", 421},
    {"\"reply\": \"450 4.2.0 no\"", 450}, {"\"reply\": \"451 4.3.0 no\"", 451}, {"\"reply\": \"452 4.3.1 no\"", 452},
    {"\"reply\": \"500 5.5.2 no\"", 500}, {"\"reply\": \"530 5.7.0 no\"", 530}, {"\"reply\": \"535 5.7.8 no\"", 535},
    {"\"reply\": \"550 5.1.1 no\"", 550}, {"\"reply\": \"550-5.1.1 no\\n5.1.1 and no\"", 550},
    {"\"reply\": \"552 5.3.4 no\"", 552}, {"\"reply\": \"554 5.0.0 no\", \"drop\": true", 554}, {"\"drop\": true", 0},
    {"\"reset\": true", 0}, {"\"stall\": true", 0}, {"\"raw\": \"HTTP/1.1 400 Bad\\r\\n\", \"stall\": true", 0},
    {"\"raw\": \"2\", \"drop\": true", 0}};

#define STAGES (sizeof(stages) / sizeof(stages[0]))
#define ANSWERS (sizeof(answers) / sizeof(answers[0]))

/* The table of consumer/mailer/README.md, written down a second time. */
static enum la_relay_outcome
expected_outcome(enum la_smtp_stage stage, int code)
{
	if (code == 530 || code == 535)
		return (LA_RELAY_AT_FAULT);
	if (code >= 500)
		return (stage < LA_SMTP_RCPT ? LA_RELAY_AT_FAULT : LA_RELAY_REFUSED);
	if (code == 0 && stage == LA_SMTP_END_OF_DATA)
		return (LA_RELAY_UNKNOWN);
	return (LA_RELAY_DEFER);
}

static void
check_cell(const struct sink *sink, size_t s, size_t a)
{
	enum la_relay_outcome outcome = expected_outcome(stages[s].stage, answers[a].code);
	struct la_relay_result result;
	struct client client;

	client_open(&client, sink, stages[s].security, 1);
	if (strstr(answers[a].rule, "stall") != NULL)
		la_relay_curl_set_patience(client.relay, &short_patience);
	submit(&client, 77, "to@example.jp");
	result = next(&client);
	if (stages[s].stage == LA_SMTP_BANNER && result.stage == LA_SMTP_CONNECT &&
	    strstr(answers[a].rule, "reset") != NULL)
		result.stage = LA_SMTP_BANNER; /* the reset may be there before the connection is looked at */
	if (result.outcome != outcome || result.stage != stages[s].stage || result.smtp_code != answers[a].code)
		fail_msg("%s {%s}: outcome %d not %d, stage %d, code %d: %s", stages[s].at, answers[a].rule,
		    (int)result.outcome, (int)outcome, (int)result.stage, result.smtp_code, result.detail);
	assert_int_equal(result.token, 77);
	if (answers[a].code != 0) {
		assert_int_equal(result.enhanced_code[0], answers[a].code / 100 + '0');
		assert_int_equal(strlen(result.enhanced_code), 5);
	}
	assert_null(strstr(result.detail, "no\n"));
	assert_null(strstr(result.detail, "example.jp"));
	assert_int_equal(room(&client), 1);
	client_close(&client);
}

static void
check_stages(enum security security, bool pipelining)
{
	/* Up to EHLO, one command at a time is the rule anyway. */
	size_t first = pipelining ? 0 : 5;
	const char *options[8] = {"--certificate", trusted.pem, "--key", trusted.key, "--user", "mailer:open sesame"};
	static char script[STAGES * ANSWERS * 160];
	struct sink sink;
	size_t size = 1, count = security == PLAIN ? 0 : security == STARTTLS ? 4 : 6;
	int connection = 0;

	(void)strcpy(script, "[");
	for (size_t s = first; s < STAGES; s++) {
		for (size_t a = 0; a < ANSWERS && stages[s].security == security; a++)
			size += (size_t)snprintf(script + size, sizeof(script) - size,
			    "%s{\"at\": \"%s\", \"connection\": %d, %s}", size > 1 ? ", " : "", stages[s].at,
			    ++connection, answers[a].rule);
	}
	(void)strcpy(script + size, "]");
	if (!pipelining)
		options[count++] = "--no-pipelining";
	options[count] = NULL;
	sink_start(&sink, script, options);
	for (size_t s = first; s < STAGES; s++) {
		for (size_t a = 0; a < ANSWERS && stages[s].security == security; a++)
			check_cell(&sink, s, a);
	}
	sink_has_no_complaint(&sink);
	sink_stop(&sink);
}

static void
each_stage_and_answer_has_its_outcome(void **state)
{
	(void)state;
	check_stages(PLAIN, true);
}

static void
also_one_command_at_a_time(void **state)
{
	(void)state;
	check_stages(PLAIN, false);
}

static void
also_over_tls(void **state)
{
	(void)state;
	check_stages(STARTTLS, true);
	check_stages(STARTTLS_AND_LOGIN, true);
}

static void
no_server_at_all_is_later(void **state)
{
	struct sink nobody = {.port = 1};
	struct la_relay_result result;
	struct client client;

	(void)state;
	client_open(&client, &nobody, PLAIN, 1);
	submit(&client, 1, "to@example.jp");
	result = next(&client);
	assert_int_equal(result.outcome, LA_RELAY_DEFER);
	assert_int_equal(result.stage, LA_SMTP_CONNECT);
	client_close(&client);
}

/* ---- connections ---- */

static void
send_some(struct client *client, int count, const char *to)
{
	for (int i = 0; i < count; i++) {
		struct la_relay_result result;

		submit(client, (uint64_t)i, to);
		result = next(client);
		if (result.outcome != LA_RELAY_SENT)
			fail_msg("%s", result.detail);
		assert_int_equal(result.token, i);
		assert_int_equal(result.smtp_code, 250);
	}
}

static void
mails_share_a_connection_and_arrive_byte_for_byte(void **state)
{
	static const enum security securities[] = {PLAIN, STARTTLS, STARTTLS_AND_LOGIN, TLS_AT_ONCE};

	(void)state;
	for (size_t s = 0; s < 4; s++) {
		const char *options[] = {"--certificate", trusted.pem, "--key", trusted.key, "--tls",
		    securities[s] == TLS_AT_ONCE ? "at-once" : "starttls", "--user", "mailer:open sesame", NULL};
		struct client client;
		struct sink sink;
		char path[128], data[128] = "";
		FILE *file;

		if (securities[s] != STARTTLS_AND_LOGIN)
			options[6] = NULL;
		sink_start(&sink, "[]", securities[s] == PLAIN ? NULL : options);
		client_open(&client, &sink, securities[s], 2);
		send_some(&client, 5, "to@example.jp");
		assert_int_equal(sink_connection_of(&sink, 5), sink_connection_of(&sink, 1));
		sink_path(&sink, "mails/000005.eml", path);
		file = fopen(path, "r");
		assert_non_null(file);
		assert_int_equal(fread(data, 1, sizeof(data) - 1, file), strlen(message));
		assert_string_equal(data, message);
		(void)fclose(file);
		client_close(&client);
		sink_has_no_complaint(&sink);
		sink_stop(&sink);
	}
}

static void
a_connection_carries_so_many_mails_and_no_more(void **state)
{
	struct client client;
	struct sink sink;

	(void)state;
	sink_start(&sink, "[]", NULL);
	client_open(&client, &sink, PLAIN, 1);
	client_close(&client);
	assert_int_equal(la_conf_new(&client.conf, LA_PROGRAM_MAILER), LA_OK);
	set(client.conf, "smtp.url=smtp://127.0.0.1:%d/mailer.test", sink.port);
	set(client.conf, "smtp.starttls=never");
	set(client.conf, "smtp.mails-per-connection=2");
	assert_int_equal(la_relay_curl_new(&client.relay, client.conf, NULL), LA_OK);
	client.port = la_relay_curl_port(client.relay);
	send_some(&client, 5, "to@example.jp");
	for (int i = 1; i <= 5; i++)
		assert_int_equal(sink_connection_of(&sink, i), 1 + (i - 1) / 2);
	client_close(&client);
	sink_stop(&sink);
}

static void
a_connection_that_the_relay_closed_meanwhile_costs_no_try(void **state)
{
	static const char *const scripts[] = {
	    /* hangs up right behind the good answer; at MAIL; says 421 first */
	    "[{\"at\": \"end\", \"connection\": 1, \"reply\": \"250 2.0.0 ok\", \"drop\": true}]",
	    "[{\"at\": \"mail\", \"connection\": 1, \"times\": 1},"
	    " {\"at\": \"mail\", \"connection\": 1, \"drop\": true}]",
	    "[{\"at\": \"mail\", \"connection\": 1, \"times\": 1},"
	    " {\"at\": \"mail\", \"connection\": 1, \"reply\": \"421 4.4.2 timeout\", \"drop\": true}]"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct client client;
		struct sink sink;

		sink_start(&sink, scripts[i], NULL);
		client_open(&client, &sink, PLAIN, 1);
		send_some(&client, 1, "to@example.jp");
		(void)usleep(50000);
		send_some(&client, 1, "to@example.jp");
		assert_int_equal(sink_mails(&sink), 2);
		assert_int_equal(sink_connection_of(&sink, 1), 1);
		assert_int_equal(sink_connection_of(&sink, 2), 2);
		client_close(&client);
		sink_stop(&sink);
	}
}

static void
a_refused_recipient_leaves_the_connection_open(void **state)
{
	static const char *const lockstep[] = {"--no-pipelining", NULL};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct client client;
		struct sink sink;

		sink_start(&sink, "[{\"at\": \"rcpt\", \"to\": \"no@example.jp\", \"reply\": \"550 5.1.1 no\"}]",
		    i == 0 ? NULL : lockstep);
		client_open(&client, &sink, PLAIN, 1);
		submit(&client, 1, "no@example.jp");
		assert_int_equal(next(&client).outcome, LA_RELAY_REFUSED);
		send_some(&client, 1, "to@example.jp");
		submit(&client, 1, "no@example.jp");
		assert_int_equal(next(&client).outcome, LA_RELAY_REFUSED);
		send_some(&client, 1, "to@example.jp");
		assert_int_equal(sink_mails(&sink), 2);
		assert_int_equal(sink_connection_of(&sink, 2), 1);
		client_close(&client);
		sink_has_no_complaint(&sink);
		sink_stop(&sink);
	}
}

static void
a_slow_answer_after_the_final_dot_holds_up_no_other_mail(void **state)
{
	struct client client;
	struct sink sink;
	int64_t began_ms;
	struct la_relay_result result;

	(void)state;
	sink_start(&sink, "[{\"at\": \"end\", \"to\": \"slow@example.jp\", \"delay\": 1}]", NULL);
	client_open(&client, &sink, PLAIN, 2);
	began_ms = la_clock_now_ms(NULL);
	submit(&client, 1000, "slow@example.jp");
	do {
		submit(&client, 1, "to@example.jp");
		result = next(&client);
		assert_int_equal(result.outcome, LA_RELAY_SENT);
	} while (result.token != 1000);
	assert_true(la_clock_now_ms(NULL) - began_ms >= 1000);
	assert_true(sink_mails(&sink) >= 4); /* others, while the slow one waited */
	client_close(&client);
	sink_stop(&sink);
}

static void
connections_are_used_at_the_same_time_and_no_more_than_allowed(void **state)
{
	static const char *const options[] = {"--delay", "0.1", NULL};
	struct la_error error = LA_ERROR_INIT;
	struct client client;
	struct sink sink;
	int64_t began_ms;
	enum la_err err;

	(void)state;
	sink_start(&sink, "[]", options);
	client_open(&client, &sink, PLAIN, 8);
	began_ms = la_clock_now_ms(NULL);
	for (int i = 0; i < 8; i++)
		submit(&client, (uint64_t)i, "to@example.jp");
	assert_int_equal(room(&client), 0);
	err = client.port->submit(client.port->self, 0, &(struct la_relay_mail){.token = 9}, &error);
	assert_int_equal(err, LA_EUNAVAILABLE);
	for (int i = 0; i < 8; i++)
		assert_int_equal(next(&client).outcome, LA_RELAY_SENT);
	assert_true(la_clock_now_ms(NULL) - began_ms < 8 * 6 * 100); /* one after the other: six answers each */
	client_close(&client);
	sink_stop(&sink);
}

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

static void
check_says_what_is_wrong_at_which_stage(void **state)
{
	static const struct {
		const char *script, *says;
	} rows[] = {{"[]", NULL}, {"[{\"at\": \"banner\", \"reply\": \"554 5.7.1 no\"}]", "554 5.7.1 at banner"},
	    {"[{\"at\": \"ehlo\", \"reply\": \"421 4.3.2 no\", \"drop\": true}]", "421 4.3.2 at EHLO"},
	    {"[{\"at\": \"banner\", \"stall\": true}]", "no answer"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_error error = LA_ERROR_INIT;
		struct client client;
		struct sink sink;
		enum la_err err;

		sink_start(&sink, rows[i].script, NULL);
		client_open(&client, &sink, PLAIN, 1);
		err = la_relay_curl_check(client.relay, 0, 2000, &error);
		assert_int_equal(err == LA_OK, rows[i].says == NULL);
		if (rows[i].says != NULL && strstr(error.text, rows[i].says) == NULL)
			fail_msg("%s", error.text);
		client_close(&client);
		sink_stop(&sink);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_stage_and_answer_has_its_outcome),
	    cmocka_unit_test(also_one_command_at_a_time),
	    cmocka_unit_test(also_over_tls),
	    cmocka_unit_test(no_server_at_all_is_later),
	    cmocka_unit_test(mails_share_a_connection_and_arrive_byte_for_byte),
	    cmocka_unit_test(a_connection_carries_so_many_mails_and_no_more),
	    cmocka_unit_test(a_connection_that_the_relay_closed_meanwhile_costs_no_try),
	    cmocka_unit_test(a_refused_recipient_leaves_the_connection_open),
	    cmocka_unit_test(a_slow_answer_after_the_final_dot_holds_up_no_other_mail),
	    cmocka_unit_test(connections_are_used_at_the_same_time_and_no_more_than_allowed),
	    cmocka_unit_test(an_answer_that_came_while_the_caller_was_busy_counts),
	    cmocka_unit_test(a_resolver_that_hangs_holds_up_neither_the_loop_nor_the_end),
	    cmocka_unit_test(what_is_not_trusted_any_more_is_withdrawn_before_its_final_dot),
	    cmocka_unit_test(check_says_what_is_wrong_at_which_stage),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return (cmocka_run_group_tests(tests, make_certificate, remove_certificate));
}
