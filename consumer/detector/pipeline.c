#include "detector/pipeline.h"

#include <stdlib.h>

#include "detector/pipeline_internal.h"

#define COUNTS_EVERY_MS 30000
#define LARGE_BATCHES 4 /* one is read, one decided, two wait for the broker: with three less is done */
#define SMALL_BATCH 256
#define IDLE_MS 100 /* how long an idle turn takes at most: *stopping is looked at in between */
#define GROWING_MS 500 /* far less than transaction.timeout.ms, and than anyone waits for an alert */

/* Large ones first. Small ones cost little memory, and small is what comes while the large ones wait at low load. */
static enum la_err
init_batches(struct la_pipeline *pipeline)
{
	size_t most = pipeline->options.batch_max_events, records = 0;
	size_t small = most < SMALL_BATCH ? most : SMALL_BATCH, epochs = la_decider_epochs(pipeline->options.decider);

	for (size_t k = 0; k < LA_PIPELINE_BATCHES; k++) {
		pipeline->ring[k] = &pipeline->batches[k];
		if (la_batch_init(&pipeline->batches[k], k < LARGE_BATCHES ? most : small, epochs) != LA_OK)
			return (LA_ENOMEM);
		records += pipeline->batches[k].cap;
	}
	pipeline->done = calloc(records, sizeof(*pipeline->done));
	return (pipeline->done == NULL ? LA_ENOMEM : LA_OK);
}

enum la_err
la_pipeline_new(struct la_pipeline **pipeline, const struct la_pipeline_options *options, struct la_error *error)
{
	struct la_pipeline *made = calloc(1, sizeof(*made));

	if (made == NULL)
		goto out;
	made->options = *options;
	if (init_batches(made) != LA_OK ||
	    la_storm_init(&made->storm, options->storm_window, options->storm_ratio, options->batch_max_events) != LA_OK)
		goto out;
	made->counts_said_ms = la_pipeline_now(made);
	*pipeline = made;
	return (LA_OK);
out:
	la_pipeline_free(made);
	return (la_error_set(
	    error, LA_ENOMEM, "out of memory for batches of %zu events (batch.max-events)", options->batch_max_events));
}

void
la_pipeline_free(struct la_pipeline *pipeline)
{
	if (pipeline == NULL)
		return;
	la_pipeline_rest(pipeline);
	pipeline->options.bus->discard(pipeline->options.bus->self);
	for (size_t k = 0; k < LA_PIPELINE_BATCHES; k++) {
		la_batch_drop(&pipeline->batches[k], pipeline->options.bus);
		la_batch_clear(&pipeline->batches[k]);
	}
	la_storm_clear(&pipeline->storm);
	la_buf_clear(&pipeline->value);
	free(pipeline->done);
	free(pipeline);
}

/* What was decided since the last time, if anything was. */
static void
say_counts(struct la_pipeline *pipeline, bool last)
{
	struct la_field fields[LA_OUTCOME_COUNT + 2];
	size_t count = 0;
	int64_t now_ms = la_pipeline_now(pipeline);

	if (pipeline->finished == pipeline->finished_said ||
	    (!last && now_ms - pipeline->counts_said_ms < COUNTS_EVERY_MS))
		return;
	fields[count++] = la_msg("events decided");
	fields[count++] = la_int("batches", (int64_t)(pipeline->finished - pipeline->finished_said));
	for (int outcome = 0; outcome < LA_OUTCOME_COUNT; outcome++) {
		if (pipeline->counts[outcome] > 0)
			fields[count++] = la_int(
			    la_outcome_name((enum la_outcome)outcome), (int64_t)pipeline->counts[outcome]);
		pipeline->counts[outcome] = 0;
	}
	pipeline->options.log(LA_LOG_INFO, fields, count);
	pipeline->finished_said = pipeline->finished;
	pipeline->counts_said_ms = now_ms;
}

static size_t
records_in_hand(struct la_pipeline *pipeline)
{
	size_t count = 0;

	for (size_t k = 0; k < pipeline->used; k++)
		count += la_pipeline_batch(pipeline, k)->held;
	return (count);
}

/*
 * The oldest batch that is not sent to the store yet; used when there is none. What is behind it waits, also for what
 * was carried over: a member's events are decided in their order.
 */
static size_t
next_to_decide(struct la_pipeline *pipeline)
{
	for (size_t k = 0; k < pipeline->used; k++) {
		const struct la_batch *batch = la_pipeline_batch(pipeline, k);

		if (batch->stage < LA_BATCH_WRITING)
			return (k);
		if (batch->held > batch->count)
			break;
	}
	return (pipeline->used);
}

