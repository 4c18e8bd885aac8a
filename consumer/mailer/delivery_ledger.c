#include "mailer/delivery_internal.h"

#define ANSWERS 64       /* taken from the ledger at a time */
#define BUSY_WAIT_MS 1000 /* until another mailer's claim is looked at again */

static int64_t
ttl_s(const struct la_delivery_loop *loop, const struct la_slot *slot)
{
	return (la_ledger_ttl_s(slot->job.not_after_ms, loop->options.wall_ms(loop->options.now_cookie)));
}

static enum la_err
claim_one(struct la_delivery_loop *loop, struct la_slot *slot, struct la_error *error)
{
	const struct la_ledger *ledger = loop->options.ledger;
	bool gone;
	enum la_err err = la_delivery_put_away(loop, slot, &gone, error);

	if (err != LA_OK || gone)
		return (err);
	/* The same job at another offset, or again after a rebalance: one goes on, the other finds what became of it. */
	if (la_twins_has(loop, slot->job.job_id))
		return (la_delivery_put_off(loop, slot, &(struct la_later_why){.wait_ms = BUSY_WAIT_MS}, error));
	la_slot_move(loop, slot, LA_SLOT_CLAIMING);
	slot->asked_us = la_watch_now_us(loop->options.watch);
	return (ledger->claim(
	    ledger->self, (uint64_t)(slot - loop->slots), slot->job.job_id, ttl_s(loop, slot), error));
}

enum la_err
la_delivery_claim(struct la_delivery_loop *loop, struct la_error *error)
{
	const struct la_slot_list *claiming = &loop->lists[LA_SLOT_CLAIMING], *claimed = &loop->lists[LA_SLOT_CLAIMED];
	int64_t allowed = la_rate_room(&loop->rate, la_delivery_now(loop));
	size_t room = la_delivery_relay_room(loop);
	struct la_slot *slot;
	enum la_err err = LA_OK;

	if (allowed < (int64_t)room)
		room = (size_t)allowed + 1;
	while (err == LA_OK && !*loop->options.stopping && claiming->count + claimed->count < room &&
	    (slot = loop->lists[LA_SLOT_READY].first) != NULL)
		err = claim_one(loop, slot, error);
	return (err);
}

enum la_err
la_delivery_mark(
    struct la_delivery_loop *loop, struct la_slot *slot, enum la_delivered outcome, struct la_error *error)
{
	const struct la_ledger *ledger = loop->options.ledger;

	slot->delivery.outcome = outcome;
	la_slot_move(loop, slot, LA_SLOT_MARKING);
	slot->asked_us = la_watch_now_us(loop->options.watch);
	return (ledger->mark(
	    ledger->self, (uint64_t)(slot - loop->slots), slot->job.job_id, ttl_s(loop, slot), error));
}

static enum la_err
settle(struct la_delivery_loop *loop, const struct la_ledger_answer *answer, struct la_error *error)
{
	struct la_slot *slot = &loop->slots[answer->token];

	la_watch_took(loop->options.watch, LA_TIMING_STORE, slot->asked_us);
	switch (answer->verdict) {
	case LA_LEDGER_TAKEN_OVER:
		la_delivery_say_of(loop, &loop->takeovers, "mail again", slot,
		    "a mailer that is gone had claimed it; it may have been sent");
		la_slot_move(loop, slot, LA_SLOT_CLAIMED);
		break;
	case LA_LEDGER_CLAIMED:
		LA_CRASH_POINT("claimed");
		la_slot_move(loop, slot, LA_SLOT_CLAIMED);
		break;
	case LA_LEDGER_BUSY:
		return (la_delivery_put_off(loop, slot, &(struct la_later_why){.wait_ms = BUSY_WAIT_MS}, error));
	case LA_LEDGER_DONE:
		la_slot_judge(loop, slot, LA_DELIVERED_DUPLICATE);
		break;
	case LA_LEDGER_MARKED:
		LA_CRASH_POINT("marked");
		la_slot_judge(loop, slot, slot->delivery.outcome);
		break;
	}
	return (LA_OK);
}

/*
 * Our claims may be others' by now: what has not gone to the relay is claimed anew, if it is ours to mail still, and is not
 * ours to hold else; the relay withdraws what it has.
 */
static enum la_err
look_for_lapse(struct la_delivery_loop *loop, struct la_error *error)
{
	const struct la_ledger *ledger = loop->options.ledger;
	const struct la_relay *relay = loop->options.relay;
	int64_t until_ms = ledger->valid_until_ms(ledger->self);
	bool lapsed = loop->valid_until_ms != 0 && (until_ms == 0 || la_delivery_now(loop) >= loop->valid_until_ms);
	struct la_slot *slot;
	enum la_err err = LA_OK;

	while (err == LA_OK && lapsed && (slot = loop->lists[LA_SLOT_CLAIMED].first) != NULL) {
		if (!slot->cut_once)
			err = la_slot_release(loop, slot, error);
		la_slot_move(loop, slot, LA_SLOT_READY);
	}
	relay->trust(relay->self, until_ms);
	loop->valid_until_ms = until_ms;
	return (err);
}

enum la_err
la_delivery_work_ledger(struct la_delivery_loop *loop, struct la_error *error)
{
	const struct la_ledger *ledger = loop->options.ledger;
	struct la_ledger_answer answers[ANSWERS];
	enum la_err err, settled = LA_OK;
	size_t count;

	do {
		err = ledger->work(ledger->self, answers, ANSWERS, &count, error);
		settled = look_for_lapse(loop, error);
		for (size_t i = 0; i < count && settled == LA_OK; i++)
			settled = settle(loop, &answers[i], error);
	} while (err == LA_OK && settled == LA_OK && count == ANSWERS);
	if (settled != LA_OK || la_err_action(err) == LA_ACTION_FATAL)
		return (settled != LA_OK ? settled : err);
	if (err != LA_OK)
		la_delivery_note(loop, &loop->redis, "redis", error->text);
	else if (loop->valid_until_ms > la_delivery_now(loop))
		la_delivery_recovered(loop, &loop->redis);
	return (LA_OK);
}
