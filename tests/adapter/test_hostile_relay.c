/*
 * A relay that means harm: whatever it sends, and however slowly or endlessly, the mail's outcome is a right one and comes
 * in its time, no call of the relay's port is kept busy by it, and the mail beside it goes.
 */
#include <time.h>

#include "relay_client.h"

#define CALL_CPU_MS 250 /* of one call of work, with sanitizers */
#define RESULT_MS 20000
#define WHY 512
#define ANY LA_SMTP_CONNECT /* stage: where it stops depends on how the bytes come */

static const struct la_patience patience = {
    .connect_ms = 1200, .opening_ms = 1200, .reply_ms = 1200, .final_reply_ms = 1200, .total_ms = 2400, .idle_ms = 20000};

static const struct {
	const char *at, *rule;
	enum security security;
	enum la_smtp_stage stage;
	enum la_relay_outcome outcome;
} rows[] = {
    /* without end */
    {"banner", "\"flood\": \"x\"", PLAIN, LA_SMTP_BANNER, LA_RELAY_DEFER},
    {"banner", "\"flood\": \"220-hello\\r\\n\"", PLAIN, LA_SMTP_BANNER, LA_RELAY_DEFER},
    {"banner", "\"flood\": \"\\u0000\"", PLAIN, LA_SMTP_BANNER, LA_RELAY_DEFER},
    {"banner", "\"flood\": \"\\n\"", PLAIN, LA_SMTP_BANNER, LA_RELAY_DEFER},
    {"ehlo", "\"flood\": \"250-X\\r\\n\"", PLAIN, LA_SMTP_EHLO, LA_RELAY_DEFER},
    {"ehlo", "\"flood\": \"250-X\\r\\n\"", STARTTLS, LA_SMTP_EHLO, LA_RELAY_DEFER},
    {"ehlo", "\"flood\": \"250 X\\r\\n\"", PLAIN, ANY, LA_RELAY_DEFER},
    {"starttls", "\"flood\": \"220-go on\\r\\n\"", STARTTLS, LA_SMTP_STARTTLS, LA_RELAY_DEFER},
    {"auth", "\"flood\": \"334 \\r\\n\"", STARTTLS_AND_LOGIN, LA_SMTP_AUTH, LA_RELAY_AT_FAULT},
    {"auth", "\"flood\": \"235-\\r\\n\"", STARTTLS_AND_LOGIN, LA_SMTP_AUTH, LA_RELAY_DEFER},
    {"mail", "\"flood\": \"250-ok\\r\\n\"", PLAIN, LA_SMTP_MAIL, LA_RELAY_DEFER},
    {"mail", "\"flood\": \"x\"", STARTTLS, LA_SMTP_MAIL, LA_RELAY_DEFER},
    {"data", "\"flood\": \"354-go\\r\\n\"", PLAIN, LA_SMTP_DATA, LA_RELAY_DEFER},
    {"end", "\"flood\": \"250-ok\\r\\n\"", PLAIN, LA_SMTP_END_OF_DATA, LA_RELAY_UNKNOWN},
    {"end", "\"flood\": \"x\"", STARTTLS, LA_SMTP_END_OF_DATA, LA_RELAY_UNKNOWN},
    /* a byte now and then: each counts, but not for ever */
    {"banner", "\"raw\": \"220-sink.test ESMTP\\r\\n220 x\\r\\n\", \"drip\": 0.1", PLAIN, LA_SMTP_BANNER, LA_RELAY_DEFER},
    {"ehlo", "\"raw\": \"250-sink.test and many more\\r\\n250 x\\r\\n\", \"drip\": 0.1", STARTTLS, LA_SMTP_EHLO,
        LA_RELAY_DEFER},
    {"rcpt", "\"raw\": \"250-ok and many words that take their time\\r\\n250 x\\r\\n\", \"drip\": 0.1", PLAIN,
        LA_SMTP_RCPT, LA_RELAY_DEFER},
    {"end", "\"raw\": \"250-ok and many words that take their time\\r\\n250 x\\r\\n\", \"drip\": 0.1", STARTTLS,
        LA_SMTP_END_OF_DATA, LA_RELAY_UNKNOWN},
    /* no reply, or not to what was asked */
    {"banner", "\"raw\": \"220 \\u0000\\u0000\\u001b[2J\\r\\n\", \"reply\": \"2\"", PLAIN, LA_SMTP_END_OF_DATA, LA_RELAY_SENT},
    {"mail", "\"raw\": \"250 \\u0000\\u00ff\\r\\n\", \"reply\": \"2\"", PLAIN, LA_SMTP_END_OF_DATA, LA_RELAY_SENT},
    {"mail", "\"raw\": \"250 ok\\n\", \"reply\": \"2\"", PLAIN, LA_SMTP_END_OF_DATA, LA_RELAY_SENT},
    {"mail", "\"raw\": \"25\\u00000 ok\\r\\n\"", PLAIN, LA_SMTP_MAIL, LA_RELAY_DEFER},
    {"mail", "\"raw\": \"650 ok\\r\\n\"", PLAIN, LA_SMTP_MAIL, LA_RELAY_DEFER},
    {"mail", "\"raw\": \"250-ok\\r\\n550 no\\r\\n\"", PLAIN, LA_SMTP_MAIL, LA_RELAY_DEFER},
    {"mail", "\"raw\": \"354 go on\\r\\n\", \"reply\": \"2\"", PLAIN, LA_SMTP_MAIL, LA_RELAY_DEFER},
    {"data", "\"raw\": \"250 ok\\r\\n\"", PLAIN, LA_SMTP_DATA, LA_RELAY_DEFER},
    {"end", "\"raw\": \"354 more\\r\\n\"", PLAIN, LA_SMTP_END_OF_DATA, LA_RELAY_UNKNOWN},
    {"end", "\"raw\": \"200 ok\\r\\n\"", PLAIN, LA_SMTP_END_OF_DATA, LA_RELAY_UNKNOWN},
    /* answers before their questions: the final one must come after the final dot */
    {"mail", "\"raw\": \"250 ok\\r\\n250 ok\\r\\n354 go\\r\\n250 kept\\r\\n\", \"stall\": true", PLAIN, LA_SMTP_DATA, LA_RELAY_DEFER},
    {"mail", "\"raw\": \"250 ok\\r\\n250 ok\\r\\n354 go\\r\\n550 5.1.1 no\\r\\n\", \"stall\": true", PLAIN, LA_SMTP_DATA,
        LA_RELAY_REFUSED},
    /* in and around TLS */
    {"starttls", "\"reply\": \"220 go\", \"stall\": true", STARTTLS, LA_SMTP_STARTTLS, LA_RELAY_DEFER},
    {"starttls", "\"reply\": \"220 go\", \"drop\": true", STARTTLS, LA_SMTP_STARTTLS, LA_RELAY_DEFER},
    {"starttls", "\"reply\": \"220 go\", \"reset\": true", STARTTLS, LA_SMTP_STARTTLS, LA_RELAY_DEFER},
    {"starttls", "\"raw\": \"220 go\\r\\n250 AUTH PLAIN\\r\\n\", \"stall\": true", STARTTLS_AND_LOGIN, LA_SMTP_STARTTLS,
        LA_RELAY_DEFER},
    {"auth", "\"raw\": \"334 bm8=\\r\\n\", \"stall\": true", STARTTLS_AND_LOGIN, LA_SMTP_AUTH, LA_RELAY_AT_FAULT},
    {"mail", "\"reset\": true", STARTTLS_AND_LOGIN, LA_SMTP_MAIL, LA_RELAY_DEFER},
    {"end", "\"reset\": true", STARTTLS_AND_LOGIN, LA_SMTP_END_OF_DATA, LA_RELAY_UNKNOWN}};

