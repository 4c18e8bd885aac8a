/*
 * The parts of the ledger: ledger_redis.c (the port), ledger_work_redis.c (asks and answers of one server),
 * ledger_lanes_redis.c (the servers), ledger_question_redis.c (which there are).
 */
#ifndef LA_MAILER_LEDGER_INTERNAL_REDIS_H
#define LA_MAILER_LEDGER_INTERNAL_REDIS_H

#include "common/redis_slot.h"
#include "mailer/asks.h"
#include "mailer/ledger_command.h"
#include "mailer/ledger_redis.h"

#define LA_LEDGER_RECONNECT_MS 500 /* between two tries */

/* One server: the only one, or a master of a cluster. */
struct la_ledger_lane {
	struct la_connection *connection; /* own, or the ledger's seed */
	struct la_connection own;
	struct la_asks asks;
	int64_t connect_at_ms;   /* not before */
	int64_t lookup_until_ms; /* 0: no name is being looked up */
	int64_t heard_ms;        /* when something came last, or the first ask was sent */
	bool failed;             /* and nothing was answered since */
	struct la_error trouble; /* why there is no connection */
};

/* Who has which slots, or that there is only one server: asked without waiting. */
struct la_ledger_question {
	struct la_connection *asked; /* the ledger's seed, or peer; NULL: nobody */
	struct la_connection peer;   /* a master, which may know more than the servers of redis.url */
	size_t turn;
	size_t in_vain; /* so many were asked since one gave the map */
	bool sent;
	int64_t until_ms, not_before_ms, lookup_until_ms;
	struct la_error trouble;
};

struct la_ledger_redis {
	struct la_ledger port;
	struct la_connection seed; /* to the only server; on a cluster: for login and trust, and to ask */
	struct la_ledger_times times;
	struct la_ledger_names names;
	struct la_asks waiting; /* that no lane has yet */
	uint64_t claims;        /* so many were asked for */
	struct la_buf commands;

	struct la_ledger_lane *lane[LA_MASTERS_MAX]; /* beside map->master; a single server has the first */
	size_t lane_count;                           /* 0: it is not known yet which there are */
	struct la_slot_map *map;                     /* NULL: a single server */
	bool stale;                                  /* the map is to be read again */
	struct la_ledger_question question;
	int epoll_fd; /* of all connections; -1: there was never a cluster */

	struct la_error trouble; /* the last; its code is LA_OK when all has been well since */
	int64_t beat_at_ms;      /* not before */
	int64_t valid_until_ms;
};

/* Goes on finding out who has what, if that is not known. Errors: LA_EUNAVAILABLE, LA_ETIMEOUT, LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_ledger_find_servers(struct la_ledger_redis *ledger, struct la_error *error);

/* Begins to connect. *going: a name is being looked up still. Errors: as before; LA_ETIMEOUT: for too long. */
LA_MUST_CHECK enum la_err la_ledger_begin(struct la_ledger_redis *ledger, struct la_connection *connection,
    int64_t *lookup_until_ms, bool *going, struct la_error *error);

/* The masters of map, which is taken, have the lanes; those that stay keep theirs. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_ledger_adopt(struct la_ledger_redis *ledger, struct la_slot_map *map);

/* The only server has it; the connection over which it said so is the lane's. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_ledger_adopt_single(struct la_ledger_redis *ledger);

/* Answers for the caller. */
struct la_ledger_room {
	struct la_ledger_answer *out;
	size_t cap, *count;
};

/* Sends what a lane has, and takes what has come. Errors: as before; what it was asked waits again then. */
LA_MUST_CHECK enum la_err la_ledger_work_lane(struct la_ledger_redis *ledger, struct la_ledger_lane *lane,
    const struct la_ledger_room *room, struct la_error *error);
LA_MUST_CHECK enum la_err la_ledger_send_asks(
    struct la_ledger_redis *ledger, struct la_ledger_lane *lane, struct la_error *error);

/* The lane of an ask; NULL: nobody has its slot. */
struct la_ledger_lane *la_ledger_lane_of(const struct la_ledger_redis *ledger, const struct la_ask *ask);

/* Connects it, without waiting: LA_OK also while that goes on. Errors: as before. */
LA_MUST_CHECK enum la_err la_ledger_lane_connect(
    struct la_ledger_redis *ledger, struct la_ledger_lane *lane, struct la_error *error);

/* Its connection is of no use any more: what it was asked waits again. Returns err. */
enum la_err la_ledger_lane_give_up(
    struct la_ledger_redis *ledger, struct la_ledger_lane *lane, enum la_err err, const struct la_error *error);

/* Where a cluster says that the ask belongs. Errors: LA_EUNAVAILABLE, LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_ledger_redirect(struct la_ledger_redis *ledger, const struct la_redirect *redirect,
    struct la_ask ask, struct la_error *error);

/* Closes all connections: what was asked waits again. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_ledger_close_lanes(struct la_ledger_redis *ledger);
void la_ledger_clear_lanes(struct la_ledger_redis *ledger); /* frees all that is theirs */

#endif
