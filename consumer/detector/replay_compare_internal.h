/* The compare's parts: replay_compare.c takes in and ends, replay_compare_seen.c joins one event. */
#ifndef LA_DETECTOR_REPLAY_COMPARE_INTERNAL_H
#define LA_DETECTOR_REPLAY_COMPARE_INTERNAL_H

#include "detector/replay_compare.h"

/* A candidate of the range as replayed: what else an event that was sent twice may have been recorded as. */
struct la_compare_candidate {
	char job_id[LA_ID_HEX];
	enum la_outcome outcome;
	enum la_reason reason;
};

struct la_compare {
	struct la_compare_options options;
	struct la_compare_result result;
	struct la_recorded_store recorded;
	struct la_compare_candidate *candidates;
	size_t list_cap, candidate_count, candidate_cap;
};

/* Counts it, and lists it (copied) while there is room. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_compare_note(struct la_compare *compare, const struct la_difference *difference,
    struct la_error *error);

LA_MUST_CHECK enum la_err la_compare_remember(
    struct la_compare *compare, const struct la_compare_candidate *candidate, struct la_error *error);

#endif
