#include "detector/pipeline_internal.h"

#define PRODUCE_MS 1000 /* for room in the local queue */
#define AWAIT_MS 2000   /* for the broker, before we say that we wait */

static const char *const trace_headers[] = {"traceparent", "tracestate", NULL};

enum la_err
la_pipeline_produce(struct la_pipeline *pipeline, const struct la_output *output, struct la_error *error)
{
	const struct la_bus *bus = pipeline->options.bus;
	enum la_err err;

	while ((err = bus->produce(bus->self, output, PRODUCE_MS, error)) != LA_OK) {
		if (err == LA_ETOOLARGE)
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

static bool
is_published(enum la_publish publish, enum la_outcome outcome)
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
	    .batch = pipeline->batch.number};
	enum la_err err = la_pipeline_produce(pipeline, &output, error);

	if (err != LA_ETOOLARGE)
		return (err);
	/* no record of ours is large: the topic's limit is at fault, and the alert must not be lost */
	la_error_prefix(error, "topic %s", topic);
	return (LA_EUNAVAILABLE);
}

static enum la_err
produce_job(struct la_pipeline *pipeline, size_t i, const struct la_login_event *event, struct la_error *error)
{
	const struct la_pipeline_options *options = &pipeline->options;
	const struct la_message *message = &pipeline->batch.messages[i];
	const struct la_item *item = &pipeline->batch.items[i];
	struct la_source source = la_pipeline_source(message);
	struct la_alert_job job;
	enum la_err err;

	la_decider_job(options->decider, event, &source, &item->facts, &item->verdict, &job);
	la_buf_reset(&pipeline->value);
	if ((err = la_encoder_job(options->encoder, &job, &pipeline->value, error)) != LA_OK)
		return (err);
	return (produce_value(pipeline, options->topic_alerts, job.member_ref, message, error));
}

/* facts is NULL for a refused event, as la_decider_decision says. */
static enum la_err
produce_decision(struct la_pipeline *pipeline, size_t i, const struct la_login_event *event,
    const struct la_facts *facts, struct la_error *error)
{
	const struct la_pipeline_options *options = &pipeline->options;
	struct la_source source = la_pipeline_source(&pipeline->batch.messages[i]);
	const struct la_verdict *verdict = &pipeline->batch.items[i].verdict;
	struct la_decision decision;
	enum la_err err;

	la_decider_decision(options->decider, event, &source, facts, verdict, &decision);
	la_buf_reset(&pipeline->value);
	if ((err = la_encoder_decision(options->encoder, &decision, &pipeline->value, error)) != LA_OK)
		return (err);
	return (produce_value(pipeline, options->topic_decisions, decision.member_ref, NULL, error));
}

/* What one record becomes, decoded again: its strings are in the message, which we hold. */
static enum la_err
produce_item(struct la_pipeline *pipeline, size_t i, struct la_error *error)
{
	const struct la_item *item = &pipeline->batch.items[i];
	bool rejected = item->kind == LA_ITEM_REJECTED;
	enum la_outcome outcome = rejected ? LA_OUTCOME_REJECTED : item->verdict.outcome;
	bool published = is_published(pipeline->options.publish, outcome);
	struct la_login_event event;
	enum la_err err = LA_OK;

	if (outcome != LA_OUTCOME_ALERTED && !published)
		return (LA_OK);
	if (la_pipeline_decode(pipeline, &pipeline->batch.messages[i], &event, error) != LA_OK) {
		if (!rejected)
			return (la_error_set(error, LA_EINTERNAL, "an event cannot be decoded a second time"));
		event = (struct la_login_event){.event_id = la_span_text("")};
	}
	if (outcome == LA_OUTCOME_ALERTED)
		err = produce_job(pipeline, i, &event, error);
	if (err == LA_OK && published)
		err = produce_decision(pipeline, i, &event, rejected ? NULL : &item->facts, error);
	return (err);
}

static enum la_err
produce_events(struct la_pipeline *pipeline, struct la_error *error)
{
	struct la_batch *batch = &pipeline->batch;
	enum la_err err = LA_OK;

	batch->number = ++pipeline->next_number;
	for (size_t i = 0; i < batch->count && err == LA_OK; i++) {
		if (batch->items[i].kind != LA_ITEM_VOID && la_batch_holds(batch, i))
			err = produce_item(pipeline, i, error);
	}
	LA_CRASH_POINT("produced");
	return (err == LA_OK ? la_pipeline_await(pipeline, batch->number, error) : err);
}

enum la_err
la_pipeline_output(struct la_pipeline *pipeline, struct la_error *error)
{
	enum la_err err;

	while ((err = produce_events(pipeline, error)) != LA_OK) {
		/* a refused output: all of the batch again; the same jobs, by the same ids */
		if (err == LA_ETOOLARGE)
			err = LA_EUNAVAILABLE;
		if ((err = la_pipeline_wait(pipeline, "broker", err, error)) != LA_OK)
			return (err);
	}
	LA_CRASH_POINT("acknowledged");
	if ((err = la_pipeline_dead_letters(pipeline, error)) != LA_OK)
		return (err);
	la_pipeline_recovered(pipeline);
	pipeline->batch.stage = LA_BATCH_PRODUCED;
	return (LA_OK);
}
