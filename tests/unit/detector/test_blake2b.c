/* Our BLAKE2b against libsodium's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sodium.h>
#include <stdlib.h>

#include "detector/blake2b.h"

#define BYTES_MAX 600 /* more than four blocks */

static void
every_length_gives_the_digest_of_libsodium(void **unused)
{
	unsigned char key[LA_BLAKE2B_KEY_BYTES], ours[LA_BLAKE2B_BYTES], theirs[LA_BLAKE2B_BYTES];
	struct la_blake2b keyed;

	(void)unused;
	for (size_t size = 1; size <= BYTES_MAX; size++) {
		unsigned char *bytes = malloc(size); /* of its own, so that a byte too many is seen */

		assert_non_null(bytes);
		randombytes_buf(key, sizeof(key));
		randombytes_buf(bytes, size);
		la_blake2b_init(&keyed, key);
		la_blake2b_digest(&keyed, bytes, size, ours);
		assert_int_equal(crypto_generichash(theirs, sizeof(theirs), bytes, size, key, sizeof(key)), 0);
		assert_memory_equal(ours, theirs, sizeof(ours));
		free(bytes);
	}
}

static void
one_key_digests_many_messages(void **unused)
{
	static const unsigned char key[LA_BLAKE2B_KEY_BYTES] = {1, 2, 3};
	unsigned char ours[LA_BLAKE2B_BYTES], theirs[LA_BLAKE2B_BYTES], message[32] = {0};
	struct la_blake2b keyed;

	(void)unused;
	la_blake2b_init(&keyed, key);
	for (unsigned i = 0; i < 1000; i++) {
		message[i % sizeof(message)]++;
		la_blake2b_digest(&keyed, message, sizeof(message), ours);
		assert_int_equal(
		    crypto_generichash(theirs, sizeof(theirs), message, sizeof(message), key, sizeof(key)), 0);
		assert_memory_equal(ours, theirs, sizeof(ours));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_length_gives_the_digest_of_libsodium),
	    cmocka_unit_test(one_key_digests_many_messages),
	};

	return (sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL));
}
