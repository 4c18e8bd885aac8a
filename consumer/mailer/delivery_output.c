#include "mailer/delivery_internal.h"

#define PRODUCE_MS 1000      /* for room in the local queue */
#define COMMIT_EVERY_MS 20   /* not after every mail of a stream */
#define COMMIT_RETRY_MS 1000
#define RETRY_MS 200         /* between two tries at the broker */
#define LAST_COMMIT_PAUSE_MS 100

/* Queues the job's Delivery and, for a dead one, its dead letter, under the slot's number. */
static enum la_err
produce_delivery(struct la_delivery_loop *loop, struct la_slot *slot, struct la_error *error)
{
	const struct la_delivery_options *options = &loop->options;
	struct la_output output = {.topic = options->topic_deliveries,
	    .key = la_span_text(slot->delivery.member_ref),
	    .batch = slot->number};
	enum la_err err;

	slot->delivery.at_ms = options->wall_ms(options->now_cookie);
	la_buf_reset(&loop->value);
	if ((err = la_encoder_delivery(options->encoder, &slot->delivery, &loop->value, error)) != LA_OK)
		return (err);
	output.value = la_buf_span(&loop->value);
	err = options->bus->produce(options->bus->self, &output, PRODUCE_MS, error);
	return (err == LA_ETOOLARGE ? LA_EUNAVAILABLE : err); /* ours are small: the topic's limit is at fault */
}

static enum la_err
produce_dead_letter(struct la_delivery_loop *loop, struct la_slot *slot, struct la_error *error)
{
	const struct la_bus *bus = loop->options.bus;
	struct la_dead_letter letter;
	enum la_err err;

	la_dead_letter_init(&letter, loop->options.topic_dlq, &slot->message, slot->dead_stage, &slot->why);
	letter.output.batch = slot->number;
	if (slot->is_value_omitted)
		la_dead_letter_omit_value(&letter);
	err = bus->produce(bus->self, &letter.output, PRODUCE_MS, error);
	if (err != LA_ETOOLARGE || slot->is_value_omitted)
		return (err == LA_ETOOLARGE ? LA_EUNAVAILABLE : err);
	slot->is_value_omitted = true;
	la_dead_letter_omit_value(&letter);
	return (bus->produce(bus->self, &letter.output, PRODUCE_MS, error));
}

static enum la_err
produce(struct la_delivery_loop *loop, struct la_slot *slot, struct la_error *error)
{
	enum la_err err;

	slot->number = ++loop->next_number;
	la_slot_move(loop, slot, LA_SLOT_ACKING); /* also when a part of it was queued: the number is settled, then all again */
	if (slot->is_dead && (err = produce_dead_letter(loop, slot, error)) != LA_OK)
		return (err);
	if (!slot->has_job)
		return (LA_OK); /* a Delivery needs a job */
	LA_CRASH_POINT("before-delivery");
	return (produce_delivery(loop, slot, error));
}

static void
judge_later(struct la_delivery_loop *loop, struct la_slot *slot)
{
	la_slot_move(loop, slot, LA_SLOT_JUDGED);
	slot->produce_at_ms = la_delivery_now(loop) + RETRY_MS;
}

/* What a broker refuses may have been too large together with others only: then the value is not the dead letter's fault. */
static void
note_too_large(struct la_slot *slot)
{
	slot->is_value_omitted |= slot->goes_alone;
	slot->goes_alone = true;
}

/* One that goes alone has nothing beside it, neither before nor behind. */
static bool
may_go(const struct la_delivery_loop *loop, const struct la_slot *slot)
{
	const struct la_slot *under_way = loop->lists[LA_SLOT_ACKING].first;

	return (under_way == NULL || !(slot->goes_alone || under_way->goes_alone));
}

/* Frees what the broker has acknowledged, in the order of numbers; what it refused is judged again later. */
static enum la_err
settle_acks(struct la_delivery_loop *loop, struct la_error *error)
{
	const struct la_bus *bus = loop->options.bus;
	struct la_slot *slot;
	enum la_err err;

	while ((slot = loop->lists[LA_SLOT_ACKING].first) != NULL) {
		err = bus->await(bus->self, slot->number, 0, error);
		if (err == LA_ETIMEOUT)
			return (LA_OK);
		if (err == LA_OK) {
			LA_CRASH_POINT("delivery-acknowledged");
			la_delivery_recovered(loop, &loop->broker);
			loop->counts[slot->delivery.outcome]++;
			la_delivery_watch_done(loop, slot);
			la_slot_drop(loop, slot);
			continue;
		}
		if (la_err_action(err) == LA_ACTION_FATAL)
			return (err);
		if (err == LA_ETOOLARGE && slot->is_dead)
			note_too_large(slot);
		la_delivery_note(loop, &loop->broker, "broker", error->text);
		judge_later(loop, slot);
	}
	return (LA_OK);
}

