#include "common/confluent.h"
#include "detector/pipeline_internal.h"

#define IDLE_MS 100 /* how long an idle turn takes at most: *stopping is looked at in between */
#define EXPECTED_AHEAD 4
#define EXPECTED_BYTES 384 /* of a record; few are longer */
#define CACHE_LINE_BYTES 64
#define QUIET_MS 1  /* no record for so long: the batch is complete */

struct la_source
la_pipeline_source(const struct la_message *message)
{
	return ((struct la_source){.topic = message->topic,
	    .partition = message->partition,
	    .offset = message->offset,
	    .has_timestamp = message->has_timestamp,
	    .timestamp_ms = message->timestamp_ms});
}

enum la_err
la_pipeline_decode(struct la_pipeline *pipeline, const struct la_message *message, struct la_login_event *event,
    struct la_error *error)
{
	if (!la_span_present(message->value))
		return (la_error_set(error, LA_EDATA, "no value (null)"));
	return (la_decoder_event(pipeline->options.decoder, message->value, event, error));
}

bool
la_pipeline_has_enough(struct la_pipeline *pipeline)
{
	size_t bytes = 0;

	for (size_t k = 0; k < pipeline->used; k++)
		bytes += la_pipeline_batch(pipeline, k)->bytes;
	return (bytes >= LA_BATCH_BYTES_MAX);
}

/* Polls into the room that is left. */
static enum la_err
poll_more(struct la_pipeline *pipeline, struct la_batch *batch, int wait_ms, struct la_error *error)
{
	const struct la_bus *bus = pipeline->options.bus;
	size_t count = 0;
	enum la_err err;

	err = bus->poll(bus->self, wait_ms, batch->messages + batch->held, batch->cap - batch->held, &count, error);
	la_batch_hold(batch, count);
	if (err == LA_OK) {
		la_pipeline_recovered(pipeline, "broker");
		return (LA_OK);
	}
	if (la_err_action(err) == LA_ACTION_FATAL)
		return (err);
	la_pipeline_note(pipeline, "broker", error);
	return (LA_OK);
}

/* Fills the batch while records are there, at most batch_max_wait_ms long: nobody waits for one that is yet to come. */
static enum la_err
collect(struct la_pipeline *pipeline, struct la_batch *batch, int wait_ms, struct la_error *error)
{
	enum la_err err = poll_more(pipeline, batch, wait_ms, error);
	int64_t start_ms = la_pipeline_now(pipeline);
	size_t before = 0;

	while (err == LA_OK && batch->held > before && batch->held < batch->cap &&
	    !la_pipeline_has_enough(pipeline) &&
	    la_pipeline_now(pipeline) - start_ms < pipeline->options.batch_max_wait_ms) {
		before = batch->held;
		err = poll_more(pipeline, batch, 0, error);
	}
	return (err);
}

/* Digests of logs hold the cluster's id, which must not change on the way: no facts before it is known. */
static enum la_err
identify(struct la_pipeline *pipeline, struct la_error *error)
{
	const struct la_bus *bus = pipeline->options.bus;
	const char *id;
	enum la_err err;

	while (!pipeline->identified) {
		id = bus->cluster_id(bus->self);
		if (*id != '\0') {
			la_decider_set_cluster_id(pipeline->options.decider, id);
			pipeline->identified = true;
			la_pipeline_recovered(pipeline, "broker");
			break;
		}
		(void)la_error_set(error, LA_EUNAVAILABLE, "the cluster id is not known yet");
		if ((err = la_pipeline_wait(pipeline, "broker", LA_EUNAVAILABLE, error)) != LA_OK)
			return (err);
	}
	return (LA_OK);
}

/* Its bytes come from memory while the records before it are worked on. */
static void
expect(const struct la_message *message)
{
	for (size_t at = 0; at < message->value.size && at < EXPECTED_BYTES; at += CACHE_LINE_BYTES)
		__builtin_prefetch(message->value.data + at);
}

