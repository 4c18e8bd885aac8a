/*
 * Values of Avro's binary encoding off bytes (Avro 1.11 specification, "Binary Encoding"); for avro_run.c alone. Each
 * returns NULL when all is well, else what is wrong; the cursor then stands where that is.
 *
 * What is done for every field is inlined, so that the cursor stays in registers; what is called gets a copy of it, for
 * the same reason.
 */
#ifndef LA_COMMON_AVRO_TAKE_H
#define LA_COMMON_AVRO_TAKE_H

#include <stdint.h>

#include "common/span.h"

#define LA_AVRO_HOT static inline __attribute__((always_inline))

struct la_avro_cursor {
	const unsigned char *p, *end;
};

#define LA_AVRO_CUT "the value ends too early"

/* avro_take.c: what is rare or long. */
__attribute__((noinline)) const char *la_avro_take_long_varint(struct la_avro_cursor *at, int64_t *out);
__attribute__((noinline)) const char *la_avro_take_long_bytes(struct la_avro_cursor *at, struct la_span *out);
const char *la_avro_take_boolean(struct la_avro_cursor *at, int64_t *out);
const char *la_avro_take_real(struct la_avro_cursor *at, size_t size, double *out); /* IEEE 754, lowest byte first; 4 or 8 */

LA_AVRO_HOT const char *
la_avro_take_any_long(struct la_avro_cursor *at, int64_t *out)
{
	struct la_avro_cursor copy = *at;
	int64_t value = 0;
	const char *what = la_avro_take_long_varint(&copy, &value);

	*at = copy;
	*out = value;
	return (what);
}

LA_AVRO_HOT const char *
la_avro_take_long(struct la_avro_cursor *at, int64_t *out)
{
	const unsigned char *p = at->p;
	uint64_t value;

	if (__builtin_expect(at->end - p < 2, 0))
		return (la_avro_take_any_long(at, out));
	value = p[0];
	if (value >= 0x80) {
		if (p[1] >= 0x80)
			return (la_avro_take_any_long(at, out));
		value = (value & 0x7f) | (uint64_t)p[1] << 7;
		p++;
	}
	*out = (int64_t)(value >> 1 ^ -(value & 1));
	at->p = p + 1;
	return (NULL);
}

LA_AVRO_HOT const char *
la_avro_take_int(struct la_avro_cursor *at, int64_t *out)
{
	const unsigned char *start = at->p;
	const char *what = la_avro_take_long(at, out);

	if (what == NULL && *out != (int32_t)*out) {
		at->p = start;
		what = "an int of more than 32 bits";
	}
	return (what);
}

/* An index below limit: of an enum's symbol or a union's branch. */
LA_AVRO_HOT const char *
la_avro_take_index(struct la_avro_cursor *at, uint32_t limit, int64_t *out)
{
	const unsigned char *start = at->p;
	const char *what = la_avro_take_long(at, out);

	if (what == NULL && (uint64_t)*out >= limit) {
		at->p = start;
		what = "no such branch or symbol";
	}
	return (what);
}

LA_AVRO_HOT const char *
la_avro_take_fixed(struct la_avro_cursor *at, uint64_t size, struct la_span *out)
{
	if (size > (uint64_t)(at->end - at->p))
		return (LA_AVRO_CUT);
	*out = la_span_of(at->p, (size_t)size);
	at->p += size;
	return (NULL);
}

LA_AVRO_HOT const char *
la_avro_take_any_bytes(struct la_avro_cursor *at, struct la_span *out)
{
	struct la_avro_cursor copy = *at;
	struct la_span bytes = {NULL, 0};
	const char *what = la_avro_take_long_bytes(&copy, &bytes);

	*at = copy;
	*out = bytes;
	return (what);
}

/* Nearly all lengths are of one or two bytes; what is not plainly right is looked at again. */
LA_AVRO_HOT const char *
la_avro_take_bytes(struct la_avro_cursor *at, struct la_span *out)
{
	const unsigned char *p = at->p;
	size_t left = (size_t)(at->end - p), size;

	if (left >= 2) {
		size = *p++;
		if (size >= 0x80)
			size = (size & 0x7f) | (size_t)*p++ << 7;
		if ((size & 1) == 0 && size < 0x80 << 7 && size / 2 <= left - 2) {
			*out = la_span_of(p, size / 2);
			at->p = p + size / 2;
			return (NULL);
		}
	}
	return (la_avro_take_any_bytes(at, out));
}

#endif
