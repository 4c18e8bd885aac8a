/*
 * The detector's own work, without servers: the real pipeline over ports in memory.
 *
 *   bench_pure [--events N] [--members N] [--devices N] [--fresh N] [--batch N]
 *
 * Decoding, labels and digests, grouping, look-up and decoding of states, the policy, encoding of states, jobs and
 * decisions, and the pipeline's own steps; all that is left out is librdkafka and hiredis. First every device logs in
 * once, unmeasured; then the events come, in tenths that are timed apart, since neighbours disturb. Prints JSON: ns of
 * CPU per event, the median of the tenths and the best.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/lib/bench.h"
#include "bench/lib/workload.h"
#include "common/clock.h"
#include "common/log.h"
#include "detector/pipeline.h"
#include "detector/store_memory.h"

#define PARTITIONS 4
#define TENTHS 10

/* A topic in memory, read once. */
struct source {
	struct la_buf bytes;
	size_t *starts;          /* count + 1 */
	unsigned char *partition; /* by member, as its key would have it */
	size_t count, next, committed;
	int64_t first_offset;
	uint64_t outputs;
};

struct pure {
	struct la_workload workload;
	uint64_t batch;
	struct la_decoder *decoder;
	struct la_encoder *encoder;
	struct la_decider *decider;
	struct la_store_memory *store;
	struct la_pipeline *pipeline;
	struct la_metrics metrics;
	struct la_health health;
	struct la_watch watch; /* as a program with http.listen has it */
	struct source source;
};

static enum la_err
bus_poll(void *self, int wait_ms, struct la_message *out, size_t cap, size_t *count, struct la_error *error)
{
	struct source *source = self;

	(void)wait_ms;
	(void)error;
	for (*count = 0; *count < cap && source->next < source->count; source->next++) {
		size_t at = source->starts[source->next], end = source->starts[source->next + 1];

		out[(*count)++] = (struct la_message){.topic = {(const unsigned char *)"bench", 5},
		    .partition = source->partition[source->next],
		    .offset = source->first_offset + (int64_t)source->next,
		    .has_timestamp = true,
		    .timestamp_ms = LA_WORKLOAD_START_MS + source->first_offset + (int64_t)source->next * LA_WORKLOAD_STEP_MS,
		    .value = la_span_of(source->bytes.data + at, end - at),
		    .lease = 1};
	}
	return (LA_OK);
}

static void
bus_release(void *self, struct la_message *messages, size_t count)
{
	(void)messages;
	((struct source *)self)->committed += count;
}

static void
bus_pause(void *self, bool paused)
{
	(void)self;
	(void)paused;
}

static enum la_err
bus_produce(void *self, const struct la_output *output, int wait_ms, struct la_error *error)
{
	(void)output;
	(void)wait_ms;
	(void)error;
	((struct source *)self)->outputs++;
	return (LA_OK);
}

static enum la_err
bus_await(void *self, uint64_t batch, int wait_ms, struct la_error *error)
{
	(void)self;
	(void)batch;
	(void)wait_ms;
	(void)error;
	return (LA_OK);
}

static enum la_err
bus_commit(void *self, const struct la_position_done *positions, size_t count, struct la_error *error)
{
	(void)self;
	(void)positions;
	(void)count;
	(void)error;
	return (LA_OK);
}

static enum la_err
bus_commit_end(void *self, int wait_ms, struct la_error *error)
{
	(void)self;
	(void)wait_ms;
	(void)error;
	return (LA_OK);
}

static void
bus_discard(void *self)
{
	(void)self;
}

static bool
bus_holds(void *self, struct la_span topic, int32_t partition, uint64_t lease)
{
	(void)self;
	(void)topic;
	(void)partition;
	(void)lease;
	return (true);
}

static const char *
bus_cluster_id(void *self)
{
	(void)self;
	return ("bench");
}

/* Encodes all events of the workload, behind the offsets there were. */
static enum la_err
load(struct pure *pure, const struct la_workload *workload, struct la_error *error)
{
	struct source *source = &pure->source;
	struct la_workload_event made;
	enum la_err err = LA_OK;

	la_buf_reset(&source->bytes);
	free(source->starts);
	free(source->partition);
	source->first_offset += (int64_t)source->count;
	source->count = (size_t)workload->events;
	source->next = source->committed = source->outputs = 0;
	source->starts = calloc(source->count + 1, sizeof(*source->starts));
	source->partition = calloc(source->count, sizeof(*source->partition));
	if (source->starts == NULL || source->partition == NULL)
		return (LA_ENOMEM);
	for (size_t i = 0; i < source->count && err == LA_OK; i++) {
		la_workload_make(workload, i, &made);
		err = la_encoder_event(pure->encoder, &made.event, &source->bytes, error);
		source->starts[i + 1] = source->bytes.size;
		source->partition[i] = (unsigned char)(made.event.member_id.data[made.event.member_id.size - 1] % PARTITIONS);
	}
	return (err);
}

/* Turns until so many events are through; the CPU it took. */
static enum la_err
turn_until(struct pure *pure, size_t committed, int64_t *took_ns, struct la_error *error)
{
	int64_t start_ns = la_bench_ns(CLOCK_THREAD_CPUTIME_ID);
	enum la_err err = LA_OK;

	while (err == LA_OK && pure->source.committed < committed)
		err = la_pipeline_turn(pure->pipeline, error);
	*took_ns = la_bench_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns;
	return (err);
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return ((*x > *y) - (*x < *y));
}

