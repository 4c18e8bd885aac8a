/*
 * The mailer's loop and its relays: which one is used, when it rests, what waits and for how long, at which rate (P3, P6).
 */
#include "delivery_world.h"


static void
a_relay_at_fault_is_asked_by_one_mail_at_a_time_and_nothing_is_taken(void **state)
{
	static const struct rule rules[] = {{"u", LA_RELAY_AT_FAULT, LA_SMTP_AUTH, 535, 12}, {.to = NULL}};
	struct world *world = *state;
	char to[16];

	world->rules = rules;
	for (int i = 0; i < 400; i++) {
		(void)snprintf(to, sizeof(to), "u%d", i);
		add(world, i, to);
	}
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 412);
	assert_true(world->most_in_hand <= 256);
	assert_true(world->polls_while_paused > 100); /* the membership is kept */
	/* The first three went out together, then one each time. */
	for (size_t i = 3; i < 12; i++) {
		assert_true(world->sends[i].at_ms - world->sends[i - 1].at_ms >= 1000);
		assert_true(world->sends[i].at_ms - world->sends[i - 1].at_ms <= 37500 + 300);
	}
	assert_true(said("msg=waiting") >= 2);
	assert_true(said("msg=waiting") <= 1 + (int)(world->now_ms / 30000));
	assert_int_equal(said("msg=\"going on\""), 1);
	assert_int_equal(dead_letters(world), 0);
	for (int i = 0; i < 400; i++)
		assert_int_equal(delivery_of(world, i)->outcome, LA_DELIVERED_SENT);
}

/* The relay is well, but for one mail: at a rate at which no other is under way, too. */
static void
a_mail_that_only_looks_like_a_relay_at_fault_holds_up_no_other(void **state)
{
	static const struct rule rules[][2] = {{{"bad", LA_RELAY_AT_FAULT, LA_SMTP_RCPT, 530, ALWAYS}, {.to = NULL}},
	    {{"bad", LA_RELAY_AT_FAULT, LA_SMTP_END_OF_DATA, 535, ALWAYS}, {.to = NULL}},
	    {{"bad", LA_RELAY_DEFER, LA_SMTP_MAIL, 0, ALWAYS}, {.to = NULL}}};

	for (size_t r = 0; r < 2 * sizeof(rules) / sizeof(rules[0]); r++) {
		struct world *world = renew(state);
		struct la_alert_job bad = job_to(0, "bad");
		int count = r % 2 == 0 ? RECORDS : 60;

		world->rules = rules[r / 2];
		world->options.mails_per_s = r % 2 == 0 ? 0 : 2;
		reopen_loop(world);
		bad.not_after_ms = T0 + 60 * MINUTE;
		add_job(world, 0, &bad);
		for (int i = 1; i < count; i++)
			add(world, i, "u");
		assert_int_equal(run(world), LA_OK);
		assert_true(is_all_committed(world));
		assert_int_equal(outcomes(world, LA_DELIVERED_SENT), count - 1);
		assert_int_equal(delivery_of(world, 0)->outcome, LA_DELIVERED_EXPIRED);
		for (size_t i = 0; i < world->send_count; i++) {
			if (strcmp(world->sends[i].to, "u") == 0 && world->sends[i].at_ms > 2 * MINUTE)
				fail_msg("case %zu: a mail only after %lld ms", r, (long long)world->sends[i].at_ms);
		}
	}
}

static void
a_relay_that_takes_fewer_connections_is_used_as_far_as_it_goes_and_said_seldom(void **state)
{
	for (size_t limit = 1; limit < CONNECTIONS; limit++) {
		struct world *world = renew(state);

		world->limit = limit;
		for (int i = 0; i < RECORDS; i++)
			add(world, i, "u");
		assert_int_equal(run(world), LA_OK);
		assert_true(is_all_committed(world));
		assert_int_equal(outcomes(world, LA_DELIVERED_SENT), RECORDS);
		assert_true(world->now_ms < 1000 + 2 * RECORDS * 5 / (int64_t)limit); /* with rests: 293 s and 585 s */
		assert_true(world->send_count < RECORDS + 20);
		assert_int_equal(said("relay takes fewer connections"), 1);
		assert_in_range(said("msg=waiting"), 0, 1); /* when the last of the others was through before it */
	}
}

static void
a_relay_that_is_away_for_an_hour_loses_nothing(void **state)
{
	static const struct rule rules[] = {{"u", LA_RELAY_DEFER, LA_SMTP_CONNECT, 0, 130}, {.to = NULL}};
	struct world *world = *state;

	world->rules = rules;
	add(world, 0, "u0");
	add(world, 1, "u1");
	assert_int_equal(run(world), LA_OK);
	assert_true(world->now_ms > 60 * MINUTE);
	assert_true(is_all_committed(world));
	assert_int_equal(delivery_of(world, 0)->outcome, LA_DELIVERED_SENT);
	assert_true(delivery_of(world, 0)->attempts > 30);
}

static void
ten_mails_in_a_row_that_data_refuses_are_the_relays_fault(void **state)
{
	static const struct rule rules[] = {{"u", LA_RELAY_REFUSED, LA_SMTP_END_OF_DATA, 554, 13}, {.to = NULL}};
	struct world *world = *state;
	char to[16];

	world->rules = rules;
	world->latency_ms = 0;
	for (int i = 0; i < 40; i++) {
		(void)snprintf(to, sizeof(to), "u%d", i);
		add(world, i, to);
	}
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_true(world->now_ms > 1000 + 1000);
	assert_true(said("10 mails in a row") >= 1);
	assert_int_equal(said("msg=\"going on\""), 1);
	for (size_t i = 12; i < 14; i++) /* one try after each rest */
		assert_true(world->sends[i].at_ms - world->sends[i - 1].at_ms >= 1000);
}

