/* Eight bytes at once against one at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/words.h"

/* Pairs of neighbours, so that a borrow or carry into the next byte would show. */
static void
masks_find_what_comparing_each_byte_finds(void **state)
{
	(void)state;
	for (unsigned pair = 0; pair <= 0xffff; pair++) {
		unsigned char bytes[8];
		uint64_t word;

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (unsigned char)(i % 2 == 0 ? pair >> 8 : pair);
		word = la_word_load(bytes);
		for (size_t i = 0; i < sizeof(bytes); i++) {
			uint64_t top = UINT64_C(0x80) << 8 * i;

			assert_int_equal((la_word_high(word) & top) != 0, bytes[i] >= 0x80);
			assert_int_equal((la_word_below(word, 0x20) & top) != 0, bytes[i] < 0x20);
			assert_int_equal((la_word_equal(word, '=') & top) != 0, bytes[i] == '=');
			assert_int_equal((la_word_equal(word, 0xff) & top) != 0, bytes[i] == 0xff);
			assert_int_equal((la_word_control(word) & top) != 0, bytes[i] < 0x20 || bytes[i] == 0x7f);
		}
		assert_int_equal((la_word_high(word) | la_word_equal(word, '=')) & ~LA_WORD_TOPS, 0);
		assert_int_equal(la_word_count(la_word_high(word)), 4 * (pair >> 15) + 4 * (pair >> 7 & 1));
	}
}

static void
first_special_byte_is_found_wherever_it_stands(void **state)
{
	char text[40];

	(void)state;
	for (size_t size = 0; size <= sizeof(text); size++) {
		memset(text, 'x', sizeof(text));
		assert_int_equal(la_word_before(la_span_of(text, size), la_word_high), size);
		for (size_t at = 0; at < size; at++) {
			text[at] = (char)0x80;
			text[size - 1] = (char)0xff;
			assert_int_equal(la_word_before(la_span_of(text, size), la_word_high), at);
			text[at] = text[size - 1] = 'x';
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(masks_find_what_comparing_each_byte_finds),
	    cmocka_unit_test(first_special_byte_is_found_wherever_it_stands),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
