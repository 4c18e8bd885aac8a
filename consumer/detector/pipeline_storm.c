#include "detector/pipeline_internal.h"

/* Counts the batch's logins on top of what stands. Returns the most alarms of a window that is a storm; 0: none is. */
static size_t
count_batch(struct la_pipeline *pipeline, const struct la_batch *batch)
{
	struct la_storm *storm = &pipeline->storm;
	size_t most = 0;

	la_storm_undo(storm);
	for (size_t i = 0; i < batch->count; i++) {
		if (la_batch_item(batch, i)->kind == LA_ITEM_EVENT && la_storm_add(storm, la_batch_item(batch, i)->storm) &&
		    storm->now.alarms > most)
			most = storm->now.alarms;
	}
	return (most);
}

static void
explain(const struct la_pipeline *pipeline, size_t alarms, struct la_error *error)
{
	(void)la_error_set(error, LA_EUNAVAILABLE,
	    "%zu of the last %zu successful logins are from new environments, more than storm.ratio=%g allows: is Redis "
	    "empty, are redis.prefix or the hash keys others than before, has a browser changed its name? Nothing of this "
	    "batch was written. Restart with policy.seed-until, which only learns, or with storm.ratio=0, which lets it "
	    "pass",
	    alarms, pipeline->storm.window, pipeline->options.storm_ratio);
}

/*
 * Until we are stopped, also when the partitions go elsewhere: what comes next would be decided on the same states.
 * A fatal error of the bus ends it too.
 */
static enum la_err
wait_for_restart(struct la_pipeline *pipeline, size_t alarms, struct la_error *error)
{
	enum la_err err;

	la_pipeline_recovered(pipeline, NULL); /* what was waited for before has come */
	while (!*pipeline->options.stopping) {
		explain(pipeline, alarms, error);
		err = la_pipeline_wait(pipeline, "storm", LA_EUNAVAILABLE, error);
		if (err == LA_OK)
			err = la_pipeline_send(pipeline, 0, error); /* what is before it */
		if (err == LA_EREVOKED && pipeline->in_transaction)
			la_pipeline_unsend(pipeline); /* it is not sent any more, and readers wait for an open transaction */
		if (err != LA_OK && err != LA_EREVOKED)
			return (err);
	}
	return (la_error_set(error, LA_ESTOPPED, "stopped while the storm guard held it"));
}

enum la_err
la_pipeline_guard(struct la_pipeline *pipeline, const struct la_batch *batch, struct la_error *error)
{
	size_t alarms = la_storm_is_on(&pipeline->storm) ? count_batch(pipeline, batch) : 0;

	return (alarms == 0 ? LA_OK : wait_for_restart(pipeline, alarms, error));
}

void
la_pipeline_guard_keep(struct la_pipeline *pipeline, const struct la_batch *batch)
{
	if (!la_storm_is_on(&pipeline->storm))
		return;
	/* members decided again after a conflict, and a batch that was cut, may count otherwise now */
	(void)count_batch(pipeline, batch);
	la_storm_keep(&pipeline->storm);
}
