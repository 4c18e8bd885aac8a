/* What store_redis.c and store_check_redis.c share. */
#ifndef LA_DETECTOR_STORE_REDIS_INTERNAL_H
#define LA_DETECTOR_STORE_REDIS_INTERNAL_H

#include "detector/connection_redis.h"
#include "detector/script_redis.h"
#include "detector/store_redis.h"

struct la_store_redis {
	struct la_store port;
	struct la_connection connection;
	char *prefix;
	char sha[LA_SCRIPT_SHA_HEX]; /* of the script; "" until the server has named it */
	struct la_buf commands;

	struct la_store_read *reads; /* the fetch under way, the caller's */
	size_t read_count;
	redisReply **replies; /* of the last fetch, which own the records */
	size_t reply_count, reply_cap;

	struct la_store_write *writes; /* the write under way, the caller's */
	size_t write_count;
};

/* *reply is not an error, or: *error is set, *reply freed and the connection closed. */
LA_MUST_CHECK enum la_err la_store_redis_reply(
    struct la_store_redis *store, int64_t deadline_ms, redisReply **reply, struct la_error *error);

#endif
