/*
 * One member's timeline: when, what came, what became of it and why, in words (RULES.md), its job and its mail. Pure.
 * The only output of a replay that is about a known person: whoever asks has named the member.
 */
#ifndef LA_DETECTOR_REPLAY_WHY_H
#define LA_DETECTOR_REPLAY_WHY_H

#include "common/buf.h"
#include "detector/replay.h"
#include "detector/replay_recorded.h"

/* The rule that gave the verdict, a sentence without its full stop; a static string. */
const char *la_replay_why(const struct la_replay_seen *seen);

struct la_timeline_options {
	const struct la_policy *policy;
	int64_t offset_ms;                         /* of all times */
	const struct la_recorded_store *deliveries; /* NULL: they are not known */
};

/* Appends an event of the member, which has been decided upon or rejected. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_timeline_add(
    const struct la_timeline_options *options, const struct la_replay_seen *seen, struct la_buf *out);

#endif
