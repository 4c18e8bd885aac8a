#include <stdlib.h>

#include "common/clock.h"
#include "common/cluster_internal_redis.h"
#include "common/cluster_map_redis.h"

#define ASK_MS 500 /* so long one server may take to give the map */

static void
free_node(struct la_cluster_node *node)
{
	if (node == NULL)
		return;
	la_connection_clear(&node->connection);
	la_buf_clear(&node->out);
	free(node->sent);
	free(node);
}

enum la_err
la_cluster_new(struct la_cluster **cluster, struct la_connection *like, struct la_slot_map *map, struct la_error *error)
{
	struct la_cluster *made = calloc(1, sizeof(*made));

	if (made == NULL) {
		free(map);
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	}
	made->like = like;
	made->map = map;
	*cluster = made;
	return (LA_OK);
}

void
la_cluster_free(struct la_cluster *cluster)
{
	if (cluster == NULL)
		return;
	for (size_t n = 0; n < cluster->map->count; n++)
		free_node(cluster->node[n]);
	for (size_t f = 0; f < LA_FLIGHTS; f++) {
		la_buf_clear(&cluster->flight[f].commands);
		free(cluster->flight[f].requests);
	}
	la_arena_clear(&cluster->answers);
	free(cluster->map);
	free(cluster);
}

enum la_err
la_cluster_drop(struct la_cluster *cluster, enum la_err err)
{
	for (size_t n = 0; n < cluster->map->count; n++) {
		struct la_cluster_node *node = cluster->node[n];

		if (node != NULL && node->head < node->count)
			la_connection_close(&node->connection);
		if (node != NULL)
			node->head = node->count = 0;
	}
	for (size_t f = 0; f < LA_FLIGHTS; f++)
		cluster->flight[f].open = 0;
	cluster->stale = true;
	cluster->late = false;
	return (err);
}

static int
left_ms(int64_t deadline_ms)
{
	int64_t left = deadline_ms - la_clock_now_ms(NULL);

	return (left < 0 ? 0 : (int)left);
}

enum la_err
la_cluster_connect(struct la_cluster *cluster, size_t index, int64_t deadline_ms, struct la_cluster_node **node,
    struct la_error *error)
{
	struct la_cluster_node *made = cluster->node[index];

	if (made == NULL) {
		if ((made = calloc(1, sizeof(*made))) == NULL ||
		    la_connection_init_peer(&made->connection, cluster->like, &cluster->map->master[index]) != LA_OK) {
			free_node(made);
			return (la_error_set(error, LA_ENOMEM, "out of memory"));
		}
		cluster->node[index] = made;
	}
	*node = made;
	if (made->connection.redis != NULL)
		return (LA_OK);
	return (la_connection_open(&made->connection, left_ms(deadline_ms), error));
}

/* Masters that stay keep their connections. */
static void
adopt(struct la_cluster *cluster, struct la_slot_map *map)
{
	struct la_cluster_node *node[LA_MASTERS_MAX] = {NULL};

	for (size_t old = 0; old < cluster->map->count; old++) {
		for (size_t n = 0; n < map->count && cluster->node[old] != NULL; n++) {
			if (map->master[n].port == cluster->map->master[old].port &&
			    strcmp(map->master[n].host, cluster->map->master[old].host) == 0) {
				node[n] = cluster->node[old];
				cluster->node[old] = NULL;
			}
		}
		free_node(cluster->node[old]);
	}
	memcpy(cluster->node, node, sizeof(node));
	free(cluster->map);
	cluster->map = map;
	cluster->stale = false;
}

/* The candidate is one of the masters, or, behind them, one of redis.url. */
static enum la_err
ask_for_map(struct la_cluster *cluster, size_t candidate, int64_t deadline_ms, struct la_slot_map *map,
    struct la_error *error)
{
	struct la_connection *connection = cluster->like;
	struct la_cluster_node *node;
	bool single;
	enum la_err err;

	if (candidate < cluster->map->count) {
		err = la_cluster_connect(cluster, candidate, deadline_ms, &node, error);
		connection = err == LA_OK ? &node->connection : NULL;
	} else {
		la_connection_next_seed(connection);
		err = la_connection_open(connection, left_ms(deadline_ms), error);
	}
	if (err != LA_OK || (err = la_cluster_map_ask(connection, deadline_ms, map, &single, error)) != LA_OK)
		return (err);
	if (single)
		err = la_error_set(error, LA_EUNAVAILABLE, "%s is no node of the cluster any more", connection->url.name);
	if (candidate >= cluster->map->count) {
		cluster->gone = single && cluster->like->seed_count == 1 && cluster->in_vain >= cluster->map->count;
		la_connection_close(connection);
	}
	return (err);
}

bool
la_cluster_is_gone(const struct la_cluster *cluster)
{
	return (cluster->gone);
}

static bool
is_idle(const struct la_cluster *cluster)
{
	for (size_t n = 0; n < cluster->map->count; n++) {
		if (cluster->node[n] != NULL && cluster->node[n]->head < cluster->node[n]->count)
			return (false);
	}
	return (true);
}

/* Another one is asked first each time: who is cut off from the others gives an old map. */
enum la_err
la_cluster_refresh(struct la_cluster *cluster, int64_t deadline_ms, struct la_error *error)
{
	size_t candidates = cluster->map->count + cluster->like->seed_count;
	struct la_slot_map *map;
	enum la_err err = LA_EUNAVAILABLE;

	if (!cluster->stale || !is_idle(cluster))
		return (LA_OK);
	if ((map = malloc(sizeof(*map))) == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	for (size_t i = 0; i < candidates && (i == 0 || left_ms(deadline_ms) > 0); i++) {
		int64_t until_ms = la_clock_now_ms(NULL) + ASK_MS;

		err = ask_for_map(cluster, cluster->turn++ % candidates, until_ms < deadline_ms ? until_ms : deadline_ms,
		    map, error);
		if (err == LA_OK) {
			adopt(cluster, map);
			cluster->in_vain = 0;
			cluster->gone = false; /* whatever a server that is asked before said */
			return (LA_OK);
		}
		cluster->in_vain++;
	}
	free(map);
	return (err);
}

enum la_err
la_cluster_look(struct la_cluster *cluster, size_t *masters, struct la_error *error)
{
	enum la_err err;

	cluster->stale = true;
	err = la_cluster_refresh(cluster, la_clock_now_ms(NULL) + LA_CLUSTER_CONNECT_MS, error);
	*masters = cluster->map->count;
	return (err);
}

enum la_err
la_cluster_master(struct la_cluster *cluster, size_t index, struct la_connection **master, struct la_error *error)
{
	struct la_cluster_node *node;
	enum la_err err =
	    la_cluster_connect(cluster, index, la_clock_now_ms(NULL) + LA_CLUSTER_CONNECT_MS, &node, error);

	*master = err == LA_OK ? &node->connection : NULL;
	return (err);
}
