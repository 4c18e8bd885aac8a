#include "detector/agent.h"

#include <string.h>

#include "common/buf.h"
#include "common/job.h"
#include "detector/agent_table.h"
#include "detector/digest.h"

/* Raise when the reading below changes while the table does not: agent_rev must tell. */
#define RULES_VERSION "agent/1"

#define WORDS_MAX (LA_USER_AGENT_READ / 2)

/* A user agent in lower case, with its words listed by their first byte. */
struct agent {
	size_t size;
	unsigned char text[LA_USER_AGENT_READ];
	uint16_t word_count;
	struct {
		uint16_t start, end;
		uint16_t next; /* 1 + index of another word with this first byte; 0: none */
	} word[WORDS_MAX];
	uint16_t head[128]; /* 1 + index, by first byte */
};

/* What the table says; NULL and LA_CLASS_UNKNOWN while nothing does. */
struct found {
	const char *browser, *os, *model;
	enum la_device_class device_class;
};

static bool
is_digit(unsigned char c)
{
	return (c >= '0' && c <= '9');
}

static unsigned char
lower(unsigned char c)
{
	return (c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c);
}

/* c is in lower case. */
static bool
is_word(unsigned char c)
{
	return ((c >= 'a' && c <= 'z') || is_digit(c));
}

static void
read_agent(struct la_span src, struct agent *a)
{
	size_t i = 0;

	a->size = src.size < LA_USER_AGENT_READ ? src.size : LA_USER_AGENT_READ;
	a->word_count = 0;
	memset(a->head, 0, sizeof(a->head));
	for (size_t at = 0; at < a->size; at++)
		a->text[at] = lower(src.data[at]);
	while (i < a->size) {
		size_t start = i;

		while (i < a->size && is_word(a->text[i]))
			i++;
		if (i > start) {
			unsigned char first = a->text[start];

			a->word[a->word_count].start = (uint16_t)start;
			a->word[a->word_count].end = (uint16_t)i;
			a->word[a->word_count].next = a->head[first];
			a->head[first] = ++a->word_count;
		}
		i++;
	}
}

/* Does the text at offset at start with the pattern? */
static bool
starts_with(const struct agent *a, size_t at, const char *pattern, size_t size)
{
	if (size > a->size - at)
		return (false);
	for (size_t i = 0; i < size; i++) {
		unsigned char c = a->text[at + i];

		if (pattern[i] == '#' ? !is_digit(c) : c != (unsigned char)pattern[i])
			return (false);
	}
	return (true);
}

/* "bot/" at the end of a word. */
static bool
ends_word(const struct agent *a, const char *pattern, size_t size)
{
	size_t letters = 0;

	while (letters < size && is_word((unsigned char)pattern[letters]))
		letters++;
	for (size_t w = 0; w < a->word_count; w++) {
		if (a->word[w].end - a->word[w].start >= (int)letters &&
		    starts_with(a, a->word[w].end - letters, pattern, size))
			return (true);
	}
	return (false);
}

static bool
is_found(const struct agent *a, const char *pattern, size_t size)
{
	if (pattern[0] == '*')
		return (ends_word(a, pattern + 1, size - 1));
	for (uint16_t w = a->head[(unsigned char)pattern[0]]; w != 0; w = a->word[w - 1].next) {
		if (starts_with(a, a->word[w - 1].start, pattern, size))
			return (true);
	}
	return (false);
}

static bool
any_found(const struct agent *a, const char *words)
{
	while (*words != '\0') {
		const char *end = strchrnul(words, '|');

		if (is_found(a, words, (size_t)(end - words)))
			return (true);
		words = *end == '|' ? end + 1 : end;
	}
	return (false);
}

static void
read_table(const struct agent *a, struct found *out)
{
	for (size_t i = 0; i < la_agent_table_size; i++) {
		const struct la_agent_row *row = &la_agent_table[i];
		bool browser = row->browser != NULL && out->browser == NULL;
		bool os = row->os != NULL && out->os == NULL;
		bool model = row->model != NULL && out->model == NULL;
		bool class = row->device_class != LA_CLASS_UNKNOWN && out->device_class == LA_CLASS_UNKNOWN;

		if (!(browser || os || model || class) || !any_found(a, row->words))
			continue;
		if (browser)
			out->browser = row->browser;
		if (os)
			out->os = row->os;
		if (model)
			out->model = row->model;
		if (class)
			out->device_class = row->device_class;
	}
}

bool
la_agent_name_passes(struct la_span name)
{
	if (name.size == 0 || name.size > LA_LABEL_BYTES)
		return (false);
	for (size_t i = 0; i < name.size; i++) {
		unsigned char c = name.data[i];

		if (!is_word(lower(c)) && c != ' ' && c != '.' && c != '_' && c != '-')
			return (false);
	}
	return (true);
}

/* given, else the table's word, else "unknown". */
static void
set_label(char out[LA_LABEL_BYTES + 1], struct la_span given, const char *word)
{
	struct la_span label = la_agent_name_passes(given) ? given : la_span_text(word == NULL ? "unknown" : word);

	memcpy(out, label.data, label.size);
	out[label.size] = '\0';
}

void
la_agent_labels(const struct la_login_event *event, struct la_labels *labels)
{
	struct found found = {NULL, NULL, NULL, LA_CLASS_UNKNOWN};
	struct agent agent;

	if (event->user_agent.size > 0) {
		read_agent(event->user_agent, &agent);
		read_table(&agent, &found);
	}
	set_label(labels->browser, event->browser, event->channel == LA_CHANNEL_APP ? "app" : found.browser);
	set_label(labels->os, event->os, found.os);
	set_label(labels->model, event->device_model, found.model);
	labels->device_class = event->device_class != LA_CLASS_UNKNOWN ? event->device_class : found.device_class;
}

const char *
la_agent_device_label(const struct la_labels *labels)
{
	return (strcmp(labels->model, "unknown") != 0 ? labels->model : labels->os);
}

static void
hash_field(struct la_digest_hash *hash, const char *text)
{
	la_digest_hash_add(hash, la_span_text(text == NULL ? "" : text));
}

void
la_agent_rev(char out[LA_REV_HEX])
{
	struct la_digest_hash hash;

	la_digest_hash_init(&hash);
	hash_field(&hash, RULES_VERSION);
	for (size_t i = 0; i < la_agent_table_size; i++) {
		const struct la_agent_row *row = &la_agent_table[i];

		hash_field(&hash, row->words);
		hash_field(&hash, row->browser);
		hash_field(&hash, row->os);
		hash_field(&hash, row->model);
		hash_field(&hash, la_device_class_name(row->device_class));
	}
	la_digest_hash_rev(&hash, out);
}
