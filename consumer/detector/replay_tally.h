/* What a replay counts: outcomes, alerts by reason, mails per day; of each policy. Pure. */
#ifndef LA_DETECTOR_REPLAY_TALLY_H
#define LA_DETECTOR_REPLAY_TALLY_H

#include "detector/replay.h"

#define LA_REPLAY_OUTCOMES (LA_OUTCOME_OTHER + 1)
#define LA_REPLAY_REASONS (LA_REASON_THIRD_PARTY_LINK + 1)

struct la_replay_day {
	int64_t day; /* since 1970, in the replay's UTC offset; of occurred_at, as the mail shows it */
	uint64_t events;
	uint64_t mails[LA_REPLAY_SIDES];
};

struct la_replay_tally {
	int64_t offset_ms; /* whose days: local time - UTC */
	int64_t max_age_ms;
	uint64_t read, in_range;
	uint64_t outcomes[LA_REPLAY_SIDES][LA_REPLAY_OUTCOMES];
	uint64_t alerts[LA_REPLAY_SIDES][LA_REPLAY_REASONS];
	uint64_t repeats[LA_REPLAY_SIDES]; /* ALERTED once more, as the producer sent the event twice: no second mail */
	uint64_t late[LA_REPLAY_SIDES];    /* ALERTED, but the record came after alert.max-age: EXPIRED, no mail */
	uint64_t mails[LA_REPLAY_SIDES];   /* the others */
	uint64_t changed;                  /* events whose outcome or reason differs between the policies */
	struct la_replay_day *days;        /* in order; owned */
	size_t day_count, day_cap;
};

void la_replay_tally_clear(struct la_replay_tally *tally);

/* Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_replay_tally_add(
    struct la_replay_tally *tally, const struct la_replay_seen *seen, size_t sides, struct la_error *error);

#endif
