#include "detector/pipeline_internal.h"

#define PRODUCE_MS 1000 /* for room in the local queue */
#define AWAIT_MS 2000   /* for the broker, before we say that we wait */

static const char *const trace_headers[] = {"traceparent", "tracestate", NULL};

enum la_err
la_pipeline_produce(struct la_pipeline *pipeline, const struct la_output *output, struct la_error *error)
{
	const struct la_bus *bus = pipeline->options.bus;
	enum la_err err;

	if ((err = la_pipeline_keep_turning(pipeline, error)) != LA_OK)
		return (err);
	if (pipeline->options.exactly_once && !pipeline->in_transaction)
		pipeline->in_transaction_since_ms = la_pipeline_now(pipeline);
	pipeline->in_transaction = pipeline->options.exactly_once;
	while ((err = bus->produce(bus->self, output, PRODUCE_MS, error)) != LA_OK) {
		if (err == LA_ETOOLARGE || (pipeline->options.exactly_once && err != LA_ETIMEOUT))
			return (err);
		if ((err = la_pipeline_wait(pipeline, "broker", err, error)) != LA_OK)
			return (err);
	}
	return (LA_OK);
}

enum la_err
la_pipeline_await(struct la_pipeline *pipeline, uint64_t number, struct la_error *error)
{
	const struct la_bus *bus = pipeline->options.bus;
	enum la_err err;

	while ((err = bus->await(bus->self, number, AWAIT_MS, error)) == LA_ETIMEOUT) {
		if ((err = la_pipeline_wait(pipeline, "broker", err, error)) != LA_OK)
			return (err);
	}
	return (err);
}

bool
la_pipeline_publishes(enum la_publish publish, enum la_outcome outcome)
{
	if (publish != LA_PUBLISH_NOTABLE)
		return (publish == LA_PUBLISH_ALL);
	return (outcome != LA_OUTCOME_KNOWN && outcome != LA_OUTCOME_IGNORED_KIND &&
	    outcome != LA_OUTCOME_IGNORED_RESULT && outcome != LA_OUTCOME_IGNORED_ACTOR);
}

/* Queues what is in pipeline->value. */
static enum la_err
produce_value(struct la_pipeline *pipeline, const char *topic, const char *key, const struct la_message *message,
    struct la_error *error)
{
	const struct la_output output = {.topic = topic,
	    .key = la_span_text(key),
	    .value = la_buf_span(&pipeline->value),
	    .headers_of = message,
	    .only_headers = trace_headers,
	    .batch = pipeline->next_number};
	enum la_err err = la_pipeline_produce(pipeline, &output, error);

	if (err != LA_ETOOLARGE)
		return (err);
	/* no record of ours is large: the topic's limit is at fault, and the alert must not be lost */
	la_error_prefix(error, "topic %s", topic);
	return (LA_EUNAVAILABLE);
}

static enum la_err
produce_job(struct la_pipeline *pipeline, const struct la_batch *batch, size_t i, const struct la_login_event *event, struct la_error *error)
{
	const struct la_pipeline_options *options = &pipeline->options;
	const struct la_message *message = &batch->messages[i];
	const struct la_item *item = la_batch_item(batch, i);
	struct la_source source = la_pipeline_source(message);
	struct la_alert_job job;
	enum la_err err;

	la_decider_job(options->decider, event, &source, &item->facts, &item->verdict, &job);
	la_buf_reset(&pipeline->value);
	if ((err = la_encoder_job(options->encoder, &job, &pipeline->value, error)) != LA_OK)
		return (err);
	return (produce_value(pipeline, options->topic_alerts, job.member_ref, message, error));
}

static enum la_err
produce_decision(struct la_pipeline *pipeline, const struct la_batch *batch, size_t i,
    const struct la_login_event *event, struct la_error *error)
{
	const struct la_pipeline_options *options = &pipeline->options;
	struct la_source source = la_pipeline_source(&batch->messages[i]);
	const struct la_item *item = la_batch_item(batch, i);
	const struct la_facts *facts = item->kind == LA_ITEM_REJECTED ? NULL : &item->facts;
	struct la_decision decision;
	enum la_err err;

	la_decider_decision(options->decider, event, &source, facts, &item->verdict, &decision);
	la_buf_reset(&pipeline->value);
	if ((err = la_encoder_decision(options->encoder, &decision, &pipeline->value, error)) != LA_OK)
		return (err);
	return (produce_value(pipeline, options->topic_decisions, decision.member_ref, NULL, error));
}

/*
 * One whose schema was not known then is not asked about again: it may be known now. Of others that are no event, nothing
 * is there.
 */
static enum la_err
decode_second(struct la_pipeline *pipeline, const struct la_batch *batch, size_t i, struct la_login_event *event,
    struct la_error *error)
{
	const struct la_item *item = la_batch_item(batch, i);
	bool rejected = item->kind == LA_ITEM_REJECTED;
	enum la_err err = LA_ENOSCHEMA;

	if (!rejected || item->why != LA_ENOSCHEMA)
		err = la_pipeline_decode(pipeline, &batch->messages[i], event, error);
	if (err == LA_OK || la_err_action(err) != LA_ACTION_REJECT)
		return (err);
	if (!rejected)
		return (la_error_set(error, LA_EINTERNAL, "an event cannot be decoded a second time"));
	*event = (struct la_login_event){.event_id = la_span_text("")};
	return (LA_OK);
}

