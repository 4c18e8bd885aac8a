#include "detector/store_redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/redis_text.h"
#include "detector/store_redis_internal.h"

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

enum la_err
la_store_redis_unexpected(struct la_store_redis *store, const char *command, struct la_error *error)
{
	la_connection_close(&store->connection);
	return (la_error_set(
	    error, LA_EUNAVAILABLE, "%s: unexpected answer to %s", store->connection.url.name, command));
}

/* A detector that only watches must not make a device known to the one beside it that alerts. */
static char *
make_prefix(const struct la_conf *conf)
{
	const char *given = la_conf_text(conf, "redis.prefix"), *more = la_conf_int(conf, "policy.mode") == 0 ? "" : ".shadow";
	size_t size = strlen(given) + strlen(more) + 1;
	char *made = malloc(size);

	if (made != NULL)
		(void)snprintf(made, size, "%s%s", given, more);
	return (made);
}

enum la_err
la_store_redis_new(struct la_store_redis **store, const struct la_conf *conf, struct la_error *error)
{
	struct la_store_redis *made = calloc(1, sizeof(*made));
	enum la_err err = LA_ENOMEM;

	if (made == NULL || (made->prefix = make_prefix(conf)) == NULL)
		goto out;
	if ((err = la_connection_init(&made->connection, conf, error)) != LA_OK)
		goto out;
	made->port = (struct la_store){.self = made,
	    .fetch_begin = la_store_redis_fetch_begin,
	    .fetch_end = la_store_redis_fetch_end,
	    .write_begin = la_store_redis_write_begin,
	    .write_end = la_store_redis_write_end};
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
	la_arena_clear(&store->records);
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
