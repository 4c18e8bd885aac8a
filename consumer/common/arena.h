/* Memory that is given back all at once: for trees that are built once and then only read. */
#ifndef LA_COMMON_ARENA_H
#define LA_COMMON_ARENA_H

#include <stddef.h>

struct la_arena_chunk;

struct la_arena {
	struct la_arena_chunk *first;
	size_t bytes; /* of all chunks */
};

#define LA_ARENA_INIT {NULL, 0}

/* count * size zeroed bytes, aligned for any type, valid until the clear; NULL when out of memory. */
void *la_arena_take(struct la_arena *arena, size_t count, size_t size);
/* A copy of size bytes and a NUL after them; NULL when out of memory. */
char *la_arena_copy(struct la_arena *arena, const void *bytes, size_t size);
void la_arena_clear(struct la_arena *arena); /* empty and usable afterwards */

#endif
