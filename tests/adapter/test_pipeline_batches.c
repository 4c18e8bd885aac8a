/* The pipeline: batches that overlap, how large they are, and members that change behind them. */
#include "pipeline_world.h"

/* Another instance changes the states of all members that are about to be written. */
static void
change_behind_our_back(struct fault_store *store, void *cookie)
{
	struct world *world = cookie;
	struct la_login_event event = login("other", "m1", "their token", T0);
	struct la_source source = {.topic = la_span_text("other topic"), .partition = 9, .offset = 5};
	const struct la_store *inner = store->inner;
	unsigned char record[LA_STATE_RECORD_MAX];
	struct la_member_state theirs;
	struct la_verdict verdict;
	struct la_facts facts;
	struct la_store_write write = {.ttl_s = 100};

	store->on_write = NULL;
	assert_int_equal(la_decider_facts(world->decider, &event, &source, &facts, NULL), LA_OK);
	la_state_init(&theirs);
	la_policy_decide(la_decider_policy(world->decider), &facts, &theirs, &verdict);
	write.key.epoch = facts.by_epoch[0].epoch;
	memcpy(write.key.digest, facts.by_epoch[0].member, sizeof(write.key.digest));
	write.after = la_span_of(record, la_state_encode(&theirs, record));
	assert_int_equal(inner->write_begin(inner->self, &write, 1, NULL), LA_OK);
	assert_int_equal(inner->write_end(inner->self, 0, NULL), LA_OK);
	assert_int_equal(write.result, LA_WRITE_DONE);
}

static void
member_that_another_writer_changed_is_decided_again(void **state)
{
	struct world *world = *state;
	struct la_login_event first = login("e1", "m1", "t1", T0 + MINUTE), second = login("e2", "m2", "t1", T0);
	struct la_alert_job job;

	world->store.on_write = change_behind_our_back;
	world->store.cookie = world;
	(void)add(world, 0, &first);
	(void)add(world, 1, &second);
	turn(world);
	assert_string_equal(world->bus.trace, "FWFWPPPPAC");
	assert_int_equal(world->store.written, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct memory_output *output = output_of(world, "login-alerts", i);

		assert_int_equal(la_decoder_job(world->jobs, la_span_of(output->value, output->size), &job, NULL), LA_OK);
		/* m1 is no stranger any more: the other writer has seen its platform and browser */
		assert_int_equal(job.reason,
		    strcmp(job.event_id.bytes, "e1") == 0 ? LA_REASON_COOKIES_CLEARED : LA_REASON_FIRST_LOGIN);
	}
}

/* A batch of its own for each event: the second one's look-up is under way when the first one's write conflicts. */
static void
look_up_behind_a_conflict_is_made_again(void **state)
{
	struct world *world = *state;
	struct la_login_event revoked = login("e1", "m1", "their token", T0 + MINUTE);
	struct la_login_event next = login("e2", "m1", "their token", T0 + 2 * MINUTE);

	world->options.batch_max_events = 1;
	la_pipeline_free(world->pipeline);
	open_pipeline(world);
	world->store.on_write = change_behind_our_back;
	world->store.cookie = world;
	revoked.kind = LA_KIND_DEVICE_REVOKED;
	(void)add(world, 0, &revoked);
	(void)add(world, 0, &next);
	turn_until_done(world);
	/* the other writer's login made the token known; the revocation, decided again, took it away */
	assert_int_equal(count_outputs(world, "login-alerts"), 1);
}

static void
batches_overlap(void **state)
{
	struct world *world = *state;
	struct la_login_event first = login("e1", "m1", "t1", T0), second = login("e2", "m2", "t1", T0 + MINUTE);

	world->options.batch_max_events = 1;
	la_pipeline_free(world->pipeline);
	open_pipeline(world);
	(void)add(world, 0, &first);
	(void)add(world, 0, &second);
	turn_until_done(world);
	/* the second one's fetch goes out behind the first one's write, before any output */
	assert_string_equal(world->bus.trace, "FWFWPPACPPAC");
	assert_int_equal(world->bus.committed[0], 2);
}

/* Redis comes back empty, once, when the second write is on its way. */
static void
lose_everything(struct fault_store *store, void *cookie)
{
	struct world *world = cookie;

	if (store->written != 1 || store->inner != la_store_memory_port(world->memory))
		return;
	la_store_memory_free(world->memory);
	assert_int_equal(la_store_memory_new(&world->memory), LA_OK);
	store->inner = la_store_memory_port(world->memory);
	store->on_write = NULL;
}