static void
jobs_that_wait_are_bounded_and_block_nothing_before(void **state)
{
	static const struct rule rules[] = {{"later", LA_RELAY_DEFER, LA_SMTP_RCPT, 450, ALWAYS}, {.to = NULL}};
	struct world *world = *state;
	char to[16];

	set_schedule(world, "10m");
	reopen_loop(world);
	world->rules = rules;
	world->stop_at_ms = 5 * MINUTE;
	for (int i = 0; i < 2 * RECORDS - 2; i++) { /* four times the places for mails under way */
		(void)snprintf(to, sizeof(to), i % 8 == 7 ? "u%d" : "later%d", i);
		add(world, i, to);
	}
	assert_int_equal(run(world), LA_OK);
	for (int i = 7; i < 2 * RECORDS - 2; i += 8) {
		(void)snprintf(to, sizeof(to), "u%d", i);
		assert_int_equal(sends_to(world, to), 1);
	}
	assert_true(world->most_in_hand <= 256); /* of the bus: it needs its memory back */
	assert_int_equal(world->committed[0], 0);
	assert_int_equal(world->committed[1], 0);
	restart(world); /* they are read again, and their attempts start anew; what was sent is not sent again */
	world->rules = NULL;
	world->stop_at_ms = 0;
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	for (int i = 7; i < 2 * RECORDS - 2; i += 8) {
		(void)snprintf(to, sizeof(to), "u%d", i);
		assert_int_equal(sends_to(world, to), 1);
	}
}

/* However many new ones come, a mail that is due again is not left behind. */
static void
what_is_due_again_goes_before_what_is_new(void **state)
{
	static const struct rule rules[] = {{"later", LA_RELAY_DEFER, LA_SMTP_RCPT, 450, 1}, {.to = NULL}};
	struct world *world = *state;
	int64_t again_ms = 0;

	world->rules = rules;
	world->latency_ms = 30; /* 100 mails a second */
	add(world, 0, "later");
	for (int i = 1; i < 1000; i++)
		add(world, i, "u");
	assert_int_equal(run(world), LA_OK);
	assert_true(world->now_ms > 8000);
	for (size_t i = 0; i < world->send_count; i++) {
		if (strcmp(world->sends[i].to, "later") == 0)
			again_ms = world->sends[i].at_ms;
	}
	assert_true(again_ms < 1000 + 1250 + 300);
}

static void
mails_go_at_the_rate_that_was_asked_for(void **state)
{
	struct world *world = *state;

	world->options.mails_per_s = 20;
	reopen_loop(world);
	for (int i = 0; i < 100; i++)
		add(world, i, "u");
	assert_int_equal(run(world), LA_OK);
	for (size_t i = 20; i < 100; i++) /* in any second */
		assert_true(world->sends[i].at_ms - world->sends[i - 20].at_ms >= 900);
	assert_in_range(world->sends[99].at_ms - world->sends[0].at_ms, 4700, 5300);
}

static void
a_second_relay_is_used_while_the_first_one_rests(void **state)
{
	static const struct rule rules[] = {{"u", LA_RELAY_AT_FAULT, LA_SMTP_STARTTLS, 0, 4}, {.to = NULL}};
	struct world *world = *state;
	int by[RELAYS] = {0};
	char to[16];

	world->relay.count = 2;
	world->is_second_well = true;
	world->latency_ms = 100;
	reopen_loop(world);
	world->rules = rules;
	for (int i = 0; i < 200; i++) {
		(void)snprintf(to, sizeof(to), "u%d", i);
		add(world, i, to);
	}
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 204);
	for (size_t i = 0; i < world->send_count; i++)
		by[world->sends[i].which]++;
	assert_in_range(by[1], 30, 120);   /* for the 3 s and more of the first one's rests */
	assert_int_equal(world->sends[203].which, 0); /* it is preferred again */
	for (int i = 0; i < 200; i++) {
		assert_int_equal(delivery_of(world, i)->outcome, LA_DELIVERED_SENT);
		assert_true(delivery_of(world, i)->attempts <= 2);
	}
	assert_string_equal(delivery_of(world, 0)->relay.bytes, "second:25");
	assert_string_equal(delivery_of(world, 199)->relay.bytes, "relay:25");
	assert_int_equal(said("msg=waiting for=relay"), 1);
}

static void
what_a_relay_that_was_down_had_put_off_goes_when_it_is_back(void **state)
{
	static const struct rule rules[] = {{"u", LA_RELAY_DEFER, LA_SMTP_CONNECT, 0, 5}, {.to = NULL}};
	struct world *world = *state;

	set_schedule(world, "25s,4h");
	reopen_loop(world);
	world->rules = rules;
	for (int i = 0; i < 40; i++)
		add(world, i, "u");
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_true(world->now_ms < 12000); /* three at once, then after 1 s and 2 s; then all, those five too */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_relay_at_fault_is_asked_by_one_mail_at_a_time_and_nothing_is_taken),
	    TEST(a_mail_that_only_looks_like_a_relay_at_fault_holds_up_no_other),
	    TEST(a_relay_that_takes_fewer_connections_is_used_as_far_as_it_goes_and_said_seldom),
	    TEST(a_relay_that_is_away_for_an_hour_loses_nothing),
	    TEST(ten_mails_in_a_row_that_data_refuses_are_the_relays_fault),
	    TEST(jobs_that_wait_are_bounded_and_block_nothing_before),
	    TEST(what_is_due_again_goes_before_what_is_new),
	    TEST(mails_go_at_the_rate_that_was_asked_for),
	    TEST(a_second_relay_is_used_while_the_first_one_rests),
	    TEST(what_a_relay_that_was_down_had_put_off_goes_when_it_is_back),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
