/* Sealed recipients: vectors made elsewhere, and everything that must not open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <sodium.h>

#include "common/seal.h"

#define VECTORS LA_TEST_SOURCE_DIR "/tests/data/sealed-recipients.jsonl"
#define HEADER LA_TEST_SOURCE_DIR "/consumer/common/seal.h"
#define RANDOM_SEALS 3000
#define RANDOM_RECORDS 20000

struct fixture {
	unsigned char secret[LA_SEAL_KEY_BYTES], public[LA_SEAL_KEY_BYTES];
	struct la_sealer *sealer;
	struct la_opener *opener;
	struct la_recipient recipient; /* what is sealed */
	unsigned char sealed[LA_SEALED_BYTES_MAX];
	size_t size;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL || sodium_init() < 0)
		return (-1);
	la_seal_key_generate(f->secret, f->public);
	assert_int_equal(la_sealer_new(&f->sealer, f->public, NULL), LA_OK);
	assert_int_equal(la_opener_new(&f->opener, f->secret, NULL), LA_OK);
	la_text_set(&f->recipient.email, la_span_text("hanako@example.jp"));
	la_text_set(&f->recipient.member_id, la_span_text("m-1"));
	f->size = la_sealer_seal(f->sealer, &f->recipient, f->sealed);
	*state = f;
	return (0);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	la_sealer_free(f->sealer);
	la_opener_free(f->opener);
	free(f);
	return (0);
}

static void
assert_same_text(const struct la_text *a, const struct la_text *b)
{
	assert_true(la_span_equal(la_text_span(a), la_text_span(b)));
}

static void
assert_opens(struct la_opener *opener, struct la_span sealed, const struct la_recipient *want)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_recipient got;

	if (la_opener_open(opener, sealed, &got, &error) != LA_OK)
		fail_msg("%s", error.text);
	assert_same_text(&got.email, &want->email);
	assert_same_text(&got.member_id, &want->member_id);
}

static void
assert_stays_shut(struct la_opener *opener, struct la_span sealed, const char *why)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_recipient got;

	assert_int_equal(la_opener_open(opener, sealed, &got, &error), LA_EDATA);
	if (strstr(error.text, why) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", why, error.text);
	assert_null(strstr(error.text, "hanako"));
}

static size_t
hex_of(const json_t *vector, const char *name, unsigned char *out, size_t room)
{
	const char *hex = json_string_value(json_object_get(vector, name));
	size_t size;

	assert_non_null(hex);
	assert_int_equal(sodium_hex2bin(out, room, hex, strlen(hex), NULL, &size, NULL), 0);
	return (size);
}

static void
recipient_of(const json_t *vector, struct la_recipient *out)
{
	la_text_set(&out->email, la_span_text(json_string_value(json_object_get(vector, "email"))));
	la_text_set(&out->member_id, la_span_text(json_string_value(json_object_get(vector, "member_id"))));
}

static void
vectors_of_another_implementation_open_to_what_they_say(void **state)
{
	FILE *file = fopen(VECTORS, "r");
	char line[8192];
	int count = 0;

	(void)state;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		unsigned char secret[LA_SEAL_KEY_BYTES], sealed[1024];
		json_t *vector = json_loads(line, 0, NULL);
		struct la_opener *opener;
		struct la_recipient want;

		assert_int_equal(hex_of(vector, "secret", secret, sizeof(secret)), sizeof(secret));
		assert_int_equal(la_opener_new(&opener, secret, NULL), LA_OK);
		recipient_of(vector, &want);
		assert_opens(opener, la_span_of(sealed, hex_of(vector, "sealed", sealed, sizeof(sealed))), &want);
		la_opener_free(opener);
		json_decref(vector);
		count++;
	}
	(void)fclose(file);
	assert_int_equal(count, 4);
}

/* Appends the hex digits of a comment's line that holds nothing else. */
static void
add_hex_line(char *hex, const char *line)
{
	const char *digits = line + strspn(line, " *");
	size_t size = strspn(digits, "0123456789abcdef");

	if (strncmp(line, " *   ", 5) == 0 && size > 0 && size % 2 == 0 && digits[size] == '\n')
		(void)strncat(hex, digits, size);
}

