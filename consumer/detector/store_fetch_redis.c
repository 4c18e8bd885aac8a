#include <string.h>

#include "common/clock.h"
#include "common/answers_redis.h"
#include "common/redis_text.h"
#include "detector/redis_key.h"
#include "detector/store_redis_internal.h"

#define CHUNK_READS 256 /* look-ups of one MGET: at most 1024 keys */

static size_t
chunk_size(const struct la_store_redis *store, size_t first)
{
	size_t left = store->read_count - first;

	return (left < CHUNK_READS ? left : CHUNK_READS);
}

/* ROLE comes first: a replica would answer, but with yesterday's states. */
static enum la_err
print_fetch(struct la_store_redis *store)
{
	struct la_buf *out = &store->commands;

	la_buf_reset(out);
	if (la_redis_text_command(out, (const char *const[]){"ROLE", NULL}) != LA_OK)
		return (LA_ENOMEM);
	for (size_t first = 0; first < store->read_count; first += CHUNK_READS) {
		size_t end = first + chunk_size(store, first), keys = 0;

		for (size_t i = first; i < end; i++)
			keys += store->reads[i].key_count;
		if (la_redis_text_begin(out, keys + 1) != LA_OK ||
		    la_redis_text_arg(out, la_span_text("MGET")) != LA_OK)
			return (LA_ENOMEM);
		for (size_t i = first; i < end; i++) {
			for (size_t k = 0; k < store->reads[i].key_count; k++) {
				if (la_redis_key_arg(out, store->prefix, &store->reads[i].key[k]) != LA_OK)
					return (LA_ENOMEM);
			}
		}
	}
	return (LA_OK);
}

enum la_err
la_store_redis_fetch_begin(void *self, struct la_store_read *reads, size_t count, struct la_error *error)
{
	struct la_store_redis *store = self;
	enum la_err err;

	la_arena_clear(&store->records);
	store->fetching = false;
	store->reads = reads;
	store->read_count = count;
	if (count == 0)
		return (LA_OK);
	if ((err = la_store_redis_connect(store, error)) != LA_OK)
		return (err);
	if (store->cluster != NULL)
		return (la_store_cluster_fetch_begin(store, error));
	if (print_fetch(store) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory for %zu look-ups", count));
	if ((err = la_connection_send(&store->connection, la_buf_span(&store->commands), error)) != LA_OK)
		return (err);
	store->fetching = true;
	return (LA_OK);
}

/* A user without the right to ask ROLE is let through. */
static enum la_err
take_role(struct la_store_redis *store, int64_t deadline_ms, struct la_error *error)
{
	redisReply *reply;
	enum la_err err = la_connection_reply(&store->connection, deadline_ms, &reply, error);

	if (err != LA_OK)
		return (err);
	if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOPERM", 6) != 0 &&
	    strncmp(reply->str, "ERR ", 4) != 0)
		err = la_redis_text_error(error, store->connection.url.name, reply->str);
	else if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
	    reply->element[0]->type == REDIS_REPLY_STRING && strcmp(reply->element[0]->str, "master") != 0)
		err = la_error_set(error, LA_EUNAVAILABLE, "%s is a %s; redis.url must name the master",
		    store->connection.url.name, strcmp(reply->element[0]->str, "slave") == 0 ? "replica" : "sentinel");
	freeReplyObject(reply);
	if (err != LA_OK)
		la_connection_close(&store->connection);
	return (err);
}

/* One MGET's answer into its look-ups. False: it does not fit them. */
static bool
take_records(const redisReply *reply, struct la_store_read *reads, size_t count)
{
	size_t at = 0;

	if (reply->type != REDIS_REPLY_ARRAY)
		return (false);
	for (size_t i = 0; i < count; i++) {
		reads[i].found = -1;
		reads[i].record = la_span_of(NULL, 0);
		for (size_t k = 0; k < reads[i].key_count; k++, at++) {
			if (at >= reply->elements)
				return (false);
			if (reads[i].found >= 0 || reply->element[at]->type != REDIS_REPLY_STRING)
				continue;
			reads[i].found = (int8_t)k;
			reads[i].record = la_span_of(reply->element[at]->str, reply->element[at]->len);
		}
	}
	return (at == reply->elements);
}

/* Errors close the connection. */
static enum la_err
take_chunk(struct la_store_redis *store, size_t first, int64_t deadline_ms, struct la_error *error)
{
	struct la_connection *connection = &store->connection;
	redisReply *reply;
	enum la_err err = la_connection_reply(connection, deadline_ms, &reply, error);

	if (err == LA_OK && reply->type == REDIS_REPLY_ERROR) {
		err = la_redis_text_error(error, connection->url.name, reply->str);
		la_connection_close(connection);
	} else if (err == LA_OK && !take_records(reply, store->reads + first, chunk_size(store, first))) {
		err = la_store_redis_unexpected(store, "MGET", error);
	}
	return (err);
}

enum la_err
la_store_redis_fetch_end(void *self, int timeout_ms, struct la_error *error)
{
	struct la_store_redis *store = self;
	int64_t deadline_ms = la_clock_now_ms(NULL) + timeout_ms;
	struct la_answers answers;
	enum la_err err;

	store->fetching = false;
	if (store->read_count == 0)
		return (LA_OK);
	if (store->cluster != NULL)
		return (la_store_cluster_fetch_end(store, deadline_ms, error));
	if ((err = take_role(store, deadline_ms, error)) != LA_OK)
		return (err);
	la_answers_begin(&answers, store->connection.redis, &store->records);
	for (size_t first = 0; first < store->read_count && err == LA_OK; first += CHUNK_READS)
		err = take_chunk(store, first, deadline_ms, error);
	if (err == LA_OK)
		la_answers_end(&answers, store->connection.redis);
	return (err);
}
