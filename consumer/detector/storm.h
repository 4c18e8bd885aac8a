/*
 * The storm guard (RULES.md): an empty Redis or a renamed browser family makes
 * everybody new at once. Counts, over the last successful logins, those that tell
 * the member or would, were first logins not silent. Pure.
 *
 * A batch is counted before its first write and stands only when its states are
 * written: la_storm_add for each of its logins, then la_storm_keep; la_storm_undo
 * first when it is counted anew.
 */
#ifndef LA_DETECTOR_STORM_H
#define LA_DETECTOR_STORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detector/policy.h"

/* What a decided event is to the guard. */
enum la_storm_mark {
	LA_STORM_NOTHING, /* no successful login that can alert, or one that was counted before it was redelivered */
	LA_STORM_CALM,
	LA_STORM_ALARM /* ALERTED, or SEEDED as FIRST_LOGIN by silent or grace */
};

struct la_storm_count {
	uint64_t logins; /* seen by this instance */
	size_t alarms;   /* among the last window of them */
};

struct la_storm {
	size_t window; /* 0: off */
	size_t most;   /* alarms that are no storm yet */
	bool *ring;    /* of the last size logins: at logins % size comes the next */
	size_t size;   /* window + what is added between two keeps */
	struct la_storm_count now, kept;
};

/*
 * ratio from 0 to 1. A ratio or window of 0 switches the guard off: la_storm_add does nothing. At most batch_max logins
 * are added before they are kept or undone. Errors: LA_ENOMEM.
 */
LA_MUST_CHECK enum la_err la_storm_init(struct la_storm *storm, size_t window, double ratio, size_t batch_max);
void la_storm_clear(struct la_storm *storm);

static inline bool
la_storm_is_on(const struct la_storm *storm)
{
	return (storm->window > 0);
}

/* Seeding by seed-until is no alarm: that is how an operator starts over. */
enum la_storm_mark la_storm_judge(
    const struct la_policy *policy, const struct la_facts *facts, const struct la_verdict *verdict);

/* Counts one more. True: with it, more than ratio of the last window are alarms, and the window is full. */
bool la_storm_add(struct la_storm *storm, enum la_storm_mark mark);

void la_storm_keep(struct la_storm *storm); /* what was added stands */
void la_storm_undo(struct la_storm *storm); /* back to what stands */

#endif
