#include "detector/pipeline_internal.h"

static void
count_outcomes(struct la_pipeline *pipeline)
{
	struct la_batch *batch = &pipeline->batch;

	pipeline->batches++;
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->items[i].kind == LA_ITEM_EVENT)
			pipeline->counts[batch->items[i].verdict.outcome]++;
		else if (batch->items[i].kind == LA_ITEM_REJECTED)
			pipeline->counts[LA_OUTCOME_REJECTED]++;
	}
}

enum la_err
la_pipeline_commit(struct la_pipeline *pipeline, struct la_error *error)
{
	const struct la_bus *bus = pipeline->options.bus;
	struct la_batch *batch = &pipeline->batch;
	size_t count;
	enum la_err err;

	for (;;) {
		if ((count = la_batch_done(batch, pipeline->done)) == 0)
			break;
		LA_CRASH_POINT("before-commit");
		err = bus->commit(bus->self, pipeline->done, count, error);
		LA_CRASH_POINT("after-commit");
		if (err == LA_OK)
			break;
		if (err == LA_EREVOKED)
			return (err);
		if ((err = la_pipeline_wait(pipeline, "broker", err, error)) != LA_OK)
			return (err);
	}
	la_pipeline_recovered(pipeline);
	count_outcomes(pipeline);
	la_batch_finish(batch, bus);
	return (LA_OK);
}
