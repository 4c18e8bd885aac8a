#include "common/registry_unknown.h"

#include <stdlib.h>

#include "common/id_cache.h"
#include "common/registry.h"

struct la_registry_unknown {
	struct la_id_cache *cache;
	struct {
		int64_t until_ms;
		long status; /* 0: it has no such schema */
	} places[LA_REGISTRY_UNKNOWN_MAX];
};

enum la_err
la_registry_unknown_new(struct la_registry_unknown **out)
{
	struct la_registry_unknown *unknown = calloc(1, sizeof(*unknown));

	if (unknown == NULL || la_id_cache_new(&unknown->cache, LA_REGISTRY_UNKNOWN_MAX) != LA_OK) {
		free(unknown);
		return (LA_ENOMEM);
	}
	*out = unknown;
	return (LA_OK);
}

void
la_registry_unknown_free(struct la_registry_unknown *unknown)
{
	if (unknown == NULL)
		return;
	la_id_cache_free(unknown->cache);
	free(unknown);
}

void
la_registry_unknown_add(struct la_registry_unknown *unknown, uint32_t id, long status, int64_t now_ms)
{
	size_t place = la_id_cache_add(unknown->cache, id);

	unknown->places[place].until_ms = now_ms + (status == LA_REGISTRY_SILENT ? LA_REGISTRY_SILENT_MS : LA_REGISTRY_UNKNOWN_MS);
	unknown->places[place].status = status;
}

bool
la_registry_unknown_has(struct la_registry_unknown *unknown, uint32_t id, int64_t now_ms)
{
	size_t place = la_id_cache_find(unknown->cache, id);

	if (place == LA_ID_CACHE_NONE)
		return (false);
	if (now_ms < unknown->places[place].until_ms)
		return (true);
	la_id_cache_drop(unknown->cache, place);
	return (false);
}

enum la_err
la_registry_unknown_say(struct la_registry_unknown *unknown, uint32_t id, struct la_error *error)
{
	size_t place = la_id_cache_find(unknown->cache, id);
	long status = place == LA_ID_CACHE_NONE ? 0 : unknown->places[place].status;

	if (status == 0)
		return (la_error_set(error, LA_ENOSCHEMA, "byte 1: the registry has no schema with id %u", (unsigned)id));
	if (status == LA_REGISTRY_SILENT)
		return (la_error_set(error, LA_ENOSCHEMA, "byte 1: the registry answers nothing for schema id %u, and others well",
		    (unsigned)id));
	return (la_error_set(error, LA_ENOSCHEMA, "byte 1: the registry answers HTTP %ld for schema id %u, and others well", status,
	    (unsigned)id));
}
