/* Answers of Redis that live in an arena and go all at once: an MGET's otherwise cost two allocations a key. */
#ifndef LA_COMMON_ANSWERS_REDIS_H
#define LA_COMMON_ANSWERS_REDIS_H

#include <hiredis/hiredis.h>

#include "common/arena.h"

struct la_answers {
	redisReplyObjectFunctions *before; /* what makes replies otherwise */
};

/*
 * Until la_answers_end, the replies on this connection are the arena's: valid until it is cleared, never to be freed.
 * Both between two replies only; a connection that was closed meanwhile needs no end.
 */
void la_answers_begin(struct la_answers *answers, redisContext *redis, struct la_arena *arena);
void la_answers_end(const struct la_answers *answers, redisContext *redis);

#endif
