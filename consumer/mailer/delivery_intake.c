#include "common/confluent.h"
#include "mailer/delivery_internal.h"

#define ASK_AGAIN_MS 10   /* for a schema */
#define FAILING_MS 100    /* of a registry that fails */

static void
to_dead_letters(
    struct la_delivery_loop *loop, struct la_slot *slot, enum la_dead_letter_stage stage, const struct la_error *why)
{
	int64_t unsaid;

	slot->is_dead = true;
	slot->dead_stage = stage;
	slot->why = *why;
	if (!la_delivery_may_say(loop, &loop->dead_letters, &unsaid))
		return;
	la_delivery_say(loop, LA_LOG_WARN, la_msg("dead letter"),
	    la_str("cause", la_dead_letter_cause(stage, why->code)), la_str("why", why->text),
	    la_int("partition", slot->message.partition), la_int("offset", slot->message.offset),
	    la_int("unsaid", unsaid));
}

enum la_err
la_delivery_decode(struct la_delivery_loop *loop, struct la_slot *slot, struct la_error *error)
{
	struct la_span value = slot->message.value;
	enum la_err err = la_span_present(value) ? la_decoder_job(loop->options.decoder, value, &slot->job, error)
	                                         : la_error_set(error, LA_EDATA, "no value (null)");

	if (err != LA_OK)
		return (err);
	slot->has_job = true;
	if (slot->schema == 0)
		slot->schema = la_decoder_pin(loop->options.decoder);
	memcpy(slot->delivery.job_id, slot->job.job_id, sizeof(slot->delivery.job_id));
	memcpy(slot->delivery.member_ref, slot->job.member_ref, sizeof(slot->delivery.member_ref));
	slot->delivery.event_id = slot->job.event_id;
	return (LA_OK);
}

enum la_err
la_delivery_render(struct la_delivery_loop *loop, struct la_slot *slot, struct la_error *error)
{
	const struct la_delivery_options *options = &loop->options;
	const struct la_brand *brand = options->brand_of(options->brand_cookie, la_text_span(&slot->job.tenant));
	enum la_err err = la_renderer_mail(options->renderer, brand, &slot->job, &slot->mail, error);

	la_text_set(&slot->delivery.template_rev, la_span_text(brand->template_rev));
	if (err != LA_OK)
		return (err);
	la_text_set(&slot->delivery.message_id, la_span_text(slot->mail.message_id));
	la_slot_move(loop, slot, LA_SLOT_READY);
	return (LA_OK);
}

void
la_delivery_refuse(struct la_delivery_loop *loop, struct la_slot *slot, const struct la_error *why)
{
	to_dead_letters(loop, slot, LA_DEAD_VALUES, why);
	la_slot_judge(loop, slot, LA_DELIVERED_REFUSED);
}

/*
 * Whatever keeps a job from becoming a mail keeps only that job (P4), a defect of ours too. Errors: LA_ENOMEM.
 */
static enum la_err
judge(struct la_delivery_loop *loop, struct la_slot *slot, struct la_error *error)
{
	const struct la_delivery_options *options = &loop->options;
	enum la_err err;

	if (slot->job.mode != LA_MODE_LIVE) {
		la_slot_judge(loop, slot, LA_DELIVERED_NOT_LIVE);
	} else if (options->wall_ms(options->now_cookie) >= slot->job.not_after_ms) {
		la_slot_judge(loop, slot, LA_DELIVERED_EXPIRED);
	} else if ((err = la_delivery_address(loop, slot, error)) == LA_ENOMEM) {
		return (err);
	} else if (err != LA_OK) {
		la_delivery_refuse(loop, slot, error);
	}
	return (LA_OK);
}

static enum la_err
take_one(struct la_delivery_loop *loop, const struct la_message *message, struct la_error *error)
{
	struct la_slot *slot = loop->lists[LA_SLOT_FREE].first;
	uint32_t ticket;
	enum la_err err, decoded;

	la_slot_start(slot, message); /* still free, unless it can be read or never will be */
	decoded = la_delivery_decode(loop, slot, error);
	if (decoded != LA_OK && la_err_action(decoded) != LA_ACTION_REJECT)
		return (decoded);
	if ((err = la_window_add(loop->window, message, &ticket, error)) != LA_OK)
		return (err);
	slot->ticket = ticket;
	slot->arrival = loop->next_arrival++;
	la_slot_move(loop, slot, LA_SLOT_JUDGED); /* unless it becomes a mail */
	if (decoded == LA_OK)
		return (judge(loop, slot, error));
	to_dead_letters(loop, slot, LA_DEAD_BYTES, error);
	la_slot_judge(loop, slot, LA_DELIVERED_REJECTED);
	return (LA_OK);
}

static void
pause_bus(struct la_delivery_loop *loop, bool paused)
{
	if (loop->paused != paused)
		loop->options.bus->pause(loop->options.bus->self, paused);
	loop->paused = paused;
}

