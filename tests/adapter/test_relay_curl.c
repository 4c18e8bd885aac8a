/* The relay over libcurl against a real SMTP server: mails, connections that are used again, limits. */
#include "relay_client.h"

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

/* How many mails there are in all, when one is answered so much later. */
static int
mails_around_a_slow_answer(int delay_s)
{
	struct client client;
	struct sink sink;
	int64_t began_ms;
	struct la_relay_result result;
	char script[128];
	int mails;

	(void)snprintf(script, sizeof(script), "[{\"at\": \"end\", \"to\": \"slow@example.jp\", \"delay\": %d}]", delay_s);
	sink_start(&sink, script, NULL);
	client_open(&client, &sink, PLAIN, 2);
	began_ms = la_clock_now_ms(NULL);
	submit(&client, 1000, "slow@example.jp");
	do {
		submit(&client, 1, "to@example.jp");
		result = next(&client);
		assert_int_equal(result.outcome, LA_RELAY_SENT);
	} while (result.token != 1000);
	assert_true(la_clock_now_ms(NULL) - began_ms >= delay_s * 1000);
	mails = sink_mails(&sink);
	client_close(&client);
	sink_stop(&sink);
	return (mails);
}

static void
a_slow_answer_after_the_final_dot_holds_up_no_other_mail(void **state)
{
	int delay_s = 1;

	(void)state;
	while (mails_around_a_slow_answer(delay_s) < 4) { /* others, while the slow one waited; of a slow machine it waits longer */
		delay_s *= 3;
		assert_in_range(delay_s, 1, 9);
	}
}

/* How long eight mails take at once, when each answer comes so much later. */
static int64_t
time_of_eight(int delay_ms)
{
	char delay[16];
	const char *const options[] = {"--delay", delay, NULL};
	struct la_error error = LA_ERROR_INIT;
	struct client client;
	struct sink sink;
	int64_t began_ms;
	enum la_err err;

	(void)snprintf(delay, sizeof(delay), "0.%03d", delay_ms);
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
	began_ms = la_clock_now_ms(NULL) - began_ms;
	client_close(&client);
	sink_stop(&sink);
	return (began_ms);
}

static void
connections_are_used_at_the_same_time_and_no_more_than_allowed(void **state)
{
	int delay_ms = 100;

	(void)state;
	while (time_of_eight(delay_ms) >= 8 * 6 * delay_ms) { /* one after the other: six answers each */
		delay_ms *= 3;
		assert_in_range(delay_ms, 100, 900);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(mails_share_a_connection_and_arrive_byte_for_byte),
	    cmocka_unit_test(a_connection_carries_so_many_mails_and_no_more),
	    cmocka_unit_test(a_connection_that_the_relay_closed_meanwhile_costs_no_try),
	    cmocka_unit_test(a_refused_recipient_leaves_the_connection_open),
	    cmocka_unit_test(a_slow_answer_after_the_final_dot_holds_up_no_other_mail),
	    cmocka_unit_test(connections_are_used_at_the_same_time_and_no_more_than_allowed),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return (cmocka_run_group_tests(tests, make_certificate, remove_certificate));
}
