/* The parts of a connection: connection_redis.c (what goes over it), connection_open_redis.c (how it is made). */
#ifndef LA_COMMON_CONNECTION_INTERNAL_REDIS_H
#define LA_COMMON_CONNECTION_INTERNAL_REDIS_H

#include "common/connection_redis.h"

/* Closes and says what it was; broken: what hiredis says. Returns LA_EUNAVAILABLE. */
enum la_err la_connection_lost(struct la_connection *connection, struct la_error *error, const char *what);
enum la_err la_connection_broken(struct la_connection *connection, struct la_error *error);

/* Waits until the socket is ready for events. Errors: LA_EUNAVAILABLE, LA_ETIMEOUT (closed then). */
LA_MUST_CHECK enum la_err la_connection_wait(
    struct la_connection *connection, short events, int64_t deadline_ms, struct la_error *error);

/* What the socket says of its connecting; LA_OK also while that goes on. Errors: LA_EUNAVAILABLE (closed then). */
LA_MUST_CHECK enum la_err la_connection_check(struct la_connection *connection, struct la_error *error);

/*
 * TLS, as far as it goes without waiting; LA_OK: it is done, or not asked for. LA_ETIMEOUT: not yet, *events says what
 * to poll for. Errors: LA_EUNAVAILABLE, LA_ENOMEM (closed then).
 */
LA_MUST_CHECK enum la_err la_connection_secure(
    struct la_connection *connection, short *events, struct la_error *error);

/* An answer to the greeting, of which left are to come. Errors: LA_EUNAVAILABLE (closed then). */
LA_MUST_CHECK enum la_err la_connection_greeted(
    struct la_connection *connection, const redisReply *reply, int left, struct la_error *error);

#endif
