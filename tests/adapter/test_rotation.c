/* Key epochs: what becomes of a state when the key files change, one instance after the other. */
#include "rotation_world.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ROTATION(state_moves_when_it_is_hit_and_the_old_key_goes),
	    ROTATION(instance_with_an_older_active_epoch_writes_where_the_state_is),
	    ROTATION(redelivered_event_is_the_same_job_under_the_next_epoch),
	    ROTATION(erasure_leaves_one_tombstone_for_all_epochs),
	    ROTATION(erasure_moves_too),
	    ROTATION(members_of_an_epoch_that_was_removed_are_new),
	};
	int failed = cmocka_run_group_tests_name("in memory", tests, NULL, NULL);

	return (failed + cmocka_run_group_tests_name("in Redis", tests, start_redis, stop_redis));
}
