/* Text: what la_text_set keeps, replaces and cuts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/text.h"

#define FFFD "\xef\xbf\xbd"

static void
ill_formed_bytes_become_one_replacement_per_maximal_subpart(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"plain", "plain"},
	    {"\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac"},
	    {"a\xff", "a" FFFD},
	    {"\xc0\xaf", FFFD FFFD},                         /* overlong */
	    {"\xed\xa0\x80", FFFD FFFD FFFD},                /* surrogate */
	    {"\xf0\x9f\x98", FFFD},                          /* cut emoji: one maximal subpart */
	    {"\xf0\x9f\x98z", FFFD "z"},
	    {"\xe3\x81" "A", FFFD "A"},
	    {"\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD},       /* beyond 10FFFF */
	};
	struct la_text text;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		la_text_set(&text, la_span_text(rows[i].in));
		assert_string_equal(text.bytes, rows[i].out);
		assert_true(la_utf8_valid(la_text_span(&text)));
	}
}

static void
text_is_cut_at_a_character_and_never_longer_than_256_bytes(void **state)
{
	char in[300];
	struct la_text text;

	(void)state;
	memset(in, 'x', sizeof(in));
	memcpy(in + 254, "\xe6\x97\xa5", 3); /* bytes 254-256: does not fit */
	la_text_set(&text, la_span_of(in, sizeof(in)));
	assert_int_equal(text.size, 254);
	assert_int_equal(text.bytes[254], 0);
}

static void
absent_and_empty_stay_different(void **state)
{
	struct la_text text;

	(void)state;
	la_text_set(&text, la_span_of(NULL, 0));
	assert_false(text.present);
	assert_false(la_span_present(la_text_span(&text)));
	la_text_set(&text, la_span_text(""));
	assert_true(text.present);
	assert_true(la_span_present(la_text_span(&text)));
}

static void
every_code_point_survives_encode_and_decode(void **state)
{
	char bytes[4];
	uint32_t back;

	(void)state;
	for (uint32_t c = 0; c <= 0x110000; c++) {
		size_t size = la_utf8_encode(c, bytes);

		if ((c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff) {
			assert_int_equal(size, 0);
			continue;
		}
		assert_int_equal(la_utf8_decode(la_span_of(bytes, size), &back), size);
		assert_int_equal(back, c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ill_formed_bytes_become_one_replacement_per_maximal_subpart),
	    cmocka_unit_test(text_is_cut_at_a_character_and_never_longer_than_256_bytes),
	    cmocka_unit_test(absent_and_empty_stay_different),
	    cmocka_unit_test(every_code_point_survives_encode_and_decode),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
