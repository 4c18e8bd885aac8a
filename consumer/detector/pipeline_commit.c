#include "detector/pipeline_internal.h"

#define ANSWER_MS 2000 /* for the broker, before we say that we wait */

/* The oldest batches in this stage: [0, count). */
static size_t
oldest_in(struct la_pipeline *pipeline, enum la_batch_stage stage)
{
	size_t count = 0;

	while (count < pipeline->used && la_pipeline_batch(pipeline, count)->stage == stage)
		count++;
	return (count);
}

/*
 * Those that may be committed: [0, count). One with records carried over is the last: what is behind it, which was dropped,
 * is not done before those are.
 */
static size_t
oldest_to_commit(struct la_pipeline *pipeline)
{
	size_t count = oldest_in(pipeline, LA_BATCH_ACKNOWLEDGED);

	for (size_t k = 0; k < count; k++) {
		if (la_pipeline_batch(pipeline, k)->held > la_pipeline_batch(pipeline, k)->count)
			return (k + 1);
	}
	return (count);
}

static void
set_stage(struct la_pipeline *pipeline, size_t count, enum la_batch_stage stage)
{
	for (size_t k = 0; k < count; k++) {
		la_pipeline_batch(pipeline, k)->stage = stage;
		la_pipeline_batch(pipeline, k)->since_ms = la_pipeline_now(pipeline);
	}
}

/* Time for the answer is over: waits as for any failing side. */
static enum la_err
be_patient(struct la_pipeline *pipeline, int64_t since_ms, struct la_error *error)
{
	if (la_pipeline_now(pipeline) - since_ms < ANSWER_MS)
		return (LA_OK);
	return (la_pipeline_wait(pipeline, "broker", LA_ETIMEOUT, error));
}

void
la_pipeline_unsend(struct la_pipeline *pipeline)
{
	const struct la_bus *bus = pipeline->options.bus;
	enum la_batch_stage last = pipeline->options.exactly_once ? LA_BATCH_ACKNOWLEDGED : LA_BATCH_PRODUCED;

	bus->discard(bus->self);
	pipeline->in_transaction = false;
	for (size_t k = 0; k < pipeline->used; k++) {
		struct la_batch *batch = la_pipeline_batch(pipeline, k);

		if (batch->stage >= LA_BATCH_PRODUCED && batch->stage <= last)
			batch->stage = LA_BATCH_WRITTEN;
	}
}

enum la_err
la_pipeline_produce_again(struct la_pipeline *pipeline, enum la_err code, struct la_error *error)
{
	enum la_err err = LA_OK;

	la_pipeline_unsend(pipeline);
	if (!pipeline->letter_marked)
		err = la_pipeline_wait(pipeline, "broker", code == LA_ETOOLARGE ? LA_EUNAVAILABLE : code, error);
	pipeline->letter_marked = false;
	return (err == LA_OK ? LA_ETIMEOUT : err);
}

/* PRODUCED -> ACKNOWLEDGED of the k-th. LA_ETIMEOUT: not yet. */
static enum la_err
take_acknowledgements(struct la_pipeline *pipeline, size_t k, int wait_ms, struct la_error *error)
{
	const struct la_bus *bus = pipeline->options.bus;
	struct la_batch *batch = la_pipeline_batch(pipeline, k);
	enum la_err err = bus->await(bus->self, batch->number, wait_ms, error);

	if (err == LA_ETIMEOUT) {
		err = be_patient(pipeline, batch->since_ms, error);
		return (err == LA_OK ? LA_ETIMEOUT : err);
	}
	if (err != LA_OK)
		return (la_pipeline_produce_again(pipeline, err, error));
	LA_CRASH_POINT("acknowledged");
	la_pipeline_recovered(pipeline, "broker");
	batch->stage = LA_BATCH_ACKNOWLEDGED;
	batch->acknowledged_ms = la_watch_wall_ms(pipeline->options.watch);
	return (LA_OK);
}

/* Adds a position, or takes its place: of one assignment the later one counts. */
static size_t
add_position(struct la_position_done *list, size_t count, const struct la_position_done *position)
{
	size_t p = count;

	while (p > 0 && !(list[p - 1].partition == position->partition && list[p - 1].lease == position->lease &&
			    la_span_equal(list[p - 1].topic, position->topic)))
		p--;
	if (p == 0)
		p = ++count;
	list[p - 1] = *position;
	return (count);
}

