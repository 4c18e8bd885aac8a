/*
 * Places for at most cap ids; when there is none left, the one that was used longest ago goes. What belongs to an id the
 * caller keeps, by place. Pure. Ids come from the wire: the memory is the same whatever they are.
 */
#ifndef LA_COMMON_ID_CACHE_H
#define LA_COMMON_ID_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define LA_ID_CACHE_NONE SIZE_MAX

struct la_id_cache;

LA_MUST_CHECK enum la_err la_id_cache_new(struct la_id_cache **cache, size_t cap); /* Errors: LA_ENOMEM */
void la_id_cache_free(struct la_id_cache *cache);

/* The id's place, below cap; it is the one used last now. LA_ID_CACHE_NONE: it has none. */
size_t la_id_cache_find(struct la_id_cache *cache, uint32_t id);

/*
 * A place for an id that has none: a free one, or that of la_id_cache_oldest, whose id has none then. LA_ID_CACHE_NONE:
 * all are held.
 */
size_t la_id_cache_add(struct la_id_cache *cache, uint32_t id);

/* The place of the id that was used longest ago, of those that are not held; LA_ID_CACHE_NONE: there is none. */
size_t la_id_cache_oldest(const struct la_id_cache *cache);

/* The place is free again. */
void la_id_cache_drop(struct la_id_cache *cache, size_t place);

/* As often as it is held it has to be released. */
void la_id_cache_hold(struct la_id_cache *cache, size_t place);
void la_id_cache_release(struct la_id_cache *cache, size_t place);

#endif
