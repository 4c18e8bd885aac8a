#include <string.h>

#include "detector/policy_internal.h"

const struct la_memo *
la_policy_recall(const struct la_facts *facts, const struct la_member_state *state)
{
	for (size_t i = state->memo_count; i-- > 0;) {
		const struct la_digests *digests = la_facts_under(facts, state->memo[i].epoch);

		if (digests != NULL && digests->event == state->memo[i].event)
			return (&state->memo[i]);
	}
	return (NULL);
}

bool
la_policy_remembers(const struct la_facts *facts, const struct la_member_state *state)
{
	return (la_policy_recall(facts, state) != NULL);
}

/* The position applied from the event's log and partition; position_count: none kept. */
static size_t
find_position(const struct la_facts *facts, const struct la_member_state *state)
{
	size_t i;

	for (i = 0; i < state->position_count; i++) {
		const struct la_position *p = &state->position[i];
		const struct la_digests *digests = la_facts_under(facts, p->epoch);

		if (digests != NULL && digests->log == p->log && p->partition == facts->partition)
			break;
	}
	return (i);
}

/*
 * A log that was made anew under the same name starts at offset 0 again; its
 * timestamps tell. Without them the offset alone decides.
 */
bool
la_policy_is_past(const struct la_facts *facts, const struct la_member_state *state)
{
	size_t at = find_position(facts, state);
	const struct la_position *p = &state->position[at];

	if (at == state->position_count || facts->offset > p->offset)
		return (false);
	return (!facts->has_timestamp || !p->has_timestamp || facts->timestamp_ms <= p->timestamp_ms);
}

void
la_policy_note(const struct la_memo *candidate, struct la_member_state *state)
{
	if (state->memo_count == LA_MEMO_MAX) {
		memmove(&state->memo[0], &state->memo[1], (LA_MEMO_MAX - 1) * sizeof(state->memo[0]));
		state->memo_count--;
	}
	state->memo[state->memo_count++] = *candidate;
}

void
la_policy_advance(const struct la_facts *facts, const struct la_digests *now, struct la_member_state *state)
{
	struct la_position *list = state->position;
	struct la_position next = {now->epoch, now->log, facts->partition, facts->offset, facts->has_timestamp,
	    facts->has_timestamp ? facts->timestamp_ms : 0};
	size_t at = find_position(facts, state);

	if (at < state->position_count && list[at].has_timestamp &&
	    (!next.has_timestamp || next.timestamp_ms < list[at].timestamp_ms)) {
		next.has_timestamp = true;
		next.timestamp_ms = list[at].timestamp_ms;
	}
	if (at == LA_POSITIONS_MAX)
		at = 0;
	if (at < state->position_count) {
		memmove(&list[at], &list[at + 1], (state->position_count - 1 - at) * sizeof(*list));
		state->position_count--;
	}
	list[state->position_count++] = next;
}

/* Every write leaves a position under its epoch, so that positions tell the newest one in use. */
const struct la_digests *
la_policy_write_epoch(const struct la_facts *facts, const struct la_member_state *state)
{
	const struct la_digests *now = &facts->by_epoch[facts->active];

	for (size_t i = 0; i < state->position_count; i++) {
		const struct la_digests *digests = la_facts_under(facts, state->position[i].epoch);

		if (digests != NULL && digests->epoch > now->epoch)
			now = digests;
	}
	return (now);
}
