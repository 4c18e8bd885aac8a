#include <string.h>

#include "detector/pipeline_internal.h"

#define SAY_EVERY_MS 30000
#define PAUSE_MIN_MS 100 /* between two tries; grows to the maximum */
#define PAUSE_MAX_MS 1000
#define MOMENT_MS 10
#define TURN_MS 1000

int64_t
la_pipeline_now(const struct la_pipeline *pipeline)
{
	return (pipeline->options.now_ms(pipeline->options.now_cookie));
}

void
la_pipeline_note(struct la_pipeline *pipeline, const char *side, const struct la_error *error)
{
	struct la_waiting *waiting = &pipeline->waiting;
	int64_t now_ms = la_pipeline_now(pipeline);
	bool first = waiting->side == NULL;

	la_health_fails(la_watch_health(pipeline->options.watch), side, error->text);
	if (first)
		*waiting = (struct la_waiting){.side = side, .since_ms = now_ms};
	waiting->tries++;
	if (!first && strcmp(waiting->side, side) == 0 && now_ms - waiting->said_ms < SAY_EVERY_MS)
		return;
	waiting->side = side;
	waiting->said_ms = now_ms;
	la_pipeline_say(pipeline, LA_LOG_WARN, la_msg("waiting"), la_str("for", side), la_str("why", error->text),
	    la_int("tries", waiting->tries), la_int("seconds", (now_ms - waiting->since_ms) / 1000));
}

void
la_pipeline_recovered(struct la_pipeline *pipeline, const char *side)
{
	struct la_waiting *waiting = &pipeline->waiting;

	la_health_works(la_watch_health(pipeline->options.watch), side);
	if (side != NULL && waiting->side != NULL && strcmp(side, waiting->side) != 0)
		return;
	if (pipeline->paused)
		pipeline->options.bus->pause(pipeline->options.bus->self, false);
	pipeline->paused = false;
	if (waiting->side == NULL)
		return;
	la_pipeline_say(pipeline, LA_LOG_INFO, la_msg("going on"), la_str("after", waiting->side),
	    la_int("tries", waiting->tries), la_int("seconds", (la_pipeline_now(pipeline) - waiting->since_ms) / 1000));
	*waiting = (struct la_waiting){.side = NULL};
}

void
la_pipeline_see_stop(struct la_pipeline *pipeline)
{
	if (pipeline->stop_seen || !*pipeline->options.stopping)
		return;
	pipeline->stop_seen = true;
	pipeline->stop_deadline_ms = la_pipeline_now(pipeline) + pipeline->options.shutdown_timeout_ms;
}

/* True: we are to stop, and the time for it is over. */
static bool
out_of_time(struct la_pipeline *pipeline)
{
	la_pipeline_see_stop(pipeline);
	return (pipeline->stop_seen && la_pipeline_now(pipeline) >= pipeline->stop_deadline_ms);
}

void
la_pipeline_turned(struct la_pipeline *pipeline)
{
	pipeline->turned_ms = la_pipeline_now(pipeline);
	la_health_turned(la_watch_health(pipeline->options.watch), pipeline->turned_ms);
}

enum la_err
la_pipeline_keep_membership(struct la_pipeline *pipeline, int wait_ms, struct la_error *error)
{
	const struct la_bus *bus = pipeline->options.bus;
	struct la_message unexpected;
	size_t count = 0;
	enum la_err err;

	la_pipeline_turned(pipeline);
	if (!pipeline->paused)
		bus->pause(bus->self, true);
	pipeline->paused = true;
	err = bus->poll(bus->self, wait_ms, &unexpected, 1, &count, error);
	if (count > 0) {
		bus->release(bus->self, &unexpected, count);
		return (la_error_set(error, LA_EINTERNAL, "the bus gave a record while paused"));
	}
	/* brokers away: that is what is being waited for, or will be noticed by the next step */
	return (la_err_action(err) == LA_ACTION_FATAL ? err : LA_OK);
}

enum la_err
la_pipeline_check_leases(struct la_pipeline *pipeline, struct la_error *error)
{
	bool all = true;

	for (size_t k = 0; k < pipeline->used; k++) {
		struct la_batch *batch = la_pipeline_batch(pipeline, k);

		if (batch->held > 0 && !la_batch_check_leases(batch, pipeline->options.bus))
			all = false;
	}
	if (!all)
		return (la_error_set(error, LA_EREVOKED, "its partitions were given away, or it is to be read again"));
	return (LA_OK);
}

enum la_err
la_pipeline_keep_turning(struct la_pipeline *pipeline, struct la_error *error)
{
	enum la_err err;

	if (la_pipeline_now(pipeline) - pipeline->turned_ms < TURN_MS)
		return (LA_OK);
	if (out_of_time(pipeline))
		return (la_error_set(error, LA_ESTOPPED, "stopped while outputs are sent"));
	if ((err = la_pipeline_keep_membership(pipeline, 0, error)) != LA_OK)
		return (err);
	return (la_pipeline_check_leases(pipeline, error));
}

enum la_err
la_pipeline_pause(struct la_pipeline *pipeline, const char *side, enum la_err code, struct la_error *error)
{
	if (code != LA_ETIMEOUT || pipeline->waiting.side != NULL)
		return (la_pipeline_wait(pipeline, side, code, error));
	la_pipeline_rest(pipeline);
	if (out_of_time(pipeline))
		return (la_error_set(error, LA_ESTOPPED, "stopped while waiting for %s", side));
	if ((code = la_pipeline_keep_membership(pipeline, MOMENT_MS, error)) != LA_OK)
		return (code);
	return (la_pipeline_check_leases(pipeline, error));
}

enum la_err
la_pipeline_wait(struct la_pipeline *pipeline, const char *side, enum la_err code, struct la_error *error)
{
	struct la_error poll_error = LA_ERROR_INIT;
	int64_t start_ms = la_pipeline_now(pipeline), pause_ms;

	if (la_err_action(code) == LA_ACTION_FATAL)
		return (code);
	la_pipeline_rest(pipeline);
	la_pipeline_note(pipeline, side, error);
	pause_ms = PAUSE_MIN_MS * pipeline->waiting.tries;
	if (pause_ms > PAUSE_MAX_MS)
		pause_ms = PAUSE_MAX_MS;
	do {
		if (out_of_time(pipeline))
			return (la_error_set(error, LA_ESTOPPED, "stopped while waiting for %s", side));
		code = la_pipeline_keep_membership(pipeline, PAUSE_MIN_MS, &poll_error);
		if (code != LA_OK)
			return (la_error_set(error, code, "%s", poll_error.text));
	} while (la_pipeline_now(pipeline) - start_ms < pause_ms);
	return (la_pipeline_check_leases(pipeline, error));
}
