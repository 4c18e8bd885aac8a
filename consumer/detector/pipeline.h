/*
 * The detector's loop (promises P1-P5): poll a batch, decode, fetch member
 * states, decide, write states, produce outputs, await, commit. Only pipeline*.c
 * know the order, and only they commit. Pure: everything outside is a port.
 *
 * Waits for a failing side without leaving the group; says what it waits for
 * once, then every 30 s with a count. After a storm (storm.h) it waits for a restart.
 */
#ifndef LA_DETECTOR_PIPELINE_H
#define LA_DETECTOR_PIPELINE_H

#include <stdatomic.h>

#include "common/bus.h"
#include "common/decoder.h"
#include "common/encoder.h"
#include "common/log.h"
#include "common/watch.h"
#include "detector/decide.h"
#include "detector/store.h"

enum la_publish { LA_PUBLISH_NOTABLE, LA_PUBLISH_NONE, LA_PUBLISH_ALL };

/* Has a decision with that outcome a record? pipeline_output.c */
bool la_pipeline_publishes(enum la_publish publish, enum la_outcome outcome);

struct la_pipeline_options {
	const struct la_bus *bus;
	const struct la_store *store;
	struct la_decoder *decoder; /* of LoginEvent */
	struct la_encoder *encoder;
	struct la_decider *decider;
	int64_t (*now_ms)(void *cookie); /* monotonic, for waiting and log intervals only */
	void *now_cookie;
	void (*log)(enum la_log_level level, const struct la_field *fields, size_t count); /* la_log_write */
	const atomic_int *stopping;
	size_t batch_max_events;
	size_t storm_window; /* storm guard, with storm_ratio; either 0: off */
	double storm_ratio;
	int batch_max_wait_ms; /* a batch takes more records while they flow, at most so long */
	int store_timeout_ms;
	int shutdown_timeout_ms;
	enum la_publish publish;
	bool exactly_once; /* what the bus was opened with */
	const struct la_watch *watch; /* NULL: nobody watches */
	const char *topic_alerts, *topic_decisions, *topic_dlq;
};

struct la_pipeline;

LA_MUST_CHECK enum la_err la_pipeline_new(
    struct la_pipeline **pipeline, const struct la_pipeline_options *options, struct la_error *error);
void la_pipeline_free(struct la_pipeline *pipeline);

/*
 * One turn: at most one batch, from poll to commit; idle when there is nothing.
 * Errors: only those with LA_ACTION_FATAL; everything else is waited out inside.
 */
LA_MUST_CHECK enum la_err la_pipeline_turn(struct la_pipeline *pipeline, struct la_error *error);

/* Turns until *stopping; the batch in hand is finished or handed back within shutdown_timeout_ms. */
LA_MUST_CHECK enum la_err la_pipeline_run(struct la_pipeline *pipeline, struct la_error *error);

#endif