enum la_err
la_delivery_output(struct la_delivery_loop *loop, struct la_error *error)
{
	struct la_slot *slot = loop->lists[LA_SLOT_JUDGED].first, *after;
	enum la_err err;

	for (; slot != NULL; slot = after) {
		after = slot->after;
		if (slot->produce_at_ms > la_delivery_now(loop))
			continue;
		if (!may_go(loop, slot))
			break;
		if ((err = produce(loop, slot, error)) == LA_OK)
			continue;
		if (la_err_action(err) == LA_ACTION_FATAL)
			return (err);
		la_delivery_note(loop, &loop->broker, "broker", error->text);
		judge_later(loop, slot);
		break;
	}
	return (settle_acks(loop, error));
}

static bool
is_void(void *cookie, const struct la_position_done *one)
{
	const struct la_bus *bus = ((struct la_delivery_loop *)cookie)->options.bus;

	return (!bus->holds(bus->self, one->topic, one->partition, one->lease));
}

/* Where the group had moved on, only what is not ours any more is done with. Errors: only those with LA_ACTION_FATAL. */
static enum la_err
settle_commit(struct la_delivery_loop *loop, enum la_err err, struct la_error *error)
{
	if (err != LA_OK)
		loop->commit_at_ms = la_delivery_now(loop) + COMMIT_RETRY_MS;
	if (err == LA_OK || err == LA_EREVOKED) {
		la_delivery_recovered(loop, &loop->broker);
		la_window_settle(loop->window, err == LA_EREVOKED ? is_void : NULL, loop);
		return (LA_OK);
	}
	if (la_err_action(err) == LA_ACTION_FATAL)
		return (err);
	la_delivery_note(loop, &loop->broker, "broker", error->text);
	return (LA_OK);
}

static enum la_err
end_commit(struct la_delivery_loop *loop, int wait_ms, struct la_error *error)
{
	const struct la_bus *bus = loop->options.bus;
	enum la_err err = loop->is_committing ? bus->commit_end(bus->self, wait_ms, error) : LA_ETIMEOUT;

	if (err == LA_ETIMEOUT)
		return (LA_OK);
	LA_CRASH_POINT("after-commit");
	loop->is_committing = false;
	return (settle_commit(loop, err, error));
}

enum la_err
la_delivery_commit(struct la_delivery_loop *loop, bool now, struct la_error *error)
{
	const struct la_bus *bus = loop->options.bus;
	const struct la_position_done *positions;
	size_t count;
	enum la_err err = end_commit(loop, 0, error);

	if (err != LA_OK || loop->is_committing || (!now && la_delivery_now(loop) < loop->commit_at_ms) ||
	    (count = la_window_positions(loop->window, &positions)) == 0)
		return (err);
	LA_CRASH_POINT("before-commit");
	loop->commit_at_ms = la_delivery_now(loop) + COMMIT_EVERY_MS;
	err = bus->commit_begin(bus->self, positions, count, error);
	loop->is_committing = err == LA_OK;
	return (err == LA_OK ? LA_OK : settle_commit(loop, err, error));
}

/* The relay is as good a place to wait as any; what it answers now comes too late. */
static enum la_err
rest(struct la_delivery_loop *loop, struct la_error *error)
{
	const struct la_relay *relay = loop->options.relay;
	const struct la_relay_wait wait = {.ms = LAST_COMMIT_PAUSE_MS, .fds = LA_RELAY_WAIT_NO_FDS};
	struct la_relay_result result;
	size_t count;

	return (relay->work(relay->self, &wait, &result, 1, &count, error));
}

enum la_err
la_delivery_commit_last(struct la_delivery_loop *loop, int64_t until_ms, struct la_error *error)
{
	const struct la_position_done *positions;
	enum la_err err = end_commit(loop, LAST_COMMIT_PAUSE_MS, error); /* of the one that is under way */

	if (err == LA_OK)
		err = la_delivery_commit(loop, true, error);
	while (err == LA_OK && la_delivery_now(loop) < until_ms &&
	    (loop->is_committing || la_window_positions(loop->window, &positions) > 0)) {
		if (loop->is_committing)
			err = end_commit(loop, LAST_COMMIT_PAUSE_MS, error);
		else if ((err = rest(loop, error)) == LA_OK)
			err = la_delivery_commit(loop, true, error);
	}
	return (err);
}
