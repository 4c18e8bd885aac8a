/*
 * The storm guard in the pipeline: when it trips, nothing of the
 * batch was written, published or committed, and it waits until it is stopped.
 */
#include "pipeline_world.h"

#define WINDOW 20

static int
setup_guarded(void **state)
{
	struct world *world;

	(void)setup(state);
	world = *state;
	la_pipeline_free(world->pipeline);
	world->options.storm_window = WINDOW;
	world->options.storm_ratio = 0.5;
	open_pipeline(world);
	return (0);
}

/* The pipeline made anew over the same store, as after a restart; batch_max 0: as it was. */
static void
restart(struct world *world, size_t batch_max)
{
	la_pipeline_free(world->pipeline);
	if (batch_max > 0)
		world->options.batch_max_events = batch_max;
	memory_bus_restart(&world->bus);
	world->stopping = 0;
	world->bus.on_poll = NULL;
	open_pipeline(world);
}

/* A login: of a new member when fresh, else one more of the same, from the same device. */
static void
add_login(struct world *world, int32_t partition, const char *prefix, int i, bool fresh)
{
	char id[32], member[32];
	struct la_login_event event;

	(void)snprintf(id, sizeof(id), "%s-%d", prefix, i);
	(void)snprintf(member, sizeof(member), "%s-member-%d", prefix, i);
	event = login(id, fresh ? member : "regular", "t1", T0 + i);
	(void)add(world, partition, &event);
}

/* count of them, over all partitions. */
static void
add_logins(struct world *world, const char *prefix, int count, bool fresh)
{
	for (int i = 0; i < count; i++)
		add_login(world, i % MEMORY_PARTITIONS, prefix, i, fresh);
}

static void
stop_after_two_minutes(struct memory_bus *bus, void *cookie)
{
	struct world *world = cookie;

	(void)bus;
	if (world->now_ms > 120000)
		world->stopping = 1;
}

static void
run_until_stopped(struct world *world)
{
	struct la_error error = LA_ERROR_INIT;

	world->bus.on_poll = stop_after_two_minutes;
	world->bus.cookie = world;
	if (la_pipeline_run(world->pipeline, &error) != LA_OK)
		fail_msg("%s", error.text);
}

/* Is this member in the store? */
static bool
is_remembered(struct world *world, const char *member)
{
	const struct la_store *inner = la_store_memory_port(world->memory);
	struct la_login_event event = login("e", member, "t1", T0);
	struct la_source source = {.topic = la_span_text("login-events")};
	struct la_store_read read = {.key_count = 1};
	struct la_facts facts;

	assert_int_equal(la_decider_facts(world->decider, &event, &source, &facts, NULL), LA_OK);
	read.key[0].epoch = facts.by_epoch[0].epoch;
	memcpy(read.key[0].digest, facts.by_epoch[0].member, sizeof(read.key[0].digest));
	assert_int_equal(inner->fetch_begin(inner->self, &read, 1, NULL), LA_OK);
	return (read.found >= 0);
}

static void
assert_nothing_was_done(struct world *world)
{
	assert_null(strpbrk(world->bus.trace, "WPAC"));
	assert_int_equal(world->store.written, 0);
	assert_int_equal(world->bus.output_count, 0);
	assert_int_equal(world->bus.commits, 0);
	for (int p = 0; p < MEMORY_PARTITIONS; p++)
		assert_int_equal(world->bus.committed[p], 0);
}

static void
storm_writes_publishes_and_commits_nothing_and_waits_until_stopped(void **state)
{
	struct world *world = *state;

	add_logins(world, "new", WINDOW, true);
	(void)memory_bus_add(&world->bus, 0, calloc(1, 3), 3, T0); /* no dead letter either */
	run_until_stopped(world);
	assert_string_equal(world->bus.trace, "F");
	assert_nothing_was_done(world);
	assert_false(is_remembered(world, "new-member-0"));
	assert_true(world->bus.polls_while_paused > 1000);
	assert_int_equal(said("msg=\"batch handed back\""), 1);
	assert_int_equal(said("msg=\"going on\""), 0);
}

static void
storm_says_why_once_and_then_every_30_s(void **state)
{
	struct world *world = *state;

	add_logins(world, "new", WINDOW, true);
	run_until_stopped(world);
	assert_in_range(said("for=storm"), 4, 5); /* in two minutes */
	assert_int_equal(said("20 of the last 20 successful logins"), said("for=storm"));
	assert_non_null(strstr(log_lines, "storm.ratio=0.5"));
	assert_non_null(strstr(log_lines, "policy.seed-until"));
}

