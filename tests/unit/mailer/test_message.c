/* The bytes of a mail: headers, encoded-words, bodies, the final pass. */
#include "unit/mailer/support.h"

#include <sodium.h>

#include "mailer/body.h"
#include "mailer/headers.h"
#include "mailer/message.h"

static struct la_address
address(const char *text)
{
	struct la_address out;

	assert_int_equal(la_address_parse(la_span_text(text), &out, NULL), LA_OK);
	return (out);
}

static void
assert_bytes(struct la_buf *got, const char *want)
{
	assert_int_equal(la_buf_add(got, "", 1), LA_OK);
	assert_string_equal((char *)got->data, want);
	la_buf_reset(got);
}

static void
assert_short_lines(const struct la_buf *got)
{
	size_t column = 0;

	for (size_t i = 0; i < got->size; i++) {
		column = got->data[i] == '\n' ? 0 : column + 1;
		assert_in_range(column, 0, 77); /* with the CR */
	}
}

static void
header_text_is_plain_or_encoded_words(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"Login from new device", "Subject: Login from new device\r\n"},
	    {"a  b", "Subject: =?UTF-8?B?YSAgYg==?=\r\n"}, /* would not survive unfolding */
	    {" a", "Subject: =?UTF-8?B?IGE=?=\r\n"},
	    {"a=?b", "Subject: =?UTF-8?B?YT0/Yg==?=\r\n"},
	    {"日本", "Subject: =?UTF-8?B?5pel5pys?=\r\n"},
	    {"[JAL]新しいご利用環境からログインがありました/Login from new device",
	        "Subject: =?UTF-8?Q?=5BJAL=5D?=\r\n"
	        " =?UTF-8?B?5paw44GX44GE44GU5Yip55So55Kw5aKD44GL44KJ44Ot44Kw44Kk44Oz44GM?=\r\n"
	        " =?UTF-8?B?44GC44KK44G+44GX44GfL0xvZ2luIGZyb20gbmV3IGRldmljZQ==?=\r\n"},
	};
	struct la_buf out = LA_BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(la_headers_add_text(&out, "Subject", la_span_text(rows[i].in)), LA_OK);
		assert_bytes(&out, rows[i].out);
	}
	la_buf_clear(&out);
}

/* "=5B" or a letter or digit, again and again; returns the size. */
static size_t
decode_quoted(const char *text, size_t size, unsigned char *bytes)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++) {
		unsigned value = (unsigned char)text[i];

		if (text[i] == '=') {
			char digits[3] = "";

			assert_true(i + 2 < size);
			memcpy(digits, text + i + 1, 2);
			assert_int_equal(sscanf(digits, "%2X", &value), 1);
			i += 2;
		}
		bytes[count++] = (unsigned char)value;
	}
	return (count);
}

/* Decodes each encoded-word by itself: each must be whole characters, and base64 without "=" but in the last one. */
static void
assert_words_decode_to(const struct la_buf *header, struct la_span want)
{
	struct la_span rest = la_buf_span(header);
	struct la_buf got = LA_BUF_INIT;
	const unsigned char *start, *end;

	while ((start = memmem(rest.data, rest.size, "=?UTF-8?", 8)) != NULL) {
		unsigned char bytes[64];
		const char *text = (const char *)start + 10;
		size_t size;

		end = memmem(text, (size_t)(rest.data + rest.size - start - 10), "?=", 2);
		assert_non_null(end);
		size = (size_t)((const char *)end - text);
		assert_in_range(size, 1, 63);
		if (start[8] == 'Q') {
			size = decode_quoted(text, size, bytes);
		} else {
			assert_true(end[-1] != '=' || la_span_is(la_span_of(end, (size_t)(header->data + header->size - end)), "?=\r\n"));
			assert_int_equal(sodium_base642bin(bytes, sizeof(bytes), text, size, NULL, &size, NULL,
			                     sodium_base64_VARIANT_ORIGINAL), 0);
		}
		assert_true(la_utf8_valid(la_span_of(bytes, size)));
		assert_int_equal(la_buf_add(&got, bytes, size), LA_OK);
		rest = la_span_of(end + 2, (size_t)(rest.data + rest.size - end - 2));
	}
	assert_true(la_span_equal(la_buf_span(&got), want));
	la_buf_clear(&got);
}

