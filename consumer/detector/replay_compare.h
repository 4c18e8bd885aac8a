/*
 * What the replay decided against what the run recorded: the join. Pure.
 *
 * Decisions and alerts are joined by the event's place (topic, partition, offset) and its event_id, never by member_ref,
 * which is another one under another key epoch; deliveries by job_id. First all that was recorded is put in, then each
 * event that the replay has seen, then la_compare_finish.
 *
 * Taken, and counted apart (the contract, section 5): the same record more than once; a late KNOWN beside the decision
 * on a candidate; what was decided of an event that was sent twice, at its other place.
 */
#ifndef LA_DETECTOR_REPLAY_COMPARE_H
#define LA_DETECTOR_REPLAY_COMPARE_H

#include "common/range.h"
#include "detector/pipeline.h"
#include "detector/replay.h"
#include "detector/replay_recorded.h"

#define LA_DIFFERENCES_MAX 10000 /* listed; all are counted */

enum la_difference_kind { LA_MISSING, LA_UNEXPECTED, LA_DIFFERENT, LA_DIFFERENCE_KINDS };
enum la_difference_of { LA_OF_DECISION, LA_OF_ALERT, LA_OF_DELIVERY, LA_DIFFERENCE_OF };

struct la_difference {
	enum la_difference_kind kind;
	enum la_difference_of of;
	int32_t partition; /* the event's place */
	int64_t offset;
	int64_t occurred_at_ms;
	char job_id[LA_ID_HEX];     /* of the event, alerted or not; "" when it is not known */
	char member_ref[LA_ID_HEX]; /* as replayed, else as recorded */
	struct la_text event_id;
	char replayed[64], recorded[64]; /* e.g. "ALERTED NEW_DEVICE", "nothing" */
	char fields[192];                /* names of those that differ, with blanks between */
	bool may_be_double;              /* until la_compare_finish */
	enum la_outcome outcome;         /* recorded, with may_be_double */
	enum la_reason reason;
};

struct la_compare_result {
	uint64_t compared[LA_DIFFERENCE_OF];  /* recorded ones of the range */
	uint64_t counts[LA_DIFFERENCE_OF][LA_DIFFERENCE_KINDS];
	uint64_t repeats, late_known, as_double;
	uint64_t delivered[LA_DELIVERED_OTHER + 1]; /* what became of the alerts, the best of each */
	uint64_t other_policy, other_agent; /* recorded under another policy_rev, agent_rev */
	uint64_t gone;  /* recorded in the range, but the event's part of the log is gone */
	uint64_t later; /* occurred in the range, but came too late to be read */
	uint64_t unreadable; /* recorded, and not to be decoded */
	struct la_difference *list; /* owned by the compare */
	size_t count;
};

struct la_compare;

struct la_compare_options {
	struct la_decoder *decisions, *alerts, *deliveries; /* borrowed */
	const struct la_decider *decider;
	const struct la_range_bounds *bounds; /* of each partition of the events; borrowed */
	int32_t partitions;
	const char *topic; /* of the events */
	int64_t from_ms, to_ms;
	enum la_publish publish;
	bool shadow; /* policy.mode: nothing was to be mailed */
};

/* Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_compare_new(
    struct la_compare **compare, const struct la_compare_options *options, struct la_error *error);
void la_compare_free(struct la_compare *compare);

/* One recorded value. RETRY of the decoder: give it again. Errors else: LA_ENOMEM, LA_EDATA. */
LA_MUST_CHECK enum la_err la_compare_put(
    struct la_compare *compare, enum la_difference_of what, struct la_span value, struct la_error *error);

/* Every event that was read. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_compare_seen(
    struct la_compare *compare, const struct la_replay_seen *seen, struct la_error *error);

/* What was recorded of events that nobody has seen; then the result is complete. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_compare_finish(struct la_compare *compare, struct la_error *error);
const struct la_compare_result *la_compare_result(const struct la_compare *compare);

/* The deliveries that were put in, for the timeline. */
const struct la_recorded_store *la_compare_recorded(const struct la_compare *compare);

const char *la_difference_kind_name(enum la_difference_kind kind); /* "missing", … */
const char *la_difference_of_name(enum la_difference_of of);       /* "decision", … */

#endif
