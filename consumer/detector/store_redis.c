#include "detector/store_redis.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "detector/redis_text.h"
#include "detector/store_redis_internal.h"

#define CONNECT_MS 3000 /* for a begin that finds no connection */
#define CHUNK_READS 256 /* look-ups of one MGET: at most 1024 keys */

enum la_err
la_store_redis_reply(struct la_store_redis *store, int64_t deadline_ms, redisReply **reply, struct la_error *error)
{
	enum la_err err = la_connection_reply(&store->connection, deadline_ms, reply, error);

	if (err != LA_OK || (*reply)->type != REDIS_REPLY_ERROR)
		return (err);
	err = la_redis_text_error(error, store->connection.url.name, (*reply)->str);
	freeReplyObject(*reply);
	*reply = NULL;
	la_connection_close(&store->connection);
	return (err);
}

static enum la_err
unexpected(struct la_store_redis *store, const char *command, struct la_error *error)
{
	la_connection_close(&store->connection);
	return (la_error_set(
	    error, LA_EUNAVAILABLE, "%s: unexpected answer to %s", store->connection.url.name, command));
}

static void
drop_replies(struct la_store_redis *store)
{
	while (store->reply_count > 0)
		freeReplyObject(store->replies[--store->reply_count]);
}

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
				if (la_redis_text_key(out, store->prefix, &store->reads[i].key[k]) != LA_OK)
					return (LA_ENOMEM);
			}
		}
	}
	return (LA_OK);
}

static enum la_err
make_room(struct la_store_redis *store, size_t replies)
{
	redisReply **room;

	if (replies <= store->reply_cap)
		return (LA_OK);
	room = realloc(store->replies, replies * sizeof(redisReply *));
	if (room == NULL)
		return (LA_ENOMEM);
	store->replies = room;
	store->reply_cap = replies;
	return (LA_OK);
}

