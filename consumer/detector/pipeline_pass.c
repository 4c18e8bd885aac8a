#include "detector/pipeline_internal.h"

#define IDLE_MS 100 /* how long an idle turn takes at most: *stopping is looked at in between */
#define GROWING_MS 500 /* far less than transaction.timeout.ms, and than anyone waits for an alert */

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
				la_pipeline_in_hand(pipeline) >= most))
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
	if (!reading || pipeline->paused || la_pipeline_has_enough(pipeline) ||
	    (pipeline->used > 0 && la_pipeline_batch(pipeline, pipeline->used - 1)->asks))
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

/* While the store answers one, the next is read and decoded. */
enum la_err
la_pipeline_pass(struct la_pipeline *pipeline, bool reading, struct la_error *error)
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
