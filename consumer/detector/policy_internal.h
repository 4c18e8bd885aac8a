/*
 * The policy in four steps, one file each; policy.c puts them together.
 * All take the state as it is before or during one event. Nobody else includes this, but for replay_why.c.
 */
#ifndef LA_DETECTOR_POLICY_INTERNAL_H
#define LA_DETECTOR_POLICY_INTERNAL_H

#include "detector/policy.h"

/* What an event does to the state, beside memo and position. */
enum la_act {
	LA_ACT_NOTHING,
	LA_ACT_ERASE,              /* all but positions and memo */
	LA_ACT_REVOKE,             /* drop the token's environments */
	LA_ACT_UNLINK,             /* drop the app */
	LA_ACT_TOUCH_ENVIRONMENT,  /* at: last_seen */
	LA_ACT_MEET_ENVIRONMENT,   /* at: last_seen, and the platform as it is now */
	LA_ACT_TOUCH_APP,          /* at: last_seen */
	LA_ACT_CANDIDATE           /* rule 6 says what becomes of it */
};

struct la_finding {
	enum la_act act;
	enum la_outcome outcome; /* unless it is a candidate */
	enum la_reason reason;   /* of a candidate */
	size_t at;               /* index of the environment or app */
};

/* later - earlier, at the end of the range where it would leave it. */
static inline int64_t
la_policy_elapsed(int64_t later, int64_t earlier)
{
	int64_t difference;

	if (__builtin_sub_overflow(later, earlier, &difference))
		return (later > earlier ? INT64_MAX : INT64_MIN);
	return (difference);
}

/* What of an event an environment shares, if it is live. Also for replay, which says why. */
struct la_likeness {
	bool live, token, platform, browser;
};
struct la_likeness la_policy_compare(
    const struct la_policy *policy, const struct la_facts *facts, const struct la_environment *e);

/* policy_find.c: rules 3-5, looking only. */
struct la_finding la_policy_find(
    const struct la_policy *policy, const struct la_facts *facts, const struct la_member_state *state);

/*
 * policy_act.c: what rules 3-5 do. New and touched digests are stored under *now.
 * la_policy_act (not for candidates) returns whether the state changed.
 */
bool la_policy_act(const struct la_policy *policy, const struct la_facts *facts, const struct la_digests *now,
    const struct la_finding *finding, struct la_member_state *state);
void la_policy_remember(const struct la_facts *facts, const struct la_digests *now, enum la_reason reason,
    struct la_member_state *state);

/* policy_limits.c: rule 6. The outcome of a candidate; then the counters that it moves. */
enum la_outcome la_policy_limit(const struct la_policy *policy, const struct la_facts *facts, enum la_reason reason,
    const struct la_member_state *state);
/* Returns suppressed_before, for ALERTED. */
uint32_t la_policy_count(const struct la_policy *policy, const struct la_facts *facts, const struct la_digests *now,
    const struct la_memo *candidate, struct la_member_state *state);

/* policy_memo.c: rule 2, and what it looks back at. */
const struct la_memo *la_policy_recall(const struct la_facts *facts, const struct la_member_state *state);
bool la_policy_is_past(const struct la_facts *facts, const struct la_member_state *state);
void la_policy_note(const struct la_memo *candidate, struct la_member_state *state);
void la_policy_advance(const struct la_facts *facts, const struct la_digests *now, struct la_member_state *state);
/* The epoch to write under: the active one, or a newer one that the state was written under already. */
const struct la_digests *la_policy_write_epoch(const struct la_facts *facts, const struct la_member_state *state);

#endif
