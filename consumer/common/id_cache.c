#include "common/id_cache.h"

#include <stdlib.h>

#define NONE UINT32_MAX

struct place {
	uint64_t used; /* by the cache's own count; 0: free */
	uint32_t id;
	uint32_t next; /* in the bucket */
	uint32_t holds;
};

struct la_id_cache {
	size_t cap, mask;
	uint64_t uses;
	struct place *places;
	uint32_t *buckets;
};

enum la_err
la_id_cache_new(struct la_id_cache **out, size_t cap)
{
	struct la_id_cache *cache = calloc(1, sizeof(*cache));
	size_t buckets = 16;

	if (cache == NULL)
		return (LA_ENOMEM);
	while (buckets < cap)
		buckets *= 2;
	cache->cap = cap;
	cache->mask = buckets - 1;
	cache->places = calloc(cap, sizeof(*cache->places));
	cache->buckets = malloc(buckets * sizeof(*cache->buckets));
	if (cache->places == NULL || cache->buckets == NULL) {
		la_id_cache_free(cache);
		return (LA_ENOMEM);
	}
	for (size_t i = 0; i < buckets; i++)
		cache->buckets[i] = NONE;
	*out = cache;
	return (LA_OK);
}

void
la_id_cache_free(struct la_id_cache *cache)
{
	if (cache == NULL)
		return;
	free(cache->places);
	free(cache->buckets);
	free(cache);
}

static uint32_t *
bucket_of(const struct la_id_cache *cache, uint32_t id)
{
	return (&cache->buckets[(id * 2654435761u >> 8) & cache->mask]); /* Knuth's multiplier */
}

size_t
la_id_cache_find(struct la_id_cache *cache, uint32_t id)
{
	for (uint32_t at = *bucket_of(cache, id); at != NONE; at = cache->places[at].next) {
		if (cache->places[at].id == id) {
			cache->places[at].used = ++cache->uses;
			return (at);
		}
	}
	return (LA_ID_CACHE_NONE);
}

size_t
la_id_cache_oldest(const struct la_id_cache *cache)
{
	size_t oldest = LA_ID_CACHE_NONE;

	for (size_t i = 0; i < cache->cap; i++) {
		if (cache->places[i].used != 0 && cache->places[i].holds == 0 &&
		    (oldest == LA_ID_CACHE_NONE || cache->places[i].used < cache->places[oldest].used))
			oldest = i;
	}
	return (oldest);
}

static size_t
free_place(const struct la_id_cache *cache)
{
	size_t i = 0;

	while (i < cache->cap && cache->places[i].used != 0)
		i++;
	return (i < cache->cap ? i : LA_ID_CACHE_NONE);
}

size_t
la_id_cache_add(struct la_id_cache *cache, uint32_t id)
{
	uint32_t *bucket = bucket_of(cache, id);
	size_t place = free_place(cache);

	if (place == LA_ID_CACHE_NONE) {
		if ((place = la_id_cache_oldest(cache)) == LA_ID_CACHE_NONE)
			return (place);
		la_id_cache_drop(cache, place);
	}
	cache->places[place] = (struct place){.used = ++cache->uses, .id = id, .next = *bucket};
	*bucket = (uint32_t)place;
	return (place);
}

void
la_id_cache_drop(struct la_id_cache *cache, size_t place)
{
	uint32_t *link = bucket_of(cache, cache->places[place].id);

	while (*link != place)
		link = &cache->places[*link].next;
	*link = cache->places[place].next;
	cache->places[place].used = 0;
}

void
la_id_cache_hold(struct la_id_cache *cache, size_t place)
{
	cache->places[place].holds++;
}

void
la_id_cache_release(struct la_id_cache *cache, size_t place)
{
	cache->places[place].holds--;
}