static void
encoded_words_never_split_a_character_and_lines_stay_short(void **state)
{
	static const char *const characters[] = {"a", "é", "日", "\xf0\x9f\x92\xa9", " ", "=?", "?="};
	static const char *const headers[] = {"Subject", "X", "X-A-Rather-Long-Name-Of-A-Header"};

	(void)state;
	srand(1);
	for (int round = 0; round < 5000; round++) {
		struct la_buf text = LA_BUF_INIT, out = LA_BUF_INIT;

		assert_int_equal(la_buf_add_text(&text, "日"), LA_OK); /* never plain */
		for (int i = rand() % 90; i > 0; i--)
			assert_int_equal(la_buf_add_text(&text, characters[rand() % 7]), LA_OK);
		assert_int_equal(la_headers_add_text(&out, headers[round % 3], la_buf_span(&text)), LA_OK);
		assert_short_lines(&out);
		assert_words_decode_to(&out, la_buf_span(&text));
		la_buf_clear(&text);
		la_buf_clear(&out);
	}
}

static void
mailboxes_have_a_bare_address_or_a_name_before_it(void **state)
{
	static const char long_address[] =
	    "a.local.part.of.this.many.bytes@a.rather.long.domain.with.many.labels.example.jp";
	struct la_address plain = address("a@example.jp"), wide = address(long_address);
	struct la_buf out = LA_BUF_INIT;

	(void)state;
	assert_int_equal(la_headers_add_mailbox(&out, "From", "", &plain), LA_OK);
	assert_bytes(&out, "From: a@example.jp\r\n");
	assert_int_equal(la_headers_add_mailbox(&out, "From", "Japan Airlines", &plain), LA_OK);
	assert_bytes(&out, "From: Japan Airlines\r\n <a@example.jp>\r\n");
	assert_int_equal(la_headers_add_mailbox(&out, "From", "日本航空", &plain), LA_OK);
	assert_bytes(&out, "From: =?UTF-8?B?5pel5pys6Iiq56m6?=\r\n <a@example.jp>\r\n");
	assert_int_equal(la_headers_add_mailbox(&out, "From", "a\" <b@c>", &plain), LA_OK);
	assert_bytes(&out, "From: =?UTF-8?B?YSIgPGJAYz4=?=\r\n <a@example.jp>\r\n");
	assert_int_equal(la_headers_add_mailbox(&out, "To", "", &wide), LA_OK);
	assert_int_equal(la_buf_add(&out, "", 1), LA_OK);
	assert_memory_equal(out.data, "To:\r\n a.local.", 14);
	la_buf_clear(&out);
}

static void
dates_have_weekday_and_offset(void **state)
{
	static const struct {
		int64_t ms;
		int offset_s;
		const char *out;
	} rows[] = {
	    {1751295600000, 9 * 3600, "Date: Tue, 01 Jul 2025 00:00:00 +0900\r\n"},
	    {1751295600999, 0, "Date: Mon, 30 Jun 2025 15:00:00 +0000\r\n"},
	    {0, -12600, "Date: Wed, 31 Dec 1969 20:30:00 -0330\r\n"},
	    {-1, 0, "Date: Wed, 31 Dec 1969 23:59:59 +0000\r\n"},
	    {951782400000, 0, "Date: Tue, 29 Feb 2000 00:00:00 +0000\r\n"},
	    {0, 33539, "Date: Thu, 01 Jan 1970 09:18:00 +0918\r\n"}, /* 9:18:59 of Tokyo before 1888: whole minutes */
	};
	struct la_buf out = LA_BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(la_headers_add_date(&out, "Date", rows[i].ms, rows[i].offset_s), LA_OK);
		assert_bytes(&out, rows[i].out);
	}
	la_buf_clear(&out);
}