static void
stop_ends_the_wait_at_once(void **state)
{
	struct world *world = *state;

	add_logins(world, "new", WINDOW, true);
	run_until_stopped(world);
	assert_in_range(world->now_ms, 120000, 121500); /* shutdown_timeout_ms is 5000 */
}

static void
instance_that_has_not_seen_the_window_yet_does_not_judge(void **state)
{
	struct world *world = *state;

	add_logins(world, "new", WINDOW - 1, true);
	turn_until_done(world);
	assert_int_equal(count_outputs(world, "login-alerts"), WINDOW - 1);
	add_logins(world, "more", 1, true);
	world->bus.trace_size = 0;
	run_until_stopped(world);
	assert_string_equal(world->bus.trace, "F");
	assert_int_equal(count_outputs(world, "login-alerts"), WINDOW - 1);
	assert_false(is_remembered(world, "more-member-0"));
}

/* The batch before stays as it is, and everything after it waits. */
static void
only_the_batch_of_the_storm_is_held(void **state)
{
	struct world *world = *state;

	restart(world, WINDOW);
	add_logins(world, "calm", 3 * WINDOW, false);
	add_logins(world, "new", 2 * WINDOW, true);
	run_until_stopped(world);
	assert_int_equal(world->bus.committed[0] + world->bus.committed[1] + world->bus.committed[2] +
	    world->bus.committed[3], 3 * WINDOW);
	assert_int_equal(count_outputs(world, "login-alerts"), 1);
	assert_int_equal(world->store.written, 1);
}

static void
half_of_the_logins_is_no_storm(void **state)
{
	struct world *world = *state;

	add_logins(world, "calm", WINDOW, false);
	turn_until_done(world);
	for (int i = 0; i < 5; i++) {
		char prefix[2] = {(char)('a' + i), '\0'};

		add_logins(world, prefix, WINDOW / 2, true);
		turn_until_done(world);
		add_logins(world, prefix, WINDOW / 2, false);
		turn_until_done(world);
	}
	assert_int_equal(said("for=storm"), 0);
}

/* Where the batches end does not matter: the same login trips it, and what is before its batch is done. */
static void
storm_does_not_depend_on_batch_size(void **state)
{
	(void)state;
	for (int size = 1; size <= 64; size = size * 2 + 1) {
		struct world *world;
		void *other;

		(void)setup_guarded(&other);
		world = other;
		restart(world, (size_t)size);
		for (int i = 0; i < 100; i++)
			add_login(world, 0, "e", i, i >= 40 && i < 60);
		run_until_stopped(world);
		assert_int_not_equal(said("for=storm"), 0);
		assert_int_equal(world->bus.committed[0], 50 / size * size); /* offset 50 is the 11th of 20 */
		(void)teardown(&other);
	}
}

static void
seeding_after_a_storm_goes_on_where_it_stood(void **state)
{
	const struct la_policy seeding = {.device_ttl_ms = 365 * 24 * 60 * MINUTE,
	    .has_seed_until = true,
	    .seed_until_ms = T0 + MINUTE,
	    .first_login = LA_FIRST_SILENT,
	    .alert_max_age_ms = 24 * 60 * MINUTE};
	struct la_keys keys = {.count = 1, .key = {{.epoch = 1, .secret = {1, 2, 3}}}};
	struct la_decider_options options = {
	    .keys = &keys, .policy = &seeding, .mask_keep_last = 3, .cluster_id = "", .topic_generation = ""};
	struct world *world = *state;

	add_logins(world, "new", 3 * WINDOW, true);
	run_until_stopped(world);
	assert_nothing_was_done(world);
	la_pipeline_free(world->pipeline);
	world->pipeline = NULL;
	la_decider_free(world->decider);
	assert_int_equal(la_decider_new(&world->decider, &options, NULL), LA_OK);
	world->options.decider = world->decider;
	restart(world, 0);
	turn_until_done(world);
	assert_int_equal(count_outputs(world, "login-alerts"), 0);
	assert_int_equal(count_outputs(world, "login-decisions"), 3 * WINDOW);
	assert_true(is_remembered(world, "new-member-0"));
}

static void
restart_with_the_guard_off_lets_it_pass(void **state)
{
	struct world *world = *state;

	add_logins(world, "new", 3 * WINDOW, true);
	run_until_stopped(world);
	assert_nothing_was_done(world);
	world->options.storm_ratio = 0;
	restart(world, 0);
	turn_until_done(world);
	assert_int_equal(count_outputs(world, "login-alerts"), 3 * WINDOW);
}

