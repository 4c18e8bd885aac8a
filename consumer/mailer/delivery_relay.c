#include "mailer/delivery_internal.h"

#define IDLE_MS 100          /* *stopping is looked at in between */
#define SWEEP_EVERY_MS 250
#define RESULTS 64           /* taken from the relay at a time */
#define REST_MIN_MS 1000     /* a relay at fault; doubles to the maximum */
#define REST_MAX_MS 30000
#define RETRY_MIN_MS 1000    /* a mail that was deferred; doubles to the maximum */
#define RETRY_MAX_MS 30000
#define REFUSED_IN_A_ROW 10  /* at DATA or its end: not the mails are at fault */

/* ms to 1.25 * ms: so that what failed together does not come back together. xorshift32 (Marsaglia 2003). */
static int64_t
jitter(struct la_delivery_loop *loop, int64_t ms)
{
	loop->random ^= loop->random << 13;
	loop->random ^= loop->random >> 17;
	loop->random ^= loop->random << 5;
	return (ms + (int64_t)(loop->random % (uint32_t)(ms / 4 + 1)));
}

static void
rest_relay(struct la_delivery_loop *loop, const char *why)
{
	int64_t rest_ms = loop->relay_rest_ms * 2;

	if (loop->relay_rests_until_ms > la_delivery_now(loop))
		return; /* several connections met the same fault */
	if (rest_ms < REST_MIN_MS)
		rest_ms = REST_MIN_MS;
	if (rest_ms > REST_MAX_MS)
		rest_ms = REST_MAX_MS;
	loop->relay_rest_ms = rest_ms;
	loop->relay_rests_until_ms = la_delivery_now(loop) + jitter(loop, rest_ms);
	la_delivery_note(loop, &loop->relay, "relay", why);
}

static void
relay_is_well(struct la_delivery_loop *loop)
{
	loop->relay_rest_ms = 0;
	la_delivery_recovered(loop, &loop->relay);
}

static void
say_result(struct la_delivery_loop *loop, struct la_seldom *kind, const char *what, const struct la_slot *slot,
    const char *why)
{
	int64_t unsaid;

	if (la_delivery_may_say(loop, kind, &unsaid))
		la_delivery_say(loop, LA_LOG_WARN, la_msg(what), la_str("why", why),
		    la_int("partition", slot->message.partition), la_int("offset", slot->message.offset),
		    la_int("unsaid", unsaid));
}

/* Later: this mail has met a temporary no. */
static void
defer(struct la_delivery_loop *loop, struct la_slot *slot)
{
	int64_t wait_ms = RETRY_MIN_MS;

	for (int32_t i = 1; i < slot->attempts && wait_ms < RETRY_MAX_MS; i++)
		wait_ms *= 2;
	slot->not_before_ms = la_delivery_now(loop) + jitter(loop, wait_ms < RETRY_MAX_MS ? wait_ms : RETRY_MAX_MS);
	slot->stage = LA_SLOT_READY;
}

/* This mail will not be taken. */
static void
refuse(struct la_delivery_loop *loop, struct la_slot *slot, const struct la_relay_result *result)
{
	say_result(loop, &loop->refusals, "mail refused", slot, result->detail);
	la_delivery_judge(slot, LA_DELIVERED_REFUSED);
	if (result->stage != LA_SMTP_DATA && result->stage != LA_SMTP_END_OF_DATA)
		return;
	if (++loop->refused_in_a_row >= REFUSED_IN_A_ROW) /* and each one more, until it takes one */
		rest_relay(loop, "it refused 10 mails in a row");
}

/* Cut after the final dot: it may be there. Once more with the same Message-ID, then as it is. */
static void
cut(struct la_delivery_loop *loop, struct la_slot *slot)
{
	if (slot->cut_once) {
		la_delivery_judge(slot, LA_DELIVERED_UNKNOWN);
		return;
	}
	slot->cut_once = true;
	defer(loop, slot);
}

static void
settle(struct la_delivery_loop *loop, const struct la_relay_result *result)
{
	struct la_slot *slot = &loop->slots[result->token];

	loop->sending--;
	slot->attempts++;
	slot->delivery.attempts = slot->attempts;
	slot->delivery.has_smtp_code = result->smtp_code != 0;
	slot->delivery.smtp_code = result->smtp_code;
	la_text_set(&slot->delivery.enhanced_code,
	    result->enhanced_code[0] == '\0' ? la_span_of(NULL, 0) : la_span_text(result->enhanced_code));
	la_text_set(&slot->delivery.relay, la_span_text(result->relay));
	if (result->outcome == LA_RELAY_SENT)
		loop->refused_in_a_row = 0;
	/* An answer about a recipient or a message: it speaks with us. */
	if (result->stage >= LA_SMTP_RCPT && result->smtp_code != 0 && result->outcome != LA_RELAY_AT_FAULT &&
	    loop->refused_in_a_row == 0)
		relay_is_well(loop);
	switch (result->outcome) {
	case LA_RELAY_SENT:
		la_delivery_judge(slot, LA_DELIVERED_SENT);
		break;
	case LA_RELAY_REFUSED:
		refuse(loop, slot, result);
		break;
	case LA_RELAY_DEFER:
		defer(loop, slot);
		if (result->stage < LA_SMTP_RCPT)
			rest_relay(loop, result->detail); /* it was not about this mail */
		else
			say_result(loop, &loop->deferrals, "mail deferred", slot, result->detail);
		break;
	case LA_RELAY_UNKNOWN:
		say_result(loop, &loop->deferrals, "mail cut", slot, result->detail);
		cut(loop, slot);
		break;
	case LA_RELAY_AT_FAULT:
		slot->stage = LA_SLOT_READY;
		rest_relay(loop, result->detail);
		break;
	}
}

