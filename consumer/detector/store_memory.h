/* Member states in a hash table, for decide, replay and tests. Same semantics as Redis, TTL aside. */
#ifndef LA_DETECTOR_STORE_MEMORY_H
#define LA_DETECTOR_STORE_MEMORY_H

#include "detector/store.h"

struct la_store_memory;

LA_MUST_CHECK enum la_err la_store_memory_new(struct la_store_memory **store);
void la_store_memory_free(struct la_store_memory *store);
const struct la_store *la_store_memory_port(struct la_store_memory *store);

#endif
