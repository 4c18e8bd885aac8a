#include "mailer/delivery_internal.h"

#define IDLE_MS 100         /* *stopping is looked at in between */
#define RESULTS 64          /* taken from the relay at a time */
#define REFUSED_IN_A_ROW 10 /* at DATA or its end: not the mails are at fault */

/* It was not about this mail: the relay rests. The mail goes to the next one, or waits. */
static enum la_err
meet_fault(struct la_delivery_loop *loop, struct la_slot *slot, const struct la_relay_result *result,
    struct la_error *error)
{
	bool is_opening = result->stage <= LA_SMTP_EHLO && result->outcome == LA_RELAY_DEFER;
	size_t other;

	if (is_opening && la_delivery_is_at_its_most(loop, slot, result->detail)) {
		la_slot_move(loop, slot, LA_SLOT_READY);
		return (LA_OK);
	}
	la_delivery_rest_relay(loop, result->which, result->detail);
	if (result->outcome == LA_RELAY_DEFER && !la_delivery_choose_relay(loop, &other))
		return (la_delivery_defer(loop, slot, LA_LATER_RELAY, error));
	la_slot_move(loop, slot, LA_SLOT_READY);
	return (LA_OK);
}

/* This mail will not be taken. */
static void
refuse(struct la_delivery_loop *loop, struct la_slot *slot, const struct la_relay_result *result)
{
	la_delivery_say_of(loop, &loop->refusals, "mail refused", slot, result->detail);
	la_slot_judge(loop, slot, LA_DELIVERED_REFUSED);
	if (result->stage != LA_SMTP_DATA && result->stage != LA_SMTP_END_OF_DATA)
		return;
	if (++loop->relays[result->which].refused_in_a_row >= REFUSED_IN_A_ROW) /* and each one more, until it takes one */
		la_delivery_rest_relay(loop, result->which, "it refused 10 mails in a row");
}

/* Cut after the final dot: it may be there. Once more with the same Message-ID, then as it is. The claim is kept. */
static enum la_err
cut(struct la_delivery_loop *loop, struct la_slot *slot, const struct la_relay_result *result, struct la_error *error)
{
	la_delivery_say_of(loop, &loop->deferrals, "mail cut", slot, result->detail);
	if (slot->cut_once)
		return (la_delivery_mark(loop, slot, LA_DELIVERED_UNKNOWN, error));
	slot->cut_once = true;
	return (la_delivery_defer(loop, slot, LA_LATER_NOBODY, error));
}

static void
keep_reply(struct la_delivery_loop *loop, struct la_slot *slot, const struct la_relay_result *result)
{
	struct la_delivery *delivery = &slot->delivery;

	delivery->attempts = ++slot->attempts;
	delivery->has_smtp_code = result->smtp_code != 0;
	delivery->smtp_code = result->smtp_code;
	la_text_set(&delivery->enhanced_code,
	    result->enhanced_code[0] == '\0' ? la_span_of(NULL, 0) : la_span_text(result->enhanced_code));
	la_text_set(&delivery->relay, la_span_text(loop->options.relay->names[result->which]));
}

/* What an answer says of the relay. */
static void
judge_relay(struct la_delivery_loop *loop, const struct la_relay_result *result)
{
	struct la_server_state *state = &loop->relays[result->which];

	if (result->outcome == LA_RELAY_SENT)
		state->refused_in_a_row = 0;
	/* An answer about a recipient or a message: it speaks with us. */
	if (result->stage >= LA_SMTP_RCPT && result->smtp_code != 0 && result->outcome != LA_RELAY_AT_FAULT &&
	    state->refused_in_a_row == 0)
		la_delivery_relay_is_well(loop, result->which);
}

static enum la_err
settle_unsent(struct la_delivery_loop *loop, struct la_slot *slot, const struct la_relay_result *result,
    struct la_error *error)
{
	enum la_err err = LA_OK;

	if (!slot->cut_once && (err = la_slot_release(loop, slot, error)) != LA_OK)
		return (err);
	switch (result->outcome) {
	case LA_RELAY_REFUSED:
		refuse(loop, slot, result);
		break;
	case LA_RELAY_DEFER:
		if (result->stage < LA_SMTP_RCPT)
			return (meet_fault(loop, slot, result, error));
		la_delivery_say_of(loop, &loop->deferrals, "mail deferred", slot, result->detail);
		return (la_delivery_defer(loop, slot, LA_LATER_NOBODY, error));
	case LA_RELAY_AT_FAULT:
		return (meet_fault(loop, slot, result, error));
	case LA_RELAY_WITHDRAWN:
	case LA_RELAY_SENT:
	case LA_RELAY_UNKNOWN:
		la_slot_move(loop, slot, LA_SLOT_READY);
		break;
	}
	return (LA_OK);
}