static void
encoding_fits_the_content(void **state)
{
	static const char long_line[] =
	    "123456789 123456789 123456789 123456789 123456789 123456789 123456789 1234567"; /* 77 */
	static const struct {
		const char *in;
		enum la_body_encoding encoding;
		const char *out;
	} rows[] = {
	    {"", LA_BODY_7BIT, ""},
	    {"plain\n\ntext", LA_BODY_7BIT, "plain\r\n\r\ntext\r\n"},
	    {long_line + 1, LA_BODY_7BIT, NULL},
	    {long_line, LA_BODY_QUOTED_PRINTABLE,
	        "123456789 123456789 123456789 123456789 123456789 123456789 123456789 12345=\r\n67\r\n"},
	    {"caf\xc3\xa9 = coffee\n", LA_BODY_QUOTED_PRINTABLE, "caf=C3=A9 =3D coffee\r\n"},
	    {"trailing \nblank\t\n", LA_BODY_QUOTED_PRINTABLE, "trailing=20\r\nblank=09\r\n"},
	    {"From me\n", LA_BODY_QUOTED_PRINTABLE, "=46rom me\r\n"},
	    {"a =_ b\n", LA_BODY_QUOTED_PRINTABLE, "a =3D_ b\r\n"},
	    {"日本航空\n", LA_BODY_BASE64, "5pel5pys6Iiq56m6DQo=\r\n"},
	};
	struct la_buf out = LA_BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(la_body_choose(la_span_text(rows[i].in)), rows[i].encoding);
		assert_int_equal(la_body_add(&out, la_span_text(rows[i].in), rows[i].encoding), LA_OK);
		if (rows[i].out != NULL)
			assert_bytes(&out, rows[i].out);
		la_buf_reset(&out);
	}
	la_buf_clear(&out);
}

static struct la_message_parts
parts_of(const char *text, const struct la_address *from, const struct la_address *to)
{
	return ((struct la_message_parts){.job_id = "0123456789abcdef0123456789abcdef", .from = from, .from_name = "", .to = to,
	    .subject = la_span_text("s"), .date_ms = 0, .content_language = "en", .text = la_span_text(text),
	    .html = la_span_text("<!DOCTYPE html>\n")});
}

static void
message_has_its_headers_in_order_and_two_parts(void **state)
{
	struct la_address from = address("a@example.jp"), to = address("b@example.jp");
	struct la_message_parts parts = parts_of("text\n", &from, &to);
	struct la_error error = LA_ERROR_INIT;
	struct la_buf out = LA_BUF_INIT;

	(void)state;
	assert_int_equal(la_message_build(&parts, &out, &error), LA_OK);
	assert_bytes(&out,
	    "From: a@example.jp\r\n"
	    "To: b@example.jp\r\n"
	    "Subject: s\r\n"
	    "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"
	    "Message-ID: <0123456789abcdef0123456789abcdef@example.jp>\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Auto-Submitted: auto-generated\r\n"
	    "X-Auto-Response-Suppress: All\r\n"
	    "Content-Language: en\r\n"
	    "Content-Type: multipart/alternative;\r\n"
	    " boundary=\"=_login-alert_0123456789abcdef0123456789abcdef\"\r\n"
	    "\r\n"
	    "--=_login-alert_0123456789abcdef0123456789abcdef\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: 7bit\r\n"
	    "\r\n"
	    "text\r\n"
	    "\r\n"
	    "--=_login-alert_0123456789abcdef0123456789abcdef\r\n"
	    "Content-Type: text/html; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: 7bit\r\n"
	    "\r\n"
	    "<!DOCTYPE html>\r\n"
	    "\r\n"
	    "--=_login-alert_0123456789abcdef0123456789abcdef--\r\n");
	la_buf_clear(&out);
}

/* A part that holds the boundary, as it is or cut by soft breaks, still cannot end itself. */
static void
boundary_never_occurs_in_a_part(void **state)
{
	static const char *const texts[] = {"--=_login-alert_0123456789abcdef0123456789abcdef--\n",
	    "\xc3\xa9 --=_login-alert_0123456789abcdef0123456789abcdef\n",
	    "日本\n--=_login-alert_0123456789abcdef0123456789abcdef\n"};
	struct la_address from = address("a@example.jp"), to = address("b@example.jp");
	struct la_error error = LA_ERROR_INIT;
	struct la_buf out = LA_BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct la_message_parts parts = parts_of(texts[i], &from, &to);
		size_t count = 0;

		la_buf_reset(&out);
		assert_int_equal(la_message_build(&parts, &out, &error), LA_OK);
		for (size_t at = 0; at + 2 <= out.size; at++)
			count += memcmp(out.data + at, "=_", 2) == 0;
		assert_int_equal(count, 4); /* the header and the three delimiters */
	}
	la_buf_clear(&out);
}

