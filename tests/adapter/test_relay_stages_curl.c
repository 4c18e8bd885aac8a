/*
 * The relay over libcurl against a real SMTP server that behaves as badly as it is told to: each stage times each answer.
 */
#include "relay_client.h"

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
	    cmocka_unit_test(check_says_what_is_wrong_at_which_stage),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return (cmocka_run_group_tests(tests, make_certificate, remove_certificate));
}
