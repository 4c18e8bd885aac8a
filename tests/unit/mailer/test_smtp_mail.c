/* One mail over a connection: what is said when, what an answer means, what a broken conversation means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mailer/smtp_mail.h"

#define MAIL "MAIL FROM:<f@example.jp>\r\n"
#define RCPT "RCPT TO:<t@example.jp>\r\n"
#define DATA "DATA\r\n"

static void
start(struct la_smtp_mail *mail, const char *data, bool is_pipelining, bool is_new)
{
	const struct la_smtp_mail_options options = {.from = "f@example.jp",
	    .to = "t@example.jp",
	    .data = la_span_text(data),
	    .is_pipelining = is_pipelining,
	    .is_new_connection = is_new};

	assert_int_equal(la_smtp_mail_start(mail, &options), LA_OK);
}

/* All that is to be sent now is exactly this. */
static void
says(struct la_smtp_mail *mail, const char *text)
{
	struct la_span output = la_smtp_mail_output(mail);

	assert_int_equal(output.size, strlen(text));
	assert_memory_equal(output.data, text, output.size);
	la_smtp_mail_sent(mail, output.size);
	assert_int_equal(la_smtp_mail_output(mail).size, 0);
}

static void
hears(struct la_smtp_mail *mail, const char *text)
{
	assert_int_equal(la_smtp_mail_received(mail, la_span_text(text)), LA_OK);
}

static void
is_done(const struct la_smtp_mail *mail, enum la_relay_outcome outcome, enum la_smtp_stage stage, int code)
{
	assert_true(mail->is_done);
	assert_int_equal(la_smtp_outcome(&mail->verdict), outcome);
	assert_int_equal(mail->verdict.stage, stage);
	assert_int_equal(mail->verdict.code, code);
}

static void
one_command_at_a_time_where_pipelining_is_not_offered(void **state)
{
	struct la_smtp_mail mail = {.is_done = false};

	(void)state;
	start(&mail, "a\r\n", false, true);
	says(&mail, MAIL);
	hears(&mail, "250 ok\r\n");
	says(&mail, RCPT);
	hears(&mail, "250-two\r\n");
	assert_int_equal(la_smtp_mail_output(&mail).size, 0);
	hears(&mail, "250 lines\r\n");
	says(&mail, DATA);
	hears(&mail, "354 go\r\n");
	says(&mail, "a\r\n.\r\n");
	assert_int_equal(la_smtp_mail_stage(&mail), LA_SMTP_END_OF_DATA);
	hears(&mail, "250 2.0.0 kept\r\n");
	is_done(&mail, LA_RELAY_SENT, LA_SMTP_END_OF_DATA, 250);
	assert_string_equal(mail.verdict.enhanced, "2.0.0");
	assert_true(la_smtp_mail_can_go_on(&mail));
	la_smtp_mail_clear(&mail);
}

static void
all_commands_at_once_where_it_is(void **state)
{
	struct la_smtp_mail mail = {.is_done = false};

	(void)state;
	start(&mail, "a\r\n", true, true);
	says(&mail, MAIL RCPT DATA);
	hears(&mail, "250 ok\r\n250 ok\r\n354 go\r\n");
	says(&mail, "a\r\n.\r\n");
	hears(&mail, "250 kept\r\n");
	is_done(&mail, LA_RELAY_SENT, LA_SMTP_END_OF_DATA, 250);
	start(&mail, "b\r\n", true, false); /* no RSET after a good end */
	says(&mail, MAIL RCPT DATA);
	la_smtp_mail_clear(&mail);
}