/* Else the second one's position would hide the first one's alert from its redelivery, should we be killed before it is sent. */
static void
what_redis_has_lost_of_alerts_under_way_is_not_written_over(void **state)
{
	struct world *world = *state;
	struct la_login_event first = login("e1", "m1", "t1", T0), second = login("e2", "m1", "t2", T0 + MINUTE);

	world->options.batch_max_events = 1;
	use_exactly_once(world);
	world->store.on_write = lose_everything;
	world->store.cookie = world;
	(void)add(world, 0, &first);
	(void)add(world, 0, &second);
	turn_until_done(world);
	assert_string_equal(world->bus.trace, "FWFWPPFACFWPPAC");
	assert_int_equal(said("redis has not kept a state that was written"), 1);
	assert_int_equal(count_outputs(world, "login-alerts"), 2);
}

/* A slow Redis: each write takes its time, and what was produced before it is not committed yet. */
static void
take_long(struct fault_store *store, void *cookie)
{
	struct world *world = cookie;
	struct memory_bus *bus = store->bus;
	static int64_t open_since_ms;

	if (bus->output_count == bus->committed_outputs)
		open_since_ms = world->now_ms;
	assert_in_range(world->now_ms - open_since_ms, 0, 3000);
	world->now_ms += 1500;
}

/* The broker ends one that is open for transaction.timeout.ms, and all of it would be read and decided again, as slowly. */
static void
a_transaction_is_not_kept_open_for_a_slow_redis(void **state)
{
	struct world *world = *state;
	char id[32];

	world->options.batch_max_events = 1;
	use_exactly_once(world);
	world->store.on_write = take_long;
	world->store.cookie = world;
	for (int i = 0; i < 40; i++) {
		struct la_login_event event;

		(void)snprintf(id, sizeof(id), "m%d", i);
		event = login(id, id, "t1", T0);
		(void)add(world, i % 4, &event);
	}
	turn_until_done(world);
	assert_int_equal(count_outputs(world, "login-alerts"), 40);
}

static void
add_members(struct world *world, int count)
{
	char id[32];

	for (int i = 0; i < count; i++) {
		struct la_login_event event;

		(void)snprintf(id, sizeof(id), "m%d", i);
		event = login(id, id, "t1", T0);
		(void)add(world, i % 4, &event);
	}
}

static void
logins_that_come_one_by_one_do_not_wait_for_the_broker(void **state)
{
	struct world *world = *state;

	world->bus.slow = world->bus.trickles = true;
	add_members(world, 40);
	turn_until_done(world);
	assert_int_equal(world->bus.most_in_hand, 16);
	assert_int_equal(count_outputs(world, "login-alerts"), 40);
}

static void
of_a_backlog_four_batches_are_in_hand(void **state)
{
	struct world *world = *state;

	world->options.batch_max_events = 300; /* more than a small batch has room for */
	la_pipeline_free(world->pipeline);
	open_pipeline(world);
	world->bus.slow = true;
	add_members(world, 1500);
	turn_until_done(world);
	assert_int_equal(world->bus.most_in_hand, 4 * 300);
	assert_int_equal(count_outputs(world, "login-alerts"), 1500);
}

static void
batch_ends_before_the_33rd_candidate_of_a_member(void **state)
{
	struct world *world = *state;
	char id[32], token[32];

	for (int i = 0; i < 70; i++) {
		struct la_login_event event;

		(void)snprintf(id, sizeof(id), "event-%d", i);
		(void)snprintf(token, sizeof(token), "token-%d", i);
		event = login(id, "m1", token, T0 + i * MINUTE);
		(void)add(world, 0, &event);
		event = login(id, "m2", "always the same", T0 + i * MINUTE);
		(void)add(world, 1, &event);
	}
	turn(world);
	assert_int_equal(world->bus.committed[0], 32);
	assert_in_range(world->bus.committed[1], 31, 33);
	turn(world);
	assert_int_equal(world->bus.committed[0], 64);
	turn(world);
	assert_true(memory_bus_done(&world->bus));
	assert_int_equal(count_outputs(world, "login-alerts"), 71);
	assert_int_equal(count_outputs(world, "login-decisions"), 140);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    PROMISE(member_that_another_writer_changed_is_decided_again),
	    PROMISE(look_up_behind_a_conflict_is_made_again),
	    PROMISE(batches_overlap),
	    PROMISE(a_transaction_is_not_kept_open_for_a_slow_redis),
	    PROMISE(what_redis_has_lost_of_alerts_under_way_is_not_written_over),
	    PROMISE(logins_that_come_one_by_one_do_not_wait_for_the_broker),
	    PROMISE(of_a_backlog_four_batches_are_in_hand),
	    PROMISE(batch_ends_before_the_33rd_candidate_of_a_member),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