/* What one record becomes, decoded again: its strings are in the message, which we hold. */
static enum la_err
produce_item(struct la_pipeline *pipeline, const struct la_batch *batch, size_t i, struct la_error *error)
{
	const struct la_item *item = la_batch_item(batch, i);
	bool rejected = item->kind == LA_ITEM_REJECTED;
	enum la_outcome outcome = rejected ? LA_OUTCOME_REJECTED : item->verdict.outcome;
	bool published = la_pipeline_publishes(pipeline->options.publish, outcome);
	struct la_login_event event;
	enum la_err err = LA_OK;

	if (outcome != LA_OUTCOME_ALERTED && !published)
		return (LA_OK);
	if ((err = decode_second(pipeline, batch, i, &event, error)) != LA_OK || !la_batch_holds(batch, i))
		return (err);
	if (outcome == LA_OUTCOME_ALERTED)
		err = produce_job(pipeline, batch, i, &event, error);
	if (err == LA_OK && published)
		err = produce_decision(pipeline, batch, i, &event, error);
	return (err);
}

static enum la_err
produce_events(struct la_pipeline *pipeline, struct la_batch *batch, struct la_error *error)
{
	enum la_err err = LA_OK;

	batch->number = ++pipeline->next_number;
	for (size_t i = 0; i < batch->count && err == LA_OK; i++) {
		if (la_batch_item(batch, i)->kind != LA_ITEM_VOID && la_batch_holds(batch, i))
			err = produce_item(pipeline, batch, i, error);
	}
	LA_CRASH_POINT("produced");
	if (la_pipeline_batch(pipeline, 0)->stage == LA_BATCH_COMMITTING)
		LA_CRASH_POINT("produced-ahead");
	return (err);
}

/* Events and dead letters, awaited at once: nothing else of ours is on its way, so a refusal is about this batch. */
static enum la_err
produce_with_dead_letters(struct la_pipeline *pipeline, struct la_batch *batch, struct la_error *error)
{
	enum la_err err = produce_events(pipeline, batch, error);

	if (err == LA_OK)
		err = la_pipeline_await(pipeline, batch->number, error);
	return (err == LA_OK ? la_pipeline_dead_letters(pipeline, batch, error) : err);
}

enum la_err
la_pipeline_output(struct la_pipeline *pipeline, struct la_batch *batch, struct la_error *error)
{
	bool dead = batch->rejected > 0;
	enum la_err err;

	while ((err = dead ? produce_with_dead_letters(pipeline, batch, error) :
	                     produce_events(pipeline, batch, error)) != LA_OK) {
		/* a refused output: all of the batch again; the same jobs, by the same ids */
		if (pipeline->options.exactly_once)
			return (la_pipeline_produce_again(pipeline, err, error));
		if (err == LA_ETOOLARGE)
			err = LA_EUNAVAILABLE;
		if ((err = la_pipeline_wait(pipeline, "broker", err, error)) != LA_OK)
			return (err);
	}
	if (dead)
		la_pipeline_recovered(pipeline, "broker");
	batch->stage = dead ? LA_BATCH_ACKNOWLEDGED : LA_BATCH_PRODUCED;
	batch->since_ms = la_pipeline_now(pipeline);
	batch->acknowledged_ms = la_watch_wall_ms(pipeline->options.watch);
	return (LA_OK);
}

/* May the k-th send its outputs? Dead letters are awaited one by one, alone: see pipeline_dead.c. */
static bool
may_produce(struct la_pipeline *pipeline, size_t k)
{
	if (la_pipeline_batch(pipeline, k)->rejected == 0)
		return (true);
	while (k > 0) {
		if (la_pipeline_batch(pipeline, --k)->stage == LA_BATCH_PRODUCED)
			return (false);
	}
	return (true);
}

/* A transaction has no outputs of what was lost before it was opened; of what is lost later the bus knows. */
enum la_err
la_pipeline_output_written(struct la_pipeline *pipeline, struct la_error *error)
{
	enum la_err err = LA_OK;

	la_pipeline_turned(pipeline);
	for (size_t k = 0; k < pipeline->used && err == LA_OK; k++) {
		struct la_batch *batch = la_pipeline_batch(pipeline, k);

		if (batch->stage < LA_BATCH_WRITTEN || (batch->stage == LA_BATCH_WRITTEN && !may_produce(pipeline, k)))
			break;
		if (batch->stage != LA_BATCH_WRITTEN)
			continue;
		if (pipeline->options.exactly_once && !pipeline->in_transaction)
			err = la_pipeline_check_leases(pipeline, error);
		if (err == LA_OK)
			err = la_pipeline_output(pipeline, batch, error);
	}
	return (err == LA_ETIMEOUT ? LA_OK : err); /* the next pass produces again */
}

enum la_err
la_pipeline_send(struct la_pipeline *pipeline, int wait_ms, struct la_error *error)
{
	enum la_err err = la_pipeline_output_written(pipeline, error);

	return (err == LA_OK ? la_pipeline_commit(pipeline, wait_ms, error) : err);
}
