/*
 * Key epochs (detector README.md): two instances whose key files change one after the
 * other, over a store in memory and over a real Redis. The instances take turns
 * on one log, as they do when partitions move between them.
 */
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
static struct la_keys
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
static void
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

static const struct la_store *
real_store(struct world *world)
{
	return (redis == NULL ? la_store_memory_port(world->memory) : la_store_redis_port(redis));
}

static int
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

static int
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

static int
stop_redis(void **state)
{
	(void)state;
	la_store_redis_free(redis);
	redis = NULL;
	private_redis_remove(&server);
	return (0);
}

static void
play(struct world *world, const struct la_login_event *event)
{
	(void)add(world, 0, event);
	turn_until_done(world);
}

static void
play_login(struct world *world, const char *id, const char *member, const char *token, int64_t at_ms)
{
	struct la_login_event event = login(id, member, token, at_ms);

	play(world, &event);
}

/* The latest decision: "OUTCOME" or "OUTCOME REASON". */
static const char *
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
static const char *
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

static void
state_moves_when_it_is_hit_and_the_old_key_goes(void **state)
{
	struct world *world = *state;

	play_login(world, "e1", "m1", "t1", T0);
	play_login(world, "e2", "m2", "t1", T0);
	assert_string_equal(epochs_of(world, "m1"), "1");
	take_over(world, key_file(2, 1)); /* --add: only read */
	play_login(world, "e3", "m1", "t1", T0 + 30 * DAY);
	assert_string_equal(last_outcome(world), "KNOWN");
	assert_string_equal(epochs_of(world, "m1"), "1");
	take_over(world, key_file(2, 2)); /* --activate */
	play_login(world, "e4", "m1", "t1", T0 + 30 * DAY + 1);
	assert_string_equal(last_outcome(world), "KNOWN");
	assert_string_equal(epochs_of(world, "m1"), "2");
	assert_string_equal(epochs_of(world, "m2"), "1"); /* not hit yet */
	assert_int_equal(count_outputs(world, "login-alerts"), 2);
}

static void
instance_with_an_older_active_epoch_writes_where_the_state_is(void **state)
{
	struct world *world = *state;

	play_login(world, "e1", "m1", "t1", T0);
	take_over(world, key_file(2, 2));
	play_login(world, "e2", "m1", "t1", T0 + 1);
	assert_string_equal(epochs_of(world, "m1"), "2");
	take_over(world, key_file(2, 1));
	play_login(world, "e3", "m1", "t2", T0 + 2);
	assert_string_equal(last_outcome(world), "ALERTED COOKIES_CLEARED");
	assert_string_equal(epochs_of(world, "m1"), "2");
	take_over(world, key_file(2, 2));
	play_login(world, "e4", "m1", "t2", T0 + 3);
	assert_string_equal(last_outcome(world), "KNOWN");
	/* epoch 1 is not needed for what the older instance has written: it was written under 2 */
	take_over(world, (struct la_keys){.count = 1, .key = {key_file(2, 2).key[0]}});
	play_login(world, "e5", "m1", "t2", T0 + 4);
	assert_string_equal(last_outcome(world), "KNOWN");
}

static void
redelivered_event_is_the_same_job_under_the_next_epoch(void **state)
{
	struct world *world = *state;
	struct la_login_event first = login("e1", "m1", "t1", T0), second = login("e2", "m1", "t2", T0 + 1);
	struct la_alert_job job;
	char ids[4][LA_ID_HEX];

	play(world, &first);
	play(world, &second);
	world->bus.committed[0] = 0; /* it died before both commits */
	take_over(world, key_file(2, 2));
	turn_until_done(world);
	assert_int_equal(count_outputs(world, "login-alerts"), 4);
	for (size_t i = 0; i < 4; i++) {
		const struct memory_output *output = output_of(world, "login-alerts", i);

		assert_int_equal(la_decoder_job(world->jobs, la_span_of(output->value, output->size), &job, NULL), LA_OK);
		memcpy(ids[i], job.job_id, sizeof(ids[i]));
		assert_int_equal(job.reason, i % 2 == 0 ? LA_REASON_FIRST_LOGIN : LA_REASON_COOKIES_CLEARED);
	}
	assert_string_equal(ids[0], ids[2]);
	assert_string_equal(ids[1], ids[3]);
}