/* What is done when the oldest batches are. */
static size_t
collect_positions(struct la_pipeline *pipeline, size_t batches)
{
	size_t count = 0, own;

	for (size_t k = 0; k < batches; k++) {
		struct la_position_done *added = pipeline->done + count;

		own = la_batch_done(la_pipeline_batch(pipeline, k), added);
		for (size_t p = 0; p < own; p++)
			count = add_position(pipeline->done, count, &added[p]);
	}
	return (count);
}

/* ACKNOWLEDGED -> COMMITTING. */
static enum la_err
begin_commit(struct la_pipeline *pipeline, size_t batches, struct la_error *error)
{
	const struct la_bus *bus = pipeline->options.bus;
	size_t count = collect_positions(pipeline, batches);
	enum la_err err = LA_OK;

	LA_CRASH_POINT("before-commit");
	if (count > 0)
		err = bus->commit_begin(bus->self, pipeline->done, count, error);
	if (err != LA_OK)
		return (la_pipeline_wait(pipeline, "broker", err == LA_EREVOKED ? LA_EUNAVAILABLE : err, error));
	pipeline->in_transaction = false;
	set_stage(pipeline, batches, LA_BATCH_COMMITTING);
	return (LA_OK);
}

/* COMMITTING -> EMPTY; what was carried over stays in the oldest place. */
static void
finish(struct la_pipeline *pipeline, size_t batches)
{
	struct la_batch *batch;

	for (size_t k = 0; k < batches; k++) {
		batch = la_pipeline_batch(pipeline, 0);
		la_pipeline_count(pipeline, batch);
		la_batch_finish(batch, pipeline->options.bus);
		if (batch->held > 0)
			return; /* the last one: nothing behind it was decided */
		pipeline->first = (pipeline->first + 1) % LA_PIPELINE_BATCHES;
		pipeline->used--;
	}
}

/*
 * When the group has moved on, our leases say so sooner or later: those that stay are committed
 * again, the others' records are somebody else's.
 */
enum la_err
la_pipeline_end_commit(struct la_pipeline *pipeline, int wait_ms, struct la_error *error)
{
	const struct la_bus *bus = pipeline->options.bus;
	size_t batches = oldest_in(pipeline, LA_BATCH_COMMITTING);
	enum la_err err;

	if (batches == 0)
		return (LA_OK);
	err = bus->commit_end(bus->self, wait_ms, error);
	if (err == LA_ETIMEOUT)
		return (be_patient(pipeline, la_pipeline_batch(pipeline, 0)->since_ms, error));
	if (err != LA_OK) {
		set_stage(pipeline, batches, LA_BATCH_ACKNOWLEDGED);
		return (la_pipeline_wait(pipeline, "broker", err == LA_EREVOKED ? LA_EUNAVAILABLE : err, error));
	}
	LA_CRASH_POINT("after-commit");
	la_pipeline_recovered(pipeline, "broker");
	finish(pipeline, batches);
	return (LA_OK);
}

enum la_err
la_pipeline_commit(struct la_pipeline *pipeline, int wait_ms, struct la_error *error)
{
	enum la_err err = la_pipeline_end_commit(pipeline, wait_ms, error);
	size_t count;

	if (err != LA_OK)
		return (err);
	count = oldest_in(pipeline, LA_BATCH_COMMITTING);
	while (err == LA_OK && count < pipeline->used) {
		if (la_pipeline_batch(pipeline, count)->stage == LA_BATCH_PRODUCED)
			err = take_acknowledgements(
			    pipeline, count, count == 0 || pipeline->in_transaction ? wait_ms : 0, error);
		else if (la_pipeline_batch(pipeline, count)->stage != LA_BATCH_ACKNOWLEDGED)
			break;
		count++;
	}
	if ((err != LA_OK && err != LA_ETIMEOUT) || (err == LA_ETIMEOUT && pipeline->in_transaction))
		return (err == LA_ETIMEOUT ? LA_OK : err); /* a transaction is committed with all that is in it */
	count = oldest_to_commit(pipeline);
	if (count > 0)
		return (begin_commit(pipeline, count, error));
	return (LA_OK);
}
