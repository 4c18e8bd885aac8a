/*
 * The mailer's loop with jobs whose address must be asked for, while the directory is down, slow, or refuses us: what
 * that must not hold up (P3, P6).
 */
#include "directory_world.h"

static void
a_question_without_an_answer_waits_by_the_schedule_until_its_time_is_over(void **state)
{
	static const struct directory_rule rules[] = {{"late", LA_DIRECTORY_LATER, ALWAYS, NULL, NULL, 0},
	    {"later", LA_DIRECTORY_LATER, 0, NULL, NULL, 0}, {.member_id = NULL}};
	struct world *world = with_directory(*state, rules);
	struct la_alert_job late = job_of(0, "late");
	int64_t wait;

	late.not_after_ms = T0 + 1000 + 5000;
	add_job(world, 0, &late);
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_in_range(world->now_ms, 6000, 6500);
	assert_int_equal(delivery_of(world, 0)->outcome, LA_DELIVERED_EXPIRED);
	assert_int_equal(world->send_count + dead_letters(world), 0);
	assert_int_equal(world->directory.asked_count, 3); /* at once, after 1 s and 2 s more */
	for (size_t i = 1; i < 3; i++) {
		wait = world->directory.asked[i].asked_ms - world->directory.asked[i - 1].asked_ms;
		assert_in_range(wait, 1000 * i, 1250 * i + 200);
	}
	assert_true(said("msg=\"mail deferred\" why=\"directory:443: as the script says\" partition=0 offset=0") >= 1);
}

static void
add_half_without_address(struct world *world, int count)
{
	char name[16];

	for (int i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "%c%d", i % 2 == 0 ? 'm' : 'u', i);
		if (i % 2 == 0)
			add_member(world, i, name);
		else
			add(world, i, name);
	}
}

static void
a_directory_that_is_down_holds_no_job_that_has_an_address(void **state)
{
	static const struct directory_rule rules[] = {{"m", LA_DIRECTORY_LATER, 20, NULL, NULL, 0}, {.member_id = NULL}};
	struct world *world = with_directory(*state, rules);
	int64_t last_ms = 0;

	add_half_without_address(world, 2000);
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 2000);
	for (size_t i = 0; i < world->send_count; i++) {
		if (world->sends[i].to[0] == 'u' && world->sends[i].at_ms > last_ms)
			last_ms = world->sends[i].at_ms;
	}
	assert_true(last_ms < 1000 + 4000); /* 1000 mails over three connections, 5 ms each, take 1.7 s */
	assert_true(world->most_in_hand <= 256);
	/* The first ones went out together; then one each time, less and less often. */
	for (size_t i = DIRECTORY_PARALLEL; i < 20; i++)
		assert_true(world->directory.asked[i].asked_ms - world->directory.asked[i - 1].asked_ms >= 1000);
	assert_in_range(world->now_ms, 100000, 16 * 37500 + 10000);
	/* When it is back, none waits for its time. */
	for (size_t i = 0; i < world->send_count; i++) {
		if (world->sends[i].to[0] == 'm')
			assert_true(world->sends[i].at_ms > world->now_ms - 10000);
	}
	assert_in_range(said("msg=waiting for=directory"), 2, 1 + (int)(world->now_ms / 30000));
	assert_int_equal(said("msg=\"going on\" after=directory"), 1);
	assert_int_equal(dead_letters(world), 0);
}

/* It answers, but takes long. */
static void
a_slow_directory_holds_no_job_that_has_an_address_for_long(void **state)
{
	struct world *world = with_directory(*state, NULL);
	int64_t last_ms = 0;

	world->directory.latency_ms = 3000;
	add_half_without_address(world, 1000);
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 1000);
	for (size_t i = 0; i < world->send_count; i++) {
		if (world->sends[i].to[0] == 'u' && world->sends[i].at_ms > last_ms)
			last_ms = world->sends[i].at_ms;
	}
	assert_true(last_ms < 20000); /* the others need 375 s */
	assert_true(world->now_ms > 300000);
}

static void
a_directory_that_refuses_us_holds_everything_until_it_does_not(void **state)
{
	static const struct directory_rule rules[] = {{"m", LA_DIRECTORY_AT_FAULT, 10, NULL, NULL, 0}, {.member_id = NULL}};
	struct world *world = with_directory(*state, rules);
	int64_t held = 0;

	add_half_without_address(world, 1000);
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 1000);
	for (size_t i = 0; i < world->send_count; i++)
		held += world->sends[i].at_ms > 60000;
	assert_true(held > 700); /* what was not in hand by then */
	assert_true(world->polls_while_paused > 100); /* the membership is kept */
	assert_in_range(said("msg=waiting for=directory"), 2, 1 + (int)(world->now_ms / 30000));
	assert_int_equal(said("msg=\"going on\" after=directory"), 1);
	assert_int_equal(dead_letters(world), 0);
}

