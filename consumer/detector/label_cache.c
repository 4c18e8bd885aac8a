#include "detector/label_cache.h"

#include <stdlib.h>
#include <string.h>

#define SETS 256
#define WAYS 4 /* 1,024 entries, about 800 kB, of which their keys' lengths are touched */
#define NAMES_BYTES (3 * (LA_LABEL_BYTES + 1) + 2)
#define KEY_BYTES (NAMES_BYTES + LA_USER_AGENT_READ)

/* An entry: all that la_agent_labels looked at, and what it said. */
struct slot {
	uint16_t names_size, agent_size; /* of key */
	unsigned char key[KEY_BYTES];
	struct la_labelled labelled;
};

/* Keys whose hashes fall on the same set. */
struct set {
	uint64_t hash[WAYS]; /* 0: empty */
	unsigned next;       /* to be replaced */
	struct slot slot[WAYS];
};

struct la_label_cache {
	const struct la_digester *digesters;
	size_t digester_count;
	struct set sets[SETS];
};

/* What is looked for. */
struct wanted {
	unsigned char names[NAMES_BYTES];
	size_t names_size;
	struct la_span agent;
	uint64_t hash;
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

static uint64_t
mix(uint64_t hash, const unsigned char *word)
{
	uint64_t bits;

	memcpy(&bits, word, sizeof(bits));
	hash = (hash ^ bits) * UINT64_C(0x9e3779b97f4a7c15);
	return (hash ^ hash >> 29);
}

/* Spreads keys over sets; whoever makes many fall together only makes us read user agents again. */
static uint64_t
hash_bytes(uint64_t hash, const unsigned char *bytes, size_t size)
{
	uint64_t lane[4] = {hash, 1, 2, 3}; /* side by side: one after the other would wait for each product */
	unsigned char rest[8] = {0};

	for (; size >= sizeof(lane); bytes += sizeof(lane), size -= sizeof(lane)) {
		lane[0] = mix(lane[0], bytes);
		lane[1] = mix(lane[1], bytes + 8);
		lane[2] = mix(lane[2], bytes + 16);
		lane[3] = mix(lane[3], bytes + 24);
	}
	hash = lane[0] ^ lane[1] ^ lane[2] ^ lane[3];
	for (; size >= sizeof(rest); bytes += sizeof(rest), size -= sizeof(rest))
		hash = mix(hash, bytes);
	if (size > 0)
		memcpy(rest, bytes, size);
	return (mix(hash ^ size, rest));
}

static void
want(struct wanted *wanted, const struct la_login_event *event)
{
	unsigned char *p = wanted->names;

	*p++ = (unsigned char)event->device_class;
	*p++ = event->channel == LA_CHANNEL_APP;
	p = put_name(put_name(put_name(p, event->browser), event->os), event->device_model);
	wanted->names_size = (size_t)(p - wanted->names);
	wanted->agent = event->user_agent;
	if (wanted->agent.size > LA_USER_AGENT_READ)
		wanted->agent.size = LA_USER_AGENT_READ;
	wanted->hash = hash_bytes(0, wanted->names, wanted->names_size);
	wanted->hash = hash_bytes(wanted->hash, wanted->agent.data, wanted->agent.size) | 1; /* never 0 */
}

static bool
is_wanted(const struct slot *slot, const struct wanted *wanted)
{
	return (slot->names_size == wanted->names_size && slot->agent_size == wanted->agent.size &&
	    memcmp(slot->key, wanted->names, wanted->names_size) == 0 &&
	    (wanted->agent.size == 0 ||
		memcmp(slot->key + wanted->names_size, wanted->agent.data, wanted->agent.size) == 0));
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

static void
fill(const struct la_label_cache *cache, struct slot *slot, const struct wanted *wanted,
    const struct la_login_event *event)
{
	slot->names_size = (uint16_t)wanted->names_size;
	slot->agent_size = (uint16_t)wanted->agent.size;
	memcpy(slot->key, wanted->names, wanted->names_size);
	if (wanted->agent.size > 0)
		memcpy(slot->key + wanted->names_size, wanted->agent.data, wanted->agent.size);
	la_agent_labels(event, &slot->labelled.labels);
	digest_labels(cache, &slot->labelled);
}

const struct la_labelled *
la_label_cache_find(struct la_label_cache *cache, const struct la_login_event *event)
{
	LA_UNFILLED struct wanted wanted;
	struct set *set;
	unsigned way;

	want(&wanted, event);
	set = &cache->sets[(wanted.hash >> 32) % SETS];
	for (way = 0; way < WAYS; way++) {
		if (set->hash[way] == wanted.hash && is_wanted(&set->slot[way], &wanted))
			return (&set->slot[way].labelled);
	}
	way = set->next++ % WAYS;
	set->hash[way] = wanted.hash;
	fill(cache, &set->slot[way], &wanted, event);
	return (&set->slot[way].labelled);
}
