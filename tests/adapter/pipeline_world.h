/*
 * One detector over a bus and a store in memory, with the real codec and policy,
 * and a clock that only moves when something waits.
 */
#ifndef LA_TESTS_PIPELINE_WORLD_H
#define LA_TESTS_PIPELINE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "detector/pipeline.h"
#include "detector/store_memory.h"

#include "fault_store.h"
#include "log_lines.h"
#include "memory_bus.h"

#define T0 INT64_C(1751295600000) /* 2025-07-01T00:00:00+09:00 */
#define MINUTE INT64_C(60000)

static const char schemas[] = LA_TEST_SOURCE_DIR "/schemas";

/* One detector and its world. */
struct world {
	struct memory_bus bus;
	struct la_store_memory *memory;
	struct fault_store store;
	struct fault fault;
	int64_t now_ms;
	atomic_int stopping;
	struct la_decoder *decoder, *jobs, *decisions; /* the codec is the same for all worlds */
	struct la_encoder *encoder;
	struct la_decider *decider;
	struct la_pipeline *pipeline;
	struct la_pipeline_options options;
};

static inline void
keep_log(enum la_log_level level, const struct la_field *fields, size_t count)
{
	assert_true(keep_line(level, fields, count)); /* else it waits without end */
}

static inline int64_t
world_now(void *cookie)
{
	return (((struct world *)cookie)->now_ms);
}

static inline struct la_decoder *
open_decoder(enum la_record_type record)
{
	struct la_decoder_options options = {.record = record, .schema_folder = schemas};
	struct la_error error = LA_ERROR_INIT;
	struct la_decoder *decoder = NULL;

	if (la_decoder_new(&decoder, &options, &error) != LA_OK)
		fail_msg("%s", error.text);
	return (decoder);
}

/* Reads the schemas once, not for each of some thousand worlds. */
static inline void
open_codec(struct world *world)
{
	static struct la_decoder *decoder, *jobs, *decisions;
	static struct la_encoder *encoder;
	struct la_error error = LA_ERROR_INIT;

	if (encoder == NULL) {
		decoder = open_decoder(LA_RECORD_LOGIN_EVENT);
		jobs = open_decoder(LA_RECORD_ALERT_JOB);
		decisions = open_decoder(LA_RECORD_DECISION);
		if (la_encoder_new(&encoder, LA_FRAMING_NONE, schemas, &error) != LA_OK)
			fail_msg("%s", error.text);
	}
	world->decoder = decoder;
	world->jobs = jobs;
	world->decisions = decisions;
	world->encoder = encoder;
}

static inline void
open_decider(struct world *world)
{
	const struct la_policy policy = {
	    .device_ttl_ms = 365 * 24 * 60 * MINUTE, .alert_max_age_ms = 24 * 60 * MINUTE};
	struct la_keys keys = {.count = 1, .key = {{.epoch = 1, .secret = {1, 2, 3}}}};
	struct la_decider_options options = {
	    .keys = &keys, .policy = &policy, .mask_keep_last = 3, .cluster_id = "", .topic_generation = ""};
	struct la_error error = LA_ERROR_INIT;

	if (la_decider_new(&world->decider, &options, &error) != LA_OK)
		fail_msg("%s", error.text);
}

static inline void
open_pipeline(struct world *world)
{
	struct la_error error = LA_ERROR_INIT;

	if (la_pipeline_new(&world->pipeline, &world->options, &error) != LA_OK)
		fail_msg("%s", error.text);
}

static inline void
use_exactly_once(struct world *world)
{
	world->bus.exactly_once = world->options.exactly_once = true;
	la_pipeline_free(world->pipeline);
	open_pipeline(world);
}

/* All but the pipeline. */
static inline struct world *
world_new(void)
{
	struct world *world = calloc(1, sizeof(*world));

	log_lines[0] = '\0';
	memory_bus_init(&world->bus, &world->fault, &world->now_ms);
	assert_int_equal(la_store_memory_new(&world->memory), LA_OK);
	fault_store_init(&world->store, la_store_memory_port(world->memory), &world->fault, &world->bus);
	open_codec(world);
	open_decider(world);
	world->options = (struct la_pipeline_options){.bus = &world->bus.port,
	    .store = &world->store.port,
	    .decoder = world->decoder,
	    .encoder = world->encoder,
	    .decider = world->decider,
	    .now_ms = world_now,
	    .now_cookie = world,
	    .log = keep_log,
	    .stopping = &world->stopping,
	    .batch_max_events = 500,
	    .batch_max_wait_ms = 10,
	    .store_timeout_ms = 1000,
	    .shutdown_timeout_ms = 5000,
	    .publish = LA_PUBLISH_ALL,
	    .topic_alerts = "login-alerts",
	    .topic_decisions = "login-decisions",
	    .topic_dlq = "login-events-dlq"};
	return (world);
}

