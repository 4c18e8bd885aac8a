/*
 * The parts of the pipeline, in the order of the data: pipeline_read.c (poll,
 * decode), pipeline_store.c (fetch, write) with pipeline_decide.c and pipeline_storm.c between the two,
 * pipeline_output.c and pipeline_dead.c (produce), pipeline_commit.c (await, commit), and
 * pipeline_wait.c, which all of them use when a side fails. pipeline_pass.c knows which batch's turn it is, pipeline.c
 * goes on until batches are done.
 */
#ifndef LA_DETECTOR_PIPELINE_INTERNAL_H
#define LA_DETECTOR_PIPELINE_INTERNAL_H

#include "detector/batch.h"
#include "common/crash_point.h"
#include "common/dead_letter.h"
#include "detector/pipeline.h"

#define LA_PIPELINE_BATCHES 16 /* under way at a time; most of them small */
#define LA_OUTCOME_COUNT (LA_OUTCOME_OTHER + 1)

#define LA_PIPELINE_REGISTRY "registry" /* of schemas: a side */

/* What the pipeline waits for, from the first failure until the side works again. */
struct la_waiting {
	const char *side; /* NULL: nothing */
	int64_t since_ms, said_ms;
	int64_t tries;
};

struct la_pipeline {
	struct la_pipeline_options options;
	struct la_batch batches[LA_PIPELINE_BATCHES];
	struct la_batch *ring[LA_PIPELINE_BATCHES]; /* of them all: those under way from first on, the oldest first */
	size_t first, used;
	struct la_batch *fetching, *writing;          /* whose requests the store has; NULL: none */
	struct la_position_done *done;                /* room for a commit */
	struct la_buf value;           /* an output being encoded */
	struct la_member_state state;  /* the member being decided: one at a time, so that memory stays small */
	uint64_t next_number;
	bool identified; /* the decider knows the cluster's id */
	bool paused;
	bool drained; /* the last poll for a new batch gave nothing */
	bool in_transaction; /* exactly_once: the bus has outputs that are neither committed nor discarded */
	int64_t in_transaction_since_ms;
	bool letter_marked; /* a dead letter was refused, and the batch knows now what to do about it */
	struct la_storm storm;
	struct la_waiting waiting;
	bool stop_seen;
	int64_t stop_deadline_ms;
	int64_t turned_ms; /* when the loop, or what keeps it, turned last */
	int64_t counts_said_ms, letters_said_ms;
	uint64_t counts[LA_OUTCOME_COUNT], finished; /* finished: batches, ever */
	uint64_t finished_said;
};

/* The log, by the port. */
#define la_pipeline_say(pipeline, level, ...)                                       \
	(pipeline)->options.log((level), (const struct la_field[]){__VA_ARGS__},   \
	    sizeof((const struct la_field[]){__VA_ARGS__}) / sizeof(struct la_field))

int64_t la_pipeline_now(const struct la_pipeline *pipeline);

/* The k-th oldest batch under way, k < used. */
static inline struct la_batch *
la_pipeline_batch(struct la_pipeline *pipeline, size_t k)
{
	return (pipeline->ring[(pipeline->first + k) % LA_PIPELINE_BATCHES]);
}

/*
 * After a failure of side (a word for the log: "redis", "broker"): says so (at once, then every 30 s with a count),
 * keeps the group membership for a while, asks for the leases again. The store is at rest afterwards (la_pipeline_rest).
 * LA_OK: try again. Errors: error's own code when waiting does not help, LA_EREVOKED when nothing of some batch is
 * ours any more, LA_ESTOPPED when the time to stop is over.
 */
LA_MUST_CHECK enum la_err la_pipeline_wait(
    struct la_pipeline *pipeline, const char *side, enum la_err code, struct la_error *error);

/*
 * A moment for an answer that is on its way, from a side that does not fail: as la_pipeline_wait, but nothing is said of
 * it, unless something is being waited for already.
 */