static void
parts_that_cannot_be_sent_are_refused(void **state)
{
	struct la_address from = address("a@example.jp"), to = address("b@example.jp");
	struct la_message_parts good = parts_of("text\n", &from, &to), bad[9];
	struct la_error error = LA_ERROR_INIT;
	struct la_buf out = LA_BUF_INIT;
	char *large = calloc(1, LA_MESSAGE_BYTES_MAX + 1);

	(void)state;
	memset(large, '\n', LA_MESSAGE_BYTES_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		bad[i] = good;
	bad[0].subject = la_span_text("");
	bad[1].subject = la_span_text("a\r\nBcc: b@c.jp");
	bad[2].subject = la_span_text("\xff");
	bad[3].from_name = "a\nb";
	bad[4].text = la_span_text("a\rb");
	bad[5].html = la_span_of("\0", 1);
	bad[6].html = la_span_text("\xff");
	bad[7].job_id = "0123456789abcdef0123456789abcde\n";
	bad[8].text = la_span_text(large);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(la_message_build(&bad[i], &out, &error), LA_EDATA);
	la_buf_clear(&out);
	free(large);
}

static void
longest_addresses_stand_alone_on_their_line(void **state)
{
	static const char label[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
	struct la_error error = LA_ERROR_INIT;
	struct la_buf out = LA_BUF_INIT;
	struct la_address longest;
	struct la_message_parts parts;
	char text[400];

	(void)state;
	(void)snprintf(text, sizeof(text), "%sxxxx@%s.%s.%s.%s.xxxxxxxxxxx", label, label, label, label, label);
	longest = address(text);
	parts = parts_of("text\n", &longest, &longest);
	parts.from_name = "日本航空";
	if (la_message_build(&parts, &out, &error) != LA_OK)
		fail_msg("%s", error.text);
	la_buf_clear(&out);
}

static void
final_pass_refuses_what_smtp_would_not_carry(void **state)
{
	static const struct {
		const char *in, *rule;
	} rows[] = {
	    {"a: b\n", "line 1: LF without CR"},
	    {"a: b\r\n\r\nx\ry\r\n", "line 3: CR without LF"},
	    {"a: b\r\n\r\nx", "line 3: does not end"},
	    {"a: b\r\n\r\nx\r", "line 3: does not end"},
	    {"a: \xc3\xa9\r\n", "line 1: not 7-bit"},
	    {"a: b\r\n\r\n\x01\r\n", "line 3: a control byte"},
	    {"a: 3456789 123456789 123456789 123456789 123456789 123456789 123456789 1234567\r\n", "line 1: longer"},
	    {"a: b\r\n\r\n 23456789 123456789 123456789 123456789 123456789 123456789 123456789 1234567\r\n", "line 3: longer"},
	};
	struct la_error error = LA_ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(la_message_verify(la_span_text(rows[i].in), &error), LA_EINTERNAL);
		if (strstr(error.text, rows[i].rule) == NULL)
			fail_msg("not \"%s\" but: %s", rows[i].rule, error.text);
	}
	assert_int_equal(la_message_verify(la_span_of("a: \0\r\n", 6), &error), LA_EINTERNAL);
	assert_int_equal(la_message_verify(la_span_text("a: b\r\n\r\nx\ty\r\n"), &error), LA_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(header_text_is_plain_or_encoded_words),
	    cmocka_unit_test(encoded_words_never_split_a_character_and_lines_stay_short),
	    cmocka_unit_test(mailboxes_have_a_bare_address_or_a_name_before_it),
	    cmocka_unit_test(dates_have_weekday_and_offset),
	    cmocka_unit_test(encoding_fits_the_content),
	    cmocka_unit_test(message_has_its_headers_in_order_and_two_parts),
	    cmocka_unit_test(boundary_never_occurs_in_a_part),
	    cmocka_unit_test(parts_that_cannot_be_sent_are_refused),
	    cmocka_unit_test(longest_addresses_stand_alone_on_their_line),
	    cmocka_unit_test(final_pass_refuses_what_smtp_would_not_carry),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
