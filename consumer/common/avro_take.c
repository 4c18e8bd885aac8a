#include "common/avro_take.h"

const char *
la_avro_take_long_varint(struct la_avro_cursor *at, int64_t *out)
{
	const unsigned char *p = at->p;
	uint64_t value = 0;
	unsigned shift;

	for (shift = 0; shift < 70; shift += 7, p++) {
		if (p == at->end)
			return (LA_AVRO_CUT);
		if (shift == 63 && *p > 1)
			break;
		value |= (uint64_t)(*p & 0x7f) << shift;
		if (*p < 0x80) {
			*out = (int64_t)(value >> 1 ^ -(value & 1));
			at->p = p + 1;
			return (NULL);
		}
	}
	return ("a number of more than 64 bits");
}

const char *
la_avro_take_long_bytes(struct la_avro_cursor *at, struct la_span *out)
{
	const unsigned char *start = at->p;
	int64_t size;
	const char *what = la_avro_take_long(at, &size);

	if (what == NULL && (uint64_t)size > (uint64_t)(at->end - at->p)) { /* negative is large */
		at->p = start;
		what = "a length below zero or beyond the end";
	}
	return (what != NULL ? what : la_avro_take_fixed(at, (uint64_t)size, out));
}

const char *
la_avro_take_boolean(struct la_avro_cursor *at, int64_t *out)
{
	if (at->p == at->end)
		return (LA_AVRO_CUT);
	if (*at->p > 1)
		return ("a boolean that is neither 0 nor 1");
	*out = *at->p++;
	return (NULL);
}

const char *
la_avro_take_real(struct la_avro_cursor *at, size_t size, double *out)
{
	struct la_span bytes;
	const char *what = la_avro_take_fixed(at, size, &bytes);
	uint64_t bits = 0;
	float single;
	size_t i;

	if (what != NULL)
		return (what);
	for (i = size; i > 0; i--)
		bits = bits << 8 | bytes.data[i - 1];
	if (size == sizeof(single)) {
		uint32_t half = (uint32_t)bits;

		memcpy(&single, &half, sizeof(single));
		*out = single;
	} else {
		memcpy(out, &bits, sizeof(*out));
	}
	return (NULL);
}
