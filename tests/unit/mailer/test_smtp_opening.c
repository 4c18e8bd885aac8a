/* The opening of a connection, which libcurl conducts: what its failure means, what the relay offers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mailer/smtp_opening.h"

/* Opening: what libcurl says and hears, then how it failed. */
static void
an_opening_is_judged_by_its_last_answer(void **state)
{
	static const struct {
		const char *talk; /* '<' received, '>' sent; lines end with '|' */
		enum la_smtp_end end;
		enum la_relay_outcome outcome;
		enum la_smtp_stage stage;
		int code;
	} rows[] = {
	    {"", LA_SMTP_UNREACHABLE, LA_RELAY_DEFER, LA_SMTP_CONNECT, 0},
	    {"<554 no|", LA_SMTP_OUT_OF_STEP, LA_RELAY_AT_FAULT, LA_SMTP_BANNER, 554},
	    {"<421 busy|", LA_SMTP_OUT_OF_STEP, LA_RELAY_DEFER, LA_SMTP_BANNER, 421},
	    {"<220 mx|>EHLO a|<550 no|", LA_SMTP_DROPPED, LA_RELAY_AT_FAULT, LA_SMTP_EHLO, 550},
	    {"<220 mx|>EHLO a|<550 no|>HELO a|", LA_SMTP_DROPPED, LA_RELAY_AT_FAULT, LA_SMTP_EHLO, 550},
	    {"<220 mx|>EHLO a|", LA_SMTP_STALLED, LA_RELAY_DEFER, LA_SMTP_EHLO, 0},
	    {"<220 mx|>EHLO a|<250 mx|", LA_SMTP_NO_TLS, LA_RELAY_AT_FAULT, LA_SMTP_STARTTLS, 0},
	    {"<220 mx|>EHLO a|<250-mx|<250 STARTTLS|>STARTTLS|<454 4.7.0 later|", LA_SMTP_NO_TLS, LA_RELAY_DEFER,
	        LA_SMTP_STARTTLS, 454},
	    {"<220 mx|>EHLO a|<250-mx|<250 STARTTLS|>STARTTLS|<501 no|", LA_SMTP_NO_TLS, LA_RELAY_AT_FAULT,
	        LA_SMTP_STARTTLS, 501},
	    {"<220 mx|>EHLO a|<250-mx|<250 STARTTLS|>STARTTLS|<220 go|", LA_SMTP_NOT_TRUSTED, LA_RELAY_AT_FAULT,
	        LA_SMTP_STARTTLS, 0},
	    {"<220 mx|>EHLO a|<250-mx|<250 STARTTLS|>STARTTLS|<220 go|", LA_SMTP_DROPPED, LA_RELAY_DEFER,
	        LA_SMTP_STARTTLS, 0},
	    {"<220 mx|>EHLO a|<250 AUTH X|", LA_SMTP_NO_LOGIN, LA_RELAY_AT_FAULT, LA_SMTP_EHLO, 0},
	    {"<220 mx|>EHLO a|<250 AUTH PLAIN|>AUTH PLAIN|<334 |>STARTTLS|<535 5.7.8 no|", LA_SMTP_NO_LOGIN,
	        LA_RELAY_AT_FAULT, LA_SMTP_AUTH, 535},
	    {"<220 mx|>EHLO a|<250 AUTH PLAIN|>AUTH PLAIN x|<454 4.7.0 later|", LA_SMTP_NO_LOGIN, LA_RELAY_DEFER,
	        LA_SMTP_AUTH, 454},
	    {"<220 mx|>EHLO a|<250 AUTH LOGIN|>AUTH LOGIN|<334 VXN|", LA_SMTP_DROPPED, LA_RELAY_DEFER, LA_SMTP_AUTH, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_smtp_opening opening = {.stage = LA_SMTP_CONNECT};
		struct la_smtp_verdict verdict;

		for (const char *at = rows[i].talk; *at != '\0'; at = strchr(at, '|') + 1) {
			char line[80];

			(void)snprintf(line, sizeof(line), "%.*s\r\n", (int)(strchr(at, '|') - at - 1), at + 1);
			if (*at == '>')
				la_smtp_opening_sent(&opening, la_span_text(line));
			else
				assert_true(la_smtp_opening_received(&opening, la_span_text(line)));
		}
		la_smtp_opening_fail(&opening, rows[i].end, &verdict);
		assert_int_equal(la_smtp_outcome(&verdict), rows[i].outcome);
		assert_int_equal(verdict.stage, rows[i].stage);
		assert_int_equal(verdict.end == LA_SMTP_REPLIED ? verdict.code : 0, rows[i].code);
	}
}

static void
pipelining_is_offered_by_the_last_ehlo(void **state)
{
	struct la_smtp_opening opening = {.stage = LA_SMTP_CONNECT};

	(void)state;
	assert_true(la_smtp_opening_received(&opening, la_span_text("220-PIPELINING\r\n220 mx\r\n")));
	assert_false(opening.offers_pipelining);
	la_smtp_opening_sent(&opening, la_span_text("EHLO a\r\n"));
	assert_true(la_smtp_opening_received(&opening, la_span_text("250-mx\r\n250-PIPELINING\r\n250 STARTTLS\r\n")));
	assert_true(opening.offers_pipelining);
	la_smtp_opening_sent(&opening, la_span_text("STARTTLS\r\n"));
	assert_true(la_smtp_opening_received(&opening, la_span_text("220 go\r\n")));
	la_smtp_opening_sent(&opening, la_span_text("EHLO a\r\n"));
	assert_true(la_smtp_opening_received(&opening, la_span_text("250-mx\r\n250 AUTH PLAIN\r\n")));
	assert_false(opening.offers_pipelining);
	la_smtp_opening_sent(&opening, la_span_text("EHLO a\r\n"));
	assert_true(la_smtp_opening_received(&opening, la_span_text("250-mx\r\n250 PIPELINING\r\n")));
	la_smtp_opening_sent(&opening, la_span_text("AUTH PLAIN x\r\n"));
	assert_true(opening.offers_pipelining);
	assert_false(la_smtp_opening_received(&opening, la_span_text("hello\r\n")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_opening_is_judged_by_its_last_answer),
	    cmocka_unit_test(pipelining_is_offered_by_the_last_ehlo),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
