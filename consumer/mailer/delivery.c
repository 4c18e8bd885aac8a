#include "mailer/delivery.h"

#include <stdlib.h>

#include "mailer/delivery_internal.h"

#define SAY_EVERY_MS 30000
#define SELDOM_MS 1000
#define LAST_COMMIT_PART 3 /* of the time for finishing, on top of it */

static size_t
slots_for(size_t connections)
{
	size_t slots = connections * LA_SLOTS_PER_CONNECTION;

	if (slots < LA_SLOTS_MIN)
		return (LA_SLOTS_MIN);
	return (slots > LA_SLOTS_MAX ? LA_SLOTS_MAX : slots);
}

/* All slots are free, in their list. */
static void
list_slots(struct la_delivery_loop *loop)
{
	struct la_slot_list *free_ones = &loop->lists[LA_SLOT_FREE];

	for (size_t i = 0; i < loop->slot_count; i++) {
		struct la_slot *slot = &loop->slots[i];

		la_mail_init(&slot->mail);
		slot->before = i == 0 ? NULL : slot - 1;
		slot->after = i + 1 == loop->slot_count ? NULL : slot + 1;
	}
	*free_ones = (struct la_slot_list){loop->slots, &loop->slots[loop->slot_count - 1], loop->slot_count};
}

enum la_err
la_delivery_new(struct la_delivery_loop **loop, const struct la_delivery_options *options, struct la_error *error)
{
	struct la_delivery_loop *made = calloc(1, sizeof(*made));

	if (made == NULL)
		goto fail;
	made->options = *options;
	made->random = (uint32_t)options->now_ms(options->now_cookie) | 1u;
	made->connections = options->relay->room(options->relay->self, 0);
	made->slot_count = slots_for(made->connections);
	made->slots = calloc(made->slot_count, sizeof(made->slots[0]));
	if (made->slots == NULL || la_twins_init(made) != LA_OK || la_later_new(&made->later) != LA_OK ||
	    (options->directory != NULL && la_recipients_new(&made->recipients) != LA_OK) ||
	    la_window_new(&made->window, (uint32_t)(made->slot_count + LA_LATER_MAX)) != LA_OK)
		goto fail;
	list_slots(made);
	la_rate_init(&made->rate, options->mails_per_s, la_delivery_now(made));
	made->counts_said_ms = made->directory_heard_ms = la_delivery_now(made);
	*loop = made;
	return (LA_OK);

fail:
	la_delivery_free(made);
	return (la_error_set(error, LA_ENOMEM, "out of memory for the records in hand"));
}

static void
drop_later(struct la_delivery_loop *loop)
{
	struct la_later_job job;

	while (loop->later != NULL && la_later_next(loop->later) != NULL) {
		la_later_take(loop->later, &job);
		if (job.record.is_kept)
			loop->options.bus->release(loop->options.bus->self, &job.record, 1);
		free(job.block);
		la_decoder_unpin(loop->options.decoder, job.schema);
	}
	la_later_free(loop->later);
}

void
la_delivery_free(struct la_delivery_loop *loop)
{
	if (loop == NULL)
		return;
	for (size_t i = 0; loop->slots != NULL && i < loop->slot_count; i++) {
		struct la_slot *slot = &loop->slots[i];

		if (slot->stage != LA_SLOT_FREE && (slot->block == NULL || slot->message.is_kept))
			loop->options.bus->release(loop->options.bus->self, &slot->message, 1);
		free(slot->block);
		la_slot_unpin(loop, slot);
		la_mail_clear(&slot->mail);
	}
	if (loop->taken_first < loop->taken_end)
		loop->options.bus->release(loop->options.bus->self, loop->taken + loop->taken_first,
		    loop->taken_end - loop->taken_first);
	free(loop->slots);
	free(loop->twins);
	drop_later(loop);
	la_recipients_free(loop->recipients);
	la_window_free(loop->window);
	la_buf_clear(&loop->value);
	free(loop);
}

int64_t
la_delivery_now(const struct la_delivery_loop *loop)
{
	return (loop->options.now_ms(loop->options.now_cookie));
}

void
la_delivery_note(struct la_delivery_loop *loop, struct la_waiting *waiting, const char *side, const char *why)
{
	int64_t now_ms = la_delivery_now(loop);
	bool first = waiting->side == NULL;

	la_delivery_watch_failure(loop, waiting, side, why);
	if (first)
		*waiting = (struct la_waiting){.side = side, .since_ms = now_ms};
	waiting->tries++;
	if (!first && now_ms - waiting->said_ms < SAY_EVERY_MS)
		return;
	waiting->said_ms = now_ms;
	la_delivery_say(loop, LA_LOG_WARN, la_msg("waiting"), la_str("for", side), la_str("why", why),
	    la_int("tries", waiting->tries), la_int("seconds", (now_ms - waiting->since_ms) / 1000));
}