/* A mail of a partition that went to another instance is that one's to send. */
static bool
is_void(const struct la_delivery_loop *loop, const struct la_slot *slot)
{
	const struct la_bus *bus = loop->options.bus;

	return (!bus->holds(bus->self, slot->message.topic, slot->message.partition, slot->message.lease));
}

static bool
is_over(const struct la_delivery_loop *loop, const struct la_slot *slot)
{
	return (loop->options.wall_ms(loop->options.now_cookie) >= slot->job.not_after_ms);
}

/* A mail that waits may become void, or too late (P9). True: it did. */
static bool
put_away(struct la_delivery_loop *loop, struct la_slot *slot)
{
	if (is_void(loop, slot))
		la_delivery_drop(loop, slot);
	else if (is_over(loop, slot))
		la_delivery_judge(slot, slot->cut_once ? LA_DELIVERED_UNKNOWN : LA_DELIVERED_EXPIRED);
	else
		return (false);
	return (true);
}

/* Mails that wait for their time or for the relay, now and then. */
static void
sweep(struct la_delivery_loop *loop)
{
	int64_t now_ms = la_delivery_now(loop);

	if (now_ms - loop->swept_ms < SWEEP_EVERY_MS)
		return;
	loop->swept_ms = now_ms;
	for (size_t i = 0; i < loop->slot_count; i++) {
		if (loop->slots[i].stage == LA_SLOT_READY)
			(void)put_away(loop, &loop->slots[i]);
	}
}

/* The oldest that is due; a newer one first, and an old one would wait for ever, its offset and all behind it too. */
static struct la_slot *
next_due(struct la_delivery_loop *loop)
{
	int64_t now_ms = la_delivery_now(loop);
	struct la_slot *next = NULL;

	for (size_t i = 0; i < loop->slot_count; i++) {
		struct la_slot *slot = &loop->slots[i];

		if (slot->stage == LA_SLOT_READY && slot->not_before_ms <= now_ms &&
		    (next == NULL || slot->arrival < next->arrival))
			next = slot;
	}
	return (next);
}

/* How many mails the relay may be given now. */
static size_t
room_for(const struct la_delivery_loop *loop)
{
	const struct la_relay *relay = loop->options.relay;

	if (*loop->options.stopping || loop->relay_rests_until_ms > la_delivery_now(loop))
		return (0);
	if (loop->relay_rest_ms > 0) /* one mail tries whether the relay is back */
		return (loop->sending == 0 ? 1 : 0);
	return (relay->room(relay->self));
}

static enum la_err
submit(struct la_delivery_loop *loop, struct la_error *error)
{
	const struct la_relay *relay = loop->options.relay;
	struct la_slot *slot;
	enum la_err err;

	for (size_t room = room_for(loop); room > 0 && (slot = next_due(loop)) != NULL;) {
		if (put_away(loop, slot))
			continue;
		err = relay->submit(relay->self, (uint64_t)(slot - loop->slots), slot->mail.envelope_from.text,
		    slot->mail.to.text, la_buf_span(&slot->mail.eml), error);
		if (err == LA_EUNAVAILABLE)
			return (LA_OK);
		if (err != LA_OK)
			return (err);
		slot->stage = LA_SLOT_SENDING;
		loop->sending++;
		room--;
	}
	return (LA_OK);
}

/* How long work may wait: not when records are to be produced at once, nor past the time of a waiting mail. */
static int
wait_ms(const struct la_delivery_loop *loop)
{
	int64_t now_ms = la_delivery_now(loop), wait = IDLE_MS;

	for (size_t i = 0; i < loop->slot_count; i++) {
		const struct la_slot *slot = &loop->slots[i];

		if (slot->stage == LA_SLOT_JUDGED && slot->not_before_ms <= now_ms)
			return (0);
		if ((slot->stage == LA_SLOT_READY || slot->stage == LA_SLOT_JUDGED) && slot->not_before_ms > now_ms &&
		    slot->not_before_ms - now_ms < wait)
			wait = slot->not_before_ms - now_ms;
	}
	return ((int)wait);
}

enum la_err
la_delivery_send(struct la_delivery_loop *loop, struct la_error *error)
{
	const struct la_relay *relay = loop->options.relay;
	struct la_relay_result results[RESULTS];
	size_t count = 0;
	enum la_err err;

	sweep(loop);
	if ((err = submit(loop, error)) != LA_OK)
		return (err);
	err = relay->work(relay->self, wait_ms(loop), loop->options.bus_fd, results, RESULTS, &count, error);
	for (size_t i = 0; i < count; i++)
		settle(loop, &results[i]);
	if (err != LA_OK || count == 0)
		return (err);
	return (submit(loop, error)); /* a connection that is free again need not wait for the broker */
}
