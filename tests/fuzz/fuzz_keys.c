/*
 * Key files: byte 0 says which: hash keys, or a half of the seal key. What is read and printed is read as the same.
 */
#include "common/seal_key.h"
#include "detector/keys.h"
#include "fuzz.h"

static void
check_keys(const struct la_keys *keys)
{
	struct la_buf once = LA_BUF_INIT, twice = LA_BUF_INIT;
	struct la_error error = LA_ERROR_INIT;
	struct la_keys again;

	REQUIRE(keys->count > 0 && keys->count <= LA_EPOCHS_MAX && keys->active < keys->count);
	fuzz_must(la_keys_print(keys, &once), NULL);
	fuzz_must(la_keys_parse(la_buf_span(&once), "again", &again, &error), &error);
	fuzz_must(la_keys_print(&again, &twice), NULL);
	REQUIRE(fuzz_same(&once, &twice));
	if (la_keys_activate(&again, &error) == LA_OK)
		REQUIRE(again.active == 0);
	if (la_keys_add(&again, &error) == LA_OK)
		REQUIRE(again.count == keys->count + 1 && again.active > 0);
	la_buf_clear(&once);
	la_buf_clear(&twice);
}

static void
check_half(enum la_seal_half half, const unsigned char key[LA_SEAL_KEY_BYTES])
{
	char text[LA_SEAL_KEY_TEXT_BYTES];
	unsigned char again[LA_SEAL_KEY_BYTES];
	struct la_error error = LA_ERROR_INIT;

	la_seal_key_print(half, key, text);
	fuzz_must(la_seal_key_parse(la_span_text(text), "again", half, again, &error), &error);
	REQUIRE(memcmp(key, again, sizeof(again)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct la_span input = fuzz_copy(la_span_of(data, size)), rest = input;
	unsigned mode = fuzz_byte(&rest) % 3;
	enum la_seal_half half = mode == 1 ? LA_SEAL_PUBLIC : LA_SEAL_SECRET;
	unsigned char key[LA_SEAL_KEY_BYTES];
	struct la_error error = LA_ERROR_INIT;
	struct la_keys keys;

	if (mode == 0 && la_keys_parse(rest, "f", &keys, &error) == LA_OK)
		check_keys(&keys);
	else if (mode != 0 && la_seal_key_parse(rest, "f", half, key, &error) == LA_OK)
		check_half(half, key);
	else
		fuzz_require_line(error.text);
	fuzz_free(input);
	return (0);
}