static enum la_err
measure(struct pure *pure, struct la_error *error)
{
	struct la_workload warm = pure->workload;
	double ns[TENTHS];
	int64_t took_ns;
	enum la_err err;

	warm.order = LA_WORKLOAD_EACH;
	warm.events = warm.members * warm.devices;
	warm.fresh = 0;
	if ((err = load(pure, &warm, error)) != LA_OK ||
	    (err = turn_until(pure, pure->source.count, &took_ns, error)) != LA_OK ||
	    (err = load(pure, &pure->workload, error)) != LA_OK)
		return (err);
	for (size_t t = 0; t < TENTHS; t++) {
		size_t before = pure->source.committed;

		if ((err = turn_until(pure, pure->source.count * (t + 1) / TENTHS, &took_ns, error)) != LA_OK)
			return (err);
		if (pure->source.committed == before)
			return (la_error_set(error, LA_EUSAGE, "a tenth of --events must be more than --batch"));
		ns[t] = (double)took_ns / (double)(pure->source.committed - before);
	}
	qsort(ns, TENTHS, sizeof(*ns), compare);
	(void)printf("{\"events\": %zu, \"bytes\": %zu, \"outputs\": %" PRIu64 ", \"ns\": %.0f, \"best_ns\": %.0f}\n",
	    pure->source.count, pure->source.bytes.size, pure->source.outputs, ns[TENTHS / 2], ns[0]);
	return (LA_OK);
}

static enum la_err
make_decider(struct la_decider **decider, struct la_error *error)
{
	const struct la_policy policy = {.device_ttl_ms = INT64_C(365) * 86400000,
	    .cap_count = 10,
	    .cap_window_ms = 3600000}; /* the defaults, without alert.max-age */
	const struct la_keys keys = {.count = 1, .key = {{.epoch = 1, .secret = "a secret for the measurement"}}};
	const struct la_decider_options options = {
	    .keys = &keys, .policy = &policy, .mode = LA_MODE_LIVE, .mask_keep_last = 3, .cluster_id = "", .topic_generation = ""};

	return (la_decider_new(decider, &options, error));
}

static void
drop_log(enum la_log_level level, const struct la_field *fields, size_t count)
{
	(void)level;
	(void)fields;
	(void)count;
}

static enum la_err
open_all(struct pure *pure, const struct la_bus *bus, const char *schemas, struct la_error *error)
{
	static const atomic_int stopping = 0;
	const struct la_decoder_options decoder = {LA_RECORD_LOGIN_EVENT, LA_FRAMING_NONE, schemas, NULL};
	struct la_pipeline_options options = {.bus = bus,
	    .now_ms = la_clock_now_ms,
	    .log = drop_log,
	    .stopping = &stopping,
	    .watch = &pure->watch,
	    .batch_max_events = (size_t)pure->batch,
	    .batch_max_wait_ms = 10,
	    .store_timeout_ms = 1000,
	    .shutdown_timeout_ms = 1000,
	    .publish = LA_PUBLISH_NOTABLE,
	    .topic_alerts = "login-alerts",
	    .topic_decisions = "login-decisions",
	    .topic_dlq = "login-events-dlq"};
	enum la_err err;

	la_metrics_init(&pure->metrics, LA_PROGRAM_DETECTOR);
	la_health_init(&pure->health, LA_PROGRAM_DETECTOR);
	pure->watch = (struct la_watch){.metrics = &pure->metrics,
	    .health = &pure->health,
	    .now_us = la_clock_now_us,
	    .wall_ms = la_clock_wall_ms};
	if ((err = la_decoder_new(&pure->decoder, &decoder, error)) != LA_OK ||
	    (err = la_encoder_new(&pure->encoder, LA_FRAMING_NONE, schemas, error)) != LA_OK ||
	    (err = make_decider(&pure->decider, error)) != LA_OK ||
	    (err = la_store_memory_new(&pure->store)) != LA_OK)
		return (err);
	options.store = la_store_memory_port(pure->store);
	options.decoder = pure->decoder;
	options.encoder = pure->encoder;
	options.decider = pure->decider;
	return (la_pipeline_new(&pure->pipeline, &options, error));
}

static enum la_err
run(struct la_tool *tool, struct la_error *error)
{
	struct pure pure = {
	    .workload = {LA_WORKLOAD_RANDOM, 1000000, 20000, 2, 40}, .batch = 5000, .source = {.bytes = LA_BUF_INIT}};
	const struct la_bus bus = {.self = &pure.source,
	    .poll = bus_poll,
	    .release = bus_release,
	    .pause = bus_pause,
	    .produce = bus_produce,
	    .await = bus_await,
	    .discard = bus_discard,
	    .commit_begin = bus_commit,
	    .commit_end = bus_commit_end,
	    .holds = bus_holds,
	    .cluster_id = bus_cluster_id};
	enum la_err err;

	if (sodium_init() < 0) /* it chooses the code for this processor */
		return (la_error_set(error, LA_EINTERNAL, "libsodium cannot be used"));
	if ((err = la_workload_options(&pure.workload, &tool->args, error)) == LA_OK &&
	    (err = la_workload_number(&tool->args, "--batch", &pure.batch, error)) == LA_OK &&
	    (err = la_cli_args_end(&tool->args, error)) == LA_OK &&
	    (err = open_all(&pure, &bus, tool->schemas, error)) == LA_OK)
		err = measure(&pure, error);
	la_pipeline_free(pure.pipeline);
	la_store_memory_free(pure.store);
	la_decider_free(pure.decider);
	la_encoder_free(pure.encoder);
	la_decoder_free(pure.decoder);
	la_buf_clear(&pure.source.bytes);
	free(pure.source.starts);
	free(pure.source.partition);
	return (err);
}

int
main(int argc, char **argv)
{
	return (la_bench_main("bench_pure", argc, argv, run));
}
