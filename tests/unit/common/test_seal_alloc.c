/* Sealer and opener when memory ends; and that sealing and opening need none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "common/seal.h"
#include "unit/failing_alloc.h"

static void
each_allocation_that_fails_is_an_error_and_leaves_nothing_behind(void **state)
{
	unsigned char secret[LA_SEAL_KEY_BYTES], public[LA_SEAL_KEY_BYTES];
	enum la_err err = LA_ENOMEM;
	long failures = 0;

	(void)state;
	la_seal_key_generate(secret, public);
	for (long at = 1; err != LA_OK; at++) {
		struct la_error error = LA_ERROR_INIT;
		struct la_opener *opener = NULL;
		struct la_sealer *sealer = NULL;

		failing_alloc_calls = 0;
		failing_alloc_at = at;
		err = la_sealer_new(&sealer, public, &error);
		if (err == LA_OK)
			err = la_opener_new(&opener, secret, &error);
		failing_alloc_at = 0;
		if (err != LA_OK) {
			assert_int_equal(err, LA_ENOMEM);
			assert_null(opener);
			assert_string_not_equal(error.text, "");
			failures++;
		}
		la_sealer_free(sealer);
		la_opener_free(opener);
	}
	assert_true(failures > 5);
}

static void
sealing_and_opening_allocate_nothing(void **state)
{
	unsigned char secret[LA_SEAL_KEY_BYTES], public[LA_SEAL_KEY_BYTES], sealed[LA_SEALED_BYTES_MAX];
	struct la_recipient recipient, got;
	struct la_opener *opener = NULL;

	(void)state;
	la_seal_key_generate(secret, public);
	la_text_set(&recipient.email, la_span_text("hanako@example.jp"));
	la_text_set(&recipient.member_id, la_span_text("m-1"));
	assert_int_equal(la_opener_new(&opener, secret, NULL), LA_OK);
	for (int sender = 0; sender < 2 * LA_OPENER_KEYS_MAX; sender++) {
		struct la_sealer *sealer = NULL;
		size_t size;

		assert_int_equal(la_sealer_new(&sealer, public, NULL), LA_OK);
		failing_alloc_calls = 0;
		size = la_sealer_seal(sealer, &recipient, sealed);
		assert_int_equal(la_opener_open(opener, la_span_of(sealed, size), &got, NULL), LA_OK);
		assert_int_equal(failing_alloc_calls, 0);
		la_sealer_free(sealer);
	}
	la_opener_free(opener);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_allocation_that_fails_is_an_error_and_leaves_nothing_behind),
	    cmocka_unit_test(sealing_and_opening_allocate_nothing),
	};

	if (sodium_init() < 0)
		return (1);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
