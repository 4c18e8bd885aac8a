/*
 * The mailer's loop and the ledger: a job is mailed once, whoever else had it, and nothing is mailed without it (P2, P3).
 */
#include "delivery_world.h"

static void
a_job_that_was_mailed_before_is_a_duplicate(void **state)
{
	struct world *world = *state;
	struct la_alert_job again = job_to(1, "a");

	add(world, 1, "a");
	add(world, 3, "b");
	add_job(world, 1, &again); /* the producer sent its event twice */
	add_job(world, 0, &again);
	memory_ledger_entry(&world->ledger, world->records[1][1].job_id)->is_sent = true; /* b: by an earlier run */
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(sends_to(world, "a"), 1);
	assert_int_equal(sends_to(world, "b"), 0);
	assert_int_equal(delivery_of(world, 3)->outcome, LA_DELIVERED_DUPLICATE);
	assert_int_equal(delivery_of(world, 3)->attempts, 0);
	assert_int_equal(outcomes(world, LA_DELIVERED_SENT), 1);
	assert_int_equal(outcomes(world, LA_DELIVERED_DUPLICATE), 3);
}

static void
marks_outlive_the_time_in_which_a_job_may_be_mailed(void **state)
{
	struct world *world = *state;
	struct la_alert_job no_limit = job_to(1, "b");

	no_limit.not_after_ms = INT64_C(4102444800000);
	add(world, 0, "a"); /* a day */
	add_job(world, 1, &no_limit);
	assert_int_equal(run(world), LA_OK);
	assert_in_range(memory_ledger_entry(&world->ledger, world->records[0][0].job_id)->ttl_s, 2 * 86400 - 10, 2 * 86400);
	assert_int_equal(memory_ledger_entry(&world->ledger, world->records[1][0].job_id)->ttl_s, 30 * 86400);
}

static void
let_other_finish(struct world *world)
{
	struct ledger_entry *entry = memory_ledger_entry(&world->ledger, world->records[0][0].job_id);

	if (world->now_ms > 6000)
		entry->is_sent = true;
}

static void
let_other_die(struct world *world)
{
	if (world->now_ms > 6000)
		world->ledger.is_other_alive = false;
}

/* After a rebalance the mailer that had the partition may still be sending: its claim is waited for, others pass. */
static void
a_job_that_a_living_mailer_claimed_waits_until_that_is_over(void **state)
{
	struct world *world = *state;

	for (int dies = 0; dies < 2; dies++) {
		world = renew(state);
		world->on_work = dies ? let_other_die : let_other_finish;
		world->ledger.is_other_alive = true;
		add(world, 0, "theirs");
		add(world, 2, "ours");
		memory_ledger_entry(&world->ledger, world->records[0][0].job_id)->owner = LEDGER_OTHER;
		assert_int_equal(run(world), LA_OK);
		assert_true(is_all_committed(world));
		assert_true(world->now_ms >= 6000);
		assert_int_equal(sends_to(world, "ours"), 1);
		assert_true(world->sends[0].at_ms < 2000);
		assert_int_equal(sends_to(world, "theirs"), dies);
		assert_int_equal(world->ledger.takeovers, dies);
		assert_int_equal(said("msg=\"mail again\""), dies);
		assert_int_equal(
		    delivery_of(world, 0)->outcome, dies ? LA_DELIVERED_SENT : LA_DELIVERED_DUPLICATE);
	}
}

static void
bring_ledger_back(struct world *world)
{
	world->ledger.is_away = world->now_ms > 2000 && world->now_ms < 100000;
}

static void
without_the_ledger_nothing_is_sent_and_nothing_is_taken(void **state)
{
	struct world *world = *state;
	char to[16];
	int late = 0;

	world->on_work = bring_ledger_back;
	world->latency_ms = 300;
	for (int i = 0; i < 300; i++) {
		(void)snprintf(to, sizeof(to), "u%d", i);
		add(world, i, to);
	}
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 300);
	for (size_t i = 0; i < world->send_count; i++) {
		late += world->sends[i].at_ms > 2000 && world->sends[i].at_ms < 100000;
		assert_true(world->sends[i].at_ms < 2000 + LEDGER_LEASE_MS || world->sends[i].at_ms >= 100000);
	}
	assert_true(late <= 2 * CONNECTIONS); /* what was claimed before */
	assert_true(world->polls_while_paused > 100);
	assert_int_equal(said("msg=waiting for=redis"), 4); /* at once, then every 30 s */
	assert_int_equal(said("msg=\"going on\" after=redis"), 1);
	for (int i = 0; i < 300; i++)
		assert_int_equal(delivery_of(world, i)->outcome, LA_DELIVERED_SENT);
}

static void
take_ledger_away_after_the_first(struct world *world)
{
	world->ledger.is_away = world->send_count > 0 && world->now_ms < 60000;
}

static void
a_mail_that_was_sent_is_committed_only_once_it_is_marked(void **state)
{
	struct world *world = *state;

	world->on_work = take_ledger_away_after_the_first;
	world->stop_at_ms = 40000;
	add(world, 0, "a");
	assert_int_equal(run(world), LA_OK);
	assert_int_equal(world->send_count, 1);
	assert_int_equal(world->committed[0], 0);
	assert_int_equal(world->output_count, 0);

	world = renew(state);
	world->on_work = take_ledger_away_after_the_first;
	add(world, 0, "a");
	assert_int_equal(run(world), LA_OK);
	assert_int_equal(world->send_count, 1);
	assert_true(is_all_committed(world));
	assert_int_equal(delivery_of(world, 0)->outcome, LA_DELIVERED_SENT);
}

