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

/* One line with soft breaks. out == NULL only counts, into *size. */
static enum la_err
add_quoted_line(struct la_buf *out, struct la_span line, size_t *size)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t column = 0;

	for (size_t i = 0; i < line.size; i++) {
		unsigned char c = line.data[i], bytes[6] = "=\r\n", *p = bytes;
		size_t length = is_quoted(line, i) ? 3 : 1, room = i + 1 == line.size ? 0 : 1; /* for the soft break's '=' */

		if (column + length + room > LINE_MAX_BYTES) {
			p += 3;
			column = 0;
		}
		column += length;
		if (length == 3) {
			*p++ = '=';
			*p++ = (unsigned char)digits[c >> 4];
			*p++ = (unsigned char)digits[c & 15];
		} else {
			*p++ = c;
		}
		*size += (size_t)(p - bytes);
		if (out != NULL && la_buf_add(out, bytes, (size_t)(p - bytes)) != LA_OK)
			return (LA_ENOMEM);
	}
	*size += 2;
	return (out == NULL ? LA_OK : la_buf_add(out, "\r\n", 2));
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
		(void)add_quoted_line(NULL, line, &quoted); /* counts; cannot fail */
	}
	base64 = (bytes + 2) / 3 * 4 + (bytes + BASE64_LINE_BYTES - 1) / BASE64_LINE_BYTES * 2;
	if (is_7bit)
		return (LA_BODY_7BIT);
	return (quoted <= base64 ? LA_BODY_QUOTED_PRINTABLE : LA_BODY_BASE64);
}

static enum la_err
add_base64(struct la_buf *out, struct la_span bytes)
{
	while (bytes.size > 0) {
		char digits[sodium_base64_ENCODED_LEN(BASE64_LINE_BYTES, sodium_base64_VARIANT_ORIGINAL)];
		size_t size = bytes.size < BASE64_LINE_BYTES ? bytes.size : BASE64_LINE_BYTES;

		sodium_bin2base64(digits, sizeof(digits), bytes.data, size, sodium_base64_VARIANT_ORIGINAL);
		bytes = la_span_of(bytes.data + size, bytes.size - size);
		if (la_buf_printf(out, "%s\r\n", digits) != LA_OK)
			return (LA_ENOMEM);
	}
	return (LA_OK);
}

enum la_err
la_body_add(struct la_buf *out, struct la_span text, enum la_body_encoding encoding)
{
	struct la_buf canonical = LA_BUF_INIT; /* base64 encodes the text with CRLF (RFC 2045 section 6.8) */
	enum la_err err = LA_OK;
	size_t ignored = 0;

	while (text.size > 0 && err == LA_OK) {
		struct la_span line = take_line(&text);
		struct la_buf *to = encoding == LA_BODY_BASE64 ? &canonical : out;

		if (encoding == LA_BODY_QUOTED_PRINTABLE)
			err = add_quoted_line(out, line, &ignored);
		else if ((err = la_buf_add(to, line.data, line.size)) == LA_OK)
			err = la_buf_add(to, "\r\n", 2);
	}
	if (err == LA_OK && encoding == LA_BODY_BASE64)
		err = add_base64(out, la_buf_span(&canonical));
	la_buf_clear(&canonical);
	return (err);
}