/* One member of whom it says so costs a second now and then. */
static void
a_refusal_that_is_about_one_member_does_not_hold_the_others_for_ever(void **state)
{
	static const struct directory_rule rules[] = {{"vip", LA_DIRECTORY_AT_FAULT, ALWAYS, NULL, NULL, 0}, {.member_id = NULL}};
	struct world *world = with_directory(*state, rules);
	struct la_alert_job vip = job_of(2000, "vip");

	vip.not_after_ms = T0 + 5 * MINUTE;
	add_job(world, 0, &vip);
	add_half_without_address(world, 1000);
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 1000);
	for (size_t i = 0; i < world->send_count; i++)
		assert_true(world->sends[i].at_ms < 15000);
	assert_int_equal(delivery_of(world, 2000)->outcome, LA_DELIVERED_EXPIRED);
}

static void
a_directory_that_asks_for_a_pause_gets_it(void **state)
{
	static const struct directory_rule rules[] = {{"m", LA_DIRECTORY_LATER, 1, NULL, NULL, 20000},
	    {"m", LA_DIRECTORY_LATER, 1, NULL, NULL, 86400000}, {.member_id = NULL}};
	struct world *world = with_directory(*state, rules);

	add_member(world, 0, "m");
	assert_int_equal(run(world), LA_OK);
	assert_int_equal(world->directory.asked_count, 3);
	assert_in_range(world->directory.asked[1].asked_ms, 21000, 21200);
	assert_in_range(world->directory.asked[2].asked_ms, 21000 + MINUTE, 21500 + MINUTE); /* a minute, no day */
}

/* P6: what waits is bounded in bytes too, headers and all; said, and over when there is room again. */
static void
jobs_that_wait_for_an_address_are_bounded_and_it_is_said_when_there_is_no_room(void **state)
{
	static const struct directory_rule rules[] = {{"m", LA_DIRECTORY_LATER, 15, NULL, NULL, 0}, {.member_id = NULL}};
	struct world *world = with_directory(*state, rules);
	char name[16];

	world->header_bytes = 64 << 10;
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "m%d", i);
		add_member(world, i, name);
	}
	add(world, 1000, "u");
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 1001);
	assert_true(world->most_kept <= (16 << 20) / (64 << 10) + 256);
	assert_true(said("msg=waiting for=room why=\"so many jobs wait for their next try that no more are taken\"") >= 1);
	assert_true(said("msg=\"going on\" after=room") >= 1);
}

static void
what_was_asked_for_a_partition_that_went_away_is_dropped(void **state)
{
	static const struct directory_rule rules[] = {{"later", LA_DIRECTORY_LATER, ALWAYS, NULL, NULL, 0}, {.member_id = NULL}};
	struct world *world = with_directory(*state, rules);

	world->directory.latency_ms = 2500;
	world->on_work = revoke_first;
	add_member(world, 0, "later0");
	add_member(world, 2, "m2");
	add_member(world, 1, "m1");
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 1);
	assert_int_equal(sends_to(world, "m1"), 1);
	assert_int_equal(world->output_count, 1);
	assert_int_equal(world->kept, 0);
}

static void
a_stop_waits_for_no_answer(void **state)
{
	struct world *world = with_directory(*state, NULL);

	world->directory.latency_ms = MINUTE;
	world->stop_at_ms = 2000;
	add_half_without_address(world, 20);
	assert_int_equal(run(world), LA_OK);
	assert_true(world->now_ms < 2500);
	assert_int_equal(world->send_count, 10);
	assert_int_equal(world->committed[0], 0);
	assert_int_equal(world->committed[1], world->count[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_question_without_an_answer_waits_by_the_schedule_until_its_time_is_over),
	    TEST(a_directory_that_is_down_holds_no_job_that_has_an_address),
	    TEST(a_slow_directory_holds_no_job_that_has_an_address_for_long),
	    TEST(a_directory_that_refuses_us_holds_everything_until_it_does_not),
	    TEST(a_refusal_that_is_about_one_member_does_not_hold_the_others_for_ever),
	    TEST(a_directory_that_asks_for_a_pause_gets_it),
	    TEST(jobs_that_wait_for_an_address_are_bounded_and_it_is_said_when_there_is_no_room),
	    TEST(what_was_asked_for_a_partition_that_went_away_is_dropped),
	    TEST(a_stop_waits_for_no_answer),
	};

	return (sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL));
}
