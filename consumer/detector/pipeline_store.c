/* What the store is asked, in the order in which it answers: at most one write, and one fetch behind it. */
#include "detector/lookup.h"
#include "detector/pipeline_internal.h"

void
la_pipeline_lose_store(struct la_pipeline *pipeline)
{
	if (pipeline->fetching != NULL)
		pipeline->fetching->stage = LA_BATCH_READ;
	if (pipeline->writing != NULL)
		pipeline->writing->stage = LA_BATCH_DECIDED;
	pipeline->fetching = pipeline->writing = NULL;
}

void
la_pipeline_rest(struct la_pipeline *pipeline)
{
	const struct la_store *store = pipeline->options.store;
	int timeout_ms = pipeline->options.store_timeout_ms;
	enum la_err err = LA_OK;

	if (pipeline->writing != NULL)
		err = store->write_end(store->self, timeout_ms, NULL);
	if (pipeline->fetching != NULL && err == LA_OK)
		(void)!store->fetch_end(store->self, timeout_ms, NULL);
	la_pipeline_lose_store(pipeline);
}

static enum la_err
failed(struct la_pipeline *pipeline, enum la_err err, struct la_error *error)
{
	la_pipeline_lose_store(pipeline);
	return (la_pipeline_wait(pipeline, "redis", err, error));
}

enum la_err
la_pipeline_fetch(struct la_pipeline *pipeline, struct la_batch *batch, struct la_error *error)
{
	const struct la_store *store = pipeline->options.store;
	enum la_err err;

	for (size_t m = 0; m < batch->pending_count; m++)
		la_lookup_init(&batch->reads[m], &la_batch_item(batch, batch->members[batch->pending[m]].first)->facts);
	batch->asked_us = la_watch_now_us(pipeline->options.watch);
	err = store->fetch_begin(store->self, batch->reads, batch->pending_count, error);
	if (err != LA_OK)
		return (failed(pipeline, err, error));
	pipeline->fetching = batch;
	batch->stage = LA_BATCH_FETCHING;
	if (pipeline->writing != NULL)
		LA_CRASH_POINT("asked-ahead");
	return (LA_OK);
}

enum la_err
la_pipeline_write(struct la_pipeline *pipeline, struct la_batch *batch, struct la_error *error)
{
	const struct la_store *store = pipeline->options.store;
	enum la_err err;

	if (batch->write_count == 0)
		return (la_pipeline_settle(pipeline, batch, error));
	LA_CRASH_POINT("before-write");
	if (batch->again)
		LA_CRASH_POINT("decided-again");
	batch->asked_us = la_watch_now_us(pipeline->options.watch);
	err = store->write_begin(store->self, batch->writes, batch->write_count, error);
	if (err != LA_OK)
		return (failed(pipeline, err, error));
	LA_CRASH_POINT("write-sent");
	if (pipeline->in_transaction)
		LA_CRASH_POINT("write-behind-outputs");
	pipeline->writing = batch;
	batch->stage = LA_BATCH_WRITING;
	return (LA_OK);
}

/* Members that another writer changed in between stay pending. */
static void
keep_conflicts(struct la_batch *batch)
{
	batch->pending_count = 0;
	for (size_t w = 0; w < batch->write_count; w++) {
		if (batch->writes[w].result == LA_WRITE_CONFLICT)
			batch->pending[batch->pending_count++] = batch->write_members[w];
	}
}

enum la_err
la_pipeline_settle(struct la_pipeline *pipeline, struct la_batch *batch, struct la_error *error)
{
	const struct la_store *store = pipeline->options.store;
	enum la_err err = LA_OK;

	if (batch->write_count > 0) {
		err = store->write_end(store->self, pipeline->options.store_timeout_ms, error);
		if (err != LA_OK)
			return (failed(pipeline, err, error));
		la_watch_took(pipeline->options.watch, LA_TIMING_STORE, batch->asked_us);
		LA_CRASH_POINT("written");
		if (batch->again)
			LA_CRASH_POINT("written-again");
		la_pipeline_recovered(pipeline, "redis");
	}
	pipeline->writing = NULL;
	keep_conflicts(batch);
	batch->stage = batch->pending_count > 0 ? LA_BATCH_READ : LA_BATCH_WRITTEN;
	if (batch->pending_count > 0) {
		batch->again = true;
		LA_CRASH_POINT("conflict");
		la_pipeline_rest(pipeline); /* what was asked for behind it may be about the same members */
	} else {
		la_pipeline_guard_keep(pipeline, batch);
	}
	return (LA_OK);
}
