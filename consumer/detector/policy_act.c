#include <string.h>

#include "detector/policy_internal.h"

/* "Touch": last_seen moves only when the event is more than device-ttl/16 later. */
static bool
touch(const struct la_policy *policy, const struct la_facts *facts, int64_t *last_seen_ms)
{
	if (la_policy_elapsed(facts->occurred_at_ms, *last_seen_ms) <= policy->device_ttl_ms / 16)
		return (false);
	*last_seen_ms = facts->occurred_at_ms;
	return (true);
}

static bool
same_triple(const struct la_environment *e, const struct la_digests *digests)
{
	return (digests != NULL && e->token == digests->token && e->platform == digests->platform &&
	    e->browser == digests->browser);
}

static void
set_triple(struct la_environment *e, const struct la_digests *now)
{
	e->epoch = now->epoch;
	e->token = now->token;
	e->platform = now->platform;
	e->browser = now->browser;
}

/* Rotation: only an event that has all three values can say them again under the newer epoch. */
static bool
renew(const struct la_facts *facts, const struct la_digests *now, struct la_environment *e)
{
	if (e->epoch == now->epoch || !same_triple(e, la_facts_under(facts, e->epoch)))
		return (false);
	set_triple(e, now);
	return (true);
}

static bool
touch_environment(const struct la_policy *policy, const struct la_facts *facts, const struct la_digests *now,
    struct la_environment *e)
{
	bool touched = touch(policy, facts, &e->last_seen_ms);

	return (renew(facts, now, e) || touched);
}

/* Token and browser are the event's; the platform becomes it. */
static bool
meet_environment(const struct la_policy *policy, const struct la_facts *facts, const struct la_digests *now,
    struct la_environment *e)
{
	bool touched = touch(policy, facts, &e->last_seen_ms);

	if (e->epoch == now->epoch && e->platform == now->platform)
		return (touched);
	set_triple(e, now);
	return (true);
}

static bool
touch_app(const struct la_policy *policy, const struct la_facts *facts, const struct la_digests *now, struct la_app *a)
{
	bool touched = touch(policy, facts, &a->last_seen_ms);

	if (a->epoch == now->epoch)
		return (touched);
	a->epoch = now->epoch;
	a->app = now->app;
	return (true);
}

/* Positions and memo stay: a redelivered event must still find itself. */
static void
erase(struct la_member_state *state)
{
	state->tombstone = true;
	state->suppressed = 0;
	state->environment_count = 0;
	state->app_count = 0;
	state->cooldown_count = 0;
	state->login_window = (struct la_cap_window){0};
	state->link_window = (struct la_cap_window){0};
}

static void
revoke(const struct la_facts *facts, struct la_member_state *state)
{
	uint8_t kept = 0;

	for (size_t i = 0; i < state->environment_count; i++) {
		const struct la_environment *e = &state->environment[i];
		const struct la_digests *digests = la_facts_under(facts, e->epoch);

		if (facts->has_token && digests != NULL && e->token == digests->token)
			continue;
		state->environment[kept++] = *e;
	}
	state->environment_count = kept;
}

static void
unlink_app(const struct la_facts *facts, struct la_member_state *state)
{
	uint8_t kept = 0;

	for (size_t i = 0; i < state->app_count; i++) {
		const struct la_digests *digests = la_facts_under(facts, state->app[i].epoch);

		if (digests != NULL && state->app[i].app == digests->app)
			continue;
		state->app[kept++] = state->app[i];
	}
	state->app_count = kept;
}

bool
la_policy_act(const struct la_policy *policy, const struct la_facts *facts, const struct la_digests *now,
    const struct la_finding *finding, struct la_member_state *state)
{
	switch (finding->act) {
	case LA_ACT_ERASE:
		erase(state);
		return (true);
	case LA_ACT_REVOKE:
		revoke(facts, state);
		return (true);
	case LA_ACT_UNLINK:
		unlink_app(facts, state);
		return (true);
	case LA_ACT_TOUCH_ENVIRONMENT:
		return (touch_environment(policy, facts, now, &state->environment[finding->at]));
	case LA_ACT_MEET_ENVIRONMENT:
		return (meet_environment(policy, facts, now, &state->environment[finding->at]));
	case LA_ACT_TOUCH_APP:
		return (touch_app(policy, facts, now, &state->app[finding->at]));
	case LA_ACT_NOTHING:
	case LA_ACT_CANDIDATE:
		break;
	}
	return (false);
}

static int64_t
later_of(int64_t a, int64_t b)
{
	return (a > b ? a : b);
}

/* Makes room at the end when all are taken: the one seen longest ago goes, the first of equals. */
static struct la_environment *
new_environment(struct la_member_state *state)
{
	struct la_environment *list = state->environment;
	size_t oldest = 0;

	if (state->environment_count == LA_ENVIRONMENTS_MAX) {
		for (size_t i = 1; i < LA_ENVIRONMENTS_MAX; i++) {
			if (list[i].last_seen_ms < list[oldest].last_seen_ms)
				oldest = i;
		}
		memmove(&list[oldest], &list[oldest + 1], (LA_ENVIRONMENTS_MAX - 1 - oldest) * sizeof(*list));
		state->environment_count--;
	}
	return (&list[state->environment_count++]);
}

static struct la_app *
new_app(struct la_member_state *state)
{
	struct la_app *list = state->app;
	size_t oldest = 0;

	if (state->app_count == LA_APPS_MAX) {
		for (size_t i = 1; i < LA_APPS_MAX; i++) {
			if (list[i].last_seen_ms < list[oldest].last_seen_ms)
				oldest = i;
		}
		memmove(&list[oldest], &list[oldest + 1], (LA_APPS_MAX - 1 - oldest) * sizeof(*list));
		state->app_count--;
	}
	return (&list[state->app_count++]);
}

static void
remember_environment(const struct la_facts *facts, const struct la_digests *now, struct la_member_state *state)
{
	struct la_environment *e;

	for (size_t i = 0; i < state->environment_count; i++) {
		e = &state->environment[i];
		if (same_triple(e, la_facts_under(facts, e->epoch))) {
			e->last_seen_ms = later_of(e->last_seen_ms, facts->occurred_at_ms);
			set_triple(e, now);
			return;
		}
	}
	e = new_environment(state);
	set_triple(e, now);
	e->last_seen_ms = facts->occurred_at_ms;
}

static void
remember_app(const struct la_facts *facts, const struct la_digests *now, struct la_member_state *state)
{
	struct la_app *a;

	for (size_t i = 0; i < state->app_count; i++) {
		const struct la_digests *digests = la_facts_under(facts, state->app[i].epoch);

		a = &state->app[i];
		if (digests != NULL && digests->app == a->app) {
			*a = (struct la_app){now->epoch, now->app, later_of(a->last_seen_ms, facts->occurred_at_ms)};
			return;
		}
	}
	a = new_app(state);
	*a = (struct la_app){now->epoch, now->app, facts->occurred_at_ms};
}

void
la_policy_remember(const struct la_facts *facts, const struct la_digests *now, enum la_reason reason,
    struct la_member_state *state)
{
	state->tombstone = false;
	if (reason == LA_REASON_THIRD_PARTY_LINK)
		remember_app(facts, now, state);
	else
		remember_environment(facts, now, state);
}
