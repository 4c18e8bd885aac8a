#include "common/cluster_redis.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "common/answers_redis.h"
#include "common/clock.h"
#include "common/cluster_internal_redis.h"
#include "common/redis_text.h"

#define TRIES_MAX 8 /* of one command, before a cluster that sends it in circles counts as down */
#define FLIGHT_BIT 31
#define REQUESTS_MAX (1u << FLIGHT_BIT)

void
la_cluster_set_script(struct la_cluster *cluster, struct la_span load_command)
{
	cluster->script = load_command;
}

bool
la_cluster_was_late(struct la_cluster *cluster)
{
	bool late = cluster->late;

	cluster->late = false;
	return (late);
}

struct la_buf *
la_cluster_begin(struct la_cluster *cluster, enum la_flight flight)
{
	struct la_cluster_flight *begun = &cluster->flight[flight];

	if (flight == LA_FLIGHT_FETCH)
		la_arena_clear(&cluster->answers);
	la_buf_reset(&begun->commands);
	begun->count = begun->added = begun->open = 0;
	return (&begun->commands);
}

static enum la_err
no_memory(struct la_error *error)
{
	return (la_error_set(error, LA_ENOMEM, "out of memory for commands to a cluster"));
}

enum la_err
la_cluster_add(
    struct la_cluster *cluster, enum la_flight flight, uint16_t slot, size_t tag, struct la_error *error)
{
	struct la_cluster_flight *f = &cluster->flight[flight];

	if (f->count == f->cap) {
		size_t cap = f->cap == 0 ? 64 : f->cap * 2;
		struct la_cluster_request *larger =
		    cap >= REQUESTS_MAX ? NULL : realloc(f->requests, cap * sizeof(f->requests[0]));

		if (larger == NULL)
			return (no_memory(error));
		f->requests = larger;
		f->cap = cap;
	}
	f->requests[f->count++] =
	    (struct la_cluster_request){.at = f->added, .size = f->commands.size - f->added, .tag = tag, .slot = slot};
	f->added = f->commands.size;
	return (LA_OK);
}

/* Notes that the node will answer this. */
static enum la_err
expect(struct la_cluster_node *node, uint32_t what)
{
	if (node->head == node->count)
		node->head = node->count = 0;
	if (node->count == node->cap) {
		size_t cap = node->cap == 0 ? 64 : node->cap * 2;
		uint32_t *larger = realloc(node->sent, cap * sizeof(node->sent[0]));

		if (larger == NULL)
			return (LA_ENOMEM);
		node->sent = larger;
		node->cap = cap;
	}
	node->sent[node->count++] = what;
	return (LA_OK);
}

static struct la_span
command_of(const struct la_cluster_flight *flight, const struct la_cluster_request *request)
{
	return (la_span_of(flight->commands.data + request->at, request->size));
}

/* Into the buffer of its master, connected. */
static enum la_err
hand_out(struct la_cluster *cluster, enum la_flight flight, size_t index, int64_t deadline_ms, struct la_error *error)
{
	struct la_cluster_flight *f = &cluster->flight[flight];
	const struct la_cluster_request *request = &f->requests[index];
	struct la_span command = command_of(f, request);
	uint16_t master = cluster->map->of_slot[request->slot];
	struct la_cluster_node *node;
	enum la_err err;

	if (master == LA_SLOT_NOBODY)
		return (la_error_set(error, LA_EUNAVAILABLE, "redis cluster: slot %u has no master", request->slot));
	if ((err = la_cluster_connect(cluster, master, deadline_ms, &node, error)) != LA_OK)
		return (err);
	if (la_buf_add(&node->out, command.data, command.size) != LA_OK ||
	    expect(node, (uint32_t)flight << FLIGHT_BIT | (uint32_t)index) != LA_OK)
		return (no_memory(error));
	return (LA_OK);
}

static enum la_err
send_out(struct la_cluster *cluster, struct la_error *error)
{
	enum la_err err = LA_OK;

	for (size_t n = 0; n < cluster->map->count && err == LA_OK; n++) {
		struct la_cluster_node *node = cluster->node[n];

		if (node != NULL && node->out.size > 0)
			err = la_connection_send(&node->connection, la_buf_span(&node->out), error);
	}
	return (err);
}

