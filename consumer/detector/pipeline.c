#include "detector/pipeline.h"

#include <stdlib.h>

#include "detector/pipeline_internal.h"

#define COUNTS_EVERY_MS 30000

enum la_err
la_pipeline_new(struct la_pipeline **pipeline, const struct la_pipeline_options *options, struct la_error *error)
{
	struct la_pipeline *made = calloc(1, sizeof(*made));

	if (made == NULL)
		goto out;
	made->options = *options;
	made->done = calloc(options->batch_max_events, sizeof(*made->done));
	if (la_batch_init(&made->batch, options->batch_max_events) != LA_OK || made->done == NULL ||
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

/* Gives everything in hand back to the bus. */
static void
drop_batch(struct la_pipeline *pipeline)
{
	pipeline->batch.count = pipeline->batch.held;
	la_batch_finish(&pipeline->batch, pipeline->options.bus);
}

void
la_pipeline_free(struct la_pipeline *pipeline)
{
	if (pipeline == NULL)
		return;
	drop_batch(pipeline);
	la_batch_clear(&pipeline->batch);
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

	if (pipeline->batches == 0 || (!last && now_ms - pipeline->counts_said_ms < COUNTS_EVERY_MS))
		return;
	fields[count++] = la_msg("events decided");
	fields[count++] = la_int("batches", (int64_t)pipeline->batches);
	for (int outcome = 0; outcome < LA_OUTCOME_COUNT; outcome++) {
		if (pipeline->counts[outcome] > 0)
			fields[count++] = la_int(
			    la_outcome_name((enum la_outcome)outcome), (int64_t)pipeline->counts[outcome]);
		pipeline->counts[outcome] = 0;
	}
	pipeline->options.log(LA_LOG_INFO, fields, count);
	pipeline->batches = 0;
	pipeline->counts_said_ms = now_ms;
}

static enum la_err
step(struct la_pipeline *pipeline, struct la_error *error)
{
	switch (pipeline->batch.stage) {
	case LA_BATCH_EMPTY:
		return (la_pipeline_read(pipeline, error));
	case LA_BATCH_READ:
		return (la_pipeline_decide(pipeline, error));
	case LA_BATCH_WRITTEN:
		return (la_pipeline_output(pipeline, error));
	case LA_BATCH_PRODUCED:
		return (la_pipeline_commit(pipeline, error));
	}
	return (LA_EINTERNAL);
}

enum la_err
la_pipeline_turn(struct la_pipeline *pipeline, struct la_error *error)
{
	enum la_err err;

	do
		err = step(pipeline, error);
	while (err == LA_OK && pipeline->batch.stage != LA_BATCH_EMPTY);
	if (err == LA_EREVOKED) {
		/* whoever has the partitions now reads it again, and finds in the states what we have written */
		la_pipeline_say(pipeline, LA_LOG_INFO, la_msg("batch dropped"), la_str("why", error->text),
		    la_int("records", (int64_t)pipeline->batch.held));
		drop_batch(pipeline);
		la_pipeline_recovered(pipeline);
		err = LA_OK;
	}
	say_counts(pipeline, false);
	return (err);
}

enum la_err
la_pipeline_run(struct la_pipeline *pipeline, struct la_error *error)
{
	enum la_err err = LA_OK;

	while (!*pipeline->options.stopping && err == LA_OK)
		err = la_pipeline_turn(pipeline, error);
	if (err == LA_ESTOPPED) {
		la_pipeline_say(pipeline, LA_LOG_WARN, la_msg("batch handed back"), la_str("why", error->text),
		    la_int("records", (int64_t)pipeline->batch.held));
		err = LA_OK;
	}
	say_counts(pipeline, true);
	return (err);
}
