#include "detector/pipeline.h"

#include <stdlib.h>

#include "detector/pipeline_internal.h"

#define COUNTS_EVERY_MS 30000
#define LARGE_BATCHES 4 /* one is read, one decided, two wait for the broker: with three less is done */
#define SMALL_BATCH 256

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

size_t
la_pipeline_in_hand(struct la_pipeline *pipeline)
{
	size_t count = 0;

	for (size_t k = 0; k < pipeline->used; k++)
		count += la_pipeline_batch(pipeline, k)->held;
	return (count);
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
		la_pipeline_turned(pipeline);
		err = la_pipeline_pass(pipeline, reading, error);
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
		    la_int("records", (int64_t)la_pipeline_in_hand(pipeline)));
		err = LA_OK;
	}
	say_counts(pipeline, true);
	return (err);
}