/* A batch of six alarms, read again and again because its commit did not count, is six alarms. */
static void
redelivered_logins_are_not_counted_twice(void **state)
{
	struct world *world = *state;

	add_logins(world, "calm", WINDOW, false);
	turn_until_done(world);
	add_logins(world, "new", WINDOW / 2 - MEMORY_PARTITIONS, true);
	for (int again = 0; again < 4; again++) {
		for (int32_t p = 0; p < MEMORY_PARTITIONS; p++) {
			world->bus.committed[p] = WINDOW / MEMORY_PARTITIONS;
			memory_bus_revoke(&world->bus, p);
		}
		turn_until_done(world);
	}
	assert_int_equal(said("for=storm"), 0);
	assert_int_equal(count_outputs(world, "login-alerts"), 1 + 4 * (WINDOW / 2 - MEMORY_PARTITIONS));
}

/* Partitions that go while it holds do not set it free: the next batch would be judged on the same states. */
static void
revoke_and_stop(struct memory_bus *bus, void *cookie)
{
	struct world *world = cookie;

	if (world->now_ms > 60000 && bus->lease[0] == 0) {
		for (int32_t p = 0; p < MEMORY_PARTITIONS; p++)
			memory_bus_revoke(bus, p);
	}
	stop_after_two_minutes(bus, cookie);
}

static void
storm_holds_also_when_the_partitions_go(void **state)
{
	struct world *world = *state;

	struct la_error error = LA_ERROR_INIT;

	add_logins(world, "new", WINDOW, true);
	add_logins(world, "calm", 10 * WINDOW, false);
	world->bus.on_poll = revoke_and_stop;
	world->bus.cookie = world;
	assert_int_equal(la_pipeline_run(world->pipeline, &error), LA_OK);
	assert_in_range(world->now_ms, 120000, 121500);
	assert_nothing_was_done(world);
	assert_int_equal(said("msg=\"batch dropped\""), 0);
}

static void
revoke_once_paused_and_stop(struct memory_bus *bus, void *cookie)
{
	for (int32_t p = 0; p < MEMORY_PARTITIONS && bus->paused && bus->lease[p] == 0; p++)
		memory_bus_revoke(bus, p);
	stop_after_two_minutes(bus, cookie);
}

/* Else readers of committed records would wait for its time-out. */
static void
no_transaction_stays_open_when_the_partitions_go_in_a_storm(void **state)
{
	struct world *world = *state;
	struct la_error error = LA_ERROR_INIT;

	world->options.batch_max_events = WINDOW;
	use_exactly_once(world);
	add_logins(world, "calm", 2 * WINDOW, false);
	add_logins(world, "new", WINDOW, true);
	world->bus.on_poll = revoke_once_paused_and_stop;
	world->bus.cookie = world;
	assert_int_equal(la_pipeline_run(world->pipeline, &error), LA_OK);
	assert_non_null(strchr(world->bus.trace, 'P'));
	assert_int_not_equal(said("for=storm"), 0);
	assert_int_equal(world->bus.output_count, world->bus.committed_outputs);
}

static void
store_that_was_away_before_a_storm_is_said_to_be_back(void **state)
{
	struct world *world = *state;

	add_logins(world, "new", WINDOW, true);
	world->fault = (struct fault){.at = 3, .code = LA_EUNAVAILABLE}; /* the fetch after two polls */
	run_until_stopped(world);
	assert_nothing_was_done(world);
	assert_int_equal(said("for=redis"), 1);
	assert_int_equal(said("after=redis"), 1);
	assert_int_not_equal(said("for=storm"), 0);
}

#define GUARDED(name) cmocka_unit_test_setup_teardown(name, setup_guarded, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    GUARDED(storm_writes_publishes_and_commits_nothing_and_waits_until_stopped),
	    GUARDED(storm_says_why_once_and_then_every_30_s),
	    GUARDED(stop_ends_the_wait_at_once),
	    GUARDED(instance_that_has_not_seen_the_window_yet_does_not_judge),
	    GUARDED(only_the_batch_of_the_storm_is_held),
	    GUARDED(half_of_the_logins_is_no_storm),
	    cmocka_unit_test(storm_does_not_depend_on_batch_size),
	    GUARDED(seeding_after_a_storm_goes_on_where_it_stood),
	    GUARDED(restart_with_the_guard_off_lets_it_pass),
	    GUARDED(redelivered_logins_are_not_counted_twice),
	    GUARDED(storm_holds_also_when_the_partitions_go),
	    GUARDED(no_transaction_stays_open_when_the_partitions_go_in_a_storm),
	    GUARDED(store_that_was_away_before_a_storm_is_said_to_be_back),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
