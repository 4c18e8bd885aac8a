#include <stdlib.h>
#include <string.h>

#include "mailer/delivery_internal.h"

#define SIDE_WAIT_MAX_MS 30000
#define SWEEP_EVERY_MS 250        /* what is in slots */
#define SWEEP_LATER_EVERY_MS 1000 /* the others: only for partitions that went away, their time finds them by itself */

static int64_t
wall_now(const struct la_delivery_loop *loop)
{
	return (loop->options.wall_ms(loop->options.now_cookie));
}

/* One that could not be read again, by a defect of ours, has no time of its own. */
static int64_t
due_ms(const struct la_delivery_loop *loop, const struct la_slot *slot, int64_t wait_ms)
{
	int64_t left_ms = slot->has_job ? slot->job.not_after_ms - wall_now(loop) : INT64_MAX;

	return (la_delivery_now(loop) + (left_ms < wait_ms ? left_ms : wait_ms));
}

/* It may become a dead letter yet: its headers stay with it. */
static enum la_err
keep_record(const struct la_delivery_loop *loop, const struct la_slot *slot, struct la_later_job *job)
{
	const struct la_bus *bus = loop->options.bus;

	job->kept_bytes = slot->kept_bytes;
	if (slot->message.is_kept)
		return (LA_OK);
	return (bus->keep_headers(bus->self, &slot->message, &job->record, &job->kept_bytes));
}

enum la_err
la_delivery_put_off(
    struct la_delivery_loop *loop, struct la_slot *slot, const struct la_later_why *why, struct la_error *error)
{
	const struct la_bus *bus = loop->options.bus;
	struct la_later_job job = {.due_ms = due_ms(loop, slot, why->wait_ms),
	    .schema = slot->schema,
	    .record = slot->message,
	    .arrival = slot->arrival,
	    .ticket = slot->ticket,
	    .attempts = slot->attempts,
	    .step = slot->step,
	    .cut_once = slot->cut_once,
	    .side = why->side,
	    .has_smtp_code = slot->delivery.has_smtp_code,
	    .smtp_code = slot->delivery.smtp_code,
	    .relay = slot->which};

	memcpy(job.job_id, slot->job.job_id, sizeof(job.job_id));
	if (la_span_present(la_text_span(&slot->delivery.enhanced_code)))
		memcpy(job.enhanced_code, slot->delivery.enhanced_code.bytes, sizeof(job.enhanced_code) - 1);
	if (slot->is_asked && keep_record(loop, slot, &job) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory for jobs that wait"));
	if (la_later_put(loop->later, &job) != LA_OK) {
		if (job.record.is_kept && !slot->message.is_kept)
			bus->release(bus->self, &job.record, 1);
		return (la_error_set(error, LA_ENOMEM, "out of memory for jobs that wait"));
	}
	if (slot->block == NULL)
		bus->release(bus->self, &slot->message, 1);
	free(slot->block);
	slot->block = NULL;
	slot->schema = 0;
	la_slot_move(loop, slot, LA_SLOT_FREE);
	return (LA_OK);
}

enum la_err
la_delivery_defer(
    struct la_delivery_loop *loop, struct la_slot *slot, enum la_later_side side, struct la_error *error)
{
	struct la_later_why why = {
	    .wait_ms = la_schedule_wait_ms(&loop->options.schedule, slot->step++), .side = side};

