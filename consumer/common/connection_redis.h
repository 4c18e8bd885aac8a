/*
 * One connection to a Redis server over hiredis, never blocking longer than a
 * given time: queue commands, flush, take the replies in order.
 *
 * After any error or time-out it is closed: replies that are still on their way
 * would be taken for those of later commands.
 */
#ifndef LA_COMMON_CONNECTION_REDIS_H
#define LA_COMMON_CONNECTION_REDIS_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/conf.h"
#include "common/err.h"
#include "common/login_redis.h"
#include "common/lookup.h"
#include "common/redis_slot.h"
#include "common/redis_url.h"
#include "common/tls_redis.h"

struct la_connection {
	struct la_redis_url url;
	struct la_redis_url *seeds; /* of redis.url, url is one of them; NULL: of a peer */
	size_t seed_count, seed_at;
	struct la_login_redis *login; /* NULL: none; borrowed by peers */
	redisContext *redis; /* NULL: not connected */
	struct la_tls_redis *tls; /* NULL: without TLS */
	bool secured;             /* its handshake is done */
	struct la_lookup *lookup; /* of the host's name, under way; NULL: none */
	int greetings; /* begun without waiting: answers to come to AUTH, SELECT and, of a peer, CLUSTER SLOTS */
};

/* Reads redis.url, .user, .password.file, .ca.file. Errors: LA_ECONFIG, LA_ENOMEM; clear it in any case. */
LA_MUST_CHECK enum la_err la_connection_init(
    struct la_connection *connection, const struct la_conf *conf, struct la_error *error);
void la_connection_clear(struct la_connection *connection);

/*
 * To another server of the same cluster, with the same login and trust; clear it before like. It connects to a
 * cluster's node only: one that is alone by now is a server that is away. Errors: LA_ENOMEM; clear it in any case.
 */
LA_MUST_CHECK enum la_err la_connection_init_peer(
    struct la_connection *connection, const struct la_connection *like, const struct la_redis_place *place);

/* The next server of redis.url is meant from now on. Closed. */
void la_connection_next_seed(struct la_connection *connection);

/*
 * Connects, logs in and selects the database, within timeout_ms; nothing to do
 * when that is done already. Errors: LA_EUNAVAILABLE, LA_ETIMEOUT (closed then; a look-up of the host's name goes on).
 */
LA_MUST_CHECK enum la_err la_connection_open(
    struct la_connection *connection, int timeout_ms, struct la_error *error);
void la_connection_close(struct la_connection *connection);

/* Queues commands and writes what goes without waiting. Errors: LA_EUNAVAILABLE, LA_ENOMEM (closed then). */
LA_MUST_CHECK enum la_err la_connection_send(
    struct la_connection *connection, struct la_span commands, struct la_error *error);

/*
 * The next reply; the caller frees it (freeReplyObject). deadline_ms is on
 * la_clock_now_ms. A reply may be an error reply. Errors: LA_EUNAVAILABLE, LA_ETIMEOUT (closed then).
 */
LA_MUST_CHECK enum la_err la_connection_reply(
    struct la_connection *connection, int64_t deadline_ms, redisReply **reply, struct la_error *error);

/*
 * The same for a loop that must not wait. begin starts to connect and queues AUTH and SELECT; commands may be sent at
 * once. LA_ETIMEOUT: a thread is still looking up the host's name; call it again. try_reply writes what is queued and
 * takes what has come: *reply is NULL when nothing has; the greeting's answers it takes
 * itself. Poll connection->redis->fd between. Errors: LA_EUNAVAILABLE, LA_ENOMEM (closed then).
 */
LA_MUST_CHECK enum la_err la_connection_begin(struct la_connection *connection, struct la_error *error);
LA_MUST_CHECK enum la_err la_connection_try_reply(
    struct la_connection *connection, redisReply **reply, struct la_error *error);

struct la_redis_warnings {
	void (*warn)(void *cookie, const char *line);
	void *cookie;
	const char *if_evicted; /* what it means when a key is evicted */
};

/*
 * For check: PING, role, maxmemory-policy, AOF, of each master of a cluster; a warning is one line. The connection is
 * as la_connection_init left it. Errors: LA_EUNAVAILABLE, LA_ETIMEOUT (names the server); closed then. check_redis.c.
 */
LA_MUST_CHECK enum la_err la_redis_check(struct la_connection *connection, int timeout_ms,
    const struct la_redis_warnings *warnings, struct la_error *error);

#endif