static void
the_vector_in_the_header_is_the_first_of_the_file(void **state)
{
	FILE *header = fopen(HEADER, "r"), *vectors = fopen(VECTORS, "r");
	char line[8192], hex[1024] = "";
	json_t *vector;

	(void)state;
	assert_non_null(header);
	assert_non_null(vectors);
	while (fgets(line, sizeof(line), header) != NULL)
		add_hex_line(hex, line);
	assert_non_null(fgets(line, sizeof(line), vectors));
	vector = json_loads(line, 0, NULL);
	assert_string_equal(hex, json_string_value(json_object_get(vector, "sealed")));
	json_decref(vector);
	(void)fclose(header);
	(void)fclose(vectors);
}

static void
what_is_sealed_opens_at_every_length(void **state)
{
	struct fixture *f = *state;
	char text[LA_TEXT_BYTES];

	memset(text, 'a', sizeof(text));
	for (size_t size = 0; size <= LA_TEXT_BYTES; size++) {
		la_text_set(&f->recipient.email, size % 3 == 1 ? la_span_of(NULL, 0) : la_span_of(text, size));
		la_text_set(&f->recipient.member_id, la_span_of(text, LA_TEXT_BYTES - size));
		f->size = la_sealer_seal(f->sealer, &f->recipient, f->sealed);
		assert_in_range(f->size, LA_SEALED_OVERHEAD + 2, LA_SEALED_BYTES_MAX);
		assert_opens(f->opener, la_span_of(f->sealed, f->size), &f->recipient);
	}
	la_text_set(&f->recipient.email, la_span_of(text, sizeof(text)));
	la_text_set(&f->recipient.member_id, la_span_of(text, sizeof(text)));
	assert_int_equal(la_sealer_seal(f->sealer, &f->recipient, f->sealed), LA_SEALED_BYTES_MAX);
	assert_opens(f->opener, la_span_of(f->sealed, LA_SEALED_BYTES_MAX), &f->recipient);
}

static void
two_seals_of_one_recipient_share_no_ciphertext_and_hold_no_address(void **state)
{
	struct fixture *f = *state;
	unsigned char again[LA_SEALED_BYTES_MAX];
	size_t size = la_sealer_seal(f->sealer, &f->recipient, again);

	assert_int_equal(size, f->size);
	assert_memory_equal(f->sealed, again, 33); /* version, and the one sender of a process */
	assert_memory_not_equal(f->sealed + 33, again + 33, 24);
	assert_memory_not_equal(f->sealed + 57, again + 57, size - 57);
	assert_null(memmem(f->sealed, f->size, "hanako", 6));
	assert_null(memmem(f->sealed, f->size, "m-1", 3));
}

static void
two_sealers_have_two_senders(void **state)
{
	struct fixture *f = *state;
	unsigned char other[LA_SEALED_BYTES_MAX];
	struct la_sealer *sealer;

	assert_int_equal(la_sealer_new(&sealer, f->public, NULL), LA_OK);
	(void)la_sealer_seal(sealer, &f->recipient, other);
	assert_memory_not_equal(f->sealed + 1, other + 1, 32);
	la_sealer_free(sealer);
}