static enum la_err
settle(struct la_delivery_loop *loop, const struct la_relay_result *result, struct la_error *error)
{
	struct la_slot *slot = &loop->slots[result->token];

	loop->relays[result->which].sending--;
	if (result->outcome != LA_RELAY_WITHDRAWN) {
		la_delivery_watch_result(loop, slot, result);
		keep_reply(loop, slot, result);
		judge_relay(loop, result);
	}
	if (result->outcome == LA_RELAY_UNKNOWN)
		return (cut(loop, slot, result, error));
	if (result->outcome != LA_RELAY_SENT)
		return (settle_unsent(loop, slot, result, error));
	LA_CRASH_POINT("mail-taken");
	return (la_delivery_mark(loop, slot, LA_DELIVERED_SENT, error));
}

static enum la_err
submit_one(struct la_delivery_loop *loop, struct la_slot *slot, size_t which, struct la_error *error)
{
	const struct la_relay *relay = loop->options.relay;
	const struct la_relay_mail mail = {.token = (uint64_t)(slot - loop->slots),
	    .from = slot->mail.envelope_from.text,
	    .to = slot->mail.to.text,
	    .data = la_buf_span(&slot->mail.eml)};
	enum la_err err = relay->submit(relay->self, which, &mail, error);

	if (err != LA_OK)
		return (err);
	slot->which = which;
	slot->submitted_ms = la_delivery_now(loop);
	slot->submitted_us = la_watch_now_us(loop->options.watch);
	loop->relays[which].sending++;
	la_rate_take(&loop->rate);
	la_slot_move(loop, slot, LA_SLOT_SENDING);
	return (LA_OK);
}

static enum la_err
submit(struct la_delivery_loop *loop, struct la_error *error)
{
	struct la_slot *slot;
	size_t which;
	bool gone;
	enum la_err err = LA_OK;

	while (err == LA_OK && (slot = loop->lists[LA_SLOT_CLAIMED].first) != NULL && !*loop->options.stopping &&
	    loop->valid_until_ms > la_delivery_now(loop) && la_delivery_choose_relay(loop, &which) &&
	    la_rate_room(&loop->rate, la_delivery_now(loop)) > 0) {
		if ((err = la_delivery_put_away(loop, slot, &gone, error)) == LA_OK && !gone)
			err = submit_one(loop, slot, which, error);
	}
	return (err == LA_EUNAVAILABLE ? LA_OK : err);
}

static void
sooner(int64_t *wait_ms, int64_t other_ms)
{
	if (other_ms < *wait_ms)
		*wait_ms = other_ms < 0 ? 0 : other_ms;
}

/* How long work may wait: not when records are to be produced at once, nor past the time of what waits. */
static int
wait_ms(const struct la_delivery_loop *loop)
{
	const struct la_later_job *next = la_later_next(loop->later);
	int64_t now_ms = la_delivery_now(loop), wait = IDLE_MS;
	size_t which;

	for (const struct la_slot *slot = loop->lists[LA_SLOT_JUDGED].first; slot != NULL; slot = slot->after)
		sooner(&wait, slot->produce_at_ms - now_ms);
	if (next != NULL && loop->lists[LA_SLOT_FREE].count > 0)
		sooner(&wait, next->due_ms - now_ms);
	if (loop->lists[LA_SLOT_READY].count + loop->lists[LA_SLOT_CLAIMED].count > 0)
		sooner(&wait, la_delivery_next_relay_ms(loop) - now_ms);
	if (loop->lists[LA_SLOT_CLAIMED].count > 0 && la_delivery_choose_relay(loop, &which) &&
	    loop->valid_until_ms > now_ms)
		sooner(&wait, la_rate_wait_ms(&loop->rate));
	sooner(&wait, la_delivery_ask_wait_ms(loop));
	sooner(&wait, la_delivery_take_wait_ms(loop));
	return ((int)wait);
}

/* Claims, submits, and lets the ledger know: whatever may go on without waiting. */
static enum la_err
advance(struct la_delivery_loop *loop, struct la_error *error)
{
	enum la_err err;

	if ((err = la_delivery_claim(loop, error)) != LA_OK || (err = la_delivery_work_ledger(loop, error)) != LA_OK)
		return (err);
	return (submit(loop, error));
}

enum la_err
la_delivery_send(struct la_delivery_loop *loop, struct la_error *error)
{
	const struct la_relay *relay = loop->options.relay;
	const struct la_ledger *ledger = loop->options.ledger;
	const struct la_directory *directory = loop->options.directory;
	struct la_relay_result results[RESULTS];
	struct la_relay_wait wait;
	size_t count = 0;
	enum la_err err;

	la_delivery_try_more(loop);
	if ((err = la_delivery_sweep(loop, error)) != LA_OK || (err = la_delivery_ask(loop, error)) != LA_OK ||
	    (err = advance(loop, error)) != LA_OK)
		return (err);
	wait = (struct la_relay_wait){
	    .ms = wait_ms(loop), .fds = {loop->options.bus_fd, ledger->fd(ledger->self),
	        directory == NULL ? -1 : directory->fd(directory->self)}};
	err = relay->work(relay->self, &wait, results, RESULTS, &count, error);
	for (size_t i = 0; i < count && err == LA_OK; i++)
		err = settle(loop, &results[i], error);
	if (err != LA_OK)
		return (err);
	return (advance(loop, error)); /* a connection that is free again need not wait for the broker */
}
