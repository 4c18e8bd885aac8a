#include "detector/pipeline_internal.h"

#define PRODUCE_MS 1000 /* for room in the local queue */
#define AWAIT_MS 2000   /* for the broker, before we say that we wait */

static const char *const trace_headers[] = {"traceparent", "tracestate", NULL};

/* Queues one output. Errors: as la_pipeline_wait, LA_ETOOLARGE. */
static enum la_err
produce(struct la_pipeline *pipeline, const struct la_output *output, struct la_error *error)
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

/* Waits for the acknowledgements of all outputs up to number. Errors: LA_ETIMEOUT excepted, as the port. */
static enum la_err
await(struct la_pipeline *pipeline, uint64_t number, struct la_error *error)
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
	enum la_err err = produce(pipeline, &output, error);

	if (err != LA_ETOOLARGE)
		return (err);
	/* no record of ours is large: the topic's limit is at fault, and the alert must not be lost */
	la_error_prefix(error, "topic %s", topic);
	return (LA_EUNAVAILABLE);
}

/* The job and the decision of one event, decoded again: its strings are in the message, which we hold. */
static enum la_err
produce_event(struct la_pipeline *pipeline, size_t i, struct la_error *error)
{
	const struct la_pipeline_options *options = &pipeline->options;
	const struct la_message *message = &pipeline->batch.messages[i];
	const struct la_item *item = &pipeline->batch.items[i];
	struct la_source source = la_pipeline_source(message);
	bool alerted = item->verdict.outcome == LA_OUTCOME_ALERTED;
	bool published = is_published(options->publish, item->verdict.outcome);
	struct la_login_event event;
	struct la_alert_job job;
	struct la_decision decision;
	enum la_err err;

	if (!alerted && !published)
		return (LA_OK);
	if (la_pipeline_decode(pipeline, message, &event, error) != LA_OK)
		return (la_error_set(error, LA_EINTERNAL, "an event cannot be decoded a second time"));
	if (alerted) {
		la_decider_job(options->decider, &event, &source, &item->facts, &item->verdict, &job);
		la_buf_reset(&pipeline->value);
		if ((err = la_encoder_job(options->encoder, &job, &pipeline->value, error)) != LA_OK ||
		    (err = produce_value(pipeline, options->topic_alerts, job.member_ref, message, error)) != LA_OK)
			return (err);
	}
	if (!published)
		return (LA_OK);
	la_decider_decision(options->decider, &event, &source, &item->facts, &item->verdict, &decision);
	la_buf_reset(&pipeline->value);
	if ((err = la_encoder_decision(options->encoder, &decision, &pipeline->value, error)) != LA_OK)
		return (err);
	return (produce_value(pipeline, options->topic_decisions, decision.member_ref, NULL, error));
}

static enum la_err
produce_events(struct la_pipeline *pipeline, struct la_error *error)
{
	struct la_batch *batch = &pipeline->batch;
	enum la_err err = LA_OK;

	batch->number = ++pipeline->next_number;
	for (size_t i = 0; i < batch->count && err == LA_OK; i++) {
		if (batch->items[i].kind == LA_ITEM_EVENT && la_batch_holds(batch, i))
			err = produce_event(pipeline, i, error);
	}
	return (err == LA_OK ? await(pipeline, batch->number, error) : err);
}

/* The dead letter of message i: why is found by trying again what has failed. */
static enum la_err
print_dead_letter(struct la_pipeline *pipeline, size_t i, struct la_dead_letter *letter, struct la_error *error)
{
	const struct la_message *message = &pipeline->batch.messages[i];
	struct la_source source = la_pipeline_source(message);
	enum la_dead_letter_stage stage = LA_DEAD_BYTES;
	struct la_error why = LA_ERROR_INIT;
	struct la_login_event event;
	enum la_err err = la_pipeline_decode(pipeline, message, &event, &why);

	if (err == LA_OK) {
		stage = LA_DEAD_VALUES;
		err = la_decider_facts(pipeline->options.decider, &event, &source, &pipeline->batch.items[i].facts, &why);
	}
	if (err == LA_OK)
		return (la_error_set(error, LA_EINTERNAL, "a refused event passes the second time"));
	why.code = err;
	la_dead_letter_init(letter, pipeline->options.topic_dlq, message, stage, &why);
	la_pipeline_say(pipeline, LA_LOG_WARN, la_msg("dead letter"),
	    la_str("cause", la_dead_letter_cause(stage, err)), la_str("why", why.text),
	    la_int("partition", message->partition), la_int("offset", message->offset));
	return (LA_OK);
}

/*
 * One dead letter, acknowledged before the next: they are rare, and so it is known which one the broker finds too
 * large. That may be said by our own producer or by the broker.
 */
static enum la_err
produce_dead_letter(struct la_pipeline *pipeline, size_t i, struct la_error *error)
{
	struct la_dead_letter letter;
	bool omitted = false;
	enum la_err err = print_dead_letter(pipeline, i, &letter, error);

	if (err != LA_OK)
		return (err);
	do {
		letter.output.batch = ++pipeline->next_number;
		if ((err = produce(pipeline, &letter.output, error)) == LA_OK)
			err = await(pipeline, letter.output.batch, error);
		if (err == LA_ETOOLARGE && !omitted) {
			omitted = true;
			la_dead_letter_omit_value(&letter);
		} else if (err != LA_OK) {
			err = la_pipeline_wait(pipeline, "broker", err == LA_ETOOLARGE ? LA_EUNAVAILABLE : err, error);
			if (err != LA_OK)
				return (err);
			err = LA_EUNAVAILABLE;
		}
	} while (err != LA_OK);
	return (LA_OK);
}

static enum la_err
produce_dead_letters(struct la_pipeline *pipeline, struct la_error *error)
{
	struct la_batch *batch = &pipeline->batch;
	enum la_err err = LA_OK;

	for (size_t i = 0; i < batch->count && err == LA_OK; i++) {
		if (batch->items[i].kind == LA_ITEM_REJECTED && la_batch_holds(batch, i))
			err = produce_dead_letter(pipeline, i, error);
	}
	return (err);
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
	if ((err = produce_dead_letters(pipeline, error)) != LA_OK)
		return (err);
	la_pipeline_recovered(pipeline);
	pipeline->batch.stage = LA_BATCH_PRODUCED;
	return (LA_OK);
}

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
		err = bus->commit(bus->self, pipeline->done, count, error);
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
