/*
 * The parts of a cluster: cluster_redis.c (flights, as they are sent), cluster_answers_redis.c (what the nodes say, and
 * what is sent once more because of it), cluster_nodes_redis.c (masters, and who has what).
 */
#ifndef LA_COMMON_CLUSTER_INTERNAL_REDIS_H
#define LA_COMMON_CLUSTER_INTERNAL_REDIS_H

#include "common/arena.h"
#include "common/cluster_redis.h"

#define LA_CLUSTER_CONNECT_MS 2000 /* of a send, for all that it has to connect to and to ask */
/* In sent: the request, by its flight and its place in it; or an answer that nobody waits for. */
#define LA_CLUSTER_FLIGHT_BIT 31
#define LA_CLUSTER_REQUESTS_MAX (1u << LA_CLUSTER_FLIGHT_BIT)
#define LA_CLUSTER_NOBODYS UINT32_MAX

struct la_cluster_node {
	struct la_connection connection;
	struct la_buf out; /* of the flight that is being sent */
	uint32_t *sent;    /* what is to be answered, oldest first: [head, count) */
	size_t head, count, cap;
};

struct la_cluster_request {
	size_t at, size, tag; /* the command, in the flight's buffer */
	uint16_t slot;
	uint8_t tries;
};

struct la_cluster_flight {
	struct la_buf commands;
	struct la_cluster_request *requests;
	size_t count, cap;
	size_t added; /* so many bytes of commands are added */
	size_t open;  /* requests that are not answered */
	la_cluster_answer answer;
	void *cookie;
};

struct la_cluster {
	struct la_connection *like;
	struct la_slot_map *map;
	struct la_cluster_node *node[LA_MASTERS_MAX]; /* beside map->master; NULL: never needed yet */
	size_t turn;                                  /* who is asked next for the map */
	bool stale;                                   /* the map is to be read */
	bool late;
	size_t in_vain; /* so many were asked for the map since one gave it */
	bool gone;
	struct la_cluster_flight flight[LA_FLIGHTS];
	struct la_arena answers;
	struct la_span script;
};

/* The master, connected. Errors: LA_EUNAVAILABLE, LA_ETIMEOUT, LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_cluster_connect(struct la_cluster *cluster, size_t index, int64_t deadline_ms,
    struct la_cluster_node **node, struct la_error *error);

/* Reads the map if it is stale and nothing is under way. Errors: as before. */
LA_MUST_CHECK enum la_err la_cluster_refresh(struct la_cluster *cluster, int64_t deadline_ms, struct la_error *error);

/* The node will answer this, behind what it was sent before. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_cluster_expect(struct la_cluster_node *node, uint32_t what);

/* The bytes of a request; valid until the flight's next begin. */
struct la_span la_cluster_command(const struct la_cluster_flight *flight, const struct la_cluster_request *request);

/* LA_ENOMEM, with its text. */
enum la_err la_cluster_no_memory(struct la_error *error);

#endif