/* What another instance does to m1 between our look-up and our write. */
struct rival {
	struct la_keys keys;
	const char *token;
};

static void
rival_writes_first(struct fault_store *store, void *cookie)
{
	struct rival *rival = cookie;
	struct la_decider_options options = {
	    .keys = &rival->keys, .policy = &policy, .mask_keep_last = 3, .cluster_id = "", .topic_generation = ""};
	struct la_login_event event = login("rival's", "m1", rival->token, T0);
	struct la_source source = {.topic = la_span_text("login-events"), .partition = 3};
	const struct la_store *inner = store->inner;
	const struct la_member_key *key;
	unsigned char record[LA_STATE_RECORD_MAX];
	struct la_decider *decider = NULL;
	struct la_member_state theirs;
	struct la_verdict verdict;
	struct la_facts facts;
	struct la_store_read read;
	struct la_store_write write = {.ttl_s = 100};

	store->on_write = NULL;
	assert_int_equal(la_decider_new(&decider, &options, NULL), LA_OK);
	assert_int_equal(la_decider_facts(decider, &event, &source, &facts, NULL), LA_OK);
	la_lookup_init(&read, &facts);
	/* a connection of its own would be asked here: ours has a fetch behind it and no write begun */
	assert_int_equal(inner->fetch_begin(inner->self, &read, 1, NULL), LA_OK);
	assert_int_equal(inner->fetch_end(inner->self, 2000, NULL), LA_OK);
	la_state_init(&theirs);
	if (read.found >= 0)
		assert_int_equal(la_state_decode(read.record, &theirs, NULL), LA_OK);
	la_policy_decide(&policy, &facts, &theirs, &verdict);
	assert_true(verdict.applied);
	write.before = read.record;
	write.after = la_span_of(record, la_state_encode(&theirs, record));
	write.move_from = la_lookup_key(&read, &facts, &key);
	write.key = *key;
	write.keys = read.key;
	write.key_count = read.key_count;
	assert_int_equal(inner->write_begin(inner->self, &write, 1, NULL), LA_OK);
	assert_int_equal(inner->write_end(inner->self, 2000, NULL), LA_OK);
	assert_int_equal(write.result, LA_WRITE_DONE);
	la_decider_free(decider);
}

static void
rival_goes_first(struct world *world, struct rival *rival)
{
	world->store.on_write = rival_writes_first;
	world->store.cookie = rival;
}

/* Both devices are known afterwards, whoever was first, and there is one record. */
static void
expect_both_known(struct world *world, const char *epochs)
{
	assert_string_equal(epochs_of(world, "m1"), epochs);
	play_login(world, "after-1", "m1", "ours", T0 + 8);
	assert_string_equal(last_outcome(world), "KNOWN");
	play_login(world, "after-2", "m1", "theirs", T0 + 9);
	assert_string_equal(last_outcome(world), "KNOWN");
}

static void
state_that_changed_under_the_old_key_is_not_lost_by_a_move(void **state)
{
	struct world *world = *state;
	struct rival rival = {.keys = key_file(2, 1), .token = "theirs"};

	play_login(world, "e1", "m1", "t1", T0);
	take_over(world, key_file(2, 2));
	rival_goes_first(world, &rival);
	play_login(world, "e2", "m1", "ours", T0 + 1);
	expect_both_known(world, "2");
}

static void
state_that_was_moved_meanwhile_is_not_made_again_under_the_old_key(void **state)
{
	struct world *world = *state;
	struct rival rival = {.keys = key_file(2, 2), .token = "theirs"};

	play_login(world, "e1", "m1", "t1", T0);
	take_over(world, key_file(2, 1));
	rival_goes_first(world, &rival);
	play_login(world, "e2", "m1", "ours", T0 + 1);
	expect_both_known(world, "2");
}

