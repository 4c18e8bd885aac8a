#include "detector/store_redis_internal.h"

enum la_err
la_store_redis_check(struct la_store_redis *store, int timeout_ms, void (*warn)(void *cookie, const char *line),
    void *cookie, struct la_error *error)
{
	const struct la_redis_warnings warnings = {.warn = warn,
	    .cookie = cookie,
	    .if_evicted = "a member's state can vanish, which makes an extra alert or mutes one"};

	return (la_redis_check(&store->connection, timeout_ms, &warnings, error));
}