static void
dots_are_doubled_at_the_start_of_lines_only(void **state)
{
	static const struct {
		const char *data, *wire;
	} rows[] = {
	    {"a\r\n", "a\r\n.\r\n"},
	    {".\r\n", "..\r\n.\r\n"},
	    {"..\r\n", "...\r\n.\r\n"},
	    {"a.\r\n.b\r\nc.d\r\n", "a.\r\n..b\r\nc.d\r\n.\r\n"},
	    {"\r\n.\r\n\r\n", "\r\n..\r\n\r\n.\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_smtp_mail mail = {.is_done = false};

		start(&mail, rows[i].data, true, true);
		says(&mail, MAIL RCPT DATA);
		hears(&mail, "250 ok\r\n250 ok\r\n354 go\r\n");
		says(&mail, rows[i].wire);
		la_smtp_mail_clear(&mail);
	}
}

/* Brings a fresh mail to where the answer of stage is waited for; what was answered before is good. */
static void
bring_to(struct la_smtp_mail *mail, enum la_smtp_stage stage, bool is_pipelining)
{
	static const char *const good[] = {"250 ok\r\n", "250 ok\r\n", "354 go\r\n"};

	start(mail, "a\r\n", is_pipelining, true);
	for (int i = 0; LA_SMTP_MAIL + i <= (int)stage; i++) {
		la_smtp_mail_sent(mail, la_smtp_mail_output(mail).size);
		if (LA_SMTP_MAIL + i < (int)stage)
			hears(mail, good[i]);
	}
	assert_int_equal(la_smtp_mail_stage(mail), stage);
}

static void
the_outcome_follows_stage_and_code(void **state)
{
	static const int codes[] = {421, 450, 451, 452, 500, 530, 535, 550, 552, 554};

	(void)state;
	for (enum la_smtp_stage stage = LA_SMTP_MAIL; stage <= LA_SMTP_END_OF_DATA; stage++) {
		for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
			struct la_smtp_mail mail = {.is_done = false};
			enum la_relay_outcome expected = codes[i] < 500 ? LA_RELAY_DEFER : LA_RELAY_REFUSED;
			char text[16];

			if (codes[i] == 530 || codes[i] == 535 || (codes[i] >= 500 && stage == LA_SMTP_MAIL))
				expected = LA_RELAY_AT_FAULT;
			bring_to(&mail, stage, false);
			(void)snprintf(text, sizeof(text), "%d no\r\n", codes[i]);
			hears(&mail, text);
			is_done(&mail, expected, stage, codes[i]);
			assert_int_equal(
			    la_smtp_mail_can_go_on(&mail), codes[i] != 421 && expected != LA_RELAY_AT_FAULT);
			la_smtp_mail_clear(&mail);
		}
	}
}

static void
only_250_after_the_final_dot_is_sent(void **state)
{
	static const struct {
		const char *answer;
		enum la_relay_outcome outcome;
	} rows[] = {{"250 ok\r\n", LA_RELAY_SENT}, {"251 ok\r\n", LA_RELAY_UNKNOWN}, {"354 go\r\n", LA_RELAY_UNKNOWN},
	    {"nonsense\r\n", LA_RELAY_UNKNOWN}, {"451 no\r\n", LA_RELAY_DEFER}, {"550 no\r\n", LA_RELAY_REFUSED}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_smtp_mail mail = {.is_done = false};

		bring_to(&mail, LA_SMTP_END_OF_DATA, true);
		hears(&mail, rows[i].answer);
		assert_true(mail.is_done);
		assert_int_equal(la_smtp_outcome(&mail.verdict), rows[i].outcome);
		la_smtp_mail_clear(&mail);
	}
}

static void
a_cut_is_unknown_only_once_the_final_dot_is_out(void **state)
{
	static const enum la_smtp_end ends[] = {LA_SMTP_DROPPED, LA_SMTP_STALLED};

	(void)state;
	for (size_t e = 0; e < 2; e++) {
		for (enum la_smtp_stage stage = LA_SMTP_MAIL; stage <= LA_SMTP_END_OF_DATA; stage++) {
			struct la_smtp_mail mail = {.is_done = false};

			bring_to(&mail, stage, false);
			la_smtp_mail_fail(&mail, ends[e]);
			is_done(&mail, stage == LA_SMTP_END_OF_DATA ? LA_RELAY_UNKNOWN : LA_RELAY_DEFER, stage, 0);
			assert_false(la_smtp_mail_can_go_on(&mail));
			la_smtp_mail_clear(&mail);
		}
	}
	for (size_t size = 0; size < strlen("a\r\n.\r\n"); size++) {
		struct la_smtp_mail mail = {.is_done = false};

		bring_to(&mail, LA_SMTP_DATA, true);
		hears(&mail, "354 go\r\n");
		la_smtp_mail_sent(&mail, size); /* all but the end */
		la_smtp_mail_fail(&mail, LA_SMTP_DROPPED);
		is_done(&mail, LA_RELAY_DEFER, LA_SMTP_DATA, 0);
		la_smtp_mail_clear(&mail);
	}
}