	if (side != LA_LATER_NOBODY && why.wait_ms > SIDE_WAIT_MAX_MS)
		why.wait_ms = SIDE_WAIT_MAX_MS;
	why.wait_ms = la_schedule_spread_ms(why.wait_ms, &loop->random);
	return (la_delivery_put_off(loop, slot, &why, error));
}

static void
fill_slot(struct la_delivery_loop *loop, struct la_slot *slot, const struct la_later_job *job)
{
	la_slot_start(slot, &job->record);
	slot->block = job->block;
	slot->kept_bytes = job->kept_bytes;
	slot->schema = job->schema;
	memcpy(slot->job.job_id, job->job_id, sizeof(job->job_id));
	slot->arrival = job->arrival;
	slot->ticket = job->ticket;
	slot->attempts = slot->delivery.attempts = job->attempts;
	slot->step = job->step;
	slot->cut_once = job->cut_once;
	slot->which = job->relay;
	if (job->attempts == 0)
		return;
	slot->delivery.has_smtp_code = job->has_smtp_code;
	slot->delivery.smtp_code = job->smtp_code;
	if (job->enhanced_code[0] != '\0')
		la_text_set(&slot->delivery.enhanced_code, la_span_text(job->enhanced_code));
	la_text_set(&slot->delivery.relay, la_span_text(loop->options.relay->names[job->relay]));
}

/*
 * It was a job that could be rendered before. What cannot be any more, for new templates, waits for better ones:
 * it is too late for a dead letter, which has the record's headers.
 */
static enum la_err
resume_one(struct la_delivery_loop *loop, struct la_error *error)
{
	struct la_slot *slot = loop->lists[LA_SLOT_FREE].first;
	struct la_later_job job;
	enum la_err err;

	la_later_take(loop->later, &job);
	fill_slot(loop, slot, &job);
	la_slot_move(loop, slot, LA_SLOT_READY);
	if (la_slot_is_void(loop, &slot->message) && !slot->cut_once) {
		la_slot_drop(loop, slot);
		return (LA_OK);
	}
	if ((err = la_delivery_decode(loop, slot, error)) == LA_OK)
		err = la_delivery_address(loop, slot, error);
	if (err == LA_OK || la_err_action(err) == LA_ACTION_FATAL)
		return (err);
	la_delivery_say_of(loop, &loop->deferrals, "mail deferred", slot, error->text);
	return (la_delivery_put_off(loop, slot,
	    &(struct la_later_why){.wait_ms = la_schedule_wait_ms(&loop->options.schedule, slot->step)}, error));
}

enum la_err
la_delivery_resume(struct la_delivery_loop *loop, struct la_error *error)
{
	const struct la_later_job *next;
	enum la_err err = LA_OK;

	while (err == LA_OK && !*loop->options.stopping && loop->lists[LA_SLOT_FREE].count > 0 &&
	    (next = la_later_next(loop->later)) != NULL && next->due_ms <= la_delivery_now(loop))
		err = resume_one(loop, error);
	return (err);
}

/* A claim that was kept for a mail that was cut is the same record's again when its partition has come back meanwhile. */
static bool
is_anothers(const struct la_delivery_loop *loop, const struct la_slot *slot)
{
	return (slot->stage != LA_SLOT_CLAIMED && la_twins_has(loop, slot->job.job_id));
}

enum la_err
la_delivery_put_away(struct la_delivery_loop *loop, struct la_slot *slot, bool *gone, struct la_error *error)
{
	bool is_void = la_slot_is_void(loop, &slot->message), is_over = wall_now(loop) >= slot->job.not_after_ms;
	bool has_claim = slot->stage == LA_SLOT_CLAIMED || slot->cut_once;
	enum la_err err;

	*gone = is_void || is_over;
	if (!*gone)
		return (LA_OK);
	if (!is_void && slot->cut_once)
		return (la_delivery_mark(loop, slot, LA_DELIVERED_UNKNOWN, error)); /* it may have been sent */
	if (has_claim && !is_anothers(loop, slot) && (err = la_slot_release(loop, slot, error)) != LA_OK)
		return (err);
	if (is_void)
		la_slot_drop(loop, slot); /* it is another instance's to send */
	else
		la_slot_judge(loop, slot, LA_DELIVERED_EXPIRED);
	return (LA_OK);
}

static enum la_err
sweep_list(struct la_delivery_loop *loop, enum la_slot_stage stage, struct la_error *error)
{
	struct la_slot *slot = loop->lists[stage].first, *after;
	bool gone;
	enum la_err err = LA_OK;

	for (; err == LA_OK && slot != NULL; slot = after) {
		after = slot->after;
		err = la_delivery_put_away(loop, slot, &gone, error);
	}
	return (err);
}

static bool
is_void(void *cookie, const struct la_later_job *job)
{
	return (la_slot_is_void(cookie, &job->record));
}

static void
dropped(void *cookie, const struct la_later_job *job)
{
	struct la_delivery_loop *loop = cookie;
	const struct la_ledger *ledger = loop->options.ledger;
	struct la_message record = job->record;

	/* Without memory for it, the claim is there until this mailer has gone. */
	if (job->cut_once && !la_twins_has(loop, job->job_id))
		(void)!ledger->release(ledger->self, job->job_id, NULL);
	if (record.is_kept)
		loop->options.bus->release(loop->options.bus->self, &record, 1);
	la_decoder_unpin(loop->options.decoder, job->schema);
	la_window_finish(loop->window, job->ticket);
}

enum la_err
la_delivery_sweep(struct la_delivery_loop *loop, struct la_error *error)
{
	int64_t now_ms = la_delivery_now(loop);
	enum la_err err;

	if (now_ms - loop->swept_ms < SWEEP_EVERY_MS)
		return (LA_OK);
	loop->swept_ms = now_ms;
	if (loop->recipients != NULL)
		la_recipients_sweep(loop->recipients, now_ms);
	if ((err = sweep_list(loop, LA_SLOT_TO_ASK, error)) != LA_OK ||
	    (err = sweep_list(loop, LA_SLOT_READY, error)) != LA_OK ||
	    (err = sweep_list(loop, LA_SLOT_CLAIMED, error)) != LA_OK)
		return (err);
	if (now_ms - loop->swept_later_ms >= SWEEP_LATER_EVERY_MS) {
		loop->swept_later_ms = now_ms;
		la_later_sweep(loop->later, is_void, dropped, loop);
	}
	return (LA_OK);
}
