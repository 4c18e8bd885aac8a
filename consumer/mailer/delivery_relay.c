#include "mailer/delivery_internal.h"

#define IDLE_MS 100          /* *stopping is looked at in between */
#define RESULTS 64           /* taken from the relay at a time */
#define REST_MIN_MS 1000     /* a relay at fault; doubles to the maximum */
#define REST_MAX_MS 30000
#define RETRY_MIN_MS 1000    /* a mail that was deferred; doubles to the maximum */
#define RETRY_MAX_MS 30000
#define REFUSED_IN_A_ROW 10  /* at DATA or its end: not the mails are at fault (DESIGN 7) */

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

static void
refuse(struct la_delivery_loop *loop, struct la_slot *slot, const struct la_relay_result *result)
{
	(void)la_error_set(&slot->why, LA_EDATA, "the relay refused the mail with %d", result->smtp_code);
	slot->is_dead = true;
	slot->dead_stage = LA_DEAD_VALUES;
	la_log(LA_LOG_WARN, la_msg("mail refused"), la_int("code", result->smtp_code), la_str("why", result->detail),
	    la_int("partition", slot->message.partition), la_int("offset", slot->message.offset));
	la_delivery_judge(slot, LA_DELIVERED_REFUSED);
	if (result->stage != LA_SMTP_DATA && result->stage != LA_SMTP_END_OF_DATA)
		return;
	if (++loop->refused_in_a_row >= REFUSED_IN_A_ROW) {
		loop->refused_in_a_row = 0;
		rest_relay(loop, "it refused 10 mails in a row");
	}
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

	slot->attempts++;
	slot->delivery.attempts = slot->attempts;
	slot->delivery.has_smtp_code = result->smtp_code != 0;
	slot->delivery.smtp_code = result->smtp_code;
	la_text_set(&slot->delivery.enhanced_code,
	    result->enhanced_code[0] == '\0' ? la_span_of(NULL, 0) : la_span_text(result->enhanced_code));
	la_text_set(&slot->delivery.relay, la_span_text(result->relay));
	switch (result->outcome) {
	case LA_RELAY_SENT:
		loop->refused_in_a_row = 0;
		relay_is_well(loop);
		la_delivery_judge(slot, LA_DELIVERED_SENT);
		break;
	case LA_RELAY_REFUSED:
		refuse(loop, slot, result);
		break;
	case LA_RELAY_DEFER:
		defer(loop, slot);
		if (result->stage < LA_SMTP_RCPT)
			rest_relay(loop, result->detail); /* it was not about this mail */
		break;
	case LA_RELAY_UNKNOWN:
		cut(loop, slot);
		break;
	case LA_RELAY_AT_FAULT:
		slot->stage = LA_SLOT_READY;
		rest_relay(loop, result->detail);
		break;
	}
}

static bool
is_due(const struct la_delivery_loop *loop, const struct la_slot *slot)
{
	return (slot->stage == LA_SLOT_READY && slot->not_before_ms <= la_delivery_now(loop));
}

/* A mail that waits for the relay past not_after is not sent any more. */
static void
expire(struct la_delivery_loop *loop)
{
	const struct la_delivery_options *options = &loop->options;
	int64_t wall_ms = options->wall_ms(options->now_cookie);

	for (size_t i = 0; i < LA_SLOTS; i++) {
		if (loop->slots[i].stage == LA_SLOT_READY && wall_ms >= loop->slots[i].job.not_after_ms)
			la_delivery_judge(
			    &loop->slots[i], loop->slots[i].cut_once ? LA_DELIVERED_UNKNOWN : LA_DELIVERED_EXPIRED);
	}
}

/* A mail of a partition that went to another instance is that one's to send. */
static void
drop_void(struct la_delivery_loop *loop)
{
	const struct la_bus *bus = loop->options.bus;

	for (size_t i = 0; i < LA_SLOTS; i++) {
		struct la_slot *slot = &loop->slots[i];

		if (slot->stage == LA_SLOT_READY &&
		    !bus->holds(bus->self, slot->message.topic, slot->message.partition, slot->message.lease))
			la_delivery_drop(loop, slot);
	}
}

static enum la_err
submit(struct la_delivery_loop *loop, struct la_error *error)
{
	const struct la_relay *relay = loop->options.relay;
	size_t room = relay->room(relay->self);
	enum la_err err;

	if (*loop->options.stopping || loop->relay_rests_until_ms > la_delivery_now(loop))
		return (LA_OK);
	if (loop->relay_rest_ms > 0 && room > 1)
		room = 1; /* one mail tries whether the relay is back */
	for (size_t i = 0; i < LA_SLOTS && room > 0; i++) {
		struct la_slot *slot = &loop->slots[i];

		if (!is_due(loop, slot))
			continue;
		err = relay->submit(relay->self, i, slot->mail.envelope_from.text, slot->mail.to.text,
		    la_buf_span(&slot->mail.eml), error);
		if (err == LA_EUNAVAILABLE)
			return (LA_OK);
		if (err != LA_OK)
			return (err);
		slot->stage = LA_SLOT_SENDING;
		room--;
	}
	return (LA_OK);
}

/* How long work may wait: not when records are to be produced at once, nor past the time of a waiting mail. */
static int
wait_ms(const struct la_delivery_loop *loop)
{
	int64_t now_ms = la_delivery_now(loop), wait = IDLE_MS;

	for (size_t i = 0; i < LA_SLOTS; i++) {
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
	int bus_fd = loop->in_hand < LA_SLOTS && !loop->paused ? loop->options.bus_fd : -1;
	enum la_err err;

	drop_void(loop);
	expire(loop);
	if ((err = submit(loop, error)) != LA_OK)
		return (err);
	err = relay->work(relay->self, wait_ms(loop), bus_fd, results, RESULTS, &count, error);
	for (size_t i = 0; i < count; i++)
		settle(loop, &results[i]);
	return (err);
}