/* The store's turn: what it was asked is answered, then it is asked the next things, before anything else is done. */
static enum la_err
step_store(struct la_pipeline *pipeline, struct la_error *error)
{
	enum la_err err = LA_OK;
	struct la_batch *batch;
	size_t k;

	if (pipeline->writing != NULL)
		err = la_pipeline_settle(pipeline, pipeline->writing, error);
	if (err == LA_OK && pipeline->fetching != NULL)
		err = la_pipeline_decide(pipeline, pipeline->fetching, error);
	k = next_to_decide(pipeline);
	if (err == LA_OK && k < pipeline->used && la_pipeline_batch(pipeline, k)->stage == LA_BATCH_DECIDED)
		err = la_pipeline_write(pipeline, la_pipeline_batch(pipeline, k), error);
	k = next_to_decide(pipeline);
	if (err != LA_OK || k == pipeline->used)
		return (err);
	batch = la_pipeline_batch(pipeline, k);
	if (batch->stage == LA_BATCH_READ && pipeline->fetching == NULL && (k == 0 || !batch->waits))
		err = la_pipeline_fetch(pipeline, batch, error);
	return (err);
}

/*
 * A batch for what comes next, behind those under way: a large one, or, while there is little in hand, a small one. NULL:
 * at high load it pays to wait for a large one, and a transaction that goes on growing keeps those in it waiting.
 */
static struct la_batch *
free_batch(struct la_pipeline *pipeline)
{
	size_t most = pipeline->options.batch_max_events, end = pipeline->first + LA_PIPELINE_BATCHES;
	size_t next = pipeline->first + pipeline->used, found = next;
	struct la_batch **ring = pipeline->ring, *batch;

	while (found < end && ring[found % LA_PIPELINE_BATCHES]->cap < most)
		found++;
	if (found == end && (pipeline->options.exactly_once || pipeline->used == LA_PIPELINE_BATCHES ||
				records_in_hand(pipeline) >= most))
		return (NULL);
	if (found == end)
		found = next;
	batch = ring[found % LA_PIPELINE_BATCHES];
	ring[found % LA_PIPELINE_BATCHES] = ring[next % LA_PIPELINE_BATCHES];
	ring[next % LA_PIPELINE_BATCHES] = batch;
	return (batch);
}

/* The slot for the next read: what was carried over comes first. NULL: no room, or nothing is to be polled. */
static struct la_batch *
slot_to_read(struct la_pipeline *pipeline, bool reading)
{
	struct la_batch *oldest = la_pipeline_batch(pipeline, 0);

	if (pipeline->used > 0 && oldest->stage == LA_BATCH_EMPTY)
		return (oldest);
	if (!reading || pipeline->paused || la_pipeline_has_enough(pipeline))
		return (NULL);
	return (free_batch(pipeline));
}

static enum la_err
step_read(struct la_pipeline *pipeline, struct la_batch *batch, int wait_ms, struct la_error *error)
{
	size_t used = pipeline->used;
	bool is_new = used == 0 || batch != la_pipeline_batch(pipeline, 0);
	enum la_err err;

	pipeline->used += is_new;
	err = la_pipeline_read(pipeline, batch, wait_ms, error);
	pipeline->drained = is_new && batch->held == 0;
	if (is_new && batch->held == 0)
		pipeline->used = used;
	return (err == LA_OK ? la_pipeline_check_leases(pipeline, error) : err);
}

/* Has any batch something to do now, that is not an answer of the broker? */
static bool
is_busy(struct la_pipeline *pipeline)
{
	size_t k = next_to_decide(pipeline);

	return (pipeline->writing != NULL || pipeline->fetching != NULL ||
	    (k < pipeline->used && (k == 0 || !la_pipeline_batch(pipeline, k)->waits)));
}

/*
 * exactly_once: does the open transaction go on taking batches? It costs the same whatever is in it, so it takes what is
 * there and has room; but it is not kept open for a side that fails or is slow.
 */
static bool
is_growing(struct la_pipeline *pipeline, const struct la_batch *slot)
{
	const struct la_batch *newest = la_pipeline_batch(pipeline, pipeline->used - 1);

	if (pipeline->waiting.side != NULL ||
	    la_pipeline_now(pipeline) - pipeline->in_transaction_since_ms >= GROWING_MS)
		return (false);
	return (is_busy(pipeline) || (slot != NULL && newest->held == newest->cap && !pipeline->drained));
}

/*
 * exactly_once. What a batch has for the transaction is handed over at once, so that the broker knows its partitions while
 * those behind are read and decided; nothing else is done while it is sent and committed. Batches without outputs are
 * committed as below, as long as no transaction is open, which they would join.
 */