enum la_err
la_cluster_send(struct la_cluster *cluster, enum la_flight flight, la_cluster_answer answer, void *cookie,
    struct la_error *error)
{
	struct la_cluster_flight *f = &cluster->flight[flight];
	int64_t deadline_ms = la_clock_now_ms(NULL) + LA_CLUSTER_CONNECT_MS;
	enum la_err err = la_cluster_refresh(cluster, deadline_ms, error);

	f->answer = answer;
	f->cookie = cookie;
	for (size_t n = 0; n < cluster->map->count; n++) {
		if (cluster->node[n] != NULL)
			la_buf_reset(&cluster->node[n]->out);
	}
	for (size_t i = 0; i < f->count && err == LA_OK; i++)
		err = hand_out(cluster, flight, i, deadline_ms, error);
	if (err == LA_OK)
		err = send_out(cluster, error);
	f->open = f->count;
	return (err == LA_OK ? LA_OK : la_cluster_drop(cluster, err));
}

/* To one node at once, behind what it was sent before. */
static enum la_err
send_to(struct la_cluster_node *node, uint32_t what, struct la_span command, struct la_error *error)
{
	return (expect(node, what) == LA_OK ? la_connection_send(&node->connection, command, error) : no_memory(error));
}

static enum la_err
send_aside(struct la_cluster_node *node, const char *word, struct la_error *error)
{
	struct la_buf command = LA_BUF_INIT;
	enum la_err err = la_redis_text_command(&command, (const char *const[]){word, NULL});

	err = err == LA_OK ? send_to(node, LA_CLUSTER_NOBODYS, la_buf_span(&command), error) : no_memory(error);
	la_buf_clear(&command);
	return (err);
}

/* Who has the slot now, or, for ASK, who is asked for once. */
static enum la_err
follow(struct la_cluster *cluster, const struct la_redirect *redirect, int64_t deadline_ms,
    struct la_cluster_node **node, struct la_error *error)
{
	uint16_t master;
	enum la_err err;

	cluster->stale = true;
	if (!la_slot_map_find(cluster->map, &redirect->place, &master))
		return (la_error_set(error, LA_EUNAVAILABLE, "redis cluster: more than %d masters", LA_MASTERS_MAX));
	if (!redirect->ask)
		cluster->map->of_slot[redirect->slot] = master;
	if ((err = la_cluster_connect(cluster, master, deadline_ms, node, error)) != LA_OK || !redirect->ask)
		return (err);
	return (send_aside(*node, "ASKING", error));
}

/* An error reply to a request of node: sends it again where that helps. */
static enum la_err
repeat(struct la_cluster *cluster, struct la_cluster_node *node, uint32_t what, const char *reply, int64_t deadline_ms,
    struct la_error *error)
{
	enum la_flight flight = (enum la_flight)(what >> FLIGHT_BIT);
	struct la_cluster_flight *f = &cluster->flight[flight];
	struct la_cluster_request *request = &f->requests[what & (REQUESTS_MAX - 1)];
	struct la_redirect redirect;
	enum la_err err;

	if (request->tries++ == TRIES_MAX)
		return (la_redis_text_error(error, node->connection.url.name, reply));
	if (flight == LA_FLIGHT_WRITE && cluster->flight[LA_FLIGHT_FETCH].open > 0)
		cluster->late = true;
	if (la_redirect_read(reply, node->connection.url.where, &redirect))
		err = follow(cluster, &redirect, deadline_ms, &node, error);
	else if (strncmp(reply, "NOSCRIPT", 8) == 0 && cluster->script.size > 0)
		err = send_to(node, LA_CLUSTER_NOBODYS, cluster->script, error);
	else
		err = la_redis_text_error(error, node->connection.url.name, reply);
	return (err != LA_OK ? err : send_to(node, what, command_of(f, request), error));
}