static enum la_err
fetch_begin(void *self, struct la_store_read *reads, size_t count, struct la_error *error)
{
	struct la_store_redis *store = self;
	enum la_err err;

	drop_replies(store);
	store->reads = reads;
	store->read_count = count;
	if (count == 0)
		return (LA_OK);
	if (make_room(store, (count + CHUNK_READS - 1) / CHUNK_READS) != LA_OK || print_fetch(store) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory for %zu look-ups", count));
	if ((err = la_connection_open(&store->connection, CONNECT_MS, error)) != LA_OK)
		return (err);
	return (la_connection_send(&store->connection, la_buf_span(&store->commands), error));
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

static enum la_err
fetch_end(void *self, int timeout_ms, struct la_error *error)
{
	struct la_store_redis *store = self;
	int64_t deadline_ms = la_clock_now_ms(NULL) + timeout_ms;
	redisReply *reply;
	enum la_err err;

	if (store->read_count == 0)
		return (LA_OK);
	if ((err = take_role(store, deadline_ms, error)) != LA_OK)
		return (err);
	for (size_t first = 0; first < store->read_count; first += CHUNK_READS) {
		if ((err = la_store_redis_reply(store, deadline_ms, &reply, error)) != LA_OK)
			return (err);
		store->replies[store->reply_count++] = reply;
		if (!take_records(reply, store->reads + first, chunk_size(store, first)))
			return (unexpected(store, "MGET", error));
	}
	return (LA_OK);
}

/* Teaches the server the script and learns its name. */
static enum la_err
load_script(struct la_store_redis *store, int64_t deadline_ms, struct la_error *error)
{
	struct la_buf command = LA_BUF_INIT;
	redisReply *reply = NULL;
	enum la_err err = la_script_load_command(&command);

	if (err == LA_OK)
		err = la_connection_send(&store->connection, la_buf_span(&command), error);
	if (err == LA_OK)
		err = la_store_redis_reply(store, deadline_ms, &reply, error);
	if (err == LA_OK && (reply->type != REDIS_REPLY_STRING || reply->len != sizeof(store->sha) - 1))
		err = unexpected(store, "SCRIPT LOAD", error);
	if (err == LA_OK)
		memcpy(store->sha, reply->str, sizeof(store->sha));
	freeReplyObject(reply);
	la_buf_clear(&command);
	return (err);
}

static enum la_err
send_writes(struct la_store_redis *store, struct la_error *error)
{
	la_buf_reset(&store->commands);
	for (size_t i = 0; i < store->write_count; i++) {
		if (la_script_call(&store->commands, store->sha, store->prefix, &store->writes[i]) != LA_OK)
			return (la_error_set(error, LA_ENOMEM, "out of memory for %zu writes", store->write_count));
	}
	return (la_connection_send(&store->connection, la_buf_span(&store->commands), error));
}

static enum la_err
write_begin(void *self, struct la_store_write *writes, size_t count, struct la_error *error)
{
	struct la_store_redis *store = self;
	enum la_err err;

	store->writes = writes;
	store->write_count = count;
	if (count == 0)
		return (LA_OK);
	if ((err = la_connection_open(&store->connection, CONNECT_MS, error)) != LA_OK)
		return (err);
	if (store->sha[0] == '\0') {
		err = load_script(store, la_clock_now_ms(NULL) + CONNECT_MS, error);
		if (err != LA_OK)
			return (err);
	}
	return (send_writes(store, error));
}

/*
 * All answers of one pass. *noscript: the server has forgotten the script (restart, fail-over, SCRIPT FLUSH); the
 * answers before that one count, and those writes find themselves done in the next pass.
 */
static enum la_err
take_results(struct la_store_redis *store, int64_t deadline_ms, bool *noscript, struct la_error *error)
{
	redisReply *reply;
	enum la_err err = LA_OK;

	*noscript = false;
	for (size_t i = 0; i < store->write_count && err == LA_OK; i++) {
		if ((err = la_connection_reply(&store->connection, deadline_ms, &reply, error)) != LA_OK)
			return (err);
		if (reply->type == REDIS_REPLY_INTEGER)
			store->writes[i].result = reply->integer == 1 ? LA_WRITE_DONE : LA_WRITE_CONFLICT;
		else if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOSCRIPT", 8) == 0)
			*noscript = true;
		else if (reply->type == REDIS_REPLY_ERROR)
			err = la_redis_text_error(error, store->connection.url.name, reply->str);
		else
			err = unexpected(store, "EVALSHA", error);
		freeReplyObject(reply);
	}
	if (err != LA_OK)
		la_connection_close(&store->connection);
	return (err);
}

static enum la_err
write_end(void *self, int timeout_ms, struct la_error *error)
{
	struct la_store_redis *store = self;
	int64_t deadline_ms = la_clock_now_ms(NULL) + timeout_ms;
	bool noscript;
	enum la_err err;

	if (store->write_count == 0)
		return (LA_OK);
	if ((err = take_results(store, deadline_ms, &noscript, error)) != LA_OK || !noscript)
		return (err);
	if ((err = load_script(store, deadline_ms, error)) != LA_OK || (err = send_writes(store, error)) != LA_OK ||
	    (err = take_results(store, deadline_ms, &noscript, error)) != LA_OK)
		return (err);
	if (noscript)
		return (unexpected(store, "SCRIPT LOAD", error));
	return (LA_OK);
}

enum la_err
la_store_redis_new(struct la_store_redis **store, const struct la_conf *conf, struct la_error *error)
{
	struct la_store_redis *made = calloc(1, sizeof(*made));
	enum la_err err = LA_ENOMEM;

	if (made == NULL || (made->prefix = strdup(la_conf_text(conf, "redis.prefix"))) == NULL)
		goto out;
	if ((err = la_connection_init(&made->connection, conf, error)) != LA_OK)
		goto out;
	made->port = (struct la_store){.self = made,
	    .fetch_begin = fetch_begin,
	    .fetch_end = fetch_end,
	    .write_begin = write_begin,
	    .write_end = write_end};
	*store = made;
	return (LA_OK);
out:
	if (err == LA_ENOMEM)
		(void)la_error_set(error, LA_ENOMEM, "out of memory");
	la_store_redis_free(made);
	return (err);
}

void
la_store_redis_free(struct la_store_redis *store)
{
	if (store == NULL)
		return;
	drop_replies(store);
	free(store->replies);
	la_connection_clear(&store->connection);
	la_buf_clear(&store->commands);
	free(store->prefix);
	free(store);
}

const struct la_store *
la_store_redis_port(struct la_store_redis *store)
{
	return (&store->port);
}
