#include "mailer/body.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>

#define LINE_MAX_BYTES 76
#define BASE64_LINE_BYTES 57 /* 76 digits */

const char *
la_body_encoding_name(enum la_body_encoding encoding)
{
	static const char *const names[] = {"7bit", "quoted-printable", "base64"};

	return (names[encoding]);
}

/* The first line of *text without its LF; *text moves behind it. */
static struct la_span
take_line(struct la_span *text)
{
	const unsigned char *newline = memchr(text->data, '\n', text->size);
	size_t size = newline == NULL ? text->size : (size_t)(newline - text->data);
	struct la_span line = la_span_of(text->data, size);

	size += newline != NULL;
	*text = la_span_of(text->data + size, text->size - size);
	return (line);
}

static bool
is_blank(unsigned char c)
{
	return (c == ' ' || c == '\t');
}

/* mbox files put '>' before such a line. */
static bool
starts_like_mbox(struct la_span line)
{
	return (line.size >= 5 && memcmp(line.data, "From ", 5) == 0);
}

static bool
is_7bit_line(struct la_span line)
{
	if (line.size > LINE_MAX_BYTES || starts_like_mbox(line) ||
	    (line.size > 0 && is_blank(line.data[line.size - 1])))
		return (false);
	for (size_t i = 0; i < line.size; i++) {
		if (line.data[i] >= 0x80 || (line.data[i] == '=' && i + 1 < line.size && line.data[i + 1] == '_'))
			return (false);
	}
	return (true);
}

/* Does the byte at i need "=XX" (RFC 2045 section 6.7)? */
static bool
is_quoted(struct la_span line, size_t i)
{
	unsigned char c = line.data[i];

	if (i == 0 && starts_like_mbox(line))
		return (true);
	if (is_blank(c))
		return (i + 1 == line.size);
	return (c < 0x21 || c > 0x7e || c == '=');
}

/* A soft break and three bytes for each byte, at the most. */
#define QUOTED_SIZE_MAX(size) ((size) * 6 + 2)

/* One line with soft breaks and its CRLF; returns the size. out has room for QUOTED_SIZE_MAX(line.size). */
static size_t
write_quoted_line(unsigned char *out, struct la_span line)
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned char *p = out, *line_start = out;

	for (size_t i = 0; i < line.size; i++) {
		unsigned char c = line.data[i];
		bool quoted = is_quoted(line, i);
		ptrdiff_t column = p - line_start + (quoted ? 3 : 1) + (i + 1 == line.size ? 0 : 1); /* '=' of a soft break */

		if (column > LINE_MAX_BYTES) {
			memcpy(p, "=\r\n", 3);
			line_start = p += 3;
		}
		if (quoted) {
			*p++ = '=';
			*p++ = (unsigned char)digits[c >> 4];
			*p++ = (unsigned char)digits[c & 15];
		} else {
			*p++ = c;
		}
	}
	memcpy(p, "\r\n", 2);
	return ((size_t)(p - out) + 2);
}

/* An estimate: what stands at a line's end and its few soft breaks do not decide. */
static size_t
quoted_size(size_t size, size_t quoted)
{
	return (size + 2 * quoted + (size + 2 * quoted) / LINE_MAX_BYTES * 3);
}

enum la_body_encoding
la_body_choose(struct la_span text)
{
	size_t bytes = 0, quoted = 0, base64;
	bool is_7bit = true;

	while (text.size > 0) {
		struct la_span line = take_line(&text);

		is_7bit = is_7bit && is_7bit_line(line);
		bytes += line.size + 2;
		for (size_t i = 0; i < line.size; i++)
			quoted += line.data[i] >= 0x80 || line.data[i] == '=';
	}
	base64 = (bytes + 2) / 3 * 4 + (bytes + BASE64_LINE_BYTES - 1) / BASE64_LINE_BYTES * 2;
	if (is_7bit)
		return (LA_BODY_7BIT);
	return (quoted_size(bytes, quoted) <= base64 ? LA_BODY_QUOTED_PRINTABLE : LA_BODY_BASE64);
}

static enum la_err
add_quoted_line(struct la_buf *out, struct la_span line)
{
	if (la_buf_reserve(out, QUOTED_SIZE_MAX(line.size)) != LA_OK)
		return (LA_ENOMEM);
	out->size += write_quoted_line(out->data + out->size, line);
	return (LA_OK);
}

static enum la_err
add_plain_line(struct la_buf *out, struct la_span line)
{
	if (la_buf_add(out, line.data, line.size) != LA_OK)
		return (LA_ENOMEM);
	return (la_buf_add(out, "\r\n", 2));
}

static enum la_err
add_base64(struct la_buf *out, struct la_span bytes)
{
	while (bytes.size > 0) {
		char digits[sodium_base64_ENCODED_LEN(BASE64_LINE_BYTES, sodium_base64_VARIANT_ORIGINAL)];
		size_t size = bytes.size < BASE64_LINE_BYTES ? bytes.size : BASE64_LINE_BYTES;

		sodium_bin2base64(digits, sizeof(digits), bytes.data, size, sodium_base64_VARIANT_ORIGINAL);
		bytes = la_span_of(bytes.data + size, bytes.size - size);
		if (add_plain_line(out, la_span_text(digits)) != LA_OK)
			return (LA_ENOMEM);
	}
	return (LA_OK);
}

enum la_err
la_body_add(struct la_buf *out, struct la_span text, enum la_body_encoding encoding)
{
	struct la_buf canonical = LA_BUF_INIT; /* base64 encodes the text with CRLF (RFC 2045 section 6.8) */
	enum la_err err = LA_OK;

	while (text.size > 0 && err == LA_OK) {
		struct la_span line = take_line(&text);

		if (encoding == LA_BODY_QUOTED_PRINTABLE)
			err = add_quoted_line(out, line);
		else
			err = add_plain_line(encoding == LA_BODY_BASE64 ? &canonical : out, line);
	}
	if (err == LA_OK && encoding == LA_BODY_BASE64)
		err = add_base64(out, la_buf_span(&canonical));
	la_buf_clear(&canonical);
	return (err);
}
