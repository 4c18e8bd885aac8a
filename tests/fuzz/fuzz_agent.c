/*
 * Labels: channel, class, then browser, OS, model and user agent with NUL between
 * (the user agent is the rest, and may hold NUL). Labels are words of the table or
 * given names that pass; neither case nor what follows 512 bytes changes them; the cache agrees.
 */
#include <strings.h>

#include "detector/agent.h"
#include "detector/agent_table.h"
#include "detector/label_cache.h"
#include "fuzz.h"

static bool
is_same(const struct la_labels *a, const struct la_labels *b)
{
	return (strcmp(a->browser, b->browser) == 0 && strcmp(a->os, b->os) == 0 && strcmp(a->model, b->model) == 0 &&
	    a->device_class == b->device_class);
}

static bool
is_word_of_table(const char *label)
{
	for (size_t i = 0; i < la_agent_table_size; i++) {
		const struct la_agent_row *row = &la_agent_table[i];

		if ((row->browser != NULL && strcmp(row->browser, label) == 0) ||
		    (row->os != NULL && strcmp(row->os, label) == 0) ||
		    (row->model != NULL && strcmp(row->model, label) == 0))
			return (true);
	}
	return (strcmp(label, "unknown") == 0 || strcmp(label, "app") == 0);
}

static void
check_label(const char *label, struct la_span given)
{
	REQUIRE(label[0] != '\0' && strlen(label) <= LA_LABEL_BYTES);
	REQUIRE(la_agent_name_passes(given) ? la_span_is(given, label) : is_word_of_table(label));
}

/* The same with the case of all letters turned, and another end behind the 512 bytes. */
static void
check_variants(struct la_login_event event, const struct la_labels *want)
{
	struct la_span agent = event.user_agent;
	unsigned char *copy = calloc(1, agent.size + 1);
	struct la_labels labels;

	REQUIRE(copy != NULL);
	for (size_t i = 0; i < agent.size; i++) {
		unsigned char c = agent.data[i];

		copy[i] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? c ^ 0x20 : c;
		if (i >= LA_USER_AGENT_READ)
			copy[i] = 'x';
	}
	event.user_agent = la_span_of(copy, agent.size);
	la_agent_labels(&event, &labels);
	REQUIRE(is_same(&labels, want));
	free(copy);
}

static void
check_cache(const struct la_login_event *event, const struct la_labels *want)
{
	static const struct la_key key = {.epoch = 1, .secret = {3}};
	static struct la_digester digester;
	static struct la_label_cache *cache;

	if (cache == NULL) {
		la_digester_init(&digester, &key);
		fuzz_must(la_label_cache_new(&cache, &digester, 1), NULL);
	}
	for (int i = 0; i < 2; i++)
		REQUIRE(is_same(&la_label_cache_find(cache, event)->labels, want));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct la_span input = fuzz_copy(la_span_of(data, size)), rest = input;
	struct la_login_event event = {.channel = (enum la_channel)(fuzz_byte(&rest) % 4)};
	struct la_labels labels;

	event.device_class = (enum la_device_class)(fuzz_byte(&rest) % 5);
	event.browser = fuzz_field(&rest);
	event.os = fuzz_field(&rest);
	event.device_model = fuzz_field(&rest);
	event.user_agent = rest;
	la_agent_labels(&event, &labels);
	check_label(labels.browser, event.browser);
	check_label(labels.os, event.os);
	check_label(labels.model, event.device_model);
	REQUIRE(event.device_class == LA_CLASS_UNKNOWN || labels.device_class == event.device_class);
	check_variants(event, &labels);
	check_cache(&event, &labels);
	fuzz_free(input);
	return (0);
}
