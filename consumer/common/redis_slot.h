/*
 * Redis Cluster's arithmetic: which slot a key has, and which master has a slot. Pure.
 * Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
 * ("Key distribution model", "Hash tags", "MOVED Redirection", "ASK redirection").
 */
#ifndef LA_COMMON_REDIS_SLOT_H
#define LA_COMMON_REDIS_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/span.h"

#define LA_SLOTS 16384
#define LA_MASTERS_MAX 512 /* of one cluster, with those that it had since the map was read */
#define LA_HOST_BYTES 256
#define LA_SLOT_NOBODY UINT16_MAX

uint16_t la_redis_crc16(struct la_span bytes); /* CRC-16/XMODEM */
uint16_t la_redis_slot(struct la_span key);

struct la_redis_place {
	char host[LA_HOST_BYTES]; /* a name, or an address without brackets */
	int port;
};

/* False: no host name or address, or no port. Nothing of place is to be used then. */
LA_MUST_CHECK bool la_redis_place_set(struct la_redis_place *place, struct la_span host, int64_t port);

/* Big: on the heap. */
struct la_slot_map {
	size_t count;
	struct la_redis_place master[LA_MASTERS_MAX];
	uint16_t of_slot[LA_SLOTS]; /* index of its master, or LA_SLOT_NOBODY */
};

void la_slot_map_init(struct la_slot_map *map);

/* The master's index; it is added if it is new. False: it would be one too many. */
LA_MUST_CHECK bool la_slot_map_find(struct la_slot_map *map, const struct la_redis_place *place, uint16_t *index);

/* The slots first to last are that master's. False: no such slots, or one master too many; the map is as before. */
LA_MUST_CHECK bool la_slot_map_add(
    struct la_slot_map *map, int64_t first, int64_t last, const struct la_redis_place *place);

size_t la_slot_map_uncovered(const struct la_slot_map *map); /* slots that nobody has */

struct la_redirect {
	bool ask; /* once, after ASKING; else the slot has moved */
	uint16_t slot;
	struct la_redis_place place;
};

/*
 * "MOVED <slot> <host>:<port>" or "ASK …". asked: the host of the server that said so, which is meant when it names
 * none. False: the reply is none of these, or not to be understood.
 */
LA_MUST_CHECK bool la_redirect_read(const char *reply, const char *asked, struct la_redirect *redirect);

#endif
