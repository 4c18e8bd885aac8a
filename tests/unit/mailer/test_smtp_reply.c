/* Replies of a relay, in pieces of any size, well formed or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mailer/smtp_reply.h"

/* Feeds text in pieces of step bytes; each whole reply is counted. */
static enum la_smtp_read
feed(struct la_smtp_reply *reply, const char *text, size_t size, size_t step, int *whole)
{
	enum la_smtp_read read = LA_SMTP_MORE;

	for (size_t at = 0; at < size; at += step) {
		struct la_span piece = la_span_of(text + at, size - at < step ? size - at : step);

		while (piece.size > 0) {
			read = la_smtp_reply_feed(reply, &piece);
			if (read == LA_SMTP_GARBAGE)
				return (read);
			*whole += read == LA_SMTP_WHOLE;
		}
	}
	return (read);
}

static void
a_reply_in_pieces_is_the_same_reply(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *enhanced;
		bool offers_pipelining;
	} rows[] = {
	    {"250 ok\r\n", 250, "", false},
	    {"250\r\n", 250, "", false},
	    {"250 \r\n", 250, "", false},
	    {"250 ok\n", 250, "", false},
	    {"220 mx ESMTP\r\n", 220, "", false},
	    {"550 5.1.1 nobody\r\n", 550, "5.1.1", false},
	    {"550 5.1.1\r\n", 550, "5.1.1", false},
	    {"550-5.7.26 line one\r\n550-5.7.27 line two\r\n550 5.7.28 the end\r\n", 550, "5.7.26", false},
	    {"550-no code here\r\n550 5.123.456 the end\r\n", 550, "5.123.456", false},
	    {"450 4.2.0\tlater\r\n", 450, "", false},
	    {"550 4.1.1 class of another code\r\n", 550, "", false},
	    {"550 5.1 short\r\n", 550, "", false},
	    {"550 5.1.1.1 long\r\n", 550, "", false},
	    {"550 5.1234.1 long\r\n", 550, "", false},
	    {"550 5..1 empty\r\n", 550, "", false},
	    {"550 5.1.1x\r\n", 550, "", false},
	    {"550 \xe6\x97\xa5\xff\x01\r\n", 550, "", false},
	    {"550 a\rb\r\n", 550, "", false},
	    {"250-mx\r\n250-pipelining\r\n250-STARTTLS\r\n250 SIZE 1\r\n", 250, "", true},
	    {"250-mx\r\n250 PIPELINING\r\n", 250, "", true},
	    {"250-mx\r\n250-PIPELININGS\r\n250 XPIPELINING\r\n", 250, "", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t step = 1; step <= strlen(rows[i].text); step++) {
			struct la_smtp_reply reply = {.code = 0};
			int whole = 0;

			assert_int_equal(feed(&reply, rows[i].text, strlen(rows[i].text), step, &whole), LA_SMTP_WHOLE);
			assert_int_equal(whole, 1);
			assert_int_equal(reply.code, rows[i].code);
			assert_string_equal(reply.enhanced, rows[i].enhanced);
			assert_int_equal(reply.offers_pipelining, rows[i].offers_pipelining);
		}
	}
}

static void
each_reply_stands_for_itself(void **state)
{
	static const char text[] = "250-PIPELINING\r\n250 2.1.0 ok\r\n550 no\r\n354 go\r\n";
	struct la_span bytes = la_span_text(text);
	struct la_smtp_reply reply = {.code = 0};

	(void)state;
	assert_int_equal(la_smtp_reply_feed(&reply, &bytes), LA_SMTP_WHOLE);
	assert_int_equal(reply.code, 250);
	assert_string_equal(reply.enhanced, "2.1.0");
	assert_int_equal(la_smtp_reply_feed(&reply, &bytes), LA_SMTP_WHOLE);
	assert_int_equal(reply.code, 550);
	assert_string_equal(reply.enhanced, "");
	assert_false(reply.offers_pipelining);
	assert_int_equal(la_smtp_reply_feed(&reply, &bytes), LA_SMTP_WHOLE);
	assert_int_equal(reply.code, 354);
	assert_int_equal(bytes.size, 0);
}

static void
what_is_no_reply_is_garbage_and_stays_it(void **state)
{
	static const char *const rows[] = {"\r\n", "25\r\n", "ok\r\n", "150 one\r\n", "650 six\r\n", "2500 ok\r\n",
	    "25O ok\r\n", "250_ok\r\n", " 250 ok\r\n", "250-a\r\n251 b\r\n", "250-a\r\nb\r\n",
	    "+OK pop3\r\n", "HTTP/1.1 400 Bad\r\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_smtp_reply reply = {.code = 0};
		struct la_span good = la_span_text("250 ok\r\n");
		int whole = 0;

		assert_int_equal(feed(&reply, rows[i], strlen(rows[i]), 1, &whole), LA_SMTP_GARBAGE);
		assert_int_equal(la_smtp_reply_feed(&reply, &good), LA_SMTP_GARBAGE);
	}
}

static void
an_endless_line_or_reply_is_given_up(void **state)
{
	struct la_smtp_reply reply = {.code = 0};
	char flood[4096];
	int whole = 0, lines = 0;

	(void)state;
	memset(flood, '2', sizeof(flood));
	assert_int_equal(feed(&reply, flood, LA_SMTP_LINE_MAX, 7, &whole), LA_SMTP_MORE);
	assert_int_equal(feed(&reply, flood, 1, 1, &whole), LA_SMTP_GARBAGE);
	reply = (struct la_smtp_reply){.code = 0};
	while (feed(&reply, "250-more\r\n", 10, 10, &whole) == LA_SMTP_MORE)
		lines++;
	assert_int_equal(lines, LA_SMTP_LINES_MAX);
	assert_int_equal(whole, 0);
}

/* The same random bytes give the same, however they are cut; the sanitizers watch. */
static void
random_bytes_are_read_alike_in_any_pieces(void **state)
{
	static const char alphabet[] = "2545 -.\r\n\nPa\xff";
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct la_smtp_reply one = {.code = 0}, two = {.code = 0};
		char text[64];
		size_t size;
		int whole_one = 0, whole_two = 0;

		for (size = 0; size < sizeof(text); size++) {
			seed = seed * 1664525u + 1013904223u;
			text[size] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		memcpy(text, "250 ", 4); /* else hardly one gets far */
		assert_int_equal(
		    feed(&one, text, size, 1, &whole_one), feed(&two, text, size, 1 + seed % 64, &whole_two));
		assert_int_equal(whole_one, whole_two);
		assert_int_equal(one.code, two.code);
		assert_string_equal(one.enhanced, two.enhanced);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_reply_in_pieces_is_the_same_reply),
	    cmocka_unit_test(each_reply_stands_for_itself),
	    cmocka_unit_test(what_is_no_reply_is_garbage_and_stays_it),
	    cmocka_unit_test(an_endless_line_or_reply_is_given_up),
	    cmocka_unit_test(random_bytes_are_read_alike_in_any_pieces),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