static void
note_registry(struct la_delivery_loop *loop, struct la_span value, const char *why)
{
	uint32_t id;

	if (la_confluent_open(&value, &id, NULL) == LA_OK)
		la_health_awaits_schema(la_watch_health(loop->options.watch), id);
	la_delivery_note(loop, &loop->registry, "registry", why);
}

/*
 * Takes what was polled, in its order. One whose schema the registry is still asked for stays, and all behind it, as long
 * as its partition is ours. Errors: only those with LA_ACTION_FATAL.
 */
static enum la_err
take_polled(struct la_delivery_loop *loop, size_t room, struct la_error *error)
{
	const struct la_bus *bus = loop->options.bus;
	enum la_err err = LA_OK;

	for (; loop->taken_first < loop->taken_end && room > 0; room--) {
		struct la_message *message = &loop->taken[loop->taken_first];

		if (la_slot_is_void(loop, message))
			bus->release(bus->self, message, 1);
		else if ((err = take_one(loop, message, error)) != LA_OK)
			break;
		loop->taken_first++;
	}
	if (err == LA_EUNAVAILABLE)
		note_registry(loop, loop->taken[loop->taken_first].value, error->text);
	else if (err == LA_OK && loop->registry.side != NULL)
		la_delivery_recovered(loop, &loop->registry);
	return (la_err_action(err) == LA_ACTION_RETRY ? LA_OK : err);
}

/* What came may be more than there is room for only if the bus breaks its word. */
static enum la_err
poll_bus(struct la_delivery_loop *loop, size_t room, struct la_error *error)
{
	const struct la_bus *bus = loop->options.bus;
	struct la_message unexpected;
	struct la_message *messages = room > 0 ? loop->taken : &unexpected;
	size_t count = 0, cap = room < 1 ? 1 : room < LA_DELIVERY_TAKE_MAX ? room : LA_DELIVERY_TAKE_MAX;
	enum la_err err = bus->poll(bus->self, 0, messages, cap, &count, error), taken = LA_OK;

	if (room > 0) {
		loop->taken_first = 0;
		loop->taken_end = count;
		taken = take_polled(loop, room, error);
	} else if (count > 0) {
		bus->release(bus->self, messages, count);
		taken = la_error_set(error, LA_EINTERNAL, "the bus gave a record while paused");
	}
	if (taken != LA_OK)
		return (taken);
	if (la_err_action(err) == LA_ACTION_FATAL)
		return (err);
	if (err != LA_OK)
		la_delivery_note(loop, &loop->broker, "broker", error->text);
	else if (count > 0 || la_slot_in_hand(loop) == 0)
		la_delivery_recovered(loop, &loop->broker);
	return (LA_OK);
}

/* Each record that is taken may have to wait for a later try: there must be a place for it there. */
static size_t
room_for_records(const struct la_delivery_loop *loop)
{
	size_t waiting = la_later_count(loop->later) + la_slot_in_hand(loop), later = 0;

	if (*loop->options.stopping || loop->redis.side != NULL || la_delivery_all_rest(loop))
		return (0);
	if (waiting < LA_LATER_MAX && la_later_bytes(loop->later) < LA_LATER_BYTES)
		later = LA_LATER_MAX - waiting;
	if (la_delivery_room_to_ask(loop) < later)
		later = la_delivery_room_to_ask(loop);
	return (later < loop->lists[LA_SLOT_FREE].count ? later : loop->lists[LA_SLOT_FREE].count);
}

/* It is full: said like a side that is away, and over when there is some room again, not at the first place. */
static void
note_full(struct la_delivery_loop *loop)
{
	size_t waiting = la_later_count(loop->later) + la_slot_in_hand(loop), bytes = la_later_bytes(loop->later);

	if (waiting >= LA_LATER_MAX || bytes >= LA_LATER_BYTES)
		la_delivery_note(loop, &loop->full, "room", "so many jobs wait for their next try that no more are taken");
	else if (waiting < LA_LATER_MAX / 4 * 3 && bytes < LA_LATER_BYTES / 4 * 3)
		la_delivery_recovered(loop, &loop->full);
}

/* Asked in every turn, also when paused: that keeps the membership, and lets acknowledgements in. */
enum la_err
la_delivery_take(struct la_delivery_loop *loop, struct la_error *error)
{
	size_t room = room_for_records(loop);
	enum la_err err = LA_OK;

	note_full(loop);
	if (loop->taken_first < loop->taken_end && room > 0) {
		err = take_polled(loop, room, error);
		room = room_for_records(loop);
	}
	if (loop->taken_first < loop->taken_end)
		room = 0;
	pause_bus(loop, room == 0);
	return (err == LA_OK ? poll_bus(loop, room, error) : err);
}

int64_t
la_delivery_take_wait_ms(const struct la_delivery_loop *loop)
{
	if (loop->taken_first == loop->taken_end)
		return (INT64_MAX);
	return (loop->registry.side == NULL ? ASK_AGAIN_MS : FAILING_MS);
}