static void
no_bit_can_be_changed(void **state)
{
	struct fixture *f = *state;

	assert_opens(f->opener, la_span_of(f->sealed, f->size), &f->recipient);
	for (size_t bit = 0; bit < 8 * f->size; bit++) {
		f->sealed[bit / 8] ^= (unsigned char)(1u << bit % 8);
		assert_stays_shut(f->opener, la_span_of(f->sealed, f->size),
		    bit < 8 ? "; only 1 is known" : "for another key than that of seal.key.file, or changed since");
		f->sealed[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	assert_opens(f->opener, la_span_of(f->sealed, f->size), &f->recipient);
}

static void
cut_short_or_too_long_it_stays_shut(void **state)
{
	struct fixture *f = *state;
	unsigned char longer[1025] = {1};

	for (size_t size = 0; size < f->size; size++) {
		unsigned char *cut = malloc(size + 1); /* of its own: one byte too far would be seen */

		assert_non_null(cut);
		memcpy(cut + 1, f->sealed, size);
		assert_stays_shut(
		    f->opener, la_span_of(cut + 1, size), size < 73 ? "73 to 1024 are possible" : "cannot be opened");
		free(cut);
	}
	memcpy(longer, f->sealed, f->size);
	assert_stays_shut(f->opener, la_span_of(longer, f->size + 1), "cannot be opened");
	assert_stays_shut(f->opener, la_span_of(longer, 1024), "cannot be opened");
	assert_stays_shut(f->opener, la_span_of(longer, 1025), "has 1025 bytes; 73 to 1024 are possible");
}

static void
another_key_does_not_open_it(void **state)
{
	struct fixture *f = *state;
	unsigned char secret[LA_SEAL_KEY_BYTES], public[LA_SEAL_KEY_BYTES];
	struct la_opener *other;

	la_seal_key_generate(secret, public);
	assert_int_equal(la_opener_new(&other, secret, NULL), LA_OK);
	assert_stays_shut(other, la_span_of(f->sealed, f->size), "sealed for another key than that of seal.key.file");
	la_opener_free(other);
}

static void
a_point_that_no_key_can_be_agreed_with_is_refused(void **state)
{
	struct fixture *f = *state;
	const unsigned char zero[LA_SEAL_KEY_BYTES] = {0}, one[LA_SEAL_KEY_BYTES] = {1};
	struct la_error error = LA_ERROR_INIT;
	struct la_sealer *sealer = NULL;

	assert_int_equal(la_sealer_new(&sealer, zero, &error), LA_ECONFIG);
	assert_string_equal(error.text, "not a public key that anything can be sealed for");
	assert_int_equal(la_sealer_new(&sealer, one, NULL), LA_ECONFIG);
	assert_null(sealer);
	memcpy(f->sealed + 1, zero, sizeof(zero));
	assert_stays_shut(f->opener, la_span_of(f->sealed, f->size), "cannot be opened");
}

/* Seals what is no record, as anybody with the public key can. */
static size_t
seal_bytes(const struct fixture *f, const unsigned char *bytes, size_t size, unsigned char *out)
{
	unsigned char secret[LA_SEAL_KEY_BYTES];

	out[0] = 1;
	la_seal_key_generate(secret, out + 1);
	randombytes_buf(out + 33, 24);
	assert_int_equal(crypto_box_easy(out + 57, bytes, size, out + 33, f->public, secret), 0);
	return (size + LA_SEALED_OVERHEAD);
}

static void
what_is_sealed_must_be_one_whole_recipient(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *why;
	} rows[] = {
	    {"", 0, "holds no Recipient record: byte 0"},
	    {"\x00", 1, "holds no Recipient record: byte 1, field member_id: the value ends too early"},
	    {"\x00\x06m-", 4, "holds no Recipient record: byte 1, field member_id"},
	    {"\x00\x06m-1!", 6, "holds no Recipient record: byte 5: the value should end here"},
	    {"\x04\x06m-1", 5, "holds no Recipient record: byte 0, field email: no such branch or symbol"},
	    {"\x01\x06m-1", 5, "holds no Recipient record: byte 0, field email"},
	    {"\x02\x01\x06m-1", 6, "holds no Recipient record: byte 1, field email"},
	    {"\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", 12, "holds no Recipient record: byte 1, field email"},
	    {"{\"email\":\"hanako@example.jp\"}", 29, "holds no Recipient record"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned char sealed[256];
		size_t size = seal_bytes(f, (const unsigned char *)rows[i].bytes, rows[i].size, sealed);

		assert_stays_shut(f->opener, la_span_of(sealed, size), rows[i].why);
	}
}

static void
an_address_over_256_bytes_is_refused_and_not_cut(void **state)
{
	struct fixture *f = *state;
	unsigned char record[600] = {2, 0x82, 4 /* 257 */}, sealed[1024];
	size_t size;

	memset(record + 3, 'a', 257);
	record[260] = 0; /* member_id "" */
	size = seal_bytes(f, record, 261, sealed);
	assert_stays_shut(f->opener, la_span_of(sealed, size), "an address of 257 bytes; at most 256 are allowed");
}

static void
invalid_utf8_and_a_long_member_id_are_read_as_in_a_job_in_clear(void **state)
{
	struct fixture *f = *state;
	unsigned char record[600] = {0, 0x84, 4 /* 258 */}, sealed[1024];
	struct la_recipient got;
	size_t size;

	memset(record + 3, 'b', 258);
	record[3] = 0xff;
	size = seal_bytes(f, record, 261, sealed);
	assert_int_equal(la_opener_open(f->opener, la_span_of(sealed, size), &got, NULL), LA_OK);
	assert_false(got.email.present);
	assert_int_equal(got.member_id.size, 256);
	assert_memory_equal(got.member_id.bytes, "\xef\xbf\xbd" "bb", 5);
}

static void
more_senders_than_are_kept_all_open_again_and_again(void **state)
{
	struct fixture *f = *state;
	static unsigned char sealed[LA_OPENER_KEYS_MAX + 10][128];
	size_t size = 0;

	for (size_t i = 0; i < LA_OPENER_KEYS_MAX + 10; i++)
		size = seal_bytes(f, (const unsigned char *)"\x00\x06m-1", 5, sealed[i]);
	la_text_set(&f->recipient.email, la_span_of(NULL, 0));
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < LA_OPENER_KEYS_MAX + 10; i++)
			assert_opens(f->opener, la_span_of(sealed[i], size), &f->recipient);
	}
}