static enum la_err
pass_exactly_once(struct la_pipeline *pipeline, bool reading, struct la_error *error)
{
	struct la_batch *slot;
	enum la_err err;

	if ((err = step_store(pipeline, error)) != LA_OK)
		return (err);
	if ((err = la_pipeline_output_written(pipeline, error)) != LA_OK)
		return (err);
	slot = slot_to_read(pipeline, reading);
	if (pipeline->in_transaction && !is_growing(pipeline, slot))
		return (la_pipeline_commit(pipeline, IDLE_MS, error));
	if (pipeline->in_transaction)
		err = la_pipeline_end_commit(pipeline, 0, error);
	else
		err = la_pipeline_commit(pipeline, slot == NULL && !is_busy(pipeline) ? IDLE_MS : 0, error);
	if (err != LA_OK || (slot = slot_to_read(pipeline, reading)) == NULL)
		return (err);
	return (step_read(pipeline, slot, pipeline->in_transaction || is_busy(pipeline) ? 0 : IDLE_MS, error));
}

/*
 * Takes every batch as far as it goes without waiting for the broker; in between, one more is read. While the store
 * answers one, the next is read and decoded.
 */
static enum la_err
pass(struct la_pipeline *pipeline, bool reading, struct la_error *error)
{
	struct la_batch *slot;
	enum la_err err;

	if (pipeline->options.exactly_once)
		return (pass_exactly_once(pipeline, reading, error));
	if ((err = step_store(pipeline, error)) != LA_OK)
		return (err);
	slot = slot_to_read(pipeline, reading);
	if ((err = la_pipeline_send(pipeline, slot == NULL && !is_busy(pipeline) ? IDLE_MS : 0, error)) != LA_OK)
		return (err);
	if ((slot = slot_to_read(pipeline, reading)) == NULL)
		return (LA_OK);
	return (step_read(pipeline, slot, is_busy(pipeline) ? 0 : IDLE_MS, error));
}

/*
 * Batches of which nothing is ours any more: whoever has the partitions now reads them again, and finds in the states
 * what we have written. They keep their places, empty, as if they were done.
 */
static void
drop_void(struct la_pipeline *pipeline, const struct la_error *why)
{
	bool committing;

	la_pipeline_rest(pipeline);
	if (pipeline->options.exactly_once)
		la_pipeline_unsend(pipeline);
	for (size_t k = 0; k < pipeline->used; k++) {
		struct la_batch *batch = la_pipeline_batch(pipeline, k);

		if (batch->held == 0 || la_batch_check_leases(batch, pipeline->options.bus))
			continue;
		la_pipeline_say(pipeline, LA_LOG_INFO, la_msg("batch dropped"), la_str("why", why->text),
		    la_int("records", (int64_t)batch->held));
		committing = batch->stage == LA_BATCH_COMMITTING; /* then the answer is still to be taken */
		la_batch_drop(batch, pipeline->options.bus);
		batch->stage = committing ? LA_BATCH_COMMITTING : LA_BATCH_ACKNOWLEDGED;
	}
	la_pipeline_recovered(pipeline, NULL);
}

static enum la_err
turn(struct la_pipeline *pipeline, bool reading, struct la_error *error)
{
	uint64_t finished = pipeline->finished;
	enum la_err err;

	do {
		la_pipeline_see_stop(pipeline);
		la_health_turned(la_watch_health(pipeline->options.watch), la_pipeline_now(pipeline));
		err = pass(pipeline, reading, error);
	} while (err == LA_OK && pipeline->used > 0 && pipeline->finished == finished);
	if (err == LA_EREVOKED) {
		drop_void(pipeline, error);
		err = LA_OK;
	}
	say_counts(pipeline, false);
	return (err);
}

enum la_err
la_pipeline_turn(struct la_pipeline *pipeline, struct la_error *error)
{
	return (turn(pipeline, true, error));
}

enum la_err
la_pipeline_run(struct la_pipeline *pipeline, struct la_error *error)
{
	enum la_err err = LA_OK;

	while (!*pipeline->options.stopping && err == LA_OK)
		err = turn(pipeline, true, error);
	while (err == LA_OK && pipeline->used > 0)
		err = turn(pipeline, false, error);
	if (err == LA_ESTOPPED) {
		la_pipeline_say(pipeline, LA_LOG_WARN, la_msg("batch handed back"), la_str("why", error->text),
		    la_int("records", (int64_t)records_in_hand(pipeline)));
		err = LA_OK;
	}
	say_counts(pipeline, true);
	return (err);
}