static void
a_refusal_reads_the_answers_it_pipelined_and_starts_the_next_mail_with_rset(void **state)
{
	struct la_smtp_mail mail = {.is_done = false};

	(void)state;
	start(&mail, "a\r\n", true, true);
	says(&mail, MAIL RCPT DATA);
	hears(&mail, "250 ok\r\n550 5.1.1 no\r\n");
	assert_false(mail.is_done);
	hears(&mail, "554 5.5.1 no recipients\r\n");
	is_done(&mail, LA_RELAY_REFUSED, LA_SMTP_RCPT, 550);
	assert_string_equal(mail.verdict.enhanced, "5.1.1");
	assert_true(la_smtp_mail_can_go_on(&mail));

	start(&mail, "b\r\n", true, false);
	says(&mail, "RSET\r\n" MAIL RCPT DATA);
	hears(&mail, "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
	says(&mail, "b\r\n.\r\n");
	hears(&mail, "250 ok\r\n");
	is_done(&mail, LA_RELAY_SENT, LA_SMTP_END_OF_DATA, 250);
	la_smtp_mail_clear(&mail);
}

static void
data_that_is_allowed_without_a_recipient_sends_nothing(void **state)
{
	struct la_smtp_mail mail = {.is_done = false};

	(void)state;
	start(&mail, "a\r\n", true, true);
	says(&mail, MAIL RCPT DATA);
	hears(&mail, "250 ok\r\n550 no\r\n354 go\r\n");
	is_done(&mail, LA_RELAY_REFUSED, LA_SMTP_RCPT, 550);
	assert_int_equal(la_smtp_mail_output(&mail).size, 0);
	assert_false(la_smtp_mail_can_go_on(&mail));
	la_smtp_mail_clear(&mail);
}

static void
a_refusal_stands_when_the_connection_is_lost_after_it(void **state)
{
	struct la_smtp_mail mail = {.is_done = false};

	(void)state;
	start(&mail, "a\r\n", true, true);
	says(&mail, MAIL RCPT DATA);
	hears(&mail, "250 ok\r\n550 no\r\n");
	la_smtp_mail_fail(&mail, LA_SMTP_DROPPED);
	is_done(&mail, LA_RELAY_REFUSED, LA_SMTP_RCPT, 550);
	assert_false(la_smtp_mail_can_go_on(&mail));
	la_smtp_mail_clear(&mail);
}

/* RFC 5321 section 3.8: 421 may come at any time. */
static void
an_answer_before_its_time_ends_it(void **state)
{
	struct la_smtp_mail mail = {.is_done = false};

	(void)state;
	start(&mail, "a\r\n", false, true);
	hears(&mail, "421 going down\r\n");
	is_done(&mail, LA_RELAY_DEFER, LA_SMTP_MAIL, 421);

	start(&mail, "a\r\n", false, true);
	hears(&mail, "250 eager\r\n");
	is_done(&mail, LA_RELAY_DEFER, LA_SMTP_MAIL, 0);
	assert_false(la_smtp_mail_can_go_on(&mail));

	bring_to(&mail, LA_SMTP_DATA, true);
	hears(&mail, "354 go\r\n");
	la_smtp_mail_sent(&mail, 2);
	hears(&mail, "552 5.3.4 too much\r\n");
	is_done(&mail, LA_RELAY_REFUSED, LA_SMTP_DATA, 552);
	assert_false(la_smtp_mail_can_go_on(&mail));

	bring_to(&mail, LA_SMTP_DATA, true);
	hears(&mail, "354 go\r\n250 thanks\r\n"); /* before a byte of it was sent */
	is_done(&mail, LA_RELAY_DEFER, LA_SMTP_DATA, 0);
	la_smtp_mail_clear(&mail);
}

static void
more_than_was_asked_for_ends_the_connection_not_the_mail(void **state)
{
	struct la_smtp_mail mail = {.is_done = false};

	(void)state;
	bring_to(&mail, LA_SMTP_END_OF_DATA, true);
	hears(&mail, "250 ok\r\n250 and for the next one\r\n");
	is_done(&mail, LA_RELAY_SENT, LA_SMTP_END_OF_DATA, 250);
	assert_false(la_smtp_mail_can_go_on(&mail));
	la_smtp_mail_clear(&mail);
}

static void
a_kept_connection_that_is_gone_was_too_late(void **state)
{
	static const char *const last_words[] = {"", "421 timeout\r\n", "nonsense\r\n"};
	struct la_smtp_mail mail = {.is_done = false};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		start(&mail, "a\r\n", true, false);
		la_smtp_mail_sent(&mail, la_smtp_mail_output(&mail).size);
		hears(&mail, last_words[i]);
		if (!mail.is_done)
			la_smtp_mail_fail(&mail, LA_SMTP_DROPPED);
		assert_true(la_smtp_mail_was_too_late(&mail));

		start(&mail, "a\r\n", true, true); /* a new one: the same is an answer */
		la_smtp_mail_sent(&mail, la_smtp_mail_output(&mail).size);
		hears(&mail, last_words[i]);
		if (!mail.is_done)
			la_smtp_mail_fail(&mail, LA_SMTP_DROPPED);
		assert_false(la_smtp_mail_was_too_late(&mail));
	}
	start(&mail, "a\r\n", true, false);
	la_smtp_mail_sent(&mail, la_smtp_mail_output(&mail).size);
	hears(&mail, "250 reset\r\n250 ok\r\n");
	la_smtp_mail_fail(&mail, LA_SMTP_DROPPED);
	assert_false(la_smtp_mail_was_too_late(&mail));
	start(&mail, "a\r\n", true, false);
	la_smtp_mail_fail(&mail, LA_SMTP_STALLED);
	assert_false(la_smtp_mail_was_too_late(&mail));
	la_smtp_mail_clear(&mail);
}

