/* The parts of the store: store_*_redis.c; what they do differently on a cluster is in store_cluster_*_redis.c. */
#ifndef LA_DETECTOR_STORE_REDIS_INTERNAL_H
#define LA_DETECTOR_STORE_REDIS_INTERNAL_H

#include "common/arena.h"
#include "common/cluster_redis.h"
#include "common/connection_redis.h"
#include "detector/script_redis.h"
#include "detector/store_redis.h"

#define LA_STORE_CONNECT_MS 2000 /* for a begin that finds no connection */

struct la_store_redis {
	struct la_store port;
	struct la_connection connection; /* on a cluster: for login and trust, and the servers of redis.url */
	struct la_cluster *cluster;      /* NULL: one server, or not known yet */
	struct la_buf script_load;       /* on a cluster: the command that teaches a node the script */
	char *prefix;
	char sha[LA_SCRIPT_SHA_HEX]; /* of the script; "" until the server has named it */
	struct la_buf commands;

	struct la_store_read *reads; /* the fetch under way, the caller's */
	size_t read_count;
	struct la_arena records; /* of the last fetch, with the rest of its answers */
	bool fetching; /* answers of a fetch are to come, behind those of a write if there is one */

	struct la_store_write *writes; /* the write under way, the caller's */
	size_t write_count;
	struct la_buf undone; /* on a cluster: of each write, whether it is to be taken back */
};

/* Connects to the server, or finds that it is a cluster's. Errors: LA_EUNAVAILABLE, LA_ETIMEOUT, LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_store_redis_connect(struct la_store_redis *store, struct la_error *error);

/* *reply is not an error, or: *error is set, *reply freed and the connection closed. */
LA_MUST_CHECK enum la_err la_store_redis_reply(
    struct la_store_redis *store, int64_t deadline_ms, redisReply **reply, struct la_error *error);

/* An answer of the wrong kind: closes the connection. Returns LA_EUNAVAILABLE. */
enum la_err la_store_redis_unexpected(struct la_store_redis *store, const char *command, struct la_error *error);

/* The port's four (store.h); self is the store. */
enum la_err la_store_redis_fetch_begin(
    void *self, struct la_store_read *reads, size_t count, struct la_error *error);
enum la_err la_store_redis_fetch_end(void *self, int timeout_ms, struct la_error *error);
enum la_err la_store_redis_write_begin(
    void *self, struct la_store_write *writes, size_t count, struct la_error *error);
enum la_err la_store_redis_write_end(void *self, int timeout_ms, struct la_error *error);

/* What the four do on a cluster. */
LA_MUST_CHECK enum la_err la_store_cluster_fetch_begin(struct la_store_redis *store, struct la_error *error);
LA_MUST_CHECK enum la_err la_store_cluster_fetch_end(
    struct la_store_redis *store, int64_t deadline_ms, struct la_error *error);
LA_MUST_CHECK enum la_err la_store_cluster_write_begin(struct la_store_redis *store, struct la_error *error);
LA_MUST_CHECK enum la_err la_store_cluster_write_end(
    struct la_store_redis *store, int64_t deadline_ms, struct la_error *error);

#endif
