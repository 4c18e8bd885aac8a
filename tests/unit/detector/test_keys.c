/* The key file: read, printed, rotated; and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "detector/keys.h"

#define HEX_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX_B "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define HEADER "login-alert-hash-keys 1\n"

static enum la_err
parse(const char *text, struct la_keys *keys, struct la_error *error)
{
	return (la_keys_parse(la_span_text(text), "keys.txt", keys, error));
}

static void
a_key_file_is_read_newest_epoch_first(void **state)
{
	struct la_keys keys;

	(void)state;
	assert_int_equal(parse("# ours\n" HEADER "\n  1 active " HEX_A "\r\n\t2  read\t" HEX_B, &keys, NULL), LA_OK);
	assert_int_equal(keys.count, 2);
	assert_int_equal(keys.key[0].epoch, 2);
	assert_int_equal(keys.key[1].epoch, 1);
	assert_int_equal(keys.active, 1);
	assert_int_equal(keys.key[0].secret[31], 0xff);
	assert_int_equal(keys.key[1].secret[31], 0x1f);
}

static void
epochs_are_numbers_up_to_65535_in_any_order_of_lines(void **state)
{
	static const uint16_t epochs[] = {65535, 1090, 98, 7};
	struct la_keys keys;

	(void)state;
	assert_int_equal(parse(HEADER "98 read " HEX_A "\n7 read " HEX_B "\n65535 read " HEX_A "\n1090 active " HEX_B, &keys, NULL),
	    LA_OK);
	assert_int_equal(keys.count, 4);
	assert_int_equal(keys.active, 1);
	for (size_t i = 0; i < keys.count; i++) {
		assert_int_equal(keys.key[i].epoch, epochs[i]);
		assert_int_equal(keys.key[i].secret[31], i % 2 == 0 ? 0x1f : 0xff);
	}
}

static void
broken_key_files_are_refused_with_the_line_and_without_the_key(void **state)
{
	static const struct {
		const char *text, *where;
	} rows[] = {
	    {"", "keys.txt:0: a key file starts with \"login-alert-hash-keys 1\""},
	    {"# nothing\n", "keys.txt:1: "},
	    {"login-alert-hash-keys 2\n1 active " HEX_A "\n", "keys.txt:1: "},
	    {"1 active " HEX_A "\n", "keys.txt:1: "},
	    {HEADER, "keys.txt:1: no epoch is active"},
	    {HEADER "1 read " HEX_A "\n", "keys.txt:2: no epoch is active"},
	    {HEADER "0 active " HEX_A "\n", "keys.txt:2: the epoch"},
	    {HEADER "65536 active " HEX_A "\n", "keys.txt:2: the epoch"},
	    {HEADER "-1 active " HEX_A "\n", "keys.txt:2: the epoch"},
	    {HEADER "01 active " HEX_A "\n", "keys.txt:2: the epoch"},
	    {HEADER "1:1 active " HEX_A "\n", "keys.txt:2: the epoch"},
	    {HEADER "1/ active " HEX_A "\n", "keys.txt:2: the epoch"},
	    {HEADER "1 passive " HEX_A "\n", "keys.txt:2: after the epoch"},
	    {HEADER "1\n", "keys.txt:2: after the epoch"},
	    {HEADER "1 active\n", "keys.txt:2: the key must be 64 hex digits"},
	    {HEADER "1 active " HEX_A "0\n", "keys.txt:2: the key must"},
	    {HEADER "1 active 0001\n", "keys.txt:2: the key must"},
	    {HEADER "1 active g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", "keys.txt:2: the key"},
	    {HEADER "1 active " HEX_A " more\n", "keys.txt:2: the key must"},
	    {HEADER "1 active " HEX_A "\n1 read " HEX_B "\n", "keys.txt:3: this epoch"},
	    {HEADER "1 active " HEX_A "\n2 active " HEX_B "\n", "keys.txt:3: a second active"},
	    {HEADER "1 active " HEX_A "\n2 read " HEX_A "\n3 read " HEX_A "\n4 read " HEX_A "\n5 read " HEX_A "\n",
	        "keys.txt:6: more than 4"},
	};
	struct la_keys keys;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_error error = LA_ERROR_INIT;

		assert_int_equal(parse(rows[i].text, &keys, &error), LA_ECONFIG);
		if (strncmp(error.text, rows[i].where, strlen(rows[i].where)) != 0)
			fail_msg("row %zu: %s", i, error.text);
		assert_null(strstr(error.text, "0102030405"));
		assert_int_equal(keys.count, 0); /* wiped */
	}
}

static void
what_is_printed_is_read_back(void **state)
{
	struct la_buf text = LA_BUF_INIT;
	struct la_keys keys, back;

	(void)state;
	la_keys_generate(&keys);
	assert_int_equal(keys.key[0].epoch, 1);
	assert_int_equal(la_keys_add(&keys, NULL), LA_OK);
	assert_int_equal(la_keys_print(&keys, &text), LA_OK);
	assert_int_equal(la_keys_parse(la_buf_span(&text), "x", &back, NULL), LA_OK);
	assert_memory_equal(&keys, &back, sizeof(keys));
	la_buf_clear(&text);
}

static void
generated_keys_differ(void **state)
{
	struct la_keys a, b;

	(void)state;
	la_keys_generate(&a);
	la_keys_generate(&b);
	assert_memory_not_equal(a.key[0].secret, b.key[0].secret, LA_KEY_BYTES);
}

static void
rotation_adds_an_epoch_that_is_only_read_then_activates_it(void **state)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_keys keys;

	(void)state;
	la_keys_generate(&keys);
	assert_int_equal(la_keys_activate(&keys, &error), LA_EDATA);
	assert_non_null(strstr(error.text, "active already"));
	assert_int_equal(la_keys_add(&keys, NULL), LA_OK);
	assert_int_equal(keys.key[keys.active].epoch, 1);
	assert_int_equal(keys.key[0].epoch, 2);
	assert_int_equal(la_keys_activate(&keys, NULL), LA_OK);
	assert_int_equal(keys.key[keys.active].epoch, 2);
	assert_int_equal(la_keys_add(&keys, NULL), LA_OK);
	assert_int_equal(la_keys_add(&keys, NULL), LA_OK);
	assert_int_equal(keys.count, LA_EPOCHS_MAX);
	assert_int_equal(la_keys_add(&keys, &error), LA_EDATA);
	assert_non_null(strstr(error.text, "1 to 4"));
	assert_int_equal(keys.count, LA_EPOCHS_MAX);
}

static void
random_bytes_never_crash_the_reader(void **state)
{
	static const char pieces[] = HEADER "1 active read 65535 " HEX_A "\n# \r\t";
	uint64_t seed = 5;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char text[200];
		struct la_keys keys;
		size_t size = 0;

		while (size < sizeof(text)) {
			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
			text[size++] = (seed >> 61) == 0 ? (char)(seed >> 40) : pieces[(seed >> 33) % sizeof(pieces)];
			if ((seed >> 50) % 100 == 0)
				break;
		}
		(void)!la_keys_parse(la_span_of(text, size), "x", &keys, NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_file_is_read_newest_epoch_first),
	    cmocka_unit_test(epochs_are_numbers_up_to_65535_in_any_order_of_lines),
	    cmocka_unit_test(broken_key_files_are_refused_with_the_line_and_without_the_key),
	    cmocka_unit_test(what_is_printed_is_read_back),
	    cmocka_unit_test(generated_keys_differ),
	    cmocka_unit_test(rotation_adds_an_epoch_that_is_only_read_then_activates_it),
	    cmocka_unit_test(random_bytes_never_crash_the_reader),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
