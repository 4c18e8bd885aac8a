/*
 * The policy (RULES.md, rules 2-6): a pure function of state, event and
 * policy. No clock, no allocation, no log, no key.
 */
#ifndef LA_DETECTOR_POLICY_H
#define LA_DETECTOR_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/job.h"
#include "detector/facts.h"
#include "detector/state.h"

enum la_first_login { LA_FIRST_ALERT, LA_FIRST_SILENT, LA_FIRST_GRACE };

struct la_policy {
	int64_t device_ttl_ms;
	enum la_first_login first_login;
	int64_t grace_ms;
	bool no_token_environment; /* policy.no-token=environment */
	int64_t cooldown_ms;       /* 0: off */
	uint32_t cap_count;        /* 0: off */
	int64_t cap_window_ms;
	bool has_seed_until;
	int64_t seed_until_ms;
	int64_t alert_max_age_ms; /* for not_after and the tombstone's time */
};

struct la_verdict {
	enum la_outcome outcome;
	bool has_reason;
	enum la_reason reason;
	uint32_t suppressed_before; /* for ALERTED */
	bool candidate;   /* new, or found in the memo: counts to the 32 of rule 2 */
	bool redelivered; /* rule 2: from the memo, or decided without being applied */
	bool applied;     /* *state changed: write it */
	bool erased;      /* ACCOUNT_ERASED: the state of all epochs is replaced */
};

/*
 * Decides one event and changes *state to the state after it. A touch stores
 * digests of the newest epoch (rotation moves what is hit).
 */
void la_policy_decide(const struct la_policy *policy, const struct la_facts *facts, struct la_member_state *state,
    struct la_verdict *verdict);

/* Is the event, a candidate that was decided before, still in the memo? */
bool la_policy_remembers(const struct la_facts *facts, const struct la_member_state *state);

/* TTL of the member's key in Redis, in seconds, for the state as it is (a tombstone has its own). */
int64_t la_policy_key_ttl_s(const struct la_policy *policy, const struct la_member_state *state);

/* 16 hex digits over every field above: policy_rev. out has 17 bytes. */
void la_policy_rev(const struct la_policy *policy, char out[17]);

#endif