LA_MUST_CHECK enum la_err la_pipeline_pause(
    struct la_pipeline *pipeline, const char *side, enum la_err code, struct la_error *error);

/* The time to stop starts with the first call after the signal. */
void la_pipeline_see_stop(struct la_pipeline *pipeline);

/* The loop turns: for /livez. */
void la_pipeline_turned(struct la_pipeline *pipeline);

/*
 * Between two outputs, which may be waited for one by one: where the loop has not turned for a second, does what a turn does
 * for the group, /livez and a stop. Errors: those of the bus; LA_EREVOKED, LA_ESTOPPED as la_pipeline_wait.
 */
LA_MUST_CHECK enum la_err la_pipeline_keep_turning(struct la_pipeline *pipeline, struct la_error *error);

/* Polls the bus paused: serves rebalances, gives no records. Fetching goes on with la_pipeline_recovered. */
LA_MUST_CHECK enum la_err la_pipeline_keep_membership(
    struct la_pipeline *pipeline, int wait_ms, struct la_error *error);

/* Says it, counted as above, without waiting: for a failure that only the log needs to know of. */
void la_pipeline_note(struct la_pipeline *pipeline, const char *side, const struct la_error *error);

/* This side (NULL: whichever it was) works again: fetching goes on. */
void la_pipeline_recovered(struct la_pipeline *pipeline, const char *side);

/* Asks for the leases of all batches. LA_EREVOKED: of some batch nothing is ours any more. */
LA_MUST_CHECK enum la_err la_pipeline_check_leases(struct la_pipeline *pipeline, struct la_error *error);

/*
 * Whose turn it is: takes every batch as far as it goes without waiting for the broker; in between, when reading, one more
 * is read. Errors: those of the stages.
 */
LA_MUST_CHECK enum la_err la_pipeline_pass(struct la_pipeline *pipeline, bool reading, struct la_error *error);

/* Records in the batches under way. */
size_t la_pipeline_in_hand(struct la_pipeline *pipeline);

/* ---- the stages; each takes a batch from one to the next ---- */

/*
 * EMPTY -> READ: a batch's records, decoded and grouped; what was carried over, or what is there and comes within
 * wait_ms. Stays EMPTY when there are none, and while the first one's schema is asked for.
 */
LA_MUST_CHECK enum la_err la_pipeline_read(
    struct la_pipeline *pipeline, struct la_batch *batch, int wait_ms, struct la_error *error);

/* As many bytes of records are in hand as there may be: nothing more is read. */
bool la_pipeline_has_enough(struct la_pipeline *pipeline);

/*
 * The event in a message, borrowed from it. Errors: LA_EDATA, LA_ETOOLARGE, LA_ENOSCHEMA: a dead letter; LA_ETIMEOUT,
 * LA_EUNAVAILABLE: the registry of schemas; those with LA_ACTION_FATAL. A batch holds the schemas of its records, so that
 * a record is read again as it was first, and the registry is not asked.
 */
LA_MUST_CHECK enum la_err la_pipeline_decode(struct la_pipeline *pipeline, const struct la_message *message,
    struct la_login_event *event, struct la_error *error);
struct la_source la_pipeline_source(const struct la_message *message);

/* READ -> FETCHING: asks for the states of the members pending. */
LA_MUST_CHECK enum la_err la_pipeline_fetch(
    struct la_pipeline *pipeline, struct la_batch *batch, struct la_error *error);

/*
 * FETCHING -> DECIDED, or WRITTEN when nothing changed. May cut the batch, or send it back to READ until what is before
 * it is committed (rule 2; or Redis has lost candidates of it).
 */
LA_MUST_CHECK enum la_err la_pipeline_decide(
    struct la_pipeline *pipeline, struct la_batch *batch, struct la_error *error);

/* DECIDED -> WRITING. */
LA_MUST_CHECK enum la_err la_pipeline_write(
    struct la_pipeline *pipeline, struct la_batch *batch, struct la_error *error);

