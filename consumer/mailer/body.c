#include "mailer/body.h"

#include <stdbool.h>

#include "common/words.h"
#include "mailer/base64.h"

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

/* What needs "=XX" (RFC 2045 section 6.7); blanks do at a line's end only. */
static inline uint64_t
quoted_bytes(uint64_t word)
{
	return (la_word_high(word) | (la_word_control(word) & ~la_word_equal(word, '\t')) | la_word_equal(word, '='));
}

/* A line that is being written; start is behind its last soft break. */
struct quoted_line {
	unsigned char *p, *start;
};

static void
break_softly(struct quoted_line *out)
{
	memcpy(out->p, "=\r\n", 3);
	out->start = out->p += 3;
}

/* is_end: no '=' of a soft break need follow. */
static void
write_quoted(struct quoted_line *out, unsigned char c, bool is_end)
{
	static const char digits[] = "0123456789ABCDEF";

	if (out->p - out->start + 3 + !is_end > LINE_MAX_BYTES)
		break_softly(out);
	out->p[0] = '=';
	out->p[1] = (unsigned char)digits[c >> 4];
	out->p[2] = (unsigned char)digits[c & 15];
	out->p += 3;
}

static void
write_plain(struct quoted_line *out, struct la_span bytes, bool is_end)
{
	while (bytes.size > 0) {
		size_t room = (size_t)(LINE_MAX_BYTES - 1 - (out->p - out->start));
		size_t size = bytes.size < room || (is_end && bytes.size == room + 1) ? bytes.size : room;

		memcpy(out->p, bytes.data, size);
		out->p += size;
		bytes = la_span_of(bytes.data + size, bytes.size - size);
		if (bytes.size > 0)
			break_softly(out);
	}
}

/* A soft break and three bytes for each byte, at the most. */
#define QUOTED_SIZE_MAX(size) ((size) * 6 + 2)

/* One line with soft breaks and its CRLF; returns the size. out has room for QUOTED_SIZE_MAX(line.size). */
static size_t
write_quoted_line(unsigned char *out, struct la_span line)
{
	struct quoted_line written = {out, out};
	size_t i = 0, end = line.size > 0 && is_blank(line.data[line.size - 1]) ? line.size - 1 : line.size;

	if (starts_like_mbox(line))
		write_quoted(&written, line.data[i++], false);
	while (i < line.size) {
		size_t plain = la_word_before(la_span_of(line.data + i, end - i), quoted_bytes);

		write_plain(&written, la_span_of(line.data + i, plain), i + plain == line.size);
		i += plain;
		if (i == line.size)
			break;
		do {
			write_quoted(&written, line.data[i], i + 1 == line.size);
			i++;
		} while (i < line.size && line.data[i] >= 0x80);
	}
	memcpy(written.p, "\r\n", 2);
	return ((size_t)(written.p - out) + 2);
}

/* An estimate: what stands at a line's end and its few soft breaks do not decide. */
static size_t
quoted_size(size_t size, size_t quoted)
{
	return (size + 2 * quoted + (size + 2 * quoted) / LINE_MAX_BYTES * 3);
}

/* How many bytes the text has with CRLF, and how many of them quoted-printable would quote. */
static size_t
count_bytes(struct la_span text, size_t *quoted)
{
	size_t lines = text.size > 0 && text.data[text.size - 1] != '\n' ? 2 : 0;

	*quoted = 0;
	for (size_t i = 0; i < text.size; i += sizeof(uint64_t)) {
		uint64_t word = text.size - i >= sizeof(word) ? la_word_load(text.data + i)
		                                              : la_word_load_last(text.data + i, text.size - i);

		lines += la_word_count(la_word_equal(word, '\n'));
		*quoted += la_word_count(la_word_high(word) | la_word_equal(word, '='));
	}
	return (text.size + lines);
}

static bool
is_7bit(struct la_span text)
{
	while (text.size > 0) {
		if (!is_7bit_line(take_line(&text)))
			return (false);
	}
	return (true);
}

enum la_body_encoding
la_body_choose(struct la_span text)
{
	size_t quoted, bytes, base64;

	if (is_7bit(text))
		return (LA_BODY_7BIT);
	bytes = count_bytes(text, &quoted);
	base64 = LA_BASE64_SIZE(bytes) + (bytes + BASE64_LINE_BYTES - 1) / BASE64_LINE_BYTES * 2;
	return (quoted_size(bytes, quoted) <= base64 ? LA_BODY_QUOTED_PRINTABLE : LA_BODY_BASE64);
}

static enum la_err
add_quoted(struct la_buf *out, struct la_span text)
{
	while (text.size > 0) {
		struct la_span line = take_line(&text);

		if (la_buf_reserve(out, QUOTED_SIZE_MAX(line.size)) != LA_OK)
			return (LA_ENOMEM);
		out->size += write_quoted_line(out->data + out->size, line);
	}
	return (LA_OK);
}

static enum la_err
add_plain(struct la_buf *out, struct la_span text)
{
	while (text.size > 0) {
		struct la_span line = take_line(&text);

		if (la_buf_add(out, line.data, line.size) != LA_OK || la_buf_add(out, "\r\n", 2) != LA_OK)
			return (LA_ENOMEM);
	}
	return (LA_OK);
}

/* What is encoded is the text with CRLF (RFC 2045 section 6.8). */
static enum la_err
add_base64(struct la_buf *out, struct la_span text)
{
	struct la_buf canonical = LA_BUF_INIT;
	enum la_err err = la_buf_reserve(&canonical, text.size + text.size / 16);

	if (err == LA_OK)
		err = add_plain(&canonical, text);
	for (size_t i = 0; i < canonical.size && err == LA_OK; i += BASE64_LINE_BYTES) {
		size_t size = canonical.size - i < BASE64_LINE_BYTES ? canonical.size - i : BASE64_LINE_BYTES;

		if ((err = la_buf_reserve(out, LINE_MAX_BYTES + 2)) != LA_OK)
			break;
		out->size += la_base64_write(out->data + out->size, la_span_of(canonical.data + i, size));
		err = la_buf_add(out, "\r\n", 2);
	}
	la_buf_clear(&canonical);
	return (err);
}

enum la_err
la_body_add(struct la_buf *out, struct la_span text, enum la_body_encoding encoding)
{
	switch (encoding) {
	case LA_BODY_QUOTED_PRINTABLE:
		return (add_quoted(out, text));
	case LA_BODY_BASE64:
		return (add_base64(out, text));
	case LA_BODY_7BIT:
		break;
	}
	return (add_plain(out, text));
}