static void
member_made_by_two_instances_at_once_is_one(void **state)
{
	for (uint16_t active = 1; active <= 2; active++) {
		struct rival rival = {.keys = key_file(2, (uint16_t)(3 - active)), .token = "theirs"};
		struct world *world;

		if (active == 2) {
			(void)teardown(state);
			(void)setup_rotation(state);
		}
		world = *state;
		take_over(world, key_file(2, active));
		rival_goes_first(world, &rival);
		play_login(world, "e1", "m1", "ours", T0 + 1);
		assert_string_equal(last_outcome(world), "ALERTED COOKIES_CLEARED"); /* theirs was the first login */
		expect_both_known(world, "2");
	}
}

static void
erasure_leaves_one_tombstone_for_all_epochs(void **state)
{
	struct world *world = *state;
	struct la_login_event erasure = login("erase", "m1", NULL, T0 + 5);

	erasure.kind = LA_KIND_ACCOUNT_ERASED;
	play_login(world, "e1", "m1", "t1", T0);
	take_over(world, (struct la_keys){.count = 1, .key = {key_file(2, 2).key[0]}}); /* does not know epoch 1 */
	play_login(world, "e2", "m1", "t1", T0 + 1);
	assert_string_equal(epochs_of(world, "m1"), "2 1");
	take_over(world, key_file(3, 2));
	play(world, &erasure);
	assert_string_equal(last_outcome(world), "FORGOTTEN");
	assert_string_equal(epochs_of(world, "m1"), "2");
	play_login(world, "e3", "m1", "t1", T0 + 6);
	assert_string_equal(last_outcome(world), "ALERTED FIRST_LOGIN");
}

static void
erasure_moves_too(void **state)
{
	struct world *world = *state;
	struct la_login_event erasure = login("erase", "m1", NULL, T0 + 5);

	erasure.kind = LA_KIND_ACCOUNT_ERASED;
	play_login(world, "e1", "m1", "t1", T0);
	take_over(world, key_file(2, 2));
	play(world, &erasure);
	assert_string_equal(epochs_of(world, "m1"), "2");
	take_over(world, key_file(2, 1));
	play_login(world, "e2", "m1", "t1", T0 + 6);
	assert_string_equal(last_outcome(world), "ALERTED FIRST_LOGIN");
	assert_string_equal(epochs_of(world, "m1"), "2");
}

static void
members_of_an_epoch_that_was_removed_are_new(void **state)
{
	struct world *world = *state;

	play_login(world, "e1", "m1", "t1", T0);
	play_login(world, "e2", "m2", "t1", T0);
	take_over(world, key_file(2, 2));
	play_login(world, "e3", "m1", "t1", T0 + 1); /* moves */
	take_over(world, (struct la_keys){.count = 1, .key = {key_file(2, 2).key[0]}});
	play_login(world, "e4", "m1", "t1", T0 + 2);
	assert_string_equal(last_outcome(world), "KNOWN");
	play_login(world, "e5", "m2", "t1", T0 + 2);
	assert_string_equal(last_outcome(world), "ALERTED FIRST_LOGIN");
}

