/* Encoded bodies against the slow way: one byte at a time, and libsodium's base64. */
#include "unit/mailer/support.h"

#include <sodium.h>

#include "mailer/base64.h"
#include "mailer/body.h"

#define TEXTS 20000

static uint32_t
next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8);
}

/* A line of up to 240 bytes of the kinds that matter, mostly plain ones. */
static size_t
random_line(char *out, uint32_t *seed)
{
	static const char rare[] = "=\t \x7f\x80\xe3 =_.~!";
	size_t size = next(seed) % 240, weight = next(seed) % 100;

	for (size_t i = 0; i < size; i++)
		out[i] = next(seed) % 100 < weight ? 'a' : rare[next(seed) % (sizeof(rare) - 1)];
	if (next(seed) % 8 == 0 && size >= 5)
		memcpy(out, "From ", 5);
	return (size);
}

static bool
must_quote(const char *line, size_t size, size_t i)
{
	unsigned char c = (unsigned char)line[i];

	if (i == 0 && size >= 5 && memcmp(line, "From ", 5) == 0)
		return (true);
	if (c == ' ' || c == '\t')
		return (i + 1 == size);
	return (c < 0x20 || c > 0x7e || c == '=');
}

/* RFC 2045 section 6.7, byte by byte; returns the size without CRLF. */
static size_t
quote_slowly(char *out, const char *line, size_t size)
{
	size_t used = 0, column = 0;

	for (size_t i = 0; i < size; i++) {
		size_t width = must_quote(line, size, i) ? 3 : 1;

		if (column + width + (i + 1 < size) > 76) {
			memcpy(out + used, "=\r\n", 3);
			used += 3;
			column = 0;
		}
		if (width == 3)
			(void)snprintf(out + used, 4, "=%02X", (unsigned char)line[i]);
		else
			out[used] = line[i];
		used += width;
		column += width;
	}
	return (used);
}

static void
quoted_printable_is_what_quoting_byte_by_byte_gives(void **state)
{
	struct la_buf out = LA_BUF_INIT;
	char line[256], slow[2048];
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < TEXTS; i++) {
		size_t size = random_line(line, &seed), want = quote_slowly(slow, line, size);

		line[size] = '\n';
		slow[want] = '\r';
		slow[want + 1] = '\n';
		la_buf_reset(&out);
		assert_int_equal(la_body_add(&out, la_span_of(line, size + 1), LA_BODY_QUOTED_PRINTABLE), LA_OK);
		assert_int_equal(out.size, want + 2);
		assert_memory_equal(out.data, slow, out.size);
	}
	la_buf_clear(&out);
}

static void
base64_is_libsodiums(void **state)
{
	unsigned char bytes[100], out[LA_BASE64_SIZE(sizeof(bytes))];
	char want[sodium_base64_ENCODED_LEN(sizeof(bytes), sodium_base64_VARIANT_ORIGINAL)];
	uint32_t seed = 2;

	(void)state;
	for (size_t size = 0; size <= sizeof(bytes); size++) {
		for (size_t i = 0; i < size; i++)
			bytes[i] = (unsigned char)next(&seed);
		sodium_bin2base64(want, sizeof(want), bytes, size, sodium_base64_VARIANT_ORIGINAL);
		assert_int_equal(la_base64_write(out, la_span_of(bytes, size)), strlen(want));
		assert_memory_equal(out, want, strlen(want));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(quoted_printable_is_what_quoting_byte_by_byte_gives),
	    cmocka_unit_test(base64_is_libsodiums),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
