/*
 * Instances whose key files change one after the other, over a store in memory and over a real Redis (detector README.md:
 * key epochs). They take turns on one log, as they do when partitions move between them.
 */
#ifndef LA_TESTS_ROTATION_WORLD_H
#define LA_TESTS_ROTATION_WORLD_H

#include "pipeline_world.h"

#include "detector/lookup.h"
#include "detector/store_redis.h"

#include "private_redis.h"

#define DAY (24 * 60 * MINUTE)

static struct private_redis server;
static struct la_store_redis *redis; /* NULL: states in memory */

static const struct la_policy policy = {.device_ttl_ms = 160 * DAY,
    .alert_max_age_ms = DAY,
    .cap_count = 3,
    .cap_window_ms = 60 * MINUTE,
    .cooldown_ms = 10 * MINUTE};

/* A key file with epochs [1, count], one of them active. */
static inline struct la_keys
key_file(size_t count, uint16_t active)
{
	struct la_keys keys = {.count = count};

	for (size_t i = 0; i < count; i++) {
		keys.key[i].epoch = (uint16_t)(count - i);
		memset(keys.key[i].secret, 0x30 + (int)(count - i), LA_KEY_BYTES);
		if (keys.key[i].epoch == active)
			keys.active = i;
	}
	return (keys);
}

/* From here on an instance with these keys has the partitions. */
static inline void
take_over(struct world *world, struct la_keys keys)
{
	struct la_decider_options options = {
	    .keys = &keys, .policy = &policy, .mask_keep_last = 3, .cluster_id = "", .topic_generation = ""};

	la_pipeline_free(world->pipeline);
	world->pipeline = NULL;
	la_decider_free(world->decider);
	assert_int_equal(la_decider_new(&world->decider, &options, NULL), LA_OK);
	world->options.decider = world->decider;
	memory_bus_restart(&world->bus);
	open_pipeline(world);
}

static inline const struct la_store *
real_store(struct world *world)
{
	return (redis == NULL ? la_store_memory_port(world->memory) : la_store_redis_port(redis));
}

static inline int
setup_rotation(void **state)
{
	struct world *world;

	(void)setup(state);
	world = *state;
	world->options.batch_max_events = 40; /* pipelines are made often here */
	if (redis != NULL) {
		redisContext *other = redisConnectUnix(server.socket);

		freeReplyObject(redisCommand(other, "FLUSHALL"));
		redisFree(other);
		world->store.inner = real_store(world);
	}
	take_over(world, key_file(1, 1));
	return (0);
}

static inline int
start_redis(void **state)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_conf *conf;
	char text[256];

	(void)state;
	private_redis_start(&server, NULL);
	assert_int_equal(la_conf_new(&conf, LA_PROGRAM_DETECTOR), LA_OK);
	(void)snprintf(text, sizeof(text), "redis.url=unix://%s\n", server.socket);
	assert_int_equal(la_conf_read_text(conf, "test", text, strlen(text)), LA_OK);
	if (la_store_redis_new(&redis, conf, &error) != LA_OK)
		fail_msg("%s", error.text);
	la_conf_free(conf);
	return (0);
}

static inline int
stop_redis(void **state)
{
	(void)state;
	la_store_redis_free(redis);
	redis = NULL;
	private_redis_remove(&server);
	return (0);
}

static inline void
play(struct world *world, const struct la_login_event *event)
{
	(void)add(world, 0, event);
	turn_until_done(world);
}

static inline void
play_login(struct world *world, const char *id, const char *member, const char *token, int64_t at_ms)
{
	struct la_login_event event = login(id, member, token, at_ms);

	play(world, &event);
}

/* The latest decision: "OUTCOME" or "OUTCOME REASON". */
static inline const char *
last_outcome(const struct world *world)
{
	static char text[64];
	const struct memory_output *output =
	    output_of(world, "login-decisions", count_outputs(world, "login-decisions") - 1);
	struct la_decision decision;

	assert_int_equal(
	    la_decoder_decision(world->decisions, la_span_of(output->value, output->size), &decision, NULL), LA_OK);
	(void)snprintf(text, sizeof(text), "%s%s%s", la_outcome_name(decision.outcome), decision.has_reason ? " " : "",
	    decision.has_reason ? la_reason_name(decision.reason) : "");
	return (text);
}

/* Under which of epochs 4-1 the member has a record, as "2 1". The keys are those of key_file. */
static inline const char *
epochs_of(struct world *world, const char *member)
{
	static char text[16];
	const struct la_keys keys = key_file(4, 1);
	struct la_decider_options options = {
	    .keys = &keys, .policy = &policy, .mask_keep_last = 3, .cluster_id = "", .topic_generation = ""};
	struct la_login_event event = login("e", member, "t", T0);
	struct la_source source = {.topic = la_span_text("login-events")};
	const struct la_store *store = real_store(world);
	struct la_decider *decider = NULL;
	struct la_facts facts;
	struct la_store_read all;

	assert_int_equal(la_decider_new(&decider, &options, NULL), LA_OK);
	assert_int_equal(la_decider_facts(decider, &event, &source, &facts, NULL), LA_OK);
	la_decider_free(decider);
	la_lookup_init(&all, &facts);
	text[0] = '\0';
	for (size_t k = 0; k < all.key_count; k++) {
		struct la_store_read one = {.key_count = 1, .key = {all.key[k]}};

		assert_int_equal(store->fetch_begin(store->self, &one, 1, NULL), LA_OK);
		assert_int_equal(store->fetch_end(store->self, 2000, NULL), LA_OK);
		if (one.found >= 0)
			(void)sprintf(text + strlen(text), "%s%u", text[0] == '\0' ? "" : " ", (unsigned)all.key[k].epoch);
	}
	return (text);
}

#define ROTATION(name) cmocka_unit_test_setup_teardown(name, setup_rotation, teardown)

#endif