/* The key files of two instances, step after step of two rotations; each step changes one. */
static const struct {
	size_t count[2];
	uint16_t active[2];
} steps[] = {
    {{1, 1}, {1, 1}}, {{2, 1}, {1, 1}}, {{2, 2}, {1, 1}}, {{2, 2}, {2, 1}}, {{2, 2}, {2, 2}}, {{2, 3}, {2, 2}},
    {{3, 3}, {2, 2}}, {{3, 3}, {2, 3}}, {{3, 3}, {3, 3}},
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

static void
random_event(struct la_login_event *event, unsigned *seed, int number)
{
	static char id[16], member[16], token[16], app[16], ip[16];
	static const char *const agents[] = {
	    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0",
	    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"};
	int kind = rand_r(seed) % 20;

	(void)snprintf(id, sizeof(id), "e%d", number);
	(void)snprintf(member, sizeof(member), "m%d", rand_r(seed) % 4);
	(void)snprintf(token, sizeof(token), "t%d", rand_r(seed) % 3);
	(void)snprintf(app, sizeof(app), "a%d", rand_r(seed) % 2);
	(void)snprintf(ip, sizeof(ip), "192.0.%d.1", rand_r(seed) % 2);
	*event = login(id, member, rand_r(seed) % 5 == 0 ? NULL : token, 0);
	event->user_agent = la_span_text(agents[rand_r(seed) % 2]);
	event->ip = la_span_text(ip);
	if (kind == 0)
		event->kind = LA_KIND_ACCOUNT_ERASED;
	else if (kind == 1)
		event->kind = LA_KIND_DEVICE_REVOKED;
	else if (kind == 2)
		event->kind = LA_KIND_THIRD_PARTY_UNLINK;
	else if (kind < 5)
		event->kind = LA_KIND_THIRD_PARTY_LINK;
	else if (kind == 5)
		event->kind = LA_KIND_TOKEN_REFRESH;
	if (event->kind == LA_KIND_THIRD_PARTY_LINK || event->kind == LA_KIND_THIRD_PARTY_UNLINK)
		event->client_app_id = la_span_text(app);
}

#define STREAM 270

/* The decisions of a random stream, a line each, in order. rotate: the instances take turns, and their keys change. */
static char *
decisions_of(unsigned stream_seed, bool rotate)
{
	char *text = calloc(STREAM, 80);
	unsigned seed = stream_seed, order = stream_seed * 7 + 1;
	int64_t now_ms = T0;
	struct world *world;
	void *state;

	(void)setup_rotation(&state);
	world = state;
	for (int i = 0; i < STREAM; i++) {
		struct la_login_event event;

		random_event(&event, &seed, i);
		now_ms += rand_r(&seed) % 8 == 0 ? rand_r(&seed) % 40 * DAY : rand_r(&seed) % 20 * MINUTE;
		event.occurred_at_ms = now_ms;
		if (rotate) {
			size_t step = (size_t)i * STEPS / STREAM;
			int who = rand_r(&order) % 2;
			bool again = rand_r(&order) % 4 == 0;

			take_over(world, key_file(steps[step].count[who], steps[step].active[who]));
			play(world, &event);
			if (again) { /* dead before the commit: the other one reads it again */
				world->bus.committed[0]--;
				take_over(world, key_file(steps[step].count[1 - who], steps[step].active[1 - who]));
				turn_until_done(world);
			}
		} else {
			play(world, &event);
		}
		(void)sprintf(text + strlen(text), "e%d %s\n", i, last_outcome(world));
	}
	(void)teardown(&state);
	return (text);
}

static void
rotation_one_instance_at_a_time_changes_no_decision(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= (redis == NULL ? 20U : 3U); seed++) {
		char *expected = decisions_of(seed, false), *found = decisions_of(seed, true);

		if (strcmp(expected, found) != 0) {
			size_t at = 0, line;

			while (expected[at] == found[at])
				at++;
			for (line = at; line > 0 && expected[line - 1] != '\n'; line--)
				;
			fail_msg("seed %u: without rotation %.*s, with it %.*s", seed, (int)strcspn(expected + line, "\n"),
			    expected + line, (int)strcspn(found + line, "\n"), found + line);
		}
		free(expected);
		free(found);
	}
}

#define ROTATION(name) cmocka_unit_test_setup_teardown(name, setup_rotation, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ROTATION(state_moves_when_it_is_hit_and_the_old_key_goes),
	    ROTATION(instance_with_an_older_active_epoch_writes_where_the_state_is),
	    ROTATION(redelivered_event_is_the_same_job_under_the_next_epoch),
	    ROTATION(state_that_changed_under_the_old_key_is_not_lost_by_a_move),
	    ROTATION(state_that_was_moved_meanwhile_is_not_made_again_under_the_old_key),
	    ROTATION(member_made_by_two_instances_at_once_is_one),
	    ROTATION(erasure_leaves_one_tombstone_for_all_epochs),
	    ROTATION(erasure_moves_too),
	    ROTATION(members_of_an_epoch_that_was_removed_are_new),
	    cmocka_unit_test(rotation_one_instance_at_a_time_changes_no_decision),
	};
	int failed = cmocka_run_group_tests_name("in memory", tests, NULL, NULL);

	return (failed + cmocka_run_group_tests_name("in Redis", tests, start_redis, stop_redis));
}
