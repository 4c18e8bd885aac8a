/* One address, or none: what the parser takes, changes and refuses. */
#include "unit/mailer/support.h"

#include "mailer/address.h"

#define X60 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static enum la_err
parse(const char *text, size_t size, struct la_address *out, struct la_error *error)
{
	memset(out, 0x5a, sizeof(*out));
	return (la_address_parse(la_span_of(text, size), out, error));
}

static void
valid_addresses_come_out_as_they_go_on_the_wire(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"hanako@example.jp", "hanako@example.jp"},
	    {"Hanako.Yamada+jal@Example.JP", "Hanako.Yamada+jal@Example.JP"},
	    {"!#$%&'*+-/=?^_`{|}~@example.jp", "!#$%&'*+-/=?^_`{|}~@example.jp"},
	    {"a@localhost", "a@localhost"},
	    {"\"a b\"@example.jp", "\"a b\"@example.jp"},
	    {"\"a\\\"b@c\"@example.jp", "\"a\\\"b@c\"@example.jp"},
	    {"\"\"@example.jp", "\"\"@example.jp"},
	    {"x@xn--wgv71a.jp", "x@xn--wgv71a.jp"},
	    {"x@日本.jp", "x@xn--wgv71a.jp"},
	    {"x@日本。jp", "x@xn--wgv71a.jp"},
	    {"x@BÜCHER.example", "x@xn--bcher-kva.example"},
	    {"x@straße.example", "x@xn--strae-oqa.example"}, /* non-transitional */
	    {"x@ＥＸＡＭＰＬＥ.jp", "x@example.jp"},
	    /* what the carriers gave out before 2009 */
	    {"foo..bar@docomo.ne.jp", "\"foo..bar\"@docomo.ne.jp"},
	    {"foo.@ezweb.ne.jp", "\"foo.\"@ezweb.ne.jp"},
	    {"a...b..@DOCOMO.ne.jp", "\"a...b..\"@DOCOMO.ne.jp"},
	    {"foo.@t.ezweb.ne.jp", "\"foo.\"@t.ezweb.ne.jp"},
	    {"foo.@au.com", "\"foo.\"@au.com"},
	    {"foo.bar@docomo.ne.jp", "foo.bar@docomo.ne.jp"},
	    {X60 "xxxx@example.jp", X60 "xxxx@example.jp"},
	    {"a@" X60 "xxx.jp", "a@" X60 "xxx.jp"},
	};
	struct la_error error = LA_ERROR_INIT;
	struct la_address out;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (parse(rows[i].in, strlen(rows[i].in), &out, &error) != LA_OK)
			fail_msg("%s: %s", rows[i].in, error.text);
		assert_string_equal(out.text, rows[i].out);
		assert_int_equal(out.text[out.at], '@');
		assert_null(strchr(out.text + out.at + 1, '@'));
	}
}