static enum la_err
read_item(struct la_pipeline *pipeline, struct la_batch *batch, size_t i, struct la_error *error)
{
	struct la_item *item = la_batch_item(batch, i);
	const struct la_message *message = &batch->messages[i];
	struct la_source source = la_pipeline_source(message);
	LA_UNFILLED struct la_login_event event;
	enum la_err err;

	if (!la_batch_holds(batch, i)) {
		item->kind = LA_ITEM_VOID;
		return (LA_OK);
	}
	err = la_pipeline_decode(pipeline, message, &event, error);
	if (err == LA_OK)
		err = la_decider_facts(pipeline->options.decider, &event, &source, &item->facts, error);
	if (err != LA_OK && la_err_action(err) != LA_ACTION_REJECT)
		return (err);
	item->kind = err == LA_OK ? LA_ITEM_EVENT : LA_ITEM_REJECTED;
	item->why = err;
	item->verdict = (struct la_verdict){.outcome = LA_OUTCOME_REJECTED};
	if (err == LA_OK)
		la_batch_join(batch, i);
	else
		batch->rejected++;
	return (LA_OK);
}

/*
 * The schema of item i has to be asked for. What is before it goes its way alone. As the first one of the oldest batch it
 * is waited for, the store at rest; else the batch stays EMPTY, until those before it are done. Nothing is read behind it:
 * what came might ask for another schema, and there is one question at a time.
 */
static enum la_err
put_off(struct la_pipeline *pipeline, struct la_batch *batch, size_t i, enum la_err code, struct la_error *error)
{
	struct la_span value = batch->messages[i].value;
	uint32_t id;

	batch->count = i;
	batch->asks = true;
	if (i > 0)
		return (LA_OK);
	batch->waits = true;
	if (la_confluent_open(&value, &id, NULL) == LA_OK)
		la_health_awaits_schema(la_watch_health(pipeline->options.watch), id);
	return (batch == la_pipeline_batch(pipeline, 0) ? la_pipeline_pause(pipeline, LA_PIPELINE_REGISTRY, code, error) : LA_OK);
}

/* Errors: those of read_item, but for the registry's. */
static enum la_err
read_items(struct la_pipeline *pipeline, struct la_batch *batch, struct la_error *error)
{
	enum la_err err;

	for (size_t i = 0; i < batch->count; i++) {
		if (i + EXPECTED_AHEAD < batch->count)
			expect(&batch->messages[i + EXPECTED_AHEAD]);
		err = read_item(pipeline, batch, i, error);
		if (la_err_action(err) == LA_ACTION_RETRY)
			return (put_off(pipeline, batch, i, err, error));
		if (err != LA_OK)
			return (err);
	}
	return (LA_OK);
}

enum la_err
la_pipeline_read(struct la_pipeline *pipeline, struct la_batch *batch, int wait_ms, struct la_error *error)
{
	enum la_err err = LA_OK;

	if (batch->held == 0 && ((err = collect(pipeline, batch, wait_ms, error)) != LA_OK || batch->held == 0))
		return (err);
	la_batch_start(batch);
	batch->read_us = la_watch_now_us(pipeline->options.watch);
	for (size_t i = 0; i < batch->count; i++)
		la_batch_place(batch, i);
	if ((err = identify(pipeline, error)) != LA_OK)
		return (err);
	if (!la_batch_check_leases(batch, pipeline->options.bus))
		return (la_error_set(error, LA_EREVOKED, "its partitions were given away, or it is to be read again"));
	la_decoder_hold(pipeline->options.decoder, &batch->schemas);
	err = read_items(pipeline, batch, error);
	la_decoder_hold(pipeline->options.decoder, NULL);
	if (err != LA_OK || batch->count == 0)
		return (err);
	if (pipeline->paused)
		la_pipeline_recovered(pipeline, LA_PIPELINE_REGISTRY);
	la_batch_pend_all(batch);
	batch->stage = LA_BATCH_READ;
	LA_CRASH_POINT("decoded");
	return (LA_OK);
}
