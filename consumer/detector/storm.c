#include "detector/storm.h"

#include <stdlib.h>

enum la_err
la_storm_init(struct la_storm *storm, size_t window, double ratio, size_t batch_max)
{
	*storm = (struct la_storm){.window = 0};
	if (window == 0 || ratio <= 0)
		return (LA_OK);
	storm->ring = calloc(window + batch_max, sizeof(*storm->ring));
	if (storm->ring == NULL)
		return (LA_ENOMEM);
	storm->window = window;
	storm->size = window + batch_max;
	/* 0.29 * 100 is a little less than 29 */
	storm->most = (size_t)(ratio * (double)window + 1e-6);
	return (LA_OK);
}

void
la_storm_clear(struct la_storm *storm)
{
	free(storm->ring);
	*storm = (struct la_storm){.window = 0};
}

/* Rule 5 looks at it. What rule 3 ignores can never alert, and would only thin out the others. */
static bool
is_login(const struct la_facts *facts)
{
	return (facts->kind == LA_KIND_LOGIN && facts->result == LA_RESULT_SUCCESS && facts->actor == LA_ACTOR_SELF &&
	    facts->channel != LA_CHANNEL_API);
}

enum la_storm_mark
la_storm_judge(const struct la_policy *policy, const struct la_facts *facts, const struct la_verdict *verdict)
{
	if (!is_login(facts) || verdict->redelivered)
		return (LA_STORM_NOTHING);
	if (verdict->outcome == LA_OUTCOME_ALERTED)
		return (LA_STORM_ALARM);
	if (verdict->outcome == LA_OUTCOME_SEEDED && verdict->reason == LA_REASON_FIRST_LOGIN &&
	    !(policy->has_seed_until && facts->occurred_at_ms < policy->seed_until_ms))
		return (LA_STORM_ALARM);
	return (LA_STORM_CALM);
}

bool
la_storm_add(struct la_storm *storm, enum la_storm_mark mark)
{
	struct la_storm_count *now = &storm->now;

	if (!la_storm_is_on(storm) || mark == LA_STORM_NOTHING)
		return (false);
	if (now->logins >= storm->window)
		now->alarms -= storm->ring[(now->logins - storm->window) % storm->size];
	storm->ring[now->logins % storm->size] = mark == LA_STORM_ALARM;
	now->alarms += mark == LA_STORM_ALARM;
	now->logins++;
	return (now->logins >= storm->window && now->alarms > storm->most);
}

void
la_storm_keep(struct la_storm *storm)
{
	storm->kept = storm->now;
}

/* The ring has room for what is not kept yet, so nothing of the window before it was overwritten. */
void
la_storm_undo(struct la_storm *storm)
{
	storm->now = storm->kept;
}
