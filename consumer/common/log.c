#include "common/log.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/calendar.h"
#include "common/text.h"

#define CLOSING_BYTES 4     /* the room that closing a line needs: quote, brace, newline, NUL */
#define VALUE_BYTES_MAX 1024 /* one field cannot push out those that follow it */

/* A line under construction. What does not fit is left out; end keeps room for the closing. */
struct line {
	char *out;
	size_t size;
	size_t end;
	bool json;
};

static bool
add(struct line *line, const char *bytes, size_t size)
{
	if (size > line->end - line->size)
		return (false);
	memcpy(line->out + line->size, bytes, size);
	line->size += size;
	return (true);
}

/* Quote, backslash, C0, DEL, C1 and the line ends of Unicode: nothing that a terminal or a log reader would obey. */
static bool
needs_escape(uint32_t c)
{
	return (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == '"' || c == '\\' || c == 0x2028 || c == 0x2029 ||
	    (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff);
}

/* One character as it stands in a quoted value; false when the line is full. */
static bool
add_character(struct line *line, uint32_t c)
{
	char bytes[8];
	size_t size;

	if (c == '"' || c == '\\') {
		bytes[0] = '\\';
		bytes[1] = (char)c;
		size = 2;
	} else if (c == '\n' || c == '\t') {
		bytes[0] = '\\';
		bytes[1] = c == '\n' ? 'n' : 't';
		size = 2;
	} else if (needs_escape(c)) {
		size = (size_t)snprintf(bytes, sizeof(bytes), "\\u%04x", c);
	} else {
		size = la_utf8_encode(c, bytes);
	}
	return (add(line, bytes, size));
}

/* Invalid UTF-8 becomes U+FFFD, a byte each. */
static size_t
next_character(struct la_span text, uint32_t *c)
{
	size_t length = la_utf8_decode(text, c);

	if (length > 0)
		return (length);
	*c = 0xfffd;
	return (1);
}

static bool
is_bare(struct la_span text)
{
	size_t i;

	for (i = 0; i < text.size; i++) {
		unsigned char c = text.data[i];

		if (c <= ' ' || c >= 0x7f || c == '=' || c == '"' || c == '\\')
			return (false);
	}
	return (text.size > 0);
}

static void
add_text(struct line *line, struct la_span text)
{
	size_t start = line->size;

	if (!line->json && text.size <= VALUE_BYTES_MAX && is_bare(text) &&
	    add(line, (const char *)text.data, text.size))
		return;
	/* The closing quote has its room in CLOSING_BYTES, so an opened value can always be closed. */
	if (!add(line, "\"", 1))
		return;
	while (text.size > 0 && line->size - start < VALUE_BYTES_MAX) {
		uint32_t c;
		size_t length = next_character(text, &c);

		if (!add_character(line, c))
			break;
		text = la_span_of(text.data + length, text.size - length);
	}
	line->out[line->size++] = '"';
	if (line->size > line->end)
		line->end = line->size;
}

static void
add_field(struct line *line, const char *name, const char *text, int64_t number)
{
	char head[72], digits[24];
	int head_size, digits_size;

	head_size = snprintf(head, sizeof(head), line->json ? "%s\"%.60s\":" : "%s%.60s=",
	    line->size <= 1 ? "" : line->json ? "," : " ", name);
	digits_size = snprintf(digits, sizeof(digits), "%lld", (long long)number);
	/* Name and value or neither: at least 24 bytes of the value must fit. */
	if (head_size < 0 || (size_t)head_size + sizeof(digits) > line->end - line->size)
		return;
	(void)add(line, head, (size_t)head_size);
	if (text != NULL)
		add_text(line, la_span_text(text));
	else
		(void)add(line, digits, (size_t)digits_size);
}

size_t
la_log_format_line(char *out, size_t cap, enum la_log_format format, enum la_log_level level, int64_t time_ms,
    const struct la_field *fields, size_t count)
{
	static const char *const levels[] = {"debug", "info", "warn", "error"};
	struct line line = {out, 0, cap - CLOSING_BYTES, format == LA_LOG_JSON};
	char time[LA_CALENDAR_BYTES];
	size_t i;

	la_calendar_print(time_ms, time);
	if (line.json)
		(void)add(&line, "{", 1);
	add_field(&line, "time", time, 0);
	add_field(&line, "level", levels[level], 0);
	for (i = 0; i < count; i++)
		add_field(&line, fields[i].name, fields[i].text, fields[i].number);
	if (line.json)
		out[line.size++] = '}';
	out[line.size++] = '\n';
	out[line.size] = '\0';
	return (line.size);
}
