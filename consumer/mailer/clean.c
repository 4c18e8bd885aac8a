#include "mailer/clean.h"

#include <stdbool.h>
#include <utf8proc.h>

#define ONE_DOT_LEADER 0x2024

struct characters {
	size_t count;
	uint32_t at[LA_TEXT_BYTES]; /* code points */
};

static bool
is_dropped(uint32_t c)
{
	const utf8proc_property_t *property = utf8proc_get_property((utf8proc_int32_t)c);

	switch (property->category) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return (true);
	default:
		break;
	}
	if ((c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef)) /* noncharacters */
		return (true);
	return (property->ignorable || (c >= 0xfff9 && c <= 0xfffb));
}

static bool
is_letter(uint32_t c)
{
	utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);

	return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO);
}

static bool
is_word(uint32_t c)
{
	utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);

	return (is_letter(c) || (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_NO) ||
	    category == UTF8PROC_CATEGORY_PC || category == UTF8PROC_CATEGORY_SO);
}

/* Steps 2 and 3. Two steps in one loop: a dropped character must not hide "://". */
static void
read_characters(const struct la_text *text, struct characters *out)
{
	struct la_span rest = la_text_span(text);
	bool eats_slashes = false;

	out->count = 0;
	while (rest.size > 0) {
		uint32_t c;
		size_t length = la_utf8_decode(rest, &c), n = out->count;

		rest = la_span_of(rest.data + length, rest.size - length);
		if (is_dropped(c) || (c == '/' && eats_slashes))
			continue;
		eats_slashes = c == '/' && n >= 2 && out->at[n - 2] == ':' && out->at[n - 1] == '/';
		if (eats_slashes)
			out->count--;
		else
			out->at[out->count++] = c;
	}
}

/* Step 4. */
static void
break_host_names(struct characters *characters)
{
	uint32_t *at = characters->at;

	for (size_t i = 1; i + 1 < characters->count; i++) {
		if (at[i] == '.' && is_word(at[i - 1]) && is_letter(at[i + 1]))
			at[i] = ONE_DOT_LEADER;
	}
}

/* Step 5. */
static void
write_clusters(const struct characters *characters, struct la_text *out)
{
	size_t clusters = 0, cluster_start = 0;
	utf8proc_int32_t state = 0;

	out->size = 0;
	for (size_t i = 0; i < characters->count; i++) {
		char bytes[4];
		size_t length = la_utf8_encode(characters->at[i], bytes);

		if (i == 0 || utf8proc_grapheme_break_stateful((utf8proc_int32_t)characters->at[i - 1],
		    (utf8proc_int32_t)characters->at[i], &state)) {
			if (clusters == LA_CLEAN_GRAPHEMES)
				break;
			clusters++;
			cluster_start = out->size;
		}
		if (out->size + length > LA_TEXT_BYTES) {
			if (cluster_start > 0)
				out->size = (uint16_t)cluster_start;
			break;
		}
		memcpy(out->bytes + out->size, bytes, length);
		out->size = (uint16_t)(out->size + length);
	}
	out->bytes[out->size] = '\0';
}

void
la_clean_text(struct la_span src, struct la_text *out)
{
	struct characters characters;

	la_text_set(out, src);
	read_characters(out, &characters);
	break_host_names(&characters);
	write_clusters(&characters, out);
}
