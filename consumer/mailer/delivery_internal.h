/* What the files of the delivery loop share; nobody else includes it. */
#ifndef LA_MAILER_DELIVERY_INTERNAL_H
#define LA_MAILER_DELIVERY_INTERNAL_H

#include "common/dead_letter.h"
#include "mailer/delivery.h"
#include "mailer/window.h"

/* Records in hand: several times the connections, so that none waits for the bus and deferred mails leave room. */
#define LA_SLOTS_PER_CONNECTION 4
#define LA_SLOTS_MIN 256
#define LA_SLOTS_MAX 2048
#define LA_WINDOW LA_SLOTS_MAX

/* A record's way: one step to the next, or back to READY when it is to be sent again. */
enum la_slot_stage {
	LA_SLOT_FREE,
	LA_SLOT_READY,  /* rendered; waits for a connection or for its time */
	LA_SLOT_SENDING,
	LA_SLOT_JUDGED, /* the outcome is known; its records are to be produced */
	LA_SLOT_ACKING  /* they are under way to the broker */
};

struct la_slot {
	enum la_slot_stage stage;
	uint64_t arrival; /* the older goes first */
	uint32_t ticket; /* of the window */
	struct la_message message;
	bool has_job;
	struct la_alert_job job;
	struct la_mail mail;
	int64_t not_before_ms; /* monotonic: READY, but not yet */
	int32_t attempts;
	bool cut_once; /* UNKNOWN was met and tried again */
	struct la_delivery delivery;
	bool is_dead; /* to the dead-letter topic as well */
	bool is_value_omitted;
	enum la_dead_letter_stage dead_stage;
	struct la_error why;
	uint64_t number; /* of its outputs */
};

/* A side that is away: said once, then every 30 s with a count. */
struct la_waiting {
	const char *side; /* NULL: none */
	int64_t since_ms, said_ms;
	int64_t tries;
};

/* Lines of one kind, of which there may be one a record: one a second is said, with how many were left out before. */
struct la_seldom {
	bool is_said;
	int64_t said_ms, unsaid;
};

struct la_delivery_loop {
	struct la_delivery_options options;
	struct la_window *window;
	struct la_slot *slots;
	size_t slot_count, in_hand, sending;
	uint64_t next_arrival, next_number;
	bool paused;            /* the bus */
	int64_t commit_at_ms;   /* not before */
	int64_t swept_ms;
	struct la_waiting relay, broker;
	struct la_seldom dead_letters, refusals, deferrals;
	int64_t relay_rests_until_ms; /* no submits before */
	int64_t relay_rest_ms;        /* the last rest's length; 0: the relay is well */
	unsigned refused_in_a_row;    /* at DATA or its end */
	uint32_t random;              /* spreads retries; not for secrets */
	struct la_buf value;
	int64_t stop_deadline_ms;
	bool stop_seen;
	uint64_t counts[LA_DELIVERED_OTHER + 1];
	int64_t counts_said_ms;
};

/* The log, by the port. */
#define la_delivery_say(loop, level, ...)                                  \
	(loop)->options.log((level), (const struct la_field[]){__VA_ARGS__}, \
	    sizeof((const struct la_field[]){__VA_ARGS__}) / sizeof(struct la_field))

int64_t la_delivery_now(const struct la_delivery_loop *loop);
void la_delivery_note(struct la_delivery_loop *loop, struct la_waiting *waiting, const char *side, const char *why);
void la_delivery_recovered(struct la_delivery_loop *loop, struct la_waiting *waiting);

/* True: say it now, with *unsaid; false: it was counted. */
bool la_delivery_may_say(const struct la_delivery_loop *loop, struct la_seldom *kind, int64_t *unsaid);

/* delivery_intake.c: takes records while there is room, and judges or renders each. */
LA_MUST_CHECK enum la_err la_delivery_take(struct la_delivery_loop *loop, struct la_error *error);
/* Decided without the relay. */
void la_delivery_judge(struct la_slot *slot, enum la_delivered outcome);

/* delivery_relay.c: submits what is ready, works the relay, turns results into outcomes. */
LA_MUST_CHECK enum la_err la_delivery_send(struct la_delivery_loop *loop, struct la_error *error);

/* delivery_output.c: produces the records of judged slots, frees the acknowledged, commits. */
LA_MUST_CHECK enum la_err la_delivery_output(struct la_delivery_loop *loop, struct la_error *error);
/* The slot's record is done with: finished, or void. */
void la_delivery_drop(struct la_delivery_loop *loop, struct la_slot *slot);
LA_MUST_CHECK enum la_err la_delivery_commit(struct la_delivery_loop *loop, bool now, struct la_error *error);
/* At a stop: until it is answered, or until_ms. */
LA_MUST_CHECK enum la_err la_delivery_commit_last(
    struct la_delivery_loop *loop, int64_t until_ms, struct la_error *error);

#endif
