#include "detector/label_cache.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS 512 /* about 400 kB */
#define KEY_BYTES (LA_USER_AGENT_READ + 3 * (LA_LABEL_BYTES + 1) + 2)

/* All that la_agent_labels looks at. */
struct key {
	uint16_t size;
	unsigned char bytes[KEY_BYTES];
};

struct slot {
	struct key key; /* size 0: empty */
	struct la_labelled labelled;
};

struct la_label_cache {
	const struct la_digester *digesters;
	size_t digester_count;
	struct key wanted;
	struct slot slots[SLOTS];
};

enum la_err
la_label_cache_new(struct la_label_cache **cache, const struct la_digester *digesters, size_t count)
{
	struct la_label_cache *made = calloc(1, sizeof(*made));

	if (made == NULL)
		return (LA_ENOMEM);
	made->digesters = digesters;
	made->digester_count = count;
	*cache = made;
	return (LA_OK);
}

void
la_label_cache_free(struct la_label_cache *cache)
{
	free(cache);
}

/* A given name after its size; 0 for one that does not count. */
static unsigned char *
put_name(unsigned char *p, struct la_span name)
{
	if (!la_agent_name_passes(name))
		name.size = 0;
	*p++ = (unsigned char)name.size;
	if (name.size > 0)
		memcpy(p, name.data, name.size);
	return (p + name.size);
}

static void
print_key(const struct la_login_event *event, struct key *key)
{
	unsigned char *p = key->bytes;
	size_t size = event->user_agent.size < LA_USER_AGENT_READ ? event->user_agent.size : LA_USER_AGENT_READ;

	*p++ = (unsigned char)event->device_class;
	*p++ = event->channel == LA_CHANNEL_APP;
	p = put_name(put_name(put_name(p, event->browser), event->os), event->device_model);
	if (size > 0)
		memcpy(p, event->user_agent.data, size);
	key->size = (uint16_t)((size_t)(p - key->bytes) + size);
}

/* Spreads keys over slots; whoever makes two fall together only makes us read a user agent again. */
static size_t
slot_of(const struct key *key)
{
	uint64_t hash = key->size;
	size_t i = 0;

	while (i < key->size) {
		uint64_t word = 0;
		size_t size = key->size - i < sizeof(word) ? key->size - i : sizeof(word);

		memcpy(&word, key->bytes + i, size);
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
		i += size;
	}
	return ((size_t)(hash >> 32) % SLOTS);
}

/* Appends a label in lower case and a NUL, which no label holds. */
static unsigned char *
put_lower(unsigned char *p, const char *label)
{
	for (; *label != '\0'; label++)
		*p++ = (unsigned char)(*label >= 'A' && *label <= 'Z' ? *label | 0x20 : *label);
	*p++ = '\0';
	return (p);
}

static void
digest_labels(const struct la_label_cache *cache, struct la_labelled *out)
{
	unsigned char platform[2 * (LA_LABEL_BYTES + 1) + 16], browser[LA_LABEL_BYTES + 1], *end;
	struct la_span platform_span, browser_span;

	end = put_lower(platform, out->labels.os);
	end = put_lower(end, la_device_class_name(out->labels.device_class));
	platform_span = la_span_of(platform, (size_t)(put_lower(end, out->labels.model) - platform));
	browser_span = la_span_of(browser, (size_t)(put_lower(browser, out->labels.browser) - browser));
	for (size_t e = 0; e < cache->digester_count; e++) {
		out->platform[e] = la_digest(&cache->digesters[e], LA_DIGEST_PLATFORM, platform_span);
		out->browser[e] = la_digest(&cache->digesters[e], LA_DIGEST_BROWSER, browser_span);
	}
}

const struct la_labelled *
la_label_cache_find(struct la_label_cache *cache, const struct la_login_event *event)
{
	struct slot *slot;

	print_key(event, &cache->wanted);
	slot = &cache->slots[slot_of(&cache->wanted)];
	if (slot->key.size != cache->wanted.size ||
	    memcmp(slot->key.bytes, cache->wanted.bytes, cache->wanted.size) != 0) {
		slot->key.size = cache->wanted.size;
		memcpy(slot->key.bytes, cache->wanted.bytes, cache->wanted.size);
		la_agent_labels(event, &slot->labelled.labels);
		digest_labels(cache, &slot->labelled);
	}
	return (&slot->labelled);
}
