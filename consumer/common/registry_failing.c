#include "common/registry_failing.h"

#include <stdlib.h>

#include "common/id_cache.h"

struct la_registry_failing {
	struct la_id_cache *cache;
	struct {
		int64_t spent_ms, last_ms;
	} places[LA_REGISTRY_FAILING_MAX];
};

enum la_err
la_registry_failing_new(struct la_registry_failing **out)
{
	struct la_registry_failing *failing = calloc(1, sizeof(*failing));

	if (failing == NULL || la_id_cache_new(&failing->cache, LA_REGISTRY_FAILING_MAX) != LA_OK) {
		free(failing);
		return (LA_ENOMEM);
	}
	*out = failing;
	return (LA_OK);
}

void
la_registry_failing_free(struct la_registry_failing *failing)
{
	if (failing == NULL)
		return;
	la_id_cache_free(failing->cache);
	free(failing);
}

int64_t
la_registry_failing_add(struct la_registry_failing *failing, uint32_t id, int64_t now_ms)
{
	size_t place = la_id_cache_find(failing->cache, id);
	int64_t gap_ms;

	if (place == LA_ID_CACHE_NONE) {
		place = la_id_cache_add(failing->cache, id);
		failing->places[place].spent_ms = 0;
		failing->places[place].last_ms = now_ms;
	}
	gap_ms = now_ms - failing->places[place].last_ms;
	failing->places[place].spent_ms += gap_ms < LA_REGISTRY_GAP_MS ? gap_ms : LA_REGISTRY_GAP_MS;
	failing->places[place].last_ms = now_ms;
	return (failing->places[place].spent_ms);
}

void
la_registry_failing_forget(struct la_registry_failing *failing, uint32_t id)
{
	size_t place = la_id_cache_find(failing->cache, id);

	if (place != LA_ID_CACHE_NONE)
		la_id_cache_drop(failing->cache, place);
}
