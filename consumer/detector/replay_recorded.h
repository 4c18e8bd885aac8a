/*
 * What the run has written, in memory, to be found by the place of its event or by job: for replay. Pure.
 *
 * Decisions and alerts are kept as the bytes they came as; the same bytes once more are counted, not kept.
 */
#ifndef LA_DETECTOR_REPLAY_RECORDED_H
#define LA_DETECTOR_REPLAY_RECORDED_H

#include "common/buf.h"
#include "common/job.h"

enum la_recorded_kind { LA_RECORDED_DECISION, LA_RECORDED_ALERT };

struct la_recorded {
	enum la_recorded_kind kind;
	int32_t partition; /* of the event */
	int64_t offset;
	bool taken; /* the caller's: it has been compared */
	uint32_t size;
	size_t at;
	uint32_t next;
};

struct la_recorded_delivery {
	char job_id[LA_ID_HEX];
	enum la_delivered outcome;
	int32_t smtp_code; /* 0: none */
	int32_t attempts;
	int64_t at_ms;
	uint32_t next;
};

struct la_recorded_index {
	uint32_t *heads; /* by hash; LA_RECORDED_NONE: nothing */
	size_t mask;
};

#define LA_RECORDED_NONE UINT32_MAX

struct la_recorded_store {
	struct la_recorded *records;
	struct la_recorded_delivery *deliveries;
	size_t record_count, record_cap, delivery_count, delivery_cap;
	struct la_recorded_index places, jobs;
	struct la_buf values;
	uint64_t repeats;
};

void la_recorded_init(struct la_recorded_store *store);
void la_recorded_clear(struct la_recorded_store *store);

/* Errors: LA_ENOMEM (nothing is added then), LA_EDATA: more than 2^32. */
LA_MUST_CHECK enum la_err la_recorded_add(struct la_recorded_store *store, const struct la_recorded *record,
    struct la_span value, struct la_error *error);
LA_MUST_CHECK enum la_err la_recorded_add_delivery(
    struct la_recorded_store *store, const struct la_delivery *delivery, struct la_error *error);

/* The first of that event's, in the order added; then the next. NULL: no more. Valid until the next add. */
struct la_recorded *la_recorded_find(
    const struct la_recorded_store *store, enum la_recorded_kind kind, int32_t partition, int64_t offset);
struct la_recorded *la_recorded_next(const struct la_recorded_store *store, const struct la_recorded *record);
struct la_span la_recorded_value(const struct la_recorded_store *store, const struct la_recorded *record);

const struct la_recorded_delivery *la_recorded_find_delivery(
    const struct la_recorded_store *store, const char *job_id);
const struct la_recorded_delivery *la_recorded_next_delivery(
    const struct la_recorded_store *store, const struct la_recorded_delivery *delivery);

#endif
