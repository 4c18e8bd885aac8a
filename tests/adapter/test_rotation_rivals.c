/* Key epochs: instances with different key files that write the same member at the same time. */
#include "rotation_world.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ROTATION(state_that_changed_under_the_old_key_is_not_lost_by_a_move),
	    ROTATION(state_that_was_moved_meanwhile_is_not_made_again_under_the_old_key),
	    ROTATION(member_made_by_two_instances_at_once_is_one),
	};
	int failed = cmocka_run_group_tests_name("in memory", tests, NULL, NULL);

	return (failed + cmocka_run_group_tests_name("in Redis", tests, start_redis, stop_redis));
}
