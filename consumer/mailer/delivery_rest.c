#include "mailer/delivery_internal.h"

#define REST_MIN_MS 1000 /* doubles to the maximum; never more than the schedule's own step */
#define REST_MAX_MS 30000
#define ONE_MORE_MS 30000

static int64_t
rest_for(const struct la_delivery_loop *loop, const struct la_server_state *state)
{
	int64_t rest_ms = state->rest_ms * 2, step_ms = la_schedule_wait_ms(&loop->options.schedule, state->rests);

	if (rest_ms < REST_MIN_MS)
		rest_ms = REST_MIN_MS;
	if (rest_ms > REST_MAX_MS)
		rest_ms = REST_MAX_MS;
	return (rest_ms < step_ms ? rest_ms : step_ms);
}

void
la_delivery_rest(struct la_delivery_loop *loop, struct la_server_state *state, const char *side, const char *why)
{
	if (state->rests_until_ms > la_delivery_now(loop))
		return; /* several connections met the same fault */
	state->rest_ms = rest_for(loop, state);
	state->rests++;
	state->rests_until_ms = la_delivery_now(loop) + la_schedule_spread_ms(state->rest_ms, &loop->random);
	la_delivery_note(loop, &state->waiting, side, why);
}

void
la_delivery_rest_relay(struct la_delivery_loop *loop, size_t which, const char *why)
{
	la_delivery_rest(loop, &loop->relays[which], "relay", why);
}

bool
la_delivery_is_well(struct la_delivery_loop *loop, struct la_server_state *state)
{
	if (state->rest_ms == 0)
		return (false);
	state->rest_ms = 0;
	state->rests = 0;
	state->rests_until_ms = 0;
	la_delivery_recovered(loop, &state->waiting);
	return (true);
}

void
la_delivery_relay_is_well(struct la_delivery_loop *loop, size_t which)
{
	if (!la_delivery_is_well(loop, &loop->relays[which]))
		return;
	loop->relays[which].most = 0; /* of before it was away */
	la_later_wake(loop->later, LA_LATER_RELAY, la_delivery_now(loop));
}

bool
la_delivery_is_at_its_most(struct la_delivery_loop *loop, const struct la_slot *slot, const char *why)
{
	struct la_server_state *state = &loop->relays[slot->which];

	if (state->rest_ms > 0)
		return (false);
	if (state->sending == 0)
		return (state->most > 0 && slot->submitted_ms <= state->most_ms);
	if (state->most == 0)
		la_delivery_say(loop, LA_LOG_WARN, la_msg("relay takes fewer connections"), la_str("why", why),
		    la_int("connections", (int64_t)state->sending));
	state->most = state->sending;
	state->most_ms = la_delivery_now(loop);
	return (true);
}

void
la_delivery_try_more(struct la_delivery_loop *loop)
{
	int64_t now_ms = la_delivery_now(loop);

	for (size_t i = 0; i < loop->options.relay->count; i++) {
		struct la_server_state *state = &loop->relays[i];

		if (state->most == 0 || now_ms - state->most_ms < ONE_MORE_MS)
			continue;
		state->most = state->most + 1 < loop->connections ? state->most + 1 : 0;
		state->most_ms = now_ms;
	}
}

/* A relay that was at fault is asked by one mail at a time; while it rests, by none. */
static size_t
room_of(const struct la_delivery_loop *loop, size_t which)
{
	const struct la_relay *relay = loop->options.relay;
	const struct la_server_state *state = &loop->relays[which];
	size_t room, left;

	if (state->rests_until_ms > la_delivery_now(loop))
		return (0);
	if (state->rest_ms > 0)
		return (state->sending == 0 ? 1 : 0);
	room = relay->room(relay->self, which);
	left = state->most > state->sending ? state->most - state->sending : 0;
	return (state->most > 0 && left < room ? left : room);
}

bool
la_delivery_choose_relay(const struct la_delivery_loop *loop, size_t *which)
{
	for (size_t i = 0; i < loop->options.relay->count; i++) {
		*which = i;
		if (room_of(loop, i) > 0)
			return (true);
		if (loop->relays[i].rest_ms == 0)
			return (false); /* it is well, and busy: the next one is for when it is not */
	}
	return (false);
}

size_t
la_delivery_relay_room(const struct la_delivery_loop *loop)
{
	size_t room = 0;

	for (size_t i = 0; i < loop->options.relay->count; i++) {
		room += room_of(loop, i);
		if (loop->relays[i].rest_ms == 0)
			return (room + loop->connections); /* some more, for when the next connection is free */
	}
	return (room);
}

bool
la_delivery_all_rest(const struct la_delivery_loop *loop)
{
	for (size_t i = 0; i < loop->options.relay->count; i++) {
		if (loop->relays[i].rests_until_ms <= la_delivery_now(loop))
			return (false);
	}
	return (true);
}

int64_t
la_delivery_next_relay_ms(const struct la_delivery_loop *loop)
{
	int64_t next_ms = INT64_MAX;

	for (size_t i = 0; i < loop->options.relay->count; i++) {
		int64_t until_ms = loop->relays[i].rests_until_ms;

		if (until_ms > la_delivery_now(loop) && until_ms < next_ms)
			next_ms = until_ms;
	}
	return (next_ms);
}
