#include "common/json_repair.h"

#include "common/text.h"

#define ESCAPE_BYTES 6 /* of \uXXXX */

static struct la_span
after(struct la_span text, size_t size)
{
	return (la_span_of(text.data + size, text.size - size));
}

/* Is the text's start \uXXXX? */
static bool
code_unit(struct la_span text, unsigned *unit)
{
	if (text.size < ESCAPE_BYTES || text.data[0] != '\\' || text.data[1] != 'u')
		return (false);
	*unit = 0;
	for (size_t i = 2; i < ESCAPE_BYTES; i++) {
		unsigned char c = text.data[i], lower = c | 0x20;

		if (c >= '0' && c <= '9')
			*unit = *unit << 4 | (c - '0');
		else if (lower >= 'a' && lower <= 'f')
			*unit = *unit << 4 | (lower - 'a' + 10u);
		else
			return (false);
	}
	return (true);
}

static size_t
take_escape(struct la_span text, struct la_buf *out, enum la_err *err)
{
	unsigned unit, second;
	size_t taken;

	if (!code_unit(text, &unit)) {
		taken = text.size < 2 ? text.size : 2;
		*err = la_buf_add(out, text.data, taken);
	} else if (unit >= 0xd800 && unit <= 0xdbff && code_unit(after(text, ESCAPE_BYTES), &second) &&
	    second >= 0xdc00 && second <= 0xdfff) {
		taken = 2 * (size_t)ESCAPE_BYTES;
		*err = la_buf_add(out, text.data, taken);
	} else {
		taken = ESCAPE_BYTES;
		*err = la_buf_add(out, unit >= 0xd800 && unit <= 0xdfff ? "\\ufffd" : (const char *)text.data, taken);
	}
	return (taken);
}

static size_t
take_character(struct la_span text, struct la_buf *out, enum la_err *err)
{
	uint32_t code_point;
	size_t taken = la_utf8_decode(text, &code_point);

	if (taken > 0) {
		*err = la_buf_add(out, text.data, taken);
		return (taken);
	}
	*err = la_buf_add_text(out, "\xef\xbf\xbd");
	return (la_utf8_ill_formed(text));
}

static size_t
digits(struct la_span text, size_t from)
{
	size_t at = from;

	while (at < text.size && text.data[at] >= '0' && text.data[at] <= '9')
		at++;
	return (at - from);
}

static bool
is_at(struct la_span text, size_t at, char c)
{
	return (at < text.size && text.data[at] == (unsigned char)c);
}

/* Is a number of more digits than 64 bits hold; sign is the size of its sign. */
static bool
is_beyond_64_bits(struct la_span text, size_t sign, size_t count)
{
	const char *most = sign > 0 ? "9223372036854775808" : "9223372036854775807";

	return (count > 19 || (count == 19 && memcmp(text.data + sign, most, 19) > 0));
}

/* Size of the number at the text's start, 0 without; RFC 8259, section 6. */
static size_t
number(struct la_span text, bool *replace)
{
	size_t sign = is_at(text, 0, '-'), count = digits(text, sign), at = sign + count, more;

	if (count == 0 || (count > 1 && text.data[sign] == '0'))
		return (0);
	*replace = is_beyond_64_bits(text, sign, count);
	if (is_at(text, at, '.') && (more = digits(text, at + 1)) > 0) {
		*replace = true;
		at += 1 + more;
	}
	if (is_at(text, at, 'e') || is_at(text, at, 'E')) {
		size_t exponent = at + 1 + (is_at(text, at + 1, '+') || is_at(text, at + 1, '-'));

		if ((more = digits(text, exponent)) > 0) {
			*replace = true;
			at = exponent + more;
		}
	}
	return (at);
}

static size_t
take_outside(struct la_span text, struct la_buf *out, enum la_err *err)
{
	bool replace = false;
	size_t taken = number(text, &replace);

	if (taken == 0)
		taken = 1;
	if (replace) /* with sign and exponent, so that nothing before or behind it makes one number of both */
		*err = la_buf_add_text(out, text.data[0] == '-' ? "-5e-1" : "5e-1");
	else
		*err = la_buf_add(out, text.data, taken);
	return (taken);
}

enum la_err
la_json_repair(struct la_span text, struct la_buf *out)
{
	enum la_err err = LA_OK;
	bool in_string = false;

	while (err == LA_OK && text.size > 0) {
		size_t taken;

		if (in_string && text.data[0] == '\\')
			taken = take_escape(text, out, &err);
		else if (in_string && text.data[0] != '"')
			taken = take_character(text, out, &err);
		else
			taken = take_outside(text, out, &err);
		if (text.data[0] == '"')
			in_string = !in_string;
		text = after(text, taken);
	}
	return (err);
}
