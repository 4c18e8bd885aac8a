#include "common/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 8192

struct la_arena_chunk {
	struct la_arena_chunk *next;
	size_t used, cap;
	alignas(max_align_t) unsigned char bytes[];
};

void *
la_arena_take(struct la_arena *arena, size_t count, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct la_arena_chunk *chunk = arena->first;
	size_t want;
	void *taken;

	if (size != 0 && count > (SIZE_MAX / 4) / size)
		return (NULL);
	want = (count * size + align) / align * align; /* never 0: each taking has its own address */
	if (chunk == NULL || chunk->cap - chunk->used < want) {
		size_t cap = want > CHUNK_BYTES ? want : CHUNK_BYTES;

		chunk = calloc(1, sizeof(*chunk) + cap);
		if (chunk == NULL)
			return (NULL);
		chunk->cap = cap;
		chunk->next = arena->first;
		arena->first = chunk;
		arena->bytes += sizeof(*chunk) + cap;
	}
	taken = chunk->bytes + chunk->used;
	chunk->used += want;
	return (taken);
}

char *
la_arena_copy(struct la_arena *arena, const void *bytes, size_t size)
{
	char *copy = la_arena_take(arena, size + 1, 1);

	if (copy != NULL && size > 0)
		memcpy(copy, bytes, size);
	return (copy);
}

void
la_arena_clear(struct la_arena *arena)
{
	struct la_arena_chunk *chunk, *next;

	for (chunk = arena->first; chunk != NULL; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	*arena = (struct la_arena)LA_ARENA_INIT;
}
