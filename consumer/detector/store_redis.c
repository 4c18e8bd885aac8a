#include "detector/store_redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cluster_map_redis.h"
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

enum la_err
la_store_redis_connect(struct la_store_redis *store, struct la_error *error)
{
	struct la_slot_map *map = NULL;
	enum la_err err;

	if (store->cluster != NULL && la_cluster_is_gone(store->cluster)) {
		la_cluster_free(store->cluster);
		store->cluster = NULL;
	}
	if (store->cluster != NULL || store->connection.redis != NULL)
		return (LA_OK);
	err = la_cluster_map_discover(&store->connection, LA_STORE_CONNECT_MS, &map, error);
	if (err != LA_OK || map == NULL)
		return (err);
	if ((err = la_cluster_new(&store->cluster, &store->connection, map, error)) != LA_OK)
		return (err);
	if (store->script_load.size == 0 && la_script_load_command(&store->script_load) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	la_cluster_set_script(store->cluster, la_buf_span(&store->script_load));
	return (LA_OK);
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
	la_cluster_free(store->cluster);
	la_connection_clear(&store->connection);
	la_buf_clear(&store->commands);
	la_buf_clear(&store->script_load);
	la_buf_clear(&store->undone);
	free(store->prefix);
	free(store);
}

const struct la_store *
la_store_redis_port(struct la_store_redis *store)
{
	return (&store->port);
}