static enum la_err
take_one(struct la_cluster *cluster, struct la_cluster_node *node, int64_t deadline_ms, struct la_error *error)
{
	struct la_cluster_flight *flight;
	struct la_answers answers;
	redisReply *reply;
	uint32_t what;
	enum la_err err;

	la_answers_begin(&answers, node->connection.redis, &cluster->answers);
	if ((err = la_connection_reply(&node->connection, deadline_ms, &reply, error)) != LA_OK)
		return (err);
	la_answers_end(&answers, node->connection.redis);
	what = node->sent[node->head++];
	if (what == LA_CLUSTER_NOBODYS)
		return (reply->type == REDIS_REPLY_ERROR
		    ? la_redis_text_error(error, node->connection.url.name, reply->str) : LA_OK);
	if (reply->type == REDIS_REPLY_ERROR)
		return (repeat(cluster, node, what, reply->str, deadline_ms, error));
	flight = &cluster->flight[what >> FLIGHT_BIT];
	flight->open--;
	if (flight->answer(flight->cookie, flight->requests[what & (REQUESTS_MAX - 1)].tag, reply))
		return (LA_OK);
	la_connection_close(&node->connection);
	return (la_error_set(error, LA_EUNAVAILABLE, "%s: unexpected answer", node->connection.url.name));
}

/* Writes what did not go at once, to all nodes at the same time. */
static enum la_err
flush_all(struct la_cluster *cluster, int64_t deadline_ms, struct la_error *error)
{
	struct pollfd fds[LA_MASTERS_MAX];
	enum la_err err = LA_OK;

	while (err == LA_OK) {
		int64_t left = deadline_ms - la_clock_now_ms(NULL);
		nfds_t count = 0;

		for (size_t n = 0; n < cluster->map->count && err == LA_OK; n++) {
			struct la_connection *connection = cluster->node[n] == NULL ? NULL : &cluster->node[n]->connection;

			if (connection == NULL || connection->redis == NULL || sdslen(connection->redis->obuf) == 0)
				continue;
			if ((err = la_connection_send(connection, la_span_text(""), error)) == LA_OK &&
			    sdslen(connection->redis->obuf) > 0)
				fds[count++] = (struct pollfd){.fd = connection->redis->fd, .events = POLLOUT};
		}
		if (err != LA_OK || count == 0)
			return (err);
		if (left <= 0 || (poll(fds, count, (int)left) < 0 && errno != EINTR))
			err = la_error_set(error, LA_ETIMEOUT, "redis cluster: a node takes no commands");
	}
	return (err);
}

static enum la_err
take_all(struct la_cluster *cluster, enum la_flight flight, int64_t deadline_ms, struct la_error *error)
{
	enum la_err err = flush_all(cluster, deadline_ms, error);

	for (size_t n = 0; err == LA_OK && n < cluster->map->count; n++) {
		struct la_cluster_node *node = cluster->node[n];

		while (err == LA_OK && node != NULL && node->head < node->count && cluster->flight[flight].open > 0)
			err = take_one(cluster, node, deadline_ms, error);
	}
	return (err);
}

enum la_err
la_cluster_wait(struct la_cluster *cluster, enum la_flight flight, int64_t deadline_ms, struct la_error *error)
{
	enum la_err err = LA_OK;

	while (err == LA_OK && cluster->flight[flight].open > 0)
		err = take_all(cluster, flight, deadline_ms, error);
	return (err == LA_OK ? LA_OK : la_cluster_drop(cluster, err));
}

enum la_err
la_cluster_ask_any(struct la_cluster *cluster, struct la_span command, redisReply **reply, struct la_error *error)
{
	int64_t deadline_ms = la_clock_now_ms(NULL) + LA_CLUSTER_CONNECT_MS;
	struct la_cluster_node *node;
	enum la_err err = la_cluster_refresh(cluster, deadline_ms, error);

	if (err == LA_OK && cluster->map->count == 0)
		err = la_error_set(error, LA_EUNAVAILABLE, "redis cluster: no slot has a master");
	if (err == LA_OK)
		err = la_cluster_connect(cluster, cluster->turn % cluster->map->count, deadline_ms, &node, error);
	if (err == LA_OK)
		err = la_connection_send(&node->connection, command, error);
	if (err == LA_OK)
		err = la_connection_reply(&node->connection, deadline_ms, reply, error);
	return (err == LA_OK ? LA_OK : la_cluster_drop(cluster, err));
}