static void
no_address_can_end_its_line(void **state)
{
	static const char *const bad[] = {
	    "a\r\nRCPT TO:<b@example.jp>", "a>b@example.jp", "a\x80@example.jp", "a@b\x01"};
	struct la_smtp_mail mail = {.is_done = false};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct la_smtp_mail_options options = {
		    .from = bad[i], .to = "t@example.jp", .data = la_span_text("a\r\n")};

		assert_int_equal(la_smtp_mail_start(&mail, &options), LA_EINTERNAL);
		options.to = options.from;
		options.from = "f@example.jp";
		assert_int_equal(la_smtp_mail_start(&mail, &options), LA_EINTERNAL);
	}
	la_smtp_mail_clear(&mail);
}

/* Whatever a relay says, cut as it may be, the mail ends or goes on; the sanitizers watch. */
static void
random_relays_do_no_harm(void **state)
{
	static const char *const words[] = {"250 ok\r\n", "354 go\r\n", "250-a\r\n", "550 no\r\n", "421 bye\r\n", "2",
	    "\r\n", "450 4.1.1 later\r\n", "\xff", "250"};
	struct la_smtp_mail mail = {.is_done = true};
	unsigned seed = 7;
	int ends[LA_RELAY_AT_FAULT + 1] = {0};

	(void)state;
	for (int round = 0; round < 50000; round++) {
		bool go_on = mail.is_done && la_smtp_mail_can_go_on(&mail);

		start(&mail, "a\r\n.b\r\n", round % 2 == 0, !go_on);
		for (int i = 0; i < 12 && !mail.is_done; i++) {
			struct la_span output = la_smtp_mail_output(&mail);

			seed = seed * 1664525u + 1013904223u;
			la_smtp_mail_sent(&mail, (seed >> 8) % 4 == 0 ? output.size / 2 : output.size);
			hears(&mail, words[(seed >> 16) % 3 == 0 ? (seed >> 20) % 10 : (seed >> 20) % 2]);
		}
		if (!mail.is_done)
			la_smtp_mail_fail(&mail, LA_SMTP_STALLED);
		ends[la_smtp_outcome(&mail.verdict)]++;
	}
	for (size_t i = 0; i <= LA_RELAY_AT_FAULT; i++)
		assert_true(ends[i] > 0);
	la_smtp_mail_clear(&mail);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_command_at_a_time_where_pipelining_is_not_offered),
	    cmocka_unit_test(all_commands_at_once_where_it_is),
	    cmocka_unit_test(dots_are_doubled_at_the_start_of_lines_only),
	    cmocka_unit_test(the_outcome_follows_stage_and_code),
	    cmocka_unit_test(only_250_after_the_final_dot_is_sent),
	    cmocka_unit_test(a_cut_is_unknown_only_once_the_final_dot_is_out),
	    cmocka_unit_test(a_refusal_reads_the_answers_it_pipelined_and_starts_the_next_mail_with_rset),
	    cmocka_unit_test(data_that_is_allowed_without_a_recipient_sends_nothing),
	    cmocka_unit_test(a_refusal_stands_when_the_connection_is_lost_after_it),
	    cmocka_unit_test(an_answer_before_its_time_ends_it),
	    cmocka_unit_test(more_than_was_asked_for_ends_the_connection_not_the_mail),
	    cmocka_unit_test(a_kept_connection_that_is_gone_was_too_late),
	    cmocka_unit_test(no_address_can_end_its_line),
	    cmocka_unit_test(random_relays_do_no_harm),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
