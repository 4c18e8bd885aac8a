#include "mailer/languages.h"

static bool
is_letter(unsigned char c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
}

static bool
is_subtag(struct la_span subtag, bool is_first)
{
	if (subtag.size < (is_first ? 2u : 1u) || subtag.size > 8)
		return (false);
	for (size_t i = 0; i < subtag.size; i++) {
		bool is_digit = subtag.data[i] >= '0' && subtag.data[i] <= '9';

		if (!is_letter(subtag.data[i]) && (is_first || !is_digit))
			return (false);
	}
	return (true);
}

bool
la_language_ok(struct la_span tag)
{
	size_t start = 0;

	for (size_t i = 0; i <= tag.size; i++) {
		if (i < tag.size && tag.data[i] != '-')
			continue;
		if (!is_subtag(la_span_of(tag.data + start, i - start), start == 0) || (i == tag.size && i - start < 2))
			return (false);
		start = i + 1;
	}
	return (tag.size > 0);
}

static bool
is_same(struct la_span a, struct la_span b)
{
	return (a.size == b.size && strncasecmp((const char *)a.data, (const char *)b.data, a.size) == 0);
}

/* The first tag of a list, without blanks around; *list moves behind its comma. False at the end. */
static bool
take_tag(struct la_span *list, struct la_span *tag)
{
	const unsigned char *comma;
	size_t size;

	if (!la_span_present(*list))
		return (false);
	comma = memchr(list->data, ',', list->size);
	size = comma == NULL ? list->size : (size_t)(comma - list->data);
	*tag = la_span_of(list->data, size);
	*list = comma == NULL ? la_span_of(NULL, 0) : la_span_of(comma + 1, list->size - size - 1);
	while (tag->size > 0 && tag->data[0] == ' ')
		*tag = la_span_of(tag->data + 1, tag->size - 1);
	while (tag->size > 0 && tag->data[tag->size - 1] == ' ')
		tag->size--;
	return (true);
}

static bool
holds(const char *list, struct la_span tag)
{
	struct la_span rest = la_span_text(list), one;

	while (take_tag(&rest, &one)) {
		if (is_same(one, tag))
			return (true);
	}
	return (false);
}

bool
la_languages_read(struct la_span text, char out[LA_LANGUAGES_BYTES])
{
	struct la_span tag;
	size_t size = 0;

	out[0] = '\0';
	while (take_tag(&text, &tag)) {
		if (!la_language_ok(tag) || holds(out, tag) || size + 2 + tag.size >= LA_LANGUAGES_BYTES)
			return (false);
		if (size > 0) {
			memcpy(out + size, ", ", 2);
			size += 2;
		}
		memcpy(out + size, tag.data, tag.size);
		size += tag.size;
		out[size] = '\0';
	}
	return (size > 0);
}

bool
la_languages_within(const char *some, const char *all)
{
	struct la_span rest = la_span_text(some), tag;

	while (take_tag(&rest, &tag)) {
		if (!holds(all, tag))
			return (false);
	}
	return (true);
}

int
la_language_find(struct la_span locale, int (*find)(const void *cookie, struct la_span tag), const void *cookie)
{
	if (!la_language_ok(locale))
		return (-1);
	while (locale.size > 0) {
		int found = find(cookie, locale);

		if (found >= 0)
			return (found);
		do
			locale.size--;
		while (locale.size > 0 && locale.data[locale.size] != '-');
		if (locale.size >= 2 && locale.data[locale.size - 2] == '-') /* what a single letter introduces goes with it */
			locale.size -= 2;
	}
	return (-1);
}