void
la_delivery_recovered(struct la_delivery_loop *loop, struct la_waiting *waiting)
{
	if (waiting->side == NULL)
		return;
	la_health_works(la_watch_health(loop->options.watch), waiting->side);
	la_delivery_say(loop, LA_LOG_INFO, la_msg("going on"), la_str("after", waiting->side),
	    la_int("tries", waiting->tries), la_int("seconds", (la_delivery_now(loop) - waiting->since_ms) / 1000));
	*waiting = (struct la_waiting){.side = NULL};
}

bool
la_delivery_may_say(const struct la_delivery_loop *loop, struct la_seldom *kind, int64_t *unsaid)
{
	int64_t now_ms = la_delivery_now(loop);

	if (kind->is_said && now_ms - kind->said_ms < SELDOM_MS) {
		kind->unsaid++;
		return (false);
	}
	*unsaid = kind->unsaid;
	*kind = (struct la_seldom){.is_said = true, .said_ms = now_ms};
	return (true);
}

void
la_delivery_say_of(struct la_delivery_loop *loop, struct la_seldom *kind, const char *what, const struct la_slot *slot,
    const char *why)
{
	int64_t unsaid;

	if (la_delivery_may_say(loop, kind, &unsaid))
		la_delivery_say(loop, LA_LOG_WARN, la_msg(what), la_str("why", why),
		    la_int("partition", slot->message.partition), la_int("offset", slot->message.offset),
		    la_int("unsaid", unsaid));
}

/* What became of jobs since the last time, if anything did. */
static void
say_counts(struct la_delivery_loop *loop, bool last)
{
	struct la_field fields[LA_DELIVERED_OTHER + 2];
	int64_t now_ms = la_delivery_now(loop);
	size_t count = 0;

	if (!last && now_ms - loop->counts_said_ms < SAY_EVERY_MS)
		return;
	fields[count++] = la_msg("jobs done");
	for (int outcome = 0; outcome <= LA_DELIVERED_OTHER; outcome++) {
		if (loop->counts[outcome] > 0)
			fields[count++] =
			    la_int(la_delivered_name((enum la_delivered)outcome), (int64_t)loop->counts[outcome]);
		loop->counts[outcome] = 0;
	}
	if (count > 1)
		loop->options.log(LA_LOG_INFO, fields, count);
	loop->counts_said_ms = now_ms;
}

/*
 * Nothing new is taken. A mail that waits for its time or for the relay is handed back: its offset is not committed,
 * and the next start finds it.
 */
static bool
is_finished(struct la_delivery_loop *loop)
{
	int64_t now_ms = la_delivery_now(loop);

	if (!loop->stop_seen) {
		loop->stop_seen = true;
		loop->stop_deadline_ms = now_ms + loop->options.shutdown_timeout_ms;
	}
	if (now_ms >= loop->stop_deadline_ms)
		return (true);
	return (loop->lists[LA_SLOT_SENDING].count + loop->lists[LA_SLOT_MARKING].count +
		loop->lists[LA_SLOT_JUDGED].count + loop->lists[LA_SLOT_ACKING].count == 0);
}

/* What is claimed and not sent is for others at once. */
static enum la_err
hand_back(struct la_delivery_loop *loop, struct la_error *error)
{
	static const enum la_slot_stage stages[] = {LA_SLOT_CLAIMING, LA_SLOT_CLAIMED};
	size_t count = la_slot_in_hand(loop) + la_later_count(loop->later);
	enum la_err err = LA_OK;

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		struct la_slot *slot = loop->lists[stages[i]].first;

		for (; slot != NULL && err == LA_OK; slot = slot->after) {
			if (!slot->cut_once)
				err = la_slot_release(loop, slot, error);
		}
	}
	if (count > 0)
		la_delivery_say(loop, LA_LOG_INFO, la_msg("jobs handed back"), la_int("count", (int64_t)count));
	return (err);
}

/* One turn. Errors: only those with LA_ACTION_FATAL. */
static enum la_err
turn(struct la_delivery_loop *loop, struct la_error *error)
{
	enum la_err err;

	la_health_turned(la_watch_health(loop->options.watch), la_delivery_now(loop));
	if (loop->options.each_turn != NULL)
		loop->options.each_turn(loop->options.turn_cookie);
	/* What is due comes before what is new. */
	if ((err = la_delivery_resume(loop, error)) != LA_OK || (err = la_delivery_take(loop, error)) != LA_OK ||
	    (err = la_delivery_send(loop, error)) != LA_OK ||
	    (err = la_delivery_output(loop, error)) != LA_OK || (err = la_delivery_commit(loop, false, error)) != LA_OK)
		return (err);
	say_counts(loop, false);
	return (LA_OK);
}

enum la_err
la_delivery_run(struct la_delivery_loop *loop, struct la_error *error)
{
	enum la_err err = LA_OK;

	while (err == LA_OK && (!*loop->options.stopping || !is_finished(loop)))
		err = turn(loop, error);
	if (err == LA_OK)
		err = la_delivery_commit_last(
		    loop, la_delivery_now(loop) + loop->options.shutdown_timeout_ms / LAST_COMMIT_PART, error);
	say_counts(loop, true);
	return (err == LA_OK ? hand_back(loop, error) : err);
}