static int64_t
cpu_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return ((int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

/* Both results, by token; each call is short. False, with why. */
static bool
work_until_both_are_through(struct client *client, struct la_relay_result results[2], char why[WHY])
{
	int64_t until_ms = la_clock_now_ms(NULL) + RESULT_MS, before_ms, used_ms;
	struct la_error error = LA_ERROR_INIT;
	struct la_relay_result out[2];
	size_t count, through = 0;

	while (through < 2 && la_clock_now_ms(NULL) < until_ms) {
		before_ms = cpu_ms();
		if (client->port->work(client->port->self, &a_while, out, 2, &count, &error) != LA_OK)
			fail_msg("%s", error.text);
		if ((used_ms = cpu_ms() - before_ms) > CALL_CPU_MS) {
			(void)snprintf(why, WHY, "a call that took %d ms of CPU", (int)used_ms);
			return (false);
		}
		for (size_t i = 0; i < count; i++, through++)
			results[out[i].token] = out[i];
	}
	if (through < 2)
		(void)snprintf(why, WHY, "no result in time");
	return (through == 2);
}

/* SENT is what is there, and nothing else is; what is unknown may be. */
static void
check_mails(const char *row, const struct la_relay_result results[2], int arrived)
{
	int sent = 0, unknown = 0;

	for (int i = 0; i < 2; i++) {
		sent += results[i].outcome == LA_RELAY_SENT;
		unknown += results[i].outcome == LA_RELAY_UNKNOWN;
	}
	if (arrived < sent || arrived > sent + unknown)
		fail_msg("%s: %d sent, %d unknown, %d arrived", row, sent, unknown, arrived);
}

/* Either of the two met the rule. */
static bool
is_as_expected(size_t r, const struct la_relay_result results[2], char why[WHY])
{
	bool is_second = results[0].outcome == LA_RELAY_SENT && rows[r].outcome != LA_RELAY_SENT;
	const struct la_relay_result *met = &results[is_second], *other = &results[!is_second];

	if (other->outcome != LA_RELAY_SENT) {
		(void)snprintf(why, WHY, "the other mail: %s", other->detail);
		return (false);
	}
	(void)snprintf(why, WHY, "outcome %d not %d, stage %d: %s", (int)met->outcome, (int)rows[r].outcome, (int)met->stage,
	    met->detail);
	return (met->outcome == rows[r].outcome && (rows[r].stage == ANY || met->stage == rows[r].stage));
}

/* False, with why: it, the relay or this process was slow. */
static bool
row_is_right(const struct sink *sink, size_t r, char why[WHY])
{
	struct la_relay_result results[2];
	int before = sink_mails(sink);
	struct client client;
	char script[256];
	bool is_right;

	(void)snprintf(script, sizeof(script), "[{\"at\": \"%s\", \"times\": 1, %s}]", rows[r].at, rows[r].rule);
	sink_write_script(sink, script);
	client_open(&client, sink, rows[r].security, 2);
	la_relay_curl_set_patience(client.relay, &patience);
	submit(&client, 0, "to@example.jp");
	submit(&client, 1, "to@example.jp");
	is_right = work_until_both_are_through(&client, results, why);
	if (is_right) {
		check_mails(script, results, sink_mails(sink) - before);
		is_right = is_as_expected(r, results, why);
	}
	client_close(&client);
	return (is_right);
}

/* Of three times once: either side may stand still. */
static void
check_row(const struct sink *sink, size_t r)
{
	char why[WHY];
	int tries = 0;

	while (!row_is_right(sink, r, why)) {
		if (++tries == 3)
			fail_msg("%s, %s: %s", rows[r].at, rows[r].rule, why);
	}
}

static void
whatever_a_relay_sends_the_outcome_is_right_and_comes_in_time(void **state)
{
	static const char *options[] = {"--certificate", trusted.pem, "--key", trusted.key, "--user",
	    "mailer:" CERTIFICATE_PASSWORD, NULL};

	(void)state;
	for (int security = PLAIN; security <= STARTTLS_AND_LOGIN; security++) {
		struct sink sink;

		options[4] = security == STARTTLS_AND_LOGIN ? "--user" : NULL;
		sink_start(&sink, "[]", security == PLAIN ? NULL : options);
		for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
			if ((int)rows[r].security == security)
				check_row(&sink, r);
		}
		sink_has_no_complaint(&sink);
		sink_stop(&sink);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(whatever_a_relay_sends_the_outcome_is_right_and_comes_in_time)};

	(void)signal(SIGPIPE, SIG_IGN);
	return (cmocka_run_group_tests(tests, make_certificate, remove_certificate));
}
