#include <string.h>

#include "detector/policy_internal.h"

/* The job carries the number as an Avro int. */
#define SUPPRESSED_MOST INT32_MAX

static bool
is_seeded(const struct la_policy *policy, const struct la_facts *facts, enum la_reason reason)
{
	if (policy->has_seed_until && facts->occurred_at_ms < policy->seed_until_ms)
		return (true);
	if (reason != LA_REASON_FIRST_LOGIN)
		return (false);
	if (policy->first_login == LA_FIRST_SILENT)
		return (true);
	return (policy->first_login == LA_FIRST_GRACE && facts->has_account_created_at &&
	    la_policy_elapsed(facts->occurred_at_ms, facts->account_created_at_ms) <= policy->grace_ms);
}

/* The last ALERTED candidate of the same reason, app, platform, browser and IP prefix; cooldown_count: none kept. */
static size_t
find_cooldown(const struct la_facts *facts, enum la_reason reason, const struct la_member_state *state)
{
	size_t i;

	for (i = 0; i < state->cooldown_count; i++) {
		const struct la_cooldown *c = &state->cooldown[i];
		const struct la_digests *digests = la_facts_under(facts, c->epoch);

		if (digests != NULL && digests->ip_prefix != 0 && c->reason == reason && c->app == digests->app &&
		    c->platform == digests->platform && c->browser == digests->browser &&
		    c->ip_prefix == digests->ip_prefix)
			break;
	}
	return (i);
}

static bool
cools_down(const struct la_policy *policy, const struct la_facts *facts, enum la_reason reason,
    const struct la_member_state *state)
{
	size_t at;

	if (policy->cooldown_ms <= 0)
		return (false);
	at = find_cooldown(facts, reason, state);
	return (at < state->cooldown_count && la_policy_elapsed(facts->occurred_at_ms,
	    state->cooldown[at].alerted_at_ms) < policy->cooldown_ms);
}

/* An event older than the window's start counts as inside. */
static bool
is_inside(const struct la_policy *policy, const struct la_facts *facts, const struct la_cap_window *window)
{
	return (window->count > 0 &&
	    la_policy_elapsed(facts->occurred_at_ms, window->start_ms) < policy->cap_window_ms);
}

enum la_outcome
la_policy_limit(const struct la_policy *policy, const struct la_facts *facts, enum la_reason reason,
    const struct la_member_state *state)
{
	const struct la_cap_window *window =
	    reason == LA_REASON_THIRD_PARTY_LINK ? &state->link_window : &state->login_window;

	if (is_seeded(policy, facts, reason))
		return (LA_OUTCOME_SEEDED);
	if (cools_down(policy, facts, reason, state))
		return (LA_OUTCOME_SUPPRESSED_COOLDOWN);
	if (policy->cap_count > 0 && is_inside(policy, facts, window) && window->count >= policy->cap_count)
		return (LA_OUTCOME_SUPPRESSED_CAP);
	return (LA_OUTCOME_ALERTED);
}

static void
count_in_window(const struct la_policy *policy, const struct la_facts *facts, struct la_cap_window *window)
{
	if (policy->cap_count == 0)
		return;
	if (is_inside(policy, facts, window))
		window->count++;
	else
		*window = (struct la_cap_window){1, facts->occurred_at_ms};
}

/* The last ALERTED of each kind, 8 kinds kept, the latest last. */
static void
start_cooldown(const struct la_policy *policy, const struct la_facts *facts, const struct la_digests *now,
    enum la_reason reason, struct la_member_state *state)
{
	struct la_cooldown *list = state->cooldown;
	size_t at;

	if (policy->cooldown_ms <= 0 || now->ip_prefix == 0)
		return;
	at = find_cooldown(facts, reason, state);
	if (at == LA_COOLDOWNS_MAX)
		at = 0;
	if (at < state->cooldown_count) {
		memmove(&list[at], &list[at + 1], (state->cooldown_count - 1 - at) * sizeof(*list));
		state->cooldown_count--;
	}
	list[state->cooldown_count++] = (struct la_cooldown){now->epoch, reason, now->app, now->platform, now->browser,
	    now->ip_prefix, facts->occurred_at_ms};
}

uint32_t
la_policy_count(const struct la_policy *policy, const struct la_facts *facts, const struct la_digests *now,
    const struct la_memo *candidate, struct la_member_state *state)
{
	uint32_t before = state->suppressed;

	if (candidate->outcome == LA_OUTCOME_SUPPRESSED_COOLDOWN || candidate->outcome == LA_OUTCOME_SUPPRESSED_CAP) {
		state->suppressed += before < SUPPRESSED_MOST;
		return (0);
	}
	if (candidate->outcome != LA_OUTCOME_ALERTED)
		return (0);
	state->suppressed = 0;
	count_in_window(policy, facts,
	    candidate->reason == LA_REASON_THIRD_PARTY_LINK ? &state->link_window : &state->login_window);
	start_cooldown(policy, facts, now, candidate->reason, state);
	return (before < SUPPRESSED_MOST ? before : SUPPRESSED_MOST);
}