static void
anything_else_is_refused_with_the_place_but_not_the_address(void **state)
{
	static const struct {
		const char *in, *what;
	} rows[] = {
	    {"", "empty"},
	    {"@example.jp", "empty local part"},
	    {"hanako", "no '@' behind the local part, at byte 6"},
	    {"hanako@", "1 to 255"},
	    {"a@b@c.jp", "no domain has at byte 3"},
	    {"a b@c.jp", "needs quotes for at byte 1"},
	    {" a@c.jp", "needs quotes for at byte 0"},
	    {"a@c.jp ", "no domain has at byte 6"},
	    {"a@c.jp,b@c.jp", "no domain has at byte 6"},
	    {"a@c.jp;", "no domain has at byte 6"},
	    {"a@c.jp(x)", "no domain has"},
	    {"(x)a@c.jp", "needs quotes for at byte 0"},
	    {"Name <a@c.jp>", "angle bracket at byte 5"},
	    {"\"<x>\"@c.jp", "angle bracket at byte 1"},
	    {"a\r\n@c.jp", "control byte at byte 1"},
	    {"a@c.jp\n", "control byte at byte 6"},
	    {"a@c.jp\r\nRCPT TO:<b@c.jp>", "control byte at byte 6"},
	    {"\"a\tb\"@c.jp", "control byte"},
	    {"a\x7f@c.jp", "control byte"},
	    {"花子@c.jp", "outside ASCII in the local part at byte 0"},
	    {"\"花\"@c.jp", "outside ASCII"},
	    {"\"\\花\"@c.jp", "outside ASCII"},
	    {"\"abc@c.jp", "not closed"},
	    {"\"abc\\", "not closed"},
	    {"\"abc\"x@c.jp", "no '@' behind"},
	    {".a@c.jp", "starts the local part"},
	    {".a@docomo.ne.jp", "starts the local part"},
	    {"a.@c.jp", "ends the local part"},
	    {"a..b@c.jp", "at byte 2"},
	    {"a..b@notdocomo.ne.jp", "at byte 2"},
	    {"a..b@docomo.ne.jp.evil.example", "at byte 2"},
	    {"a@c..jp", "1 to 63"},
	    {"a@.jp", "1 to 63"},
	    {"a@c.jp.", "1 to 63"},
	    {"a@-c.jp", "hyphen"},
	    {"a@c-.jp", "hyphen"},
	    {"a@c_d.jp", "no domain has"},
	    {"a@[192.0.2.1]", "no domain has"},
	    {"a@\xff\xfe.jp", "IDNA"},
	    {"a@日\xe2\x80\xae" "本.jp", "IDNA"},
	    {X60 "xxxxx@example.jp", "longer than 64"},
	    {X60 "xx..@docomo.ne.jp", "longer than 64"}, /* with its quotes */
	    {"a@" X60 "xxxx.jp", "1 to 63"},
	    {"a@" X60 "." X60 "." X60 "." X60 ".xxxxxxxxxxxx", "1 to 255"},
	};
	struct la_error error = LA_ERROR_INIT;
	struct la_address out;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse(rows[i].in, strlen(rows[i].in), &out, &error), LA_EDATA);
		if (strstr(error.text, rows[i].what) == NULL)
			fail_msg("%s: %s", rows[i].in, error.text);
		assert_null(strstr(error.text, "jp"));
	}
	assert_int_equal(parse("a\0b@c.jp", 8, &out, &error), LA_EDATA);
	assert_int_equal(parse("a@c.jp\0", 7, &out, &error), LA_EDATA);
	assert_int_equal(la_address_parse(la_span_of(NULL, 0), &out, NULL), LA_EDATA);
}

static void
longest_domain_fits(void **state)
{
	static const char text[] = "a@" X60 "." X60 "." X60 "." X60 ".xxxxxxxxxxx"; /* 255 bytes of domain */
	struct la_error error = LA_ERROR_INIT;
	struct la_address out;

	(void)state;
	assert_int_equal(parse(text, strlen(text), &out, &error), LA_OK);
	assert_string_equal(out.text, text);
}

static void
random_bytes_never_give_more_than_one_safe_address(void **state)
{
	static const char pieces[] = "ab.@\"\\<> ,\r\n\xe6\x97\xa5-docomo.ne.jp";
	struct la_address out;
	char in[80];

	(void)state;
	srand(1);
	for (int round = 0; round < 200000; round++) {
		size_t size = (size_t)rand() % sizeof(in);

		for (size_t i = 0; i < size; i++)
			in[i] = (char)(round % 4 == 0 ? rand() : pieces[(size_t)rand() % (sizeof(pieces) - 1)]);
		if (la_address_parse(la_span_of(in, size), &out, NULL) != LA_OK)
			continue;
		for (const char *p = out.text; *p != '\0'; p++)
			assert_true(*p >= 0x20 && *p < 0x7f && *p != '<' && *p != '>');
		assert_true(out.text[0] == '"' || memchr(out.text, '@', strlen(out.text)) == out.text + out.at);
		assert_in_range(out.at, 1, LA_ADDRESS_LOCAL_MAX);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(valid_addresses_come_out_as_they_go_on_the_wire),
	    cmocka_unit_test(anything_else_is_refused_with_the_place_but_not_the_address),
	    cmocka_unit_test(longest_domain_fits),
	    cmocka_unit_test(random_bytes_never_give_more_than_one_safe_address),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
