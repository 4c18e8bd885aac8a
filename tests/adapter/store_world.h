/* A store over a Redis of its own, alone or as all of a cluster, with another client that looks and meddles. */
#ifndef LA_TESTS_STORE_WORLD_H
#define LA_TESTS_STORE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "detector/store_redis.h"

#include "private_cluster.h"
#include "private_redis.h"

#define TIMEOUT_MS 20000 /* what answers does so long before */

static struct private_redis server;
static bool on_cluster; /* the server is all of a cluster */
static redisContext *other; /* another client of the same server */

static inline struct la_store_redis *
open_store(const char *more)
{
	struct la_store_redis *store = NULL;
	struct la_error error = LA_ERROR_INIT;
	struct la_conf *conf;
	char text[512];

	assert_int_equal(la_conf_new(&conf, LA_PROGRAM_DETECTOR), LA_OK);
	(void)snprintf(text, sizeof(text), "redis.url=unix://%s\n%s", server.socket, more);
	assert_int_equal(la_conf_read_text(conf, "test", text, strlen(text)), LA_OK);
	if (la_conf_problem_count(conf) > 0)
		fail_msg("%s", la_conf_problem(conf, 0));
	if (la_store_redis_new(&store, conf, &error) != LA_OK)
		fail_msg("%s", error.text);
	la_conf_free(conf);
	return (store);
}

static inline int
setup(void **state)
{
	private_redis_start(&server, NULL);
	other = redisConnectUnix(server.socket);
	*state = open_store("");
	return (other == NULL || other->err != 0);
}

static inline int
setup_cluster(void **state)
{
	on_cluster = true;
	private_cluster_node(&server);
	other = redisConnectUnix(server.socket);
	private_cluster_own(other, 0, 16383);
	*state = open_store("");
	return (other == NULL || other->err != 0);
}

static inline int
teardown(void **state)
{
	la_store_redis_free(*state);
	redisFree(other);
	private_redis_remove(&server);
	return (0);
}

static inline void
say(const char *command)
{
	redisReply *reply = redisCommand(other, command);

	assert_non_null(reply);
	if (reply->type == REDIS_REPLY_ERROR)
		fail_msg("%s: %s", command, reply->str);
	freeReplyObject(reply);
}

static inline struct la_member_key
key_of(uint16_t epoch, uint32_t number)
{
	struct la_member_key key = {.epoch = epoch};

	memcpy(key.digest, &number, sizeof(number));
	return (key);
}

static inline enum la_err
write_all(const struct la_store *port, struct la_store_write *writes, size_t count, struct la_error *error)
{
	enum la_err err = port->write_begin(port->self, writes, count, error);

	return (err != LA_OK ? err : port->write_end(port->self, TIMEOUT_MS, error));
}

static inline enum la_err
fetch_all(const struct la_store *port, struct la_store_read *reads, size_t count, struct la_error *error)
{
	enum la_err err = port->fetch_begin(port->self, reads, count, error);

	return (err != LA_OK ? err : port->fetch_end(port->self, TIMEOUT_MS, error));
}

/* Writes one record, expects the result. NULL stands for an absent record. */
static inline void
put(const struct la_store *port, uint32_t number, const char *before, const char *after, enum la_write_result result)
{
	struct la_store_write write = {.key = key_of(1, number),
	    .before = la_span_text(before),
	    .after = la_span_text(after),
	    .ttl_s = 100};
	struct la_error error = LA_ERROR_INIT;

	if (write_all(port, &write, 1, &error) != LA_OK)
		fail_msg("%s", error.text);
	assert_int_equal(write.result, result);
}

/* Under which of epochs 2 and 1 is the member, with which record? */
static inline void
expect(const struct la_store *port, uint32_t number, int found, const char *record)
{
	struct la_store_read read = {.key_count = 2, .key = {key_of(2, number), key_of(1, number)}};
	struct la_error error = LA_ERROR_INIT;

	if (fetch_all(port, &read, 1, &error) != LA_OK)
		fail_msg("%s", error.text);
	assert_int_equal(read.found, found);
	assert_true(la_span_equal(read.record, la_span_text(record)));
}

#endif
