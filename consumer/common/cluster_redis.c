#include "common/cluster_redis.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "common/answers_redis.h"
#include "common/clock.h"
#include "common/cluster_internal_redis.h"
#include "common/redis_text.h"

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

enum la_err
la_cluster_no_memory(struct la_error *error)
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
		    cap >= LA_CLUSTER_REQUESTS_MAX ? NULL : realloc(f->requests, cap * sizeof(f->requests[0]));

		if (larger == NULL)
			return (la_cluster_no_memory(error));
		f->requests = larger;
		f->cap = cap;
	}
	f->requests[f->count++] =
	    (struct la_cluster_request){.at = f->added, .size = f->commands.size - f->added, .tag = tag, .slot = slot};
	f->added = f->commands.size;
	return (LA_OK);
}

/* Notes that the node will answer this. */
enum la_err
la_cluster_expect(struct la_cluster_node *node, uint32_t what)
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

struct la_span
la_cluster_command(const struct la_cluster_flight *flight, const struct la_cluster_request *request)
{
	return (la_span_of(flight->commands.data + request->at, request->size));
}

/* Into the buffer of its master, connected. */
static enum la_err
hand_out(struct la_cluster *cluster, enum la_flight flight, size_t index, int64_t deadline_ms, struct la_error *error)
{
	struct la_cluster_flight *f = &cluster->flight[flight];
	const struct la_cluster_request *request = &f->requests[index];
	struct la_span command = la_cluster_command(f, request);
	uint16_t master = cluster->map->of_slot[request->slot];
	struct la_cluster_node *node;
	enum la_err err;

	if (master == LA_SLOT_NOBODY)
		return (la_error_set(error, LA_EUNAVAILABLE, "redis cluster: slot %u has no master", request->slot));
	if ((err = la_cluster_connect(cluster, master, deadline_ms, &node, error)) != LA_OK)
		return (err);
	if (la_buf_add(&node->out, command.data, command.size) != LA_OK ||
	    la_cluster_expect(node, (uint32_t)flight << LA_CLUSTER_FLIGHT_BIT | (uint32_t)index) != LA_OK)
		return (la_cluster_no_memory(error));
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
