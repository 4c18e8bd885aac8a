#include "detector/pipeline_internal.h"

#define SAY_EVERY_MS 1000  /* a log line for one of many; all are counted */
#define SMALL_BYTES 100000 /* a tenth of the usual limit of a topic */

static void
say_dead_letter(struct la_pipeline *pipeline, const struct la_message *message, enum la_dead_letter_stage stage,
    const struct la_error *why)
{
	int64_t now_ms = la_pipeline_now(pipeline);

	if (pipeline->letters_said_ms != 0 && now_ms - pipeline->letters_said_ms < SAY_EVERY_MS)
		return;
	pipeline->letters_said_ms = now_ms;
	la_pipeline_say(pipeline, LA_LOG_WARN, la_msg("dead letter"),
	    la_str("cause", la_dead_letter_cause(stage, why->code)), la_str("why", why->text),
	    la_int("partition", message->partition), la_int("offset", message->offset));
}

/* The dead letter of message i: why is found by trying again what has failed. */
static enum la_err
print_dead_letter(struct la_pipeline *pipeline, const struct la_batch *batch, size_t i, struct la_dead_letter *letter, struct la_error *error)
{
	const struct la_message *message = &batch->messages[i];
	struct la_source source = la_pipeline_source(message);
	enum la_dead_letter_stage stage = LA_DEAD_BYTES;
	struct la_error why = LA_ERROR_INIT;
	struct la_login_event event;
	enum la_err err = LA_ENOSCHEMA;

	if (la_batch_item(batch, i)->why == LA_ENOSCHEMA) /* which may be known now */
		la_decoder_say_unknown(pipeline->options.decoder, message->value, &why);
	else
		err = la_pipeline_decode(pipeline, message, &event, &why);
	if (err != LA_OK && la_err_action(err) != LA_ACTION_REJECT)
		return (la_error_set(error, err, "%s", why.text));
	if (err == LA_OK) {
		stage = LA_DEAD_VALUES;
		err = la_decider_facts(pipeline->options.decider, &event, &source, &la_batch_item(batch, i)->facts, &why);
	}
	if (err == LA_OK)
		return (la_error_set(error, LA_EINTERNAL, "a refused event passes the second time"));
	why.code = err;
	la_batch_item(batch, i)->cause = (uint8_t)la_dead_letter_cause_of(stage, err);
	la_dead_letter_init(letter, pipeline->options.topic_dlq, message, stage, &why);
	say_dead_letter(pipeline, message, stage, &why);
	return (LA_OK);
}

/* Queues the dead letter of message i; without its value when asked to, or when our own producer finds it too large. */
static enum la_err
produce_one(struct la_pipeline *pipeline, const struct la_batch *batch, size_t i, bool omit, struct la_error *error)
{
	struct la_dead_letter letter;
	enum la_err err = print_dead_letter(pipeline, batch, i, &letter, error);

	if (err != LA_OK)
		return (err);
	letter.output.batch = pipeline->next_number;
	if (omit)
		la_dead_letter_omit_value(&letter);
	err = la_pipeline_produce(pipeline, &letter.output, error);
	if (err != LA_ETOOLARGE || omit)
		return (err);
	la_dead_letter_omit_value(&letter);
	return (la_pipeline_produce(pipeline, &letter.output, error));
}

/* Which dead letters: those of messages [first, end) that are at most max_bytes long; without their values? */
struct choice {
	const struct la_batch *batch;
	size_t first, end, max_bytes;
	bool omit;
};

/*
 * A refused output ends its transaction for those that are still to be queued, which fails otherwise: was one of these found
 * too large?
 */
static enum la_err
why_refused(struct la_pipeline *pipeline, enum la_err code, struct la_error *error)
{
	const struct la_bus *bus = pipeline->options.bus;
	struct la_error earlier = LA_ERROR_INIT;

	if (code != LA_EUNAVAILABLE || !pipeline->options.exactly_once ||
	    bus->await(bus->self, pipeline->next_number, 0, &earlier) != LA_ETOOLARGE)
		return (code);
	*error = earlier;
	return (LA_ETOOLARGE);
}

/* Queues them, awaits them. */
static enum la_err
produce_chosen(struct la_pipeline *pipeline, const struct choice *choice, struct la_error *error)
{
	const struct la_batch *batch = choice->batch;
	bool any = false;
	enum la_err err = LA_OK;

	pipeline->next_number++;
	for (size_t i = choice->first; i < choice->end && err == LA_OK; i++) {
		if (la_batch_item(batch, i)->kind != LA_ITEM_REJECTED || !la_batch_holds(batch, i) ||
		    batch->messages[i].value.size > choice->max_bytes)
			continue;
		any = true;
		err = produce_one(pipeline, choice->batch, i, choice->omit, error);
	}
	if (err != LA_OK)
		return (why_refused(pipeline, err, error));
	return (any ? la_pipeline_await(pipeline, pipeline->next_number, error) : LA_OK);
}

/*
 * Repeats until the broker has taken them; with exactly_once the caller does, with all of the transaction. Errors:
 * LA_ETOOLARGE: it finds the value of one too large.
 */
static enum la_err
deliver(struct la_pipeline *pipeline, const struct choice *choice, struct la_error *error)
{
	enum la_err err;

	while ((err = produce_chosen(pipeline, choice, error)) != LA_OK) {
		if (err == LA_ETOOLARGE && !choice->omit)
			return (err);
		/* without a value, and still too large: the topic is at fault */
		err = err == LA_ETOOLARGE ? LA_EUNAVAILABLE : err;
		if (pipeline->options.exactly_once ||
		    (err = la_pipeline_wait(pipeline, "broker", err, error)) != LA_OK)
			return (err);
	}
	return (LA_OK);
}

/* Errors: as deliver; LA_ETOOLARGE with exactly_once only: it will be without its value the next time. */
static enum la_err
deliver_one(struct la_pipeline *pipeline, struct la_batch *batch, size_t i, struct la_error *error)
{
	struct la_item *item = la_batch_item(batch, i);
	enum la_err err;

	do {
		err = deliver(pipeline, &(struct choice){batch, i, i + 1, SIZE_MAX, item->omit_value}, error);
		if (err != LA_ETOOLARGE)
			return (err);
		item->omit_value = true;
	} while (!pipeline->options.exactly_once);
	pipeline->letter_marked = true;
	return (err);
}

static enum la_err
deliver_small(struct la_pipeline *pipeline, struct la_batch *batch, struct la_error *error)
{
	enum la_err err;

	if (batch->letters_one_by_one)
		return (LA_OK);
	err = deliver(pipeline, &(struct choice){batch, 0, batch->count, SMALL_BYTES, false}, error);
	if (err != LA_ETOOLARGE)
		return (err);
	batch->letters_one_by_one = true;
	pipeline->letter_marked = pipeline->options.exactly_once;
	return (pipeline->options.exactly_once ? err : LA_OK);
}

/*
 * All small ones at once, large ones one by one, since a broker that finds one too large does not say which. If that
 * happens to the small ones, they go one by one too (and may be there twice, without exactly_once).
 */
enum la_err
la_pipeline_dead_letters(struct la_pipeline *pipeline, struct la_batch *batch, struct la_error *error)
{
	enum la_err err = deliver_small(pipeline, batch, error);

	for (size_t i = 0; i < batch->count && err == LA_OK; i++) {
		if (batch->letters_one_by_one || batch->messages[i].value.size > SMALL_BYTES)
			err = deliver_one(pipeline, batch, i, error);
	}
	LA_CRASH_POINT("letters-written");
	return (err);
}
