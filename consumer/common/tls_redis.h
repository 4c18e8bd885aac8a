/*
 * TLS of a Redis connection (rediss://), by OpenSSL under hiredis' own reading
 * and writing. The server's certificate must be good for the host in redis.url.
 *
 * Built with LA_HAVE_HIREDIS_SSL (hiredis 1.0 or later with its SSL part, see
 * cmake/Dependencies.cmake); without, la_tls_redis_new says what is missing.
 */
#ifndef LA_COMMON_TLS_REDIS_H
#define LA_COMMON_TLS_REDIS_H

#include <hiredis/hiredis.h>
#include <stdbool.h>

#include "common/conf.h"
#include "common/err.h"
#include "common/redis_url.h"

struct la_tls_redis;

bool la_tls_redis_is_built(void);

/*
 * Reads redis.ca.file, or else trusts whom the system trusts. url is borrowed, must outlive it.
 * Errors: LA_ECONFIG (built without TLS; a file that holds no certificates), LA_ENOMEM; *tls is untouched then.
 */
LA_MUST_CHECK enum la_err la_tls_redis_new(struct la_tls_redis **tls, const struct la_conf *conf,
    const struct la_redis_url *url, struct la_error *error);
/* The same trust for another server. Errors: LA_ENOMEM; *tls is untouched then. */
LA_MUST_CHECK enum la_err la_tls_redis_share(
    struct la_tls_redis **tls, struct la_tls_redis *from, const struct la_redis_url *url);
void la_tls_redis_free(struct la_tls_redis *tls);

/*
 * A step of the handshake on a connected socket, without waiting; the first call begins it. LA_OK: it is done, from
 * here on hiredis reads and writes through TLS. LA_ETIMEOUT: not yet, *events says what to poll the socket for.
 * Errors: LA_EUNAVAILABLE (what the other side or its certificate lacks), LA_ENOMEM: close the connection.
 */
LA_MUST_CHECK enum la_err la_tls_redis_step(
    struct la_tls_redis *tls, redisContext *redis, short *events, struct la_error *error);

/* The connection is closed: the next step begins anew. */
void la_tls_redis_forget(struct la_tls_redis *tls);

#endif
