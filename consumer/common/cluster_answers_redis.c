#include <errno.h>
#include <poll.h>
#include <string.h>

#include "common/answers_redis.h"
#include "common/clock.h"
#include "common/cluster_internal_redis.h"
#include "common/redis_text.h"

#define TRIES_MAX 8 /* of one command, before a cluster that sends it in circles counts as down */

/* To one node at once, behind what it was sent before. */
static enum la_err
send_to(struct la_cluster_node *node, uint32_t what, struct la_span command, struct la_error *error)
{
	return (la_cluster_expect(node, what) == LA_OK ? la_connection_send(&node->connection, command, error) : la_cluster_no_memory(error));
}

static enum la_err
send_aside(struct la_cluster_node *node, const char *word, struct la_error *error)
{
	struct la_buf command = LA_BUF_INIT;
	enum la_err err = la_redis_text_command(&command, (const char *const[]){word, NULL});

	err = err == LA_OK ? send_to(node, LA_CLUSTER_NOBODYS, la_buf_span(&command), error) : la_cluster_no_memory(error);
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
	enum la_flight flight = (enum la_flight)(what >> LA_CLUSTER_FLIGHT_BIT);
	struct la_cluster_flight *f = &cluster->flight[flight];
	struct la_cluster_request *request = &f->requests[what & (LA_CLUSTER_REQUESTS_MAX - 1)];
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
	return (err != LA_OK ? err : send_to(node, what, la_cluster_command(f, request), error));
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
	flight = &cluster->flight[what >> LA_CLUSTER_FLIGHT_BIT];
	flight->open--;
	if (flight->answer(flight->cookie, flight->requests[what & (LA_CLUSTER_REQUESTS_MAX - 1)].tag, reply))
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
