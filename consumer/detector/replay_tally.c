#include "detector/replay_tally.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

void
la_replay_tally_clear(struct la_replay_tally *tally)
{
	free(tally->days);
	tally->days = NULL;
	tally->day_count = tally->day_cap = 0;
}

static int64_t
day_of(const struct la_replay_tally *tally, int64_t ms)
{
	int64_t local = ms + tally->offset_ms;

	return (local >= 0 ? local / DAY_MS : -((-local + DAY_MS - 1) / DAY_MS));
}

/* The day's place, made if it is not there; most events are of the last day. NULL: out of memory. */
static struct la_replay_day *
find_day(struct la_replay_tally *tally, int64_t day)
{
	size_t at = tally->day_count;

	while (at > 0 && tally->days[at - 1].day > day)
		at--;
	if (at > 0 && tally->days[at - 1].day == day)
		return (&tally->days[at - 1]);
	if (tally->day_count == tally->day_cap) {
		size_t cap = tally->day_cap == 0 ? 64 : 2 * tally->day_cap;
		struct la_replay_day *days = realloc(tally->days, cap * sizeof(*days));

		if (days == NULL)
			return (NULL);
		tally->days = days;
		tally->day_cap = cap;
	}
	memmove(&tally->days[at + 1], &tally->days[at], (tally->day_count - at) * sizeof(*tally->days));
	tally->day_count++;
	tally->days[at] = (struct la_replay_day){.day = day};
	return (&tally->days[at]);
}

/* The mailer sends a job once, and not after its time. */
static void
count_alert(struct la_replay_tally *tally, const struct la_replay_seen *seen, size_t side, struct la_replay_day *day)
{
	const struct la_verdict *verdict = &seen->verdict[side];
	int64_t age_ms = seen->source.timestamp_ms - seen->event->occurred_at_ms;

	tally->alerts[side][verdict->reason]++;
	if (verdict->redelivered) {
		tally->repeats[side]++;
	} else if (tally->max_age_ms > 0 && seen->source.has_timestamp && age_ms > tally->max_age_ms) {
		tally->late[side]++;
	} else {
		tally->mails[side]++;
		day->mails[side]++;
	}
}

static bool
differs(const struct la_verdict *a, const struct la_verdict *b)
{
	return (a->outcome != b->outcome || a->has_reason != b->has_reason || (a->has_reason && a->reason != b->reason));
}

enum la_err
la_replay_tally_add(
    struct la_replay_tally *tally, const struct la_replay_seen *seen, size_t sides, struct la_error *error)
{
	bool has_day = seen->facts != NULL; /* else its time may be anything */
	struct la_replay_day *day = NULL;

	tally->read++;
	if (!seen->in_range)
		return (LA_OK);
	tally->in_range++;
	if (has_day && (day = find_day(tally, day_of(tally, seen->event->occurred_at_ms))) == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	if (has_day)
		day->events++;
	for (size_t s = 0; s < sides; s++) {
		tally->outcomes[s][seen->verdict[s].outcome]++;
		if (has_day && seen->verdict[s].outcome == LA_OUTCOME_ALERTED)
			count_alert(tally, seen, s, day);
	}
	tally->changed += sides == 2 && differs(&seen->verdict[0], &seen->verdict[1]);
	return (LA_OK);
}
