/*
 * Member states in Redis over hiredis: MGET reads from the master, compare-and-
 * set writes by script (EVALSHA in a pipeline), key "<prefix>:<epoch>:<base64url
 * digest>".
 *
 * One server, or a cluster: README.md, "On a Redis Cluster".
 */
#ifndef LA_DETECTOR_STORE_REDIS_H
#define LA_DETECTOR_STORE_REDIS_H

#include "common/conf.h"
#include "detector/store.h"

struct la_store_redis;

/* Reads redis.* of conf. Does not connect. Errors: LA_ECONFIG (rediss://: says why not), LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_store_redis_new(
    struct la_store_redis **store, const struct la_conf *conf, struct la_error *error);
void la_store_redis_free(struct la_store_redis *store);
const struct la_store *la_store_redis_port(struct la_store_redis *store);

/*
 * For check: PING, role, maxmemory-policy, AOF. warnings gets one line each.
 * Errors: LA_EUNAVAILABLE, LA_ETIMEOUT (names the server).
 */
LA_MUST_CHECK enum la_err la_store_redis_check(struct la_store_redis *store, int timeout_ms,
    void (*warn)(void *cookie, const char *line), void *cookie, struct la_error *error);

#define LA_UNKNOWN_EPOCHS_MAX 8

struct la_store_epochs {
	size_t members; /* looked at; one may be counted twice while the server moves its table */
	size_t unknown_count;
	struct {
		uint16_t epoch;
		size_t members;
	} unknown[LA_UNKNOWN_EPOCHS_MAX]; /* epochs that keys does not have */
};

/*
 * For check: under which epochs are the members there? By SCAN, which takes keys in no order of ours: all of up to
 * about 100,000 keys of the database, of more a sample of so many. Errors: LA_EUNAVAILABLE (also a user that may not
 * SCAN), LA_ETIMEOUT, LA_ENOMEM; *seen holds what was seen till then.
 */
LA_MUST_CHECK enum la_err la_store_redis_count_epochs(struct la_store_redis *store, const struct la_keys *keys,
    int timeout_ms, struct la_store_epochs *seen, struct la_error *error);

#endif
