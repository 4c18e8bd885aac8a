#include "detector/policy_internal.h"

static bool
is_live(const struct la_policy *policy, const struct la_facts *facts, int64_t last_seen_ms)
{
	return (la_policy_elapsed(facts->occurred_at_ms, last_seen_ms) <= policy->device_ttl_ms);
}

static struct la_finding
ends_with(enum la_outcome outcome)
{
	return ((struct la_finding){.act = LA_ACT_NOTHING, .outcome = outcome});
}

static struct la_finding
forgets(enum la_act act)
{
	return ((struct la_finding){.act = act, .outcome = LA_OUTCOME_FORGOTTEN});
}

static struct la_finding
candidate(enum la_reason reason)
{
	return ((struct la_finding){.act = LA_ACT_CANDIDATE, .reason = reason});
}

static struct la_finding
knows(enum la_act act, size_t at)
{
	return ((struct la_finding){.act = act, .outcome = LA_OUTCOME_KNOWN, .at = at});
}

struct la_likeness
la_policy_compare(
    const struct la_policy *policy, const struct la_facts *facts, const struct la_environment *e)
{
	const struct la_digests *digests = la_facts_under(facts, e->epoch);
	struct la_likeness same = {.live = is_live(policy, facts, e->last_seen_ms)};

	if (!same.live || digests == NULL)
		return (same);
	same.token = facts->has_token && e->token == digests->token;
	same.platform = e->platform == digests->platform;
	same.browser = e->browser == digests->browser;
	return (same);
}

/* REAUTH, TOKEN_REFRESH: the token's live environment of that browser, the first remembered. */
static struct la_finding
find_refreshed(const struct la_policy *policy, const struct la_facts *facts, const struct la_member_state *state)
{
	for (size_t i = 0; i < state->environment_count; i++) {
		struct la_likeness same = la_policy_compare(policy, facts, &state->environment[i]);

		if (same.token && same.browser)
			return ((struct la_finding){
			    .act = LA_ACT_TOUCH_ENVIRONMENT, .outcome = LA_OUTCOME_IGNORED_KIND, .at = i});
	}
	return (ends_with(LA_OUTCOME_IGNORED_KIND));
}

/* Is any app live? *same becomes the index of the event's own, or app_count. */
static bool
find_apps(const struct la_policy *policy, const struct la_facts *facts, const struct la_member_state *state,
    size_t *same)
{
	bool any = false;

	*same = state->app_count;
	for (size_t i = state->app_count; i-- > 0;) {
		const struct la_digests *digests = la_facts_under(facts, state->app[i].epoch);

		if (!is_live(policy, facts, state->app[i].last_seen_ms))
			continue;
		any = true;
		if (digests != NULL && digests->app == state->app[i].app)
			*same = i;
	}
	return (any);
}

/* Rule 4. */
static struct la_finding
find_link(const struct la_policy *policy, const struct la_facts *facts, const struct la_member_state *state)
{
	size_t same;

	(void)find_apps(policy, facts, state, &same);
	return (same < state->app_count ? knows(LA_ACT_TOUCH_APP, same) : candidate(LA_REASON_THIRD_PARTY_LINK));
}

/* What rule 5 asks of all live environments together; indices are environment_count where there is none. */
struct survey {
	bool any_live, token_live, platform_live;
	size_t met;      /* token and browser: the first remembered */
	size_t look_alike; /* platform and browser: the latest seen, of equals the first remembered */
};

static struct survey
look_around(const struct la_policy *policy, const struct la_facts *facts, const struct la_member_state *state)
{
	struct survey s = {.met = state->environment_count, .look_alike = state->environment_count};

	for (size_t i = 0; i < state->environment_count; i++) {
		struct la_likeness same = la_policy_compare(policy, facts, &state->environment[i]);

		s.any_live = s.any_live || same.live;
		s.token_live = s.token_live || same.token;
		s.platform_live = s.platform_live || same.platform;
		if (same.token && same.browser && s.met == state->environment_count)
			s.met = i;
		if (same.platform && same.browser && (s.look_alike == state->environment_count ||
		    state->environment[i].last_seen_ms > state->environment[s.look_alike].last_seen_ms))
			s.look_alike = i;
	}
	return (s);
}

/* Rule 5. */
static struct la_finding
find_login(const struct la_policy *policy, const struct la_facts *facts, const struct la_member_state *state)
{
	struct survey s = look_around(policy, facts, state);
	size_t app;

	if (!s.any_live && !find_apps(policy, facts, state, &app))
		return (candidate(LA_REASON_FIRST_LOGIN));
	if (s.met < state->environment_count)
		return (knows(LA_ACT_MEET_ENVIRONMENT, s.met));
	if (s.token_live)
		return (candidate(LA_REASON_NEW_BROWSER));
	if (s.look_alike < state->environment_count) {
		if (!facts->has_token && policy->no_token_environment)
			return (knows(LA_ACT_TOUCH_ENVIRONMENT, s.look_alike));
		return (candidate(LA_REASON_COOKIES_CLEARED));
	}
	return (candidate(s.platform_live ? LA_REASON_NEW_BROWSER : LA_REASON_NEW_DEVICE));
}

/* Rule 3, in its order; what it leaves are links and logins. */
struct la_finding
la_policy_find(const struct la_policy *policy, const struct la_facts *facts, const struct la_member_state *state)
{
	if (facts->result != LA_RESULT_SUCCESS)
		return (ends_with(LA_OUTCOME_IGNORED_RESULT));
	if (facts->kind == LA_KIND_ACCOUNT_ERASED)
		return (forgets(LA_ACT_ERASE));
	if (facts->kind == LA_KIND_DEVICE_REVOKED)
		return (forgets(LA_ACT_REVOKE));
	if (facts->kind == LA_KIND_THIRD_PARTY_UNLINK)
		return (forgets(LA_ACT_UNLINK));
	if (facts->actor != LA_ACTOR_SELF)
		return (ends_with(LA_OUTCOME_IGNORED_ACTOR));
	if (facts->kind == LA_KIND_REAUTH || facts->kind == LA_KIND_TOKEN_REFRESH)
		return (find_refreshed(policy, facts, state));
	if (facts->kind == LA_KIND_THIRD_PARTY_LINK)
		return (find_link(policy, facts, state));
	if (facts->kind != LA_KIND_LOGIN || facts->channel == LA_CHANNEL_API)
		return (ends_with(LA_OUTCOME_IGNORED_KIND));
	return (find_login(policy, facts, state));
}
