/* The files of the key that recipients are sealed for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/seal_key.h"
#include "common/text.h"

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define PUBLIC "login-alert-seal-public 1\n"
#define SECRET "login-alert-seal-secret 1\n"

static void
a_fresh_pair_is_read_back_from_its_files(void **state)
{
	unsigned char secret[LA_SEAL_KEY_BYTES], public[LA_SEAL_KEY_BYTES], back[LA_SEAL_KEY_BYTES];
	char text[LA_SEAL_KEY_TEXT_BYTES], hex[2 * LA_SEAL_KEY_BYTES + 1];

	(void)state;
	la_seal_key_generate(secret, public);
	assert_memory_not_equal(secret, public, sizeof(secret));
	la_seal_key_print(LA_SEAL_SECRET, secret, text);
	la_hex(hex, secret, sizeof(secret));
	assert_int_equal(strncmp(text, SECRET, strlen(SECRET)), 0);
	assert_int_equal(strncmp(text + strlen(SECRET), hex, strlen(hex)), 0);
	assert_string_equal(text + strlen(SECRET) + strlen(hex), "\n");
	assert_int_equal(la_seal_key_parse(la_span_text(text), "f", LA_SEAL_SECRET, back, NULL), LA_OK);
	assert_memory_equal(back, secret, sizeof(secret));
	la_seal_key_print(LA_SEAL_PUBLIC, public, text);
	assert_int_equal(la_seal_key_parse(la_span_text(text), "f", LA_SEAL_PUBLIC, back, NULL), LA_OK);
	assert_memory_equal(back, public, sizeof(public));
}

static void
comments_empty_lines_and_line_ends_of_any_kind_are_allowed(void **state)
{
	static const char *const texts[] = {SECRET HEX, SECRET HEX "\n",
	    "# ours\n\n" SECRET "\n# it is\n" HEX "\n\n# end",
	    "login-alert-seal-secret 1\r\n" HEX "\r\n", SECRET HEX "  \t\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		unsigned char key[LA_SEAL_KEY_BYTES] = {0};

		assert_int_equal(la_seal_key_parse(la_span_text(texts[i]), "f", LA_SEAL_SECRET, key, NULL), LA_OK);
		for (unsigned char k = 0; k < LA_SEAL_KEY_BYTES; k++)
			assert_int_equal(key[k], k);
	}
}

static void
each_mistake_is_named_with_its_line_and_without_the_key(void **state)
{
	static const struct {
		enum la_seal_half half;
		const char *text, *error;
	} rows[] = {
	    {LA_SEAL_SECRET, PUBLIC HEX "\n",
		"f:1: this is the public key; the secret one is needed here (keygen FILE makes it as FILE)"},
	    {LA_SEAL_PUBLIC, SECRET HEX "\n",
		"f:1: this is the secret key; the public one is needed here (keygen FILE makes it as FILE.pub)"},
	    {LA_SEAL_SECRET, "", "f: the file of a seal key starts with \"login-alert-seal-secret 1\""},
	    {LA_SEAL_PUBLIC, "\n\n#\n", "f: the file of a seal key starts with \"login-alert-seal-public 1\""},
	    {LA_SEAL_SECRET, HEX "\n", "f:1: the file of a seal key starts with \"login-alert-seal-secret 1\""},
	    {LA_SEAL_SECRET, "login-alert-seal-secret 2\n" HEX "\n",
		"f:1: the file of a seal key starts with \"login-alert-seal-secret 1\""},
	    {LA_SEAL_PUBLIC, "login-alert-hash-keys 1\n1 active " HEX "\n",
		"f:1: the file of a seal key starts with \"login-alert-seal-public 1\""},
	    {LA_SEAL_SECRET, SECRET, "f:1: the key is missing, 64 hex digits on a line"},
	    {LA_SEAL_SECRET, SECRET "0" HEX "\n", "f:2: the key must be 64 hex digits, alone on its line"},
	    {LA_SEAL_SECRET, SECRET HEX "00\n", "f:2: the key must be 64 hex digits, alone on its line"},
	    {LA_SEAL_SECRET, SECRET "#\nx" HEX, "f:3: the key must be 64 hex digits, alone on its line"},
	    {LA_SEAL_SECRET, SECRET "1 " HEX "\n", "f:2: the key must be 64 hex digits, alone on its line"},
	    {LA_SEAL_SECRET, SECRET HEX "\n" HEX "\n", "f:3: nothing may follow the key"},
	};
	static const unsigned char nothing[LA_SEAL_KEY_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_error error = LA_ERROR_INIT;
		unsigned char key[LA_SEAL_KEY_BYTES] = {1};

		assert_int_equal(
		    la_seal_key_parse(la_span_text(rows[i].text), "f", rows[i].half, key, &error), LA_ECONFIG);
		assert_string_equal(error.text, rows[i].error);
		assert_memory_equal(key, nothing, sizeof(nothing));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_fresh_pair_is_read_back_from_its_files),
	    cmocka_unit_test(comments_empty_lines_and_line_ends_of_any_kind_are_allowed),
	    cmocka_unit_test(each_mistake_is_named_with_its_line_and_without_the_key),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
