/* What a server says of its cluster: CLUSTER SLOTS. */
#ifndef LA_COMMON_CLUSTER_MAP_REDIS_H
#define LA_COMMON_CLUSTER_MAP_REDIS_H

#include "common/connection_redis.h"
#include "common/redis_slot.h"

/*
 * The answer to CLUSTER SLOTS into map. Nothing in it is believed: numbers, names and counts have limits. asked: the host that
 * answered, which is meant where it names none. Errors: LA_EUNAVAILABLE; map is of no use then.
 */
LA_MUST_CHECK enum la_err la_cluster_map_read(
    struct la_slot_map *map, const redisReply *reply, const char *asked, struct la_error *error);

/* Does this answer say that the server is alone (or that its user may not ask, so that it must be)? */
bool la_cluster_map_is_single(const redisReply *reply);

/*
 * Asks an open connection. *single: it is no cluster's node, map is as before. Errors: LA_EUNAVAILABLE, LA_ETIMEOUT, LA_ENOMEM; closed then.
 */
LA_MUST_CHECK enum la_err la_cluster_map_ask(struct la_connection *connection, int64_t deadline_ms,
    struct la_slot_map *map, bool *single, struct la_error *error);

/*
 * Opens a connection to the first server of redis.url that answers, and asks it. *map is NULL when it is alone, and the
 * connection is open then; else it is the caller's (free), and the connection is closed. Nothing is asked of a
 * connection that is open already. Errors: as before.
 */
LA_MUST_CHECK enum la_err la_cluster_map_discover(
    struct la_connection *seed, int timeout_ms, struct la_slot_map **map, struct la_error *error);

#endif