/*
 * WRITING -> WRITTEN; or READ, when another writer changed members in between, which are then pending. What was asked
 * for behind it is asked for again then.
 */
LA_MUST_CHECK enum la_err la_pipeline_settle(
    struct la_pipeline *pipeline, struct la_batch *batch, struct la_error *error);

/* After an error of the store: FETCHING becomes READ, WRITING becomes DECIDED. */
void la_pipeline_lose_store(struct la_pipeline *pipeline);

/* What the store was asked is answered, or given up; it is asked again later. */
void la_pipeline_rest(struct la_pipeline *pipeline);

/*
 * The storm guard, before the batch's first write: counts its logins. When that is a storm, nothing was written,
 * nothing will be, and it waits until we are stopped; what is before it is finished. Errors: LA_ESTOPPED then; those of
 * la_pipeline_wait, but for LA_EREVOKED.
 */
LA_MUST_CHECK enum la_err la_pipeline_guard(
    struct la_pipeline *pipeline, const struct la_batch *batch, struct la_error *error);

/* The batch's states are written: its logins stand as they were decided in the end. */
void la_pipeline_guard_keep(struct la_pipeline *pipeline, const struct la_batch *batch);

/* WRITTEN -> PRODUCED: jobs and decisions; with dead letters, which it awaits, -> ACKNOWLEDGED. */
LA_MUST_CHECK enum la_err la_pipeline_output(
    struct la_pipeline *pipeline, struct la_batch *batch, struct la_error *error);

/*
 * Parts of that. produce queues one output; await takes all acknowledgements up to a batch number; dead_letters
 * is done when the broker has them. Errors: as la_pipeline_wait; also those of the port, which the
 * caller waits out: produce LA_ETOOLARGE, await all but LA_ETIMEOUT. With exactly_once each of them, from dead_letters
 * too, means that all outputs of the batch are to be produced again.
 */
LA_MUST_CHECK enum la_err la_pipeline_produce(
    struct la_pipeline *pipeline, const struct la_output *output, struct la_error *error);
LA_MUST_CHECK enum la_err la_pipeline_await(struct la_pipeline *pipeline, uint64_t number, struct la_error *error);
LA_MUST_CHECK enum la_err la_pipeline_dead_letters(
    struct la_pipeline *pipeline, struct la_batch *batch, struct la_error *error);

/*
 * After a refused output: what was produced and not committed is produced again, all of it, since refusals are forgotten
 * by number and void a transaction. unsend sends the batches back to WRITTEN; produce_again waits, too, as for any failing
 * side; LA_ETIMEOUT: done. Errors: as la_pipeline_wait.
 */
void la_pipeline_unsend(struct la_pipeline *pipeline);
LA_MUST_CHECK enum la_err la_pipeline_produce_again(
    struct la_pipeline *pipeline, enum la_err code, struct la_error *error);

/* WRITTEN -> PRODUCED, or ACKNOWLEDGED, of all batches whose outputs may be sent now. */
LA_MUST_CHECK enum la_err la_pipeline_output_written(struct la_pipeline *pipeline, struct la_error *error);

/* That, then commit. */
LA_MUST_CHECK enum la_err la_pipeline_send(struct la_pipeline *pipeline, int wait_ms, struct la_error *error);

/* COMMITTING -> EMPTY, if the broker answers within wait_ms. Records are released. */
LA_MUST_CHECK enum la_err la_pipeline_end_commit(struct la_pipeline *pipeline, int wait_ms, struct la_error *error);

/*
 * PRODUCED -> ACKNOWLEDGED -> COMMITTING -> EMPTY, the oldest first, as far as the broker has answered; waits at most
 * wait_ms for the oldest.
 */
LA_MUST_CHECK enum la_err la_pipeline_commit(struct la_pipeline *pipeline, int wait_ms, struct la_error *error);

/* pipeline_watch.c: it is done with; log and metrics count what became of its records. */
void la_pipeline_count(struct la_pipeline *pipeline, const struct la_batch *batch);

#endif
