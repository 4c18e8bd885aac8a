#include "detector/policy.h"

#include <inttypes.h>
#include <stdio.h>

#include "detector/digest.h"
#include "detector/policy_internal.h"

#define DAY_MS INT64_C(86400000)

/* Rule 2, first half: the same answer again. */
static void
repeat(const struct la_memo *memo, struct la_verdict *verdict)
{
	*verdict = (struct la_verdict){.outcome = memo->outcome,
	    .has_reason = true,
	    .reason = memo->reason,
	    .suppressed_before = memo->suppressed_before,
	    .candidate = true,
	    .redelivered = true};
}

/* Rule 6, and what every candidate leaves behind. */
static void
decide_candidate(const struct la_policy *policy, const struct la_facts *facts, enum la_reason reason,
    struct la_member_state *state, struct la_verdict *verdict)
{
	const struct la_digests *now = la_policy_write_epoch(facts, state);
	struct la_memo memo = {.epoch = now->epoch,
	    .event = now->event,
	    .outcome = la_policy_limit(policy, facts, reason, state),
	    .reason = reason};

	if (memo.outcome != LA_OUTCOME_SUPPRESSED_CAP)
		la_policy_remember(facts, now, reason, state);
	memo.suppressed_before = la_policy_count(policy, facts, now, &memo, state);
	la_policy_note(&memo, state);
	verdict->outcome = memo.outcome;
	verdict->has_reason = true;
	verdict->reason = reason;
	verdict->suppressed_before = memo.suppressed_before;
	verdict->candidate = true;
	verdict->applied = true;
}

void
la_policy_decide(const struct la_policy *policy, const struct la_facts *facts, struct la_member_state *state,
    struct la_verdict *verdict)
{
	const struct la_memo *memo = la_policy_recall(facts, state);
	const struct la_digests *now = la_policy_write_epoch(facts, state);
	struct la_finding finding;

	if (memo != NULL) {
		repeat(memo, verdict);
		return;
	}
	finding = la_policy_find(policy, facts, state);
	*verdict = (struct la_verdict){.outcome = finding.act == LA_ACT_CANDIDATE ? LA_OUTCOME_KNOWN : finding.outcome,
	    .redelivered = la_policy_is_past(facts, state)};
	if (verdict->redelivered)
		return;
	if (finding.act == LA_ACT_CANDIDATE) {
		decide_candidate(policy, facts, finding.reason, state, verdict);
	} else {
		verdict->applied = la_policy_act(policy, facts, now, &finding, state);
		verdict->erased = finding.act == LA_ACT_ERASE;
	}
	if (verdict->applied)
		la_policy_advance(facts, now, state);
}

static int64_t
larger(int64_t a, int64_t b)
{
	return (a > b ? a : b);
}

int64_t
la_policy_key_ttl_s(const struct la_policy *policy, const struct la_member_state *state)
{
	int64_t ttl_ms;

	if (state->tombstone)
		ttl_ms = larger(DAY_MS, policy->alert_max_age_ms) + DAY_MS;
	else
		ttl_ms = policy->device_ttl_ms + larger(8 * DAY_MS, policy->device_ttl_ms / 16);
	return (ttl_ms / 1000 + (ttl_ms % 1000 != 0));
}

static void
hash_number(struct la_digest_hash *hash, int64_t number)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, number);
	la_digest_hash_add(hash, la_span_text(text));
}

void
la_policy_rev(const struct la_policy *policy, char out[17])
{
	const int64_t numbers[] = {policy->device_ttl_ms, policy->first_login, policy->grace_ms,
	    policy->no_token_environment, policy->cooldown_ms, policy->cap_count, policy->cap_window_ms,
	    policy->has_seed_until, policy->seed_until_ms, policy->alert_max_age_ms};
	struct la_digest_hash hash;

	la_digest_hash_init(&hash);
	la_digest_hash_add(&hash, la_span_text("policy/1"));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		hash_number(&hash, numbers[i]);
	la_digest_hash_rev(&hash, out);
}