static void
hang(struct world *world)
{
	if (world->send_count == CONNECTIONS && world->now_ms < 20000)
		world->now_ms += 60000; /* stopped, swapped out, … */
}

/* A mailer that hung: others may have its claims. What it had not sent to the end is withdrawn and claimed anew. */
static void
a_mailer_that_hung_past_its_lease_sends_nothing_on_old_claims(void **state)
{
	struct world *world = *state;

	world->on_work = hang;
	world->latency_ms = 500;
	for (int i = 0; i < 40; i++)
		add(world, i, "u");
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 40 + CONNECTIONS); /* each submit was checked against the ledger */
	for (int i = 0; i < 40; i++)
		assert_int_equal(delivery_of(world, i)->attempts, 1); /* what was withdrawn is no attempt */
}

static size_t
held_by_us(struct world *world)
{
	size_t held = 0;

	for (size_t i = 0; i < world->ledger.entry_count; i++)
		held += world->ledger.entries[i].owner == world->ledger.us && !world->ledger.entries[i].is_sent;
	return (held);
}

static size_t held_then;

/* Meanwhile the partitions went to another instance, which finishes them. */
static void
hang_and_lose_all(struct world *world)
{
	bool has_hung = world->now_ms >= 60000;

	hang(world);
	if (has_hung || world->now_ms < 60000)
		return;
	held_then = held_by_us(world);
	for (int partition = 0; partition < PARTITIONS; partition++) {
		world->lease[partition]++;
		for (int64_t i = 0; i < world->count[partition]; i++)
			world->records[partition][i].has_outcome = true;
		world->committed[partition] = world->next[partition] = world->count[partition];
	}
}

/* It would hold them as long as it lives, and nobody would mail them. */
static void
what_was_claimed_ahead_before_a_hang_is_given_back_when_its_partition_went(void **state)
{
	struct world *world = *state;

	world->on_work = hang_and_lose_all;
	world->latency_ms = 500;
	world->stop_at_ms = 90000;
	for (int i = 0; i < 40; i++)
		add(world, i, "u");
	assert_int_equal(run(world), LA_OK);
	assert_true(held_then > CONNECTIONS);
	assert_int_equal(held_by_us(world), 0);
}

/* A mail cut after its final dot keeps its claim while it waits; a partition that goes away sets it free. */
static void
a_partition_that_goes_away_leaves_no_claim_behind(void **state)
{
	static const struct rule rules[] = {{"cut", LA_RELAY_UNKNOWN, LA_SMTP_END_OF_DATA, 0, 1}, {.to = NULL}};
	struct world *world = *state;

	set_schedule(world, "1h");
	reopen_loop(world);
	world->rules = rules;
	world->on_work = revoke_first;
	add(world, 0, "cut");
	add(world, 1, "here");
	assert_int_equal(run(world), LA_OK);
	assert_int_equal(sends_to(world, "cut"), 1);
	world->stopping = 0;
	world->stop_at_ms = world->now_ms + 3000;
	world->on_work = NULL;
	assert_int_equal(run(world), LA_OK);
	assert_int_equal(memory_ledger_entry(&world->ledger, world->records[0][0].job_id)->owner, 0);
}

static void
nobody_else_gets_it(struct world *world)
{
	if (world->in_flight > 0)
		assert_int_equal(
		    memory_ledger_entry(&world->ledger, world->records[0][0].job_id)->owner, world->ledger.us);
}

/* The partition goes, and comes back at once: the record is read again, and its mail is under way. */
static void
revoke_and_return(struct world *world)
{
	if (world->now_ms < 3000 || world->lease[0] != 0)
		return;
	world->lease[0]++;
	world->next[0] = world->committed[0];
	world->latency_ms = 8000;
	world->on_work = nobody_else_gets_it;
}

static void
a_mail_that_waits_of_before_leaves_its_claim_to_the_same_record_read_again(void **state)
{
	static const struct rule rules[] = {{"cut", LA_RELAY_UNKNOWN, LA_SMTP_END_OF_DATA, 0, 1}, {.to = NULL}};
	static const char *const schedules[] = {"1h", "2s"}; /* swept out of those that wait; or it was due before that */
	struct world *world;

	for (size_t i = 0; i < sizeof(schedules) / sizeof(schedules[0]); i++) {
		world = renew(state);
		set_schedule(world, schedules[i]);
		reopen_loop(world);
		world->rules = rules;
		world->on_work = revoke_and_return;
		add(world, 0, "cut");
		assert_int_equal(run(world), LA_OK);
		assert_true(is_all_committed(world));
		assert_int_equal(sends_to(world, "cut"), 2);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_job_that_was_mailed_before_is_a_duplicate),
	    TEST(marks_outlive_the_time_in_which_a_job_may_be_mailed),
	    TEST(a_job_that_a_living_mailer_claimed_waits_until_that_is_over),
	    TEST(without_the_ledger_nothing_is_sent_and_nothing_is_taken),
	    TEST(a_mail_that_was_sent_is_committed_only_once_it_is_marked),
	    TEST(a_mailer_that_hung_past_its_lease_sends_nothing_on_old_claims),
	    TEST(what_was_claimed_ahead_before_a_hang_is_given_back_when_its_partition_went),
	    TEST(a_partition_that_goes_away_leaves_no_claim_behind),
	    TEST(a_mail_that_waits_of_before_leaves_its_claim_to_the_same_record_read_again),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