static inline int
setup(void **state)
{
	struct world *world = world_new();

	open_pipeline(world);
	*state = world;
	return (0);
}

static inline int
teardown(void **state)
{
	struct world *world = *state;

	la_pipeline_free(world->pipeline);
	assert_int_equal(world->bus.in_hand, 0);
	memory_bus_clear(&world->bus);
	la_store_memory_free(world->memory);
	la_decider_free(world->decider);
	free(world);
	return (0);
}

/* A login of member with token, number of its event. */
static inline struct la_login_event
login(const char *id, const char *member, const char *token, int64_t at_ms)
{
	return ((struct la_login_event){.event_id = la_span_text(id),
	    .occurred_at_ms = at_ms,
	    .tenant = la_span_text("default"),
	    .member_id = la_span_text(member),
	    .device_token = la_span_text(token),
	    .device_token_origin = token == NULL ? LA_ORIGIN_NONE : LA_ORIGIN_PRESENTED,
	    .device_class = LA_CLASS_UNKNOWN,
	    .user_agent = la_span_text("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
	                               "(KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1"),
	    .email = la_span_text("member@example.jp")});
}

static inline struct memory_record *
add(struct world *world, int32_t partition, const struct la_login_event *event)
{
	struct la_buf value = LA_BUF_INIT;
	struct la_error error = LA_ERROR_INIT;

	if (la_encoder_event(world->encoder, event, &value, &error) != LA_OK)
		fail_msg("%s", error.text);
	return (memory_bus_add(&world->bus, partition, value.data, value.size, event->occurred_at_ms));
}

/* A fixed little history: members over all partitions, new devices, known ones, and two records that are refused. */
static inline void
add_history(struct world *world)
{
	char id[32], member[16], token[16];

	for (int i = 0; i < 60; i++) {
		struct la_login_event event;

		(void)snprintf(id, sizeof(id), "event-%d", i);
		(void)snprintf(member, sizeof(member), "member-%d", i % 7);
		(void)snprintf(token, sizeof(token), "token-%d", (i / 7) % 3);
		event = login(id, member, token, T0 + i * MINUTE);
		if (i % 11 == 5)
			event.result = LA_RESULT_FAILURE;
		if (i == 30)
			event.occurred_at_ms = 0; /* rule 1 */
		(void)add(world, i % 7 % MEMORY_PARTITIONS, &event);
		if (i == 40)
			(void)memory_bus_add(&world->bus, 1, calloc(1, 3), 3, T0);
	}
}

static inline void
turn(struct world *world)
{
	struct la_error error = LA_ERROR_INIT;

	if (la_pipeline_turn(world->pipeline, &error) != LA_OK)
		fail_msg("%s", error.text);
}

static inline void
turn_until_done(struct world *world)
{
	for (int turns = 0; !memory_bus_done(&world->bus); turns++) {
		assert_in_range(turns, 0, 1000);
		turn(world);
	}
}

static inline size_t
count_outputs(const struct world *world, const char *topic)
{
	size_t count = 0;

	for (size_t i = 0; i < world->bus.output_count; i++)
		count += strcmp(world->bus.outputs[i].topic, topic) == 0;
	return (count);
}

static inline const struct memory_output *
output_of(const struct world *world, const char *topic, size_t number)
{
	for (size_t i = 0; i < world->bus.output_count; i++) {
		if (strcmp(world->bus.outputs[i].topic, topic) == 0 && number-- == 0)
			return (&world->bus.outputs[i]);
	}
	fail_msg("no such output on %s", topic);
	return (NULL);
}

/* The outputs, sorted, without repetitions unless exactly_once, which makes none: "topic value-in-hex" lines. Equal worlds give equal text. */
static inline int
compare_lines(const void *a, const void *b)
{
	return (strcmp(*(char *const *)a, *(char *const *)b));
}

static inline char *
essence(const struct world *world)
{
	size_t count = world->bus.output_count, size = 1;
	char **lines = calloc(count + 1, sizeof(*lines)), *text, *end;

	for (size_t i = 0; i < count; i++) {
		const struct memory_output *output = &world->bus.outputs[i];
		size_t used = strlen(output->topic) + 1;

		lines[i] = calloc(used + 2 * output->size + strlen(output->headers) + 3, 1);
		(void)sprintf(lines[i], "%s ", output->topic);
		la_hex(lines[i] + used, output->value == NULL ? (const unsigned char *)"" : output->value, output->size);
		(void)strcpy(lines[i] + strlen(lines[i]), output->headers);
		size += strlen(lines[i]) + 1;
	}
	qsort(lines, count, sizeof(*lines), compare_lines);
	end = text = calloc(size, 1);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || world->bus.exactly_once || strcmp(lines[i], lines[i - 1]) != 0)
			end += sprintf(end, "%s\n", lines[i]);
	}
	for (size_t i = 0; i < count; i++)
		free(lines[i]);
	free(lines);
	return (text);
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
