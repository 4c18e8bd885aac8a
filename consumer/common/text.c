#include "common/text.h"

#include "common/words.h"

size_t
la_utf8_decode(struct la_span src, uint32_t *code_point)
{
	const unsigned char *p = src.data;
	uint32_t value, least;
	size_t length, i;

	if (src.size == 0)
		return (0);
	if (p[0] < 0x80) {
		*code_point = p[0];
		return (1);
	} else if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		length = 2, least = 0x80, value = p[0] & 0x1fu;
	} else if ((p[0] & 0xf0) == 0xe0) {
		length = 3, least = 0x800, value = p[0] & 0x0fu;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		length = 4, least = 0x10000, value = p[0] & 0x07u;
	} else {
		return (0);
	}
	if (src.size < length)
		return (0);
	for (i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return (0);
		value = value << 6 | (p[i] & 0x3fu);
	}
	if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return (0);
	*code_point = value;
	return (length);
}

size_t
la_utf8_encode(uint32_t code_point, char out[4])
{
	if (code_point < 0x80) {
		out[0] = (char)code_point;
		return (1);
	}
	if (code_point < 0x800) {
		out[0] = (char)(0xc0 | code_point >> 6);
		out[1] = (char)(0x80 | (code_point & 0x3f));
		return (2);
	}
	if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff))
		return (0);
	if (code_point < 0x10000) {
		out[0] = (char)(0xe0 | code_point >> 12);
		out[1] = (char)(0x80 | (code_point >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code_point & 0x3f));
		return (3);
	}
	out[0] = (char)(0xf0 | code_point >> 18);
	out[1] = (char)(0x80 | (code_point >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code_point >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code_point & 0x3f));
	return (4);
}

bool
la_utf8_valid(struct la_span src)
{
	uint32_t code_point;
	size_t ascii;

	while ((ascii = la_word_before(src, la_word_high)) < src.size) {
		src = la_span_of(src.data + ascii, src.size - ascii);
		do {
			size_t length = la_utf8_decode(src, &code_point);

			if (length == 0)
				return (false);
			src = la_span_of(src.data + length, src.size - length);
		} while (src.size > 0 && src.data[0] >= 0x80);
	}
	return (true);
}

/* May second follow first? Narrower than 80-BF after E0, ED, F0, F4 (Unicode 15, table 3-7). */
static bool
second_byte_fits(unsigned char first, unsigned char second)
{
	unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

	return (second >= low && second <= high);
}

size_t
la_utf8_ill_formed(struct la_span src)
{
	unsigned char first = src.data[0];
	size_t want, i;

	if (first >= 0xe0 && first <= 0xef)
		want = 3;
	else if (first >= 0xf0 && first <= 0xf4)
		want = 4;
	else
		return (1);
	if (src.size < 2 || !second_byte_fits(first, src.data[1]))
		return (1);
	for (i = 2; i < want && i < src.size && (src.data[i] & 0xc0) == 0x80; i++)
		;
	return (i);
}

/* Appends what still fits whole; false: it does not. */
static bool
append(struct la_text *out, const unsigned char *bytes, size_t size)
{
	if (out->size + size > LA_TEXT_BYTES)
		return (false);
	memcpy(out->bytes + out->size, bytes, size);
	out->size = (uint16_t)(out->size + size);
	return (true);
}

void
la_text_set(struct la_text *out, struct la_span src)
{
	static const unsigned char replacement[] = {0xef, 0xbf, 0xbd};
	bool fits = true;

	out->present = la_span_present(src);
	out->size = 0;
	while (fits && src.size > 0) {
		size_t room = LA_TEXT_BYTES - (size_t)out->size, taken;
		uint32_t code_point;

		if ((taken = la_word_before(la_span_of(src.data, src.size < room ? src.size : room), la_word_high)) > 0) {
			fits = append(out, src.data, taken); /* ASCII */
		} else if ((taken = la_utf8_decode(src, &code_point)) > 0) {
			fits = append(out, src.data, taken);
		} else {
			taken = la_utf8_ill_formed(src);
			fits = append(out, replacement, sizeof(replacement));
		}
		src = la_span_of(src.data + taken, src.size - taken);
	}
	out->bytes[out->size] = '\0';
}

void
la_hex(char *out, const unsigned char *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < size; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 0x0f];
	}
	out[2 * size] = '\0';
}

const char *
la_html_entity(unsigned char byte)
{
	switch (byte) {
	case '&':
		return ("&amp;");
	case '<':
		return ("&lt;");
	case '>':
		return ("&gt;");
	case '"':
		return ("&quot;");
	case '\'':
		return ("&#39;");
	default:
		return (NULL);
	}
}
