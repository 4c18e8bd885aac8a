/* What the files of the delivery loop share; nobody else includes it. */
#ifndef LA_MAILER_DELIVERY_INTERNAL_H
#define LA_MAILER_DELIVERY_INTERNAL_H

#include "common/crash_point.h"
#include "common/dead_letter.h"
#include "mailer/delivery.h"
#include "mailer/later.h"
#include "mailer/rate.h"
#include "mailer/recipients.h"
#include "mailer/window.h"

/* Records that are worked on: several times the connections, so that none waits for the bus or for the ledger. */
#define LA_SLOTS_PER_CONNECTION 4
#define LA_SLOTS_MIN 256
#define LA_SLOTS_MAX 2048
/* Jobs that wait for their next try, in number and in bytes; one of usual size has 700. */
#define LA_LATER_MAX 8192
#define LA_LATER_BYTES (16 << 20)

#define LA_DELIVERY_TAKE_MAX 256 /* records at a time */

/* A record's way. */
enum la_slot_stage {
	LA_SLOT_FREE,
	LA_SLOT_TO_ASK,   /* has no address, which is to be asked for */
	LA_SLOT_ASKING,
	LA_SLOT_READY,    /* rendered, and due */
	LA_SLOT_CLAIMING, /* the ledger is asked */
	LA_SLOT_CLAIMED,  /* waits for a connection */
	LA_SLOT_SENDING,
	LA_SLOT_MARKING,  /* the relay has it, or may have it: the ledger is told */
	LA_SLOT_JUDGED,   /* the outcome is known; its records are to be produced */
	LA_SLOT_ACKING,   /* they are under way to the broker */
	LA_SLOT_STAGES
};

struct la_slot {
	enum la_slot_stage stage;
	struct la_slot *before, *after; /* in the stage's list */
	struct la_slot *next_twin;      /* in its bucket, CLAIMING to MARKING */
	uint64_t arrival;               /* the older goes first */
	uint32_t ticket;                /* of the window */
	struct la_message message;
	unsigned char *block;           /* NULL: the message is the bus's; else its bytes, from the heap of later jobs */
	size_t kept_bytes;              /* of a message that is_kept */
	uint32_t schema;                /* the decoder's pin: a later try reads the record again */
	bool has_job;
	struct la_alert_job job;
	struct la_mail mail;
	size_t which;           /* SENDING: the relay */
	int64_t submitted_ms;
	int64_t asked_us, submitted_us; /* for whoever watches: the ledger, the relay */
	int32_t attempts;
	uint32_t step;          /* of the schedule */
	bool cut_once;          /* UNKNOWN was met and is tried again */
	bool is_asked;          /* its address is not in the record */
	int64_t produce_at_ms;  /* JUDGED: not before */
	struct la_delivery delivery;
	bool is_dead;           /* to the dead-letter topic as well */
	bool goes_alone;        /* its dead letter was refused as too large, it or those beside it */
	bool is_value_omitted;
	enum la_dead_letter_stage dead_stage;
	struct la_error why;
	uint64_t number;        /* of its outputs */
};

