#include "common/cluster_map_redis.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/redis_text.h"

static bool
is_text(const redisReply *reply, const char *text)
{
	return (reply->type == REDIS_REPLY_STRING && la_span_is(la_span_of(reply->str, (size_t)reply->len), text));
}

/*
 * [host, port, id, [name, value, …]]: no host: that of the server that was asked; "?": it is called by a name that it
 * was not given, and its address stands among the rest (Redis 7). Empty: there is none.
 */
static struct la_span
host_of(const redisReply *node, const char *asked)
{
	const redisReply *host = node->element[0], *rest = node->elements > 3 ? node->element[3] : NULL;

	if (host->type == REDIS_REPLY_NIL || host->len == 0)
		return (la_span_text(asked));
	if (!is_text(host, "?"))
		return (la_span_of(host->str, (size_t)host->len));
	for (size_t i = 0; rest != NULL && rest->type == REDIS_REPLY_ARRAY && i + 1 < rest->elements; i += 2) {
		if (is_text(rest->element[i], "ip") && rest->element[i + 1]->type == REDIS_REPLY_STRING)
			return (la_span_of(rest->element[i + 1]->str, (size_t)rest->element[i + 1]->len));
	}
	return (la_span_of("", 0));
}

/* [first, last, master, replicas …]; a master without any address has no slots. */
static bool
read_range(struct la_slot_map *map, const redisReply *range, const char *asked)
{
	struct la_redis_place place;
	const redisReply *node;
	struct la_span host;

	if (range->type != REDIS_REPLY_ARRAY || range->elements < 3 || range->element[0]->type != REDIS_REPLY_INTEGER ||
	    range->element[1]->type != REDIS_REPLY_INTEGER)
		return (false);
	node = range->element[2];
	if (node->type != REDIS_REPLY_ARRAY || node->elements < 2 || node->element[1]->type != REDIS_REPLY_INTEGER ||
	    (node->element[0]->type != REDIS_REPLY_STRING && node->element[0]->type != REDIS_REPLY_NIL))
		return (false);
	host = host_of(node, asked);
	if (host.size == 0)
		return (true);
	return (la_redis_place_set(&place, host, node->element[1]->integer) &&
	    la_slot_map_add(map, range->element[0]->integer, range->element[1]->integer, &place));
}

enum la_err
la_cluster_map_read(struct la_slot_map *map, const redisReply *reply, const char *asked, struct la_error *error)
{
	la_slot_map_init(map);
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements > LA_SLOTS)
		return (la_error_set(error, LA_EUNAVAILABLE, "unexpected answer to CLUSTER SLOTS"));
	for (size_t i = 0; i < reply->elements; i++) {
		if (!read_range(map, reply->element[i], asked))
			return (la_error_set(error, LA_EUNAVAILABLE, "CLUSTER SLOTS names slots or a master that cannot be"));
	}
	return (LA_OK);
}

/* Who may not ask is told below that it is a cluster, if it is one (MOVED, CROSSSLOT). */
bool
la_cluster_map_is_single(const redisReply *reply)
{
	return (reply->type == REDIS_REPLY_ERROR &&
	    (la_redis_text_is_alone(reply->str) || strncmp(reply->str, "NOPERM", 6) == 0));
}

enum la_err
la_cluster_map_ask(struct la_connection *connection, int64_t deadline_ms, struct la_slot_map *map, bool *single,
    struct la_error *error)
{
	struct la_buf command = LA_BUF_INIT;
	redisReply *reply = NULL;
	enum la_err err;

	*single = false;
	if ((err = la_redis_text_command(&command, (const char *const[]){"CLUSTER", "SLOTS", NULL})) != LA_OK)
		(void)la_error_set(error, LA_ENOMEM, "out of memory");
	if (err == LA_OK)
		err = la_connection_send(connection, la_buf_span(&command), error);
	if (err == LA_OK)
		err = la_connection_reply(connection, deadline_ms, &reply, error);
	if (err == LA_OK && la_cluster_map_is_single(reply)) {
		*single = true;
	} else if (err == LA_OK && reply->type == REDIS_REPLY_ERROR) {
		err = la_redis_text_error(error, connection->url.name, reply->str);
	} else if (err == LA_OK) {
		err = la_cluster_map_read(map, reply, connection->url.is_unix ? "" : connection->url.where, error);
		if (err != LA_OK)
			la_error_prefix(error, "%s", connection->url.name);
	}
	freeReplyObject(reply);
	la_buf_clear(&command);
	if (err != LA_OK)
		la_connection_close(connection);
	return (err);
}

static enum la_err
ask_seed(struct la_connection *seed, int64_t deadline_ms, struct la_slot_map *map, bool *single, struct la_error *error)
{
	int64_t left_ms = deadline_ms - la_clock_now_ms(NULL);
	enum la_err err = la_connection_open(seed, left_ms < 0 ? 0 : (int)left_ms, error);

	if (err == LA_OK)
		err = la_cluster_map_ask(seed, deadline_ms, map, single, error);
	if (err == LA_OK && *single && seed->seed_count > 1) {
		la_connection_close(seed);
		err = la_error_set(error, LA_EUNAVAILABLE,
		    "%s is no cluster's node: then redis.url must name one server", seed->url.name);
	}
	return (err);
}

enum la_err
la_cluster_map_discover(
    struct la_connection *seed, int timeout_ms, struct la_slot_map **map, struct la_error *error)
{
	struct la_slot_map *made;
	bool single = true;
	enum la_err err = LA_EUNAVAILABLE;

	*map = NULL;
	if (seed->redis != NULL)
		return (LA_OK);
	if ((made = malloc(sizeof(*made))) == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	for (size_t left = seed->seed_count; left > 0; left--) {
		int64_t each_ms = timeout_ms / (int64_t)seed->seed_count;

		err = ask_seed(seed, la_clock_now_ms(NULL) + each_ms, made, &single, error);
		if (err == LA_OK)
			break;
		la_connection_next_seed(seed);
	}
	if (err == LA_OK && !single) {
		la_connection_close(seed);
		*map = made;
		return (LA_OK);
	}
	free(made);
	return (err);
}
