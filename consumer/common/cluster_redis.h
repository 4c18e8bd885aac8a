/*
 * A Redis Cluster: commands of one key each, sent to the masters that have the keys, all of them before an answer is
 * awaited. It follows slots that move (MOVED, ASK) and masters that are replaced.
 *
 * Two flights of commands can be under way, a fetch behind a write. Commands of one slot are done in the order in
 * which they were sent, unless a write had to be sent again (la_cluster_was_late).
 *
 * After an error nothing is known of the flights and none is under way: connections with answers to come are closed,
 * and the map is read anew by the next send.
 */
#ifndef LA_COMMON_CLUSTER_REDIS_H
#define LA_COMMON_CLUSTER_REDIS_H

#include "common/buf.h"
#include "common/connection_redis.h"
#include "common/redis_slot.h"

enum la_flight { LA_FLIGHT_WRITE, LA_FLIGHT_FETCH, LA_FLIGHTS };

struct la_cluster;

/*
 * Takes the map, even when it fails. like: for login and trust, and whom to ask when no node answers; borrowed.
 * Errors: LA_ENOMEM.
 */
LA_MUST_CHECK enum la_err la_cluster_new(
    struct la_cluster **cluster, struct la_connection *like, struct la_slot_map *map, struct la_error *error);
void la_cluster_free(struct la_cluster *cluster);

/* The command that teaches a node the script: sent where EVALSHA does not find it. Borrowed. */
void la_cluster_set_script(struct la_cluster *cluster, struct la_span load_command);

/*
 * begin empties the flight, whose last one has ended. Then each command is written to the buffer it gives, and added with
 * its key's slot and a tag that comes back with its answer. Errors: LA_ENOMEM.
 */
struct la_buf *la_cluster_begin(struct la_cluster *cluster, enum la_flight flight);
LA_MUST_CHECK enum la_err la_cluster_add(
    struct la_cluster *cluster, enum la_flight flight, uint16_t slot, size_t tag, struct la_error *error);

/*
 * An answer that is no error; valid until the next fetch begins. False: not one to that command. Answers of one
 * flight come in any order.
 */
typedef bool (*la_cluster_answer)(void *cookie, size_t tag, const redisReply *reply);

/* Errors: LA_EUNAVAILABLE, LA_ETIMEOUT, LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_cluster_send(struct la_cluster *cluster, enum la_flight flight, la_cluster_answer answer,
    void *cookie, struct la_error *error);

/* Until all of the flight is answered; what comes of the other one is passed on as well. Errors: as send. */
LA_MUST_CHECK enum la_err la_cluster_wait(
    struct la_cluster *cluster, enum la_flight flight, int64_t deadline_ms, struct la_error *error);

/*
 * Has the server of redis.url said that it is no cluster's any more, after each master was asked in vain? The owner
 * frees this then.
 */
bool la_cluster_is_gone(const struct la_cluster *cluster);

/* As after an error: for a caller that cannot go on. Returns err. */
enum la_err la_cluster_drop(struct la_cluster *cluster, enum la_err err);

/* Was a write sent again behind a fetch that was sent after it? The fetch is to be made again. Says it once. */
bool la_cluster_was_late(struct la_cluster *cluster);

/*
 * One command to any master, or, by its index, to one; the answer is the caller's (freeReplyObject), and may be an
 * error reply. Nothing may be under way. Errors: as send.
 */
LA_MUST_CHECK enum la_err la_cluster_ask_any(
    struct la_cluster *cluster, struct la_span command, redisReply **reply, struct la_error *error);

/* Reads the map; after that there are so many masters, each with a connection. For check. */
LA_MUST_CHECK enum la_err la_cluster_look(struct la_cluster *cluster, size_t *masters, struct la_error *error);
/* Open. Valid until the next call of another kind. Errors: as send. */
LA_MUST_CHECK enum la_err la_cluster_master(
    struct la_cluster *cluster, size_t index, struct la_connection **master, struct la_error *error);

#endif
