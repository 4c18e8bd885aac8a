/*
 * redis.url taken apart. Pure.
 *
 *   redis://host[:port][/db]    port 6379, db 0 when left out; host may be [::1]
 *   rediss://host[:port][/db]   the same over TLS
 *   unix:///path[?db=N]
 */
#ifndef LA_COMMON_REDIS_URL_H
#define LA_COMMON_REDIS_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

struct la_redis_url {
	bool tls;
	bool is_unix;
	char where[256]; /* host, or path of the socket */
	int port;
	int db;
	char name[300]; /* for messages: "redis://host:port" or "unix:///path" */
};

/* Errors: LA_ECONFIG: what is wrong and what is allowed; user and password belong into their own keys. */
LA_MUST_CHECK enum la_err la_redis_url_parse(const char *text, struct la_redis_url *url, struct la_error *error);

#define LA_REDIS_SEEDS_MAX 8

/*
 * One URL, or several nodes of one cluster with blanks or commas between. Errors: LA_ECONFIG, also for more than
 * LA_REDIS_SEEDS_MAX, and for several of different schemes or of unix://.
 */
LA_MUST_CHECK enum la_err la_redis_url_parse_list(
    const char *text, struct la_redis_url urls[LA_REDIS_SEEDS_MAX], size_t *count, struct la_error *error);

#endif
