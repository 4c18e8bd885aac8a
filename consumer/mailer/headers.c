#include "mailer/headers.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/calendar.h"
#include "common/text.h"
#include "mailer/base64.h"

#define WORD_START "=?UTF-8?"
#define WORD_END "?="
#define WORD_FRAME (sizeof(WORD_START "B?" WORD_END) - 1)
#define WORD_BYTES_MAX 45 /* 60 base64 digits and the frame: 72 of RFC 2047's 75 */

/* Does it read the same without encoding? Blanks at an end or in a row would not survive unfolding. */
static bool
is_plain(struct la_span text)
{
	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = text.data[i];

		if (c < 0x20 || c > 0x7e)
			return (false);
		if (c == ' ' && (i == 0 || i + 1 == text.size || text.data[i + 1] == ' '))
			return (false);
		if (c == '=' && i + 1 < text.size && text.data[i + 1] == '?')
			return (false);
	}
	return (text.size > 0);
}

/* A phrase that needs neither quotes nor encoding (RFC 5322 section 3.2.5). */
static bool
is_plain_phrase(struct la_span text)
{
	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = text.data[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ' ' || c == '-'))
			return (false);
	}
	return (is_plain(text));
}

/* The length of the character that text starts with; the caller promised UTF-8, so of what is none one byte. */
static size_t
character(struct la_span text)
{
	uint32_t c;
	size_t length = la_utf8_decode(text, &c);

	return (length == 0 ? 1 : length);
}

/*
 * How much of text goes into a word of base64 with up to max bytes: whole characters, and unless it is all of the text a
 * multiple of 3, because GMime up to 3.2.13 (its issue 133) and others read on through "=" and lose what follows. 0:
 * only little can; then another encoding is better.
 */
static size_t
base64_part(struct la_span text, size_t max)
{
	size_t size = 0, multiple = 0;

	while (size < text.size) {
		size_t length = character(la_span_of(text.data + size, text.size - size));

		if (size + length > max)
			return (multiple * 2 > size ? multiple : 0);
		size += length;
		if (size % 3 == 0)
			multiple = size;
	}
	return (size);
}

/* The ASCII that text starts with, or one character: up to max bytes, but at least the one. */
static size_t
quoted_part(struct la_span text, size_t max)
{
	size_t size = 0;

	while (size < text.size && size < max && text.data[size] < 0x80)
		size++;
	return (size == 0 ? character(text) : size);
}

/* RFC 2047 section 4.2, with what section 5 (3) leaves as it is in a phrase. */
static enum la_err
add_quoted_word(struct la_buf *out, struct la_span bytes)
{
	enum la_err err = la_buf_add_text(out, WORD_START "Q?");

	for (size_t i = 0; i < bytes.size && err == LA_OK; i++) {
		unsigned char c = bytes.data[i];
		bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		err = la_buf_printf(out, is_plain ? "%c" : "=%02X", c);
	}
	return (err == LA_OK ? la_buf_add_text(out, WORD_END) : err);
}

static enum la_err
add_base64_word(struct la_buf *out, struct la_span bytes)
{
	unsigned char digits[LA_BASE64_SIZE(WORD_BYTES_MAX)];
	size_t count = la_base64_write(digits, bytes);
	enum la_err err = la_buf_add_text(out, WORD_START "B?");

	if (err == LA_OK)
		err = la_buf_add(out, digits, count);
	return (err == LA_OK ? la_buf_add_text(out, WORD_END) : err);
}

/* text as encoded-words, the first one from this column on. */
static enum la_err
add_words(struct la_buf *out, size_t column, struct la_span text)
{
	while (text.size > 0) {
		size_t room = LA_HEADERS_LINE_MAX - column - WORD_FRAME, bytes = room / 4 * 3;
		size_t size = base64_part(text, bytes < WORD_BYTES_MAX ? bytes : WORD_BYTES_MAX);
		enum la_err err;

		if (size > 0) {
			err = add_base64_word(out, la_span_of(text.data, size));
		} else {
			size = quoted_part(text, room / 3);
			err = add_quoted_word(out, la_span_of(text.data, size));
		}
		text = la_span_of(text.data + size, text.size - size);
		/* The blank between two encoded-words is not part of the text (RFC 2047 section 6.2). */
		if (err == LA_OK && text.size > 0)
			err = la_buf_add_text(out, "\r\n ");
		if (err != LA_OK)
			return (err);
		column = 1;
	}
	return (LA_OK);
}

enum la_err
la_headers_add_text(struct la_buf *out, const char *name, struct la_span text)
{
	size_t column = strlen(name) + 2;
	enum la_err err = la_buf_printf(out, "%s: ", name);

	if (err != LA_OK)
		return (err);
	if (is_plain(text) && column + text.size <= LA_HEADERS_LINE_MAX)
		err = la_buf_add(out, text.data, text.size);
	else
		err = add_words(out, column, text);
	return (err == LA_OK ? la_buf_add_text(out, "\r\n") : err);
}

enum la_err
la_headers_add_token(struct la_buf *out, const char *name, const char *value)
{
	bool fits = strlen(name) + 2 + strlen(value) <= LA_HEADERS_LINE_MAX;

	return (la_buf_printf(out, "%s:%s%s\r\n", name, fits ? " " : "\r\n ", value));
}

enum la_err
la_headers_add_mailbox(
    struct la_buf *out, const char *name, const char *display_name, const struct la_address *address)
{
	struct la_span display = la_span_text(display_name);
	size_t column = strlen(name) + 2;
	enum la_err err;

	if (display.size == 0)
		return (la_headers_add_token(out, name, address->text));
	if ((err = la_buf_printf(out, "%s: ", name)) != LA_OK)
		return (err);
	if (is_plain_phrase(display) && column + display.size <= LA_HEADERS_LINE_MAX)
		err = la_buf_add(out, display.data, display.size);
	else
		err = add_words(out, column, display);
	return (err == LA_OK ? la_buf_printf(out, "\r\n <%s>\r\n", address->text) : err);
}

enum la_err
la_headers_add_date(struct la_buf *out, const char *name, int64_t unix_ms, int utc_offset_s)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {
	    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	int offset_min = utc_offset_s / 60;
	struct la_calendar_time t;

	la_calendar_split(la_calendar_seconds(unix_ms) + offset_min * 60, &t);
	return (la_buf_printf(out, "%s: %s, %02d %s %04d %02d:%02d:%02d %c%02d%02d\r\n", name, days[t.weekday], t.day,
	    months[t.month - 1], t.year, t.hour, t.minute, t.second, offset_min < 0 ? '-' : '+', abs(offset_min) / 60,
	    abs(offset_min) % 60));
}
