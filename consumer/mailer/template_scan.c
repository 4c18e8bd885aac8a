#include "mailer/template_scan.h"

#include <stdio.h>

#define BLANKS " \t"
#define SPACES " \t\r\n"

static struct la_span
part(struct la_span s, size_t from, size_t to)
{
	return (la_span_of(s.data + from, to - from));
}

static bool
is_one_of(unsigned char byte, const char *set)
{
	return (byte != '\0' && strchr(set, byte) != NULL);
}

static struct la_span
trim(struct la_span s)
{
	while (s.size > 0 && is_one_of(s.data[0], SPACES))
		s = part(s, 1, s.size);
	while (s.size > 0 && is_one_of(s.data[s.size - 1], SPACES))
		s.size--;
	return (s);
}

static bool
find(struct la_span source, size_t from, const char *text, size_t *at)
{
	const unsigned char *found;

	if (source.data == NULL || from > source.size)
		return (false);
	found = memmem(source.data + from, source.size - from, text, strlen(text));
	if (found != NULL)
		*at = (size_t)(found - source.data);
	return (found != NULL);
}

static int
count_lines(struct la_span source, size_t from, size_t to)
{
	int lines = 0;

	for (size_t i = from; i < to; i++)
		lines += source.data[i] == '\n';
	return (lines);
}

static bool
is_name(struct la_span s)
{
	for (size_t i = 0; i < s.size; i++) {
		unsigned char c = s.data[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_one_of(c, "_.-")))
			return (false);
	}
	return (s.size > 0);
}

/* "<% %>" between the '=' signs. */
static enum la_err
set_delimiters(struct la_template_scan *scan, struct la_span inside, struct la_error *error)
{
	size_t first = 0, gap;
	struct la_span close;

	inside = trim(inside);
	while (first < inside.size && !is_one_of(inside.data[first], SPACES))
		first++;
	gap = first;
	while (gap < inside.size && is_one_of(inside.data[gap], SPACES))
		gap++;
	close = part(inside, gap, inside.size);
	if (first == 0 || first > LA_TEMPLATE_DELIMITER_BYTES || close.size == 0 ||
	    close.size > LA_TEMPLATE_DELIMITER_BYTES)
		return (la_error_set(error, LA_ECONFIG, "delimiters are two words of 1 to %d bytes",
		    LA_TEMPLATE_DELIMITER_BYTES));
	for (size_t i = 0; i < inside.size; i++) {
		if (inside.data[i] == '=' || inside.data[i] == '\0' ||
		    (i >= gap && is_one_of(inside.data[i], SPACES)))
			return (la_error_set(error, LA_ECONFIG, "a delimiter has no '=' or blank in it"));
	}
	(void)snprintf(scan->open, sizeof(scan->open), "%.*s", (int)first, (const char *)inside.data);
	(void)snprintf(scan->close, sizeof(scan->close), "%.*s", (int)close.size, (const char *)close.data);
	return (LA_OK);
}

static enum la_template_tag_type
type_of(unsigned char sigil)
{
	switch (sigil) {
	case '#':
		return (LA_TAG_SECTION);
	case '^':
		return (LA_TAG_INVERTED);
	case '/':
		return (LA_TAG_CLOSE);
	case '>':
		return (LA_TAG_PARTIAL);
	case '!':
		return (LA_TAG_COMMENT);
	case '=':
		return (LA_TAG_DELIMITERS);
	case '&':
	case '{':
		return (LA_TAG_UNESCAPED);
	default:
		return (LA_TAG_VARIABLE);
	}
}

/*
 * A tag alone on its line takes the whole line away: start moves to the line's
 * start, end behind its line end, and the blanks before it are its indent.
 */
static void
take_standalone_line(struct la_template_scan *scan, struct la_template_tag *tag, size_t *start, size_t *end)
{
	const unsigned char *s = scan->source.data;
	size_t size = scan->source.size, from = *start, to = *end;

	if (tag->type == LA_TAG_VARIABLE || tag->type == LA_TAG_UNESCAPED)
		return;
	while (from > 0 && is_one_of(s[from - 1], BLANKS))
		from--;
	if (from > 0 && s[from - 1] != '\n')
		return;
	while (to < size && is_one_of(s[to], BLANKS))
		to++;
	if (to + 1 < size && s[to] == '\r' && s[to + 1] == '\n')
		to += 2;
	else if (to < size && s[to] == '\n')
		to++;
	else if (to < size)
		return;
	tag->indent = part(scan->source, from, *start);
	*start = from;
	*end = to;
}

/* What stands between the delimiters at [from, …) -> type and name; *end is the byte after the tag. */
static enum la_err
read_tag(struct la_template_scan *scan, size_t from, struct la_template_tag *tag, size_t *end, struct la_error *error)
{
	char close[LA_TEMPLATE_DELIMITER_BYTES + 2];
	struct la_span inside;
	size_t to;

	tag->type = from < scan->source.size ? type_of(scan->source.data[from]) : LA_TAG_VARIABLE;
	/* "{{{x}}}" and "{{=a b=}}" end with a sign of their own before the delimiter. */
	(void)snprintf(close, sizeof(close), "%s%s",
	    tag->type == LA_TAG_DELIMITERS ? "=" : tag->type == LA_TAG_UNESCAPED && scan->source.data[from] == '{' ? "}" : "",
	    scan->close);
	if (tag->type != LA_TAG_VARIABLE)
		from++;
	if (!find(scan->source, from, close, &to))
		return (la_error_set(error, LA_ECONFIG, "the tag is not closed with %s", close));
	inside = part(scan->source, from, to);
	*end = to + strlen(close);
	if (tag->type == LA_TAG_COMMENT)
		return (LA_OK);
	if (tag->type == LA_TAG_DELIMITERS)
		return (set_delimiters(scan, inside, error));
	tag->name = trim(inside);
	if (!is_name(tag->name))
		return (la_error_set(error, LA_ECONFIG, "a name has letters, digits, '_', '.' and '-' only"));
	return (LA_OK);
}

void
la_template_scan_init(struct la_template_scan *scan, struct la_span source)
{
	*scan = (struct la_template_scan){.source = source, .line = 1, .open = "{{", .close = "}}"};
}

enum la_err
la_template_scan_next(struct la_template_scan *scan, struct la_template_tag *tag, struct la_error *error)
{
	size_t start, end = 0;
	enum la_err err;

	*tag = (struct la_template_tag){.type = LA_TAG_END};
	if (!find(scan->source, scan->at, scan->open, &start)) {
		tag->literal = part(scan->source, scan->at, scan->source.size);
		tag->line = scan->line + count_lines(scan->source, scan->at, scan->source.size);
		scan->at = scan->source.size;
		return (LA_OK);
	}
	tag->line = scan->line + count_lines(scan->source, scan->at, start);
	if ((err = read_tag(scan, start + strlen(scan->open), tag, &end, error)) != LA_OK)
		return (err);
	scan->line = tag->line + count_lines(scan->source, start, end);
	{
		size_t tag_end = end;

		take_standalone_line(scan, tag, &start, &end);
		scan->line += count_lines(scan->source, tag_end, end);
	}
	tag->literal = part(scan->source, scan->at, start);
	scan->at = end;
	return (LA_OK);
}
