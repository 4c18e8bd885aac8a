#include <string.h>

#include "common/clock.h"
#include "common/redis_text.h"
#include "detector/store_redis_internal.h"

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
		err = la_store_redis_unexpected(store, "SCRIPT LOAD", error);
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

enum la_err
la_store_redis_write_begin(void *self, struct la_store_write *writes, size_t count, struct la_error *error)
{
	struct la_store_redis *store = self;
	enum la_err err;

	store->writes = writes;
	store->write_count = count;
	if (count == 0)
		return (LA_OK);
	if ((err = la_store_redis_connect(store, error)) != LA_OK)
		return (err);
	if (store->cluster != NULL)
		return (la_store_cluster_write_begin(store, error));
	if (store->sha[0] == '\0') {
		err = load_script(store, la_clock_now_ms(NULL) + LA_STORE_CONNECT_MS, error);
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
			err = la_store_redis_unexpected(store, "EVALSHA", error);
		freeReplyObject(reply);
	}
	if (err != LA_OK)
		la_connection_close(&store->connection);
	return (err);
}

enum la_err
la_store_redis_write_end(void *self, int timeout_ms, struct la_error *error)
{
	struct la_store_redis *store = self;
	int64_t deadline_ms = la_clock_now_ms(NULL) + timeout_ms;
	bool noscript;
	enum la_err err;

	if (store->write_count == 0)
		return (LA_OK);
	if (store->cluster != NULL)
		return (la_store_cluster_write_end(store, deadline_ms, error));
	if ((err = take_results(store, deadline_ms, &noscript, error)) != LA_OK || !noscript)
		return (err);
	if (store->fetching) {
		/* its answers come before those to a second pass, and would miss what that writes: both are begun again */
		store->sha[0] = '\0';
		la_connection_close(&store->connection);
		return (la_error_set(error, LA_EUNAVAILABLE, "%s has forgotten the script", store->connection.url.name));
	}
	if ((err = load_script(store, deadline_ms, error)) != LA_OK || (err = send_writes(store, error)) != LA_OK ||
	    (err = take_results(store, deadline_ms, &noscript, error)) != LA_OK)
		return (err);
	if (noscript)
		return (la_store_redis_unexpected(store, "SCRIPT LOAD", error));
	return (LA_OK);
}