static void
random_bytes_never_open(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < RANDOM_SEALS; i++) {
		size_t size = randombytes_uniform(1100);
		unsigned char *bytes = malloc(size + 1);
		struct la_recipient got;

		assert_non_null(bytes);
		randombytes_buf(bytes, size + 1);
		bytes[0] = 1;
		assert_int_equal(la_opener_open(f->opener, la_span_of(bytes, size), &got, NULL), LA_EDATA);
		free(bytes);
	}
}

/* Half of them start as a record does, so that reading gets further. */
static void
random_records_open_or_are_refused_and_never_crash(void **state)
{
	struct fixture *f = *state;
	unsigned char shared[crypto_box_BEFORENMBYTES], secret[LA_SEAL_KEY_BYTES], record[128], sealed[256] = {1};
	size_t opened = 0, refused = 0;

	la_seal_key_generate(secret, sealed + 1);
	assert_int_equal(crypto_box_beforenm(shared, f->public, secret), 0);
	for (int i = 0; i < RANDOM_RECORDS; i++) {
		size_t size = randombytes_uniform(32);
		struct la_recipient got;

		randombytes_buf(record, sizeof(record));
		if (i % 2 == 0) {
			record[0] = (unsigned char)(i / 2 % 2 * 2);
			record[1] = (unsigned char)randombytes_uniform(64);
		}
		randombytes_buf(sealed + 33, 24);
		assert_int_equal(crypto_box_easy_afternm(sealed + 57, record, size, sealed + 33, shared), 0);
		if (la_opener_open(f->opener, la_span_of(sealed, size + LA_SEALED_OVERHEAD), &got, NULL) == LA_OK)
			opened++;
		else
			refused++;
	}
	assert_true(opened > 0 && refused > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(vectors_of_another_implementation_open_to_what_they_say, setup, teardown),
	    cmocka_unit_test(the_vector_in_the_header_is_the_first_of_the_file),
	    cmocka_unit_test_setup_teardown(what_is_sealed_opens_at_every_length, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        two_seals_of_one_recipient_share_no_ciphertext_and_hold_no_address, setup, teardown),
	    cmocka_unit_test_setup_teardown(two_sealers_have_two_senders, setup, teardown),
	    cmocka_unit_test_setup_teardown(no_bit_can_be_changed, setup, teardown),
	    cmocka_unit_test_setup_teardown(cut_short_or_too_long_it_stays_shut, setup, teardown),
	    cmocka_unit_test_setup_teardown(another_key_does_not_open_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_point_that_no_key_can_be_agreed_with_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_is_sealed_must_be_one_whole_recipient, setup, teardown),
	    cmocka_unit_test_setup_teardown(an_address_over_256_bytes_is_refused_and_not_cut, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        invalid_utf8_and_a_long_member_id_are_read_as_in_a_job_in_clear, setup, teardown),
	    cmocka_unit_test_setup_teardown(more_senders_than_are_kept_all_open_again_and_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(random_bytes_never_open, setup, teardown),
	    cmocka_unit_test_setup_teardown(random_records_open_or_are_refused_and_never_crash, setup, teardown),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