struct la_slot_list {
	struct la_slot *first, *last;
	size_t count;
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

/* How a relay is, or the directory. */
struct la_server_state {
	int64_t rests_until_ms;    /* no submits before */
	int64_t rest_ms;           /* the last rest's length; 0: it is well */
	uint32_t rests;            /* in a row */
	unsigned refused_in_a_row; /* a relay: at DATA or its end; the directory: answers that were none */
	size_t sending;
	size_t most;               /* a relay: so many at once, as it takes no more connections; 0: as many as we have */
	int64_t most_ms;           /* when it was learnt last; 0: never */
	struct la_waiting waiting;
};

struct la_delivery_loop {
	struct la_delivery_options options;
	struct la_window *window;
	struct la_later *later;
	struct la_slot *slots;
	size_t slot_count, connections; /* to one relay */
	struct la_slot_list lists[LA_SLOT_STAGES];
	struct la_slot **twins; /* buckets of the jobs that the ledger or a relay is asked about, by job_id */
	size_t twins_mask;
	uint64_t next_arrival, next_number;
	bool paused;            /* the bus */
	/* [taken_first, taken_end) wait for a schema that the registry is asked for */
	struct la_message taken[LA_DELIVERY_TAKE_MAX];
	size_t taken_first, taken_end;
	int64_t commit_at_ms;   /* not before */
	bool is_committing;     /* the answer is still to come */
	int64_t swept_ms, swept_later_ms;
	struct la_waiting broker, redis, full, registry;
	struct la_seldom dead_letters, refusals, deferrals, takeovers;
	struct la_server_state relays[LA_RELAYS_MAX];
	struct la_server_state directory;
	bool directory_refuses_us;
	int64_t directory_heard_ms;      /* when it last said something of a member, or was last without a question */
	struct la_recipients *recipients; /* NULL: there is no directory */
	struct la_rate rate;
	int64_t valid_until_ms; /* of our claims, as last seen */
	uint32_t random;
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

/* delivery.c */
int64_t la_delivery_now(const struct la_delivery_loop *loop);
void la_delivery_note(struct la_delivery_loop *loop, struct la_waiting *waiting, const char *side, const char *why);
void la_delivery_recovered(struct la_delivery_loop *loop, struct la_waiting *waiting);
/* True: say it now, with *unsaid; false: it was counted. */
bool la_delivery_may_say(const struct la_delivery_loop *loop, struct la_seldom *kind, int64_t *unsaid);
/* One line about one record, seldom. */
void la_delivery_say_of(struct la_delivery_loop *loop, struct la_seldom *kind, const char *what,
    const struct la_slot *slot, const char *why);

/* delivery_slot.c: a slot's way from list to list. */
/* For a new record; not in a list of its stage yet. */
void la_slot_start(struct la_slot *slot, const struct la_message *message);
/* What it was read by is not needed any more. */
void la_slot_unpin(struct la_delivery_loop *loop, struct la_slot *slot);
void la_slot_move(struct la_delivery_loop *loop, struct la_slot *slot, enum la_slot_stage stage);
size_t la_slot_in_hand(const struct la_delivery_loop *loop);
/* The outcome, without the relay. */
void la_slot_judge(struct la_delivery_loop *loop, struct la_slot *slot, enum la_delivered outcome);
/* The record is done with: finished, or void. */
void la_slot_drop(struct la_delivery_loop *loop, struct la_slot *slot);
/* Is the record of a partition that went to another instance? */
bool la_slot_is_void(const struct la_delivery_loop *loop, const struct la_message *message);
/* Gives the claim back, if the slot may have one. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_slot_release(
    struct la_delivery_loop *loop, struct la_slot *slot, struct la_error *error);

/* delivery_twins.c: is the same job at the ledger or a relay already, from another record? */
LA_MUST_CHECK enum la_err la_twins_init(struct la_delivery_loop *loop); /* once slot_count is known */
void la_twins_add(struct la_delivery_loop *loop, struct la_slot *slot);
void la_twins_remove(struct la_delivery_loop *loop, struct la_slot *slot);
bool la_twins_has(const struct la_delivery_loop *loop, const char *job_id);

/* delivery_intake.c: takes records while there is room, and judges or renders each. */
LA_MUST_CHECK enum la_err la_delivery_take(struct la_delivery_loop *loop, struct la_error *error);
/* When it is to be asked again, if nothing comes; INT64_MAX: never. */
int64_t la_delivery_take_wait_ms(const struct la_delivery_loop *loop);
/* The slot's record -> job. Errors: the decoder's, those of a registry of schemas too. */
LA_MUST_CHECK enum la_err la_delivery_decode(
    struct la_delivery_loop *loop, struct la_slot *slot, struct la_error *error);
/* The job, which has an address, -> mail: READY. Errors: the renderer's. */
LA_MUST_CHECK enum la_err la_delivery_render(
    struct la_delivery_loop *loop, struct la_slot *slot, struct la_error *error);
/* REFUSED, and a dead letter. */
void la_delivery_refuse(struct la_delivery_loop *loop, struct la_slot *slot, const struct la_error *why);

/* delivery_ask.c: who gets it. */
/*
 * The job is READY, or waits until its address is known. Errors: the renderer's (of the dead letters), LA_ENOMEM.
 */
LA_MUST_CHECK enum la_err la_delivery_address(
    struct la_delivery_loop *loop, struct la_slot *slot, struct la_error *error);
/* Asks, takes answers. */
LA_MUST_CHECK enum la_err la_delivery_ask(struct la_delivery_loop *loop, struct la_error *error);
/* How many jobs without an address may be taken: all of them, but when more would only wait a moment. */
size_t la_delivery_room_to_ask(const struct la_delivery_loop *loop);
/* When there is something to do for it, if nothing comes; INT64_MAX: never. */
int64_t la_delivery_ask_wait_ms(const struct la_delivery_loop *loop);

/* delivery_later.c: jobs that wait for their time, and what becomes of them. */
struct la_later_why {
	int64_t wait_ms;
	enum la_later_side side;
};
LA_MUST_CHECK enum la_err la_delivery_put_off(
    struct la_delivery_loop *loop, struct la_slot *slot, const struct la_later_why *why, struct la_error *error);
/* Put off by the schedule; one that only met a side that is down is not put off for hours. */
LA_MUST_CHECK enum la_err la_delivery_defer(
    struct la_delivery_loop *loop, struct la_slot *slot, enum la_later_side side, struct la_error *error);
/* Those that are due go on, as far as there are free slots. */
LA_MUST_CHECK enum la_err la_delivery_resume(struct la_delivery_loop *loop, struct la_error *error);
/* A mail that waits may become void, or too late (P9). *gone: it did. */
LA_MUST_CHECK enum la_err la_delivery_put_away(
    struct la_delivery_loop *loop, struct la_slot *slot, bool *gone, struct la_error *error);
/* The same for all that wait, now and then. */
LA_MUST_CHECK enum la_err la_delivery_sweep(struct la_delivery_loop *loop, struct la_error *error);

/* delivery_ledger.c: claims what may be sent soon, marks what was. */
LA_MUST_CHECK enum la_err la_delivery_claim(struct la_delivery_loop *loop, struct la_error *error);
LA_MUST_CHECK enum la_err la_delivery_mark(
    struct la_delivery_loop *loop, struct la_slot *slot, enum la_delivered outcome, struct la_error *error);
/* Sends asks, takes answers. */
LA_MUST_CHECK enum la_err la_delivery_work_ledger(struct la_delivery_loop *loop, struct la_error *error);

/* delivery_rest.c: which relay may be given a mail. */
/* It is not well: a rest begins, longer each time, unless it rests already. */
void la_delivery_rest(
    struct la_delivery_loop *loop, struct la_server_state *state, const char *side, const char *why);
/* False: it was so before. */
bool la_delivery_is_well(struct la_delivery_loop *loop, struct la_server_state *state);
/* Why: for the log. */
void la_delivery_rest_relay(struct la_delivery_loop *loop, size_t which, const char *why);
void la_delivery_relay_is_well(struct la_delivery_loop *loop, size_t which);
/*
 * The slot's relay took no further connection, but works on other mails of ours, or did when this one was submitted: they
 * are as many as go at once, for now. False: it takes none. Why: for the log.
 */
bool la_delivery_is_at_its_most(struct la_delivery_loop *loop, const struct la_slot *slot, const char *why);
/* Now and then one more is tried. */
void la_delivery_try_more(struct la_delivery_loop *loop);
/* The preferred one of those that may be given a mail now. False: none. */
bool la_delivery_choose_relay(const struct la_delivery_loop *loop, size_t *which);
/* How many mails might go now, all relays together. */
size_t la_delivery_relay_room(const struct la_delivery_loop *loop);
bool la_delivery_all_rest(const struct la_delivery_loop *loop);
/* When the next one's rest is over; INT64_MAX: none rests. */
int64_t la_delivery_next_relay_ms(const struct la_delivery_loop *loop);

/* delivery_relay.c: submits what is claimed, works the relay, turns results into outcomes. */
LA_MUST_CHECK enum la_err la_delivery_send(struct la_delivery_loop *loop, struct la_error *error);

/* delivery_watch.c: what is counted and timed. */
/* A side is away; one of several relays is none. */
void la_delivery_watch_failure(
    const struct la_delivery_loop *loop, const struct la_waiting *waiting, const char *side, const char *why);
void la_delivery_watch_result(
    const struct la_delivery_loop *loop, const struct la_slot *slot, const struct la_relay_result *result);
/* The job is done with. */
void la_delivery_watch_done(const struct la_delivery_loop *loop, const struct la_slot *slot);

/* delivery_output.c: produces the records of judged slots, frees the acknowledged, commits. */
LA_MUST_CHECK enum la_err la_delivery_output(struct la_delivery_loop *loop, struct la_error *error);
/* Takes the answer to the last commit, if it is there, and begins the next; it waits for nothing. now: before its time. */
LA_MUST_CHECK enum la_err la_delivery_commit(struct la_delivery_loop *loop, bool now, struct la_error *error);
/* At a stop: until it is answered, or until_ms. */
LA_MUST_CHECK enum la_err la_delivery_commit_last(
    struct la_delivery_loop *loop, int64_t until_ms, struct la_error *error);

#endif
