/* The pipeline: what it waits for, what goes away meanwhile, and how it stops (P3, P5). */
#include "pipeline_world.h"

static void
return_the_store(struct memory_bus *bus, void *cookie)
{
	struct world *world = cookie;

	(void)bus;
	if (world->now_ms > 70000)
		world->store.away = false;
}

static void
store_that_is_away_is_waited_for_in_the_group_and_said_every_30_s(void **state)
{
	struct world *world = *state;
	struct la_login_event event = login("e1", "m1", "t1", T0);

	world->store.away = true;
	world->bus.on_poll = return_the_store;
	world->bus.cookie = world;
	(void)add(world, 0, &event);
	turn(world);
	assert_int_equal(world->bus.committed[0], 1);
	assert_int_equal(count_outputs(world, "login-alerts"), 1);
	assert_true(world->bus.polls_while_paused > 600);
	assert_false(world->bus.paused);
	assert_int_equal(said("msg=waiting"), 3);
	assert_int_equal(said("for=redis"), 3);
	assert_int_equal(said("msg=\"going on\""), 1);
}

static void
revoke_after_a_while(struct memory_bus *bus, void *cookie)
{
	struct world *world = cookie;

	if (world->now_ms > 3000 && bus->lease[0] == 0) {
		memory_bus_revoke(bus, 0);
		if (bus->records[1].partition != 0)
			return;
		memory_bus_revoke(bus, 1);
	}
	if (world->now_ms > 6000)
		world->store.away = false;
}

static void
batch_is_dropped_when_its_partitions_go_while_it_waits(void **state)
{
	struct world *world = *state;
	struct la_login_event first = login("e1", "m1", "t1", T0), second = login("e2", "m2", "t1", T0);

	world->store.away = true;
	world->bus.on_poll = revoke_after_a_while;
	world->bus.cookie = world;
	(void)add(world, 0, &first);
	(void)add(world, 0, &second);
	turn(world);
	assert_int_equal(world->bus.commits, 0);
	assert_int_equal(world->bus.output_count, 0);
	assert_int_equal(world->bus.in_hand, 0);
	assert_int_equal(said("msg=\"batch dropped\""), 1);
	turn_until_done(world); /* the partition came back */
	assert_int_equal(count_outputs(world, "login-alerts"), 2);
}

static void
kept_partitions_of_a_batch_go_on(void **state)
{
	struct world *world = *state;
	struct la_login_event first = login("e1", "m1", "t1", T0), second = login("e2", "m2", "t1", T0);

	world->store.away = true;
	world->bus.on_poll = revoke_after_a_while;
	world->bus.cookie = world;
	(void)add(world, 0, &first);
	(void)add(world, 1, &second);
	turn(world);
	assert_int_equal(world->bus.committed[0], 0);
	assert_int_equal(world->bus.committed[1], 1);
	assert_int_equal(count_outputs(world, "login-alerts"), 1);
	assert_int_equal(world->store.written, 1);
}

/* Partition 1 goes (and comes back) when the states are written and no transaction is open yet. */
static enum la_err
lose_partition_1(void *self, int timeout_ms, struct la_error *error)
{
	struct fault_store *store = self;

	if (store->bus->lease[1] == 0)
		memory_bus_revoke(store->bus, 1);
	return (fault_store_write_end(self, timeout_ms, error));
}

/* Else what was read of it is in the transaction, and its new owner writes it again. */
static void
transaction_has_no_output_of_a_partition_that_went_before_it_was_opened(void **state)
{
	struct world *world = *state;
	struct la_login_event lost = login("e1", "m1", "t1", T0);
	char id[32];

	world->options.batch_max_events = 2;
	use_exactly_once(world);
	world->store.port.write_end = lose_partition_1;
	(void)add(world, 1, &lost);
	for (int i = 2; i <= 9; i++) {
		struct la_login_event kept;

		(void)snprintf(id, sizeof(id), "m%d", i);
		kept = login(id, id, "t1", T0);
		(void)add(world, 0, &kept);
	}
	turn_until_done(world);
	assert_int_equal(count_outputs(world, "login-alerts"), 9);
	assert_int_equal(world->bus.committed_outputs, world->bus.output_count);
}

static void
record_that_cannot_be_read_is_left_alone_and_waited_for(void **state)
{
	struct world *world = *state;
	struct la_login_event event = login("e1", "m1", "t1", T0);
	struct la_source source = {.topic = la_span_text("login-events")};
	const struct la_store *inner = la_store_memory_port(world->memory);
	struct la_store_read read;
	struct la_store_write write = {.after = la_span_text("\xff of a newer version"), .ttl_s = 100};
	struct la_facts facts;
	struct la_error error = LA_ERROR_INIT;

	assert_int_equal(la_decider_facts(world->decider, &event, &source, &facts, NULL), LA_OK);
	write.key.epoch = facts.by_epoch[0].epoch;
	memcpy(write.key.digest, facts.by_epoch[0].member, sizeof(write.key.digest));
	assert_int_equal(inner->write_begin(inner->self, &write, 1, NULL), LA_OK);
	assert_int_equal(inner->write_end(inner->self, 0, NULL), LA_OK);
	(void)add(world, 0, &event);
	world->stopping = 1;
	assert_int_equal(la_pipeline_turn(world->pipeline, &error), LA_ESTOPPED);
	assert_int_equal(world->bus.commits, 0);
	assert_int_equal(world->bus.output_count, 0);
	assert_int_not_equal(said("partition 0 offset 0"), 0);
	read = (struct la_store_read){.key_count = 1, .key = {write.key}};
	assert_int_equal(inner->fetch_begin(inner->self, &read, 1, NULL), LA_OK);
	assert_int_equal(inner->fetch_end(inner->self, 0, NULL), LA_OK);
	assert_true(la_span_equal(read.record, write.after));
}

static void
stop_now(struct memory_bus *bus, void *cookie)
{
	(void)bus;
	((struct world *)cookie)->stopping = 1;
}

static void
stop_finishes_the_batch_in_hand(void **state)
{
	struct world *world = *state;

	add_history(world);
	world->bus.on_poll = stop_now;
	world->bus.cookie = world;
	assert_int_equal(la_pipeline_run(world->pipeline, NULL), LA_OK);
	assert_true(memory_bus_done(&world->bus));
	assert_int_equal(said("msg=\"events decided\""), 1);
}

static void
stop_hands_back_within_its_time_what_cannot_be_finished(void **state)
{
	struct world *world = *state;
	struct la_error error = LA_ERROR_INIT;

	add_history(world);
	world->store.away = true;
	world->bus.on_poll = stop_now;
	world->bus.cookie = world;
	assert_int_equal(la_pipeline_run(world->pipeline, &error), LA_OK);
	assert_in_range(world->now_ms, 5000, 6000);
	assert_int_equal(world->bus.commits, 0);
	assert_int_equal(said("msg=\"batch handed back\""), 1);
}

/* As where they go in portions, or dead letters one by one: the broker answers each, and a batch of them takes minutes. */
static enum la_err
produce_slowly(void *self, const struct la_output *output, int wait_ms, struct la_error *error)
{
	struct memory_bus *bus = self;

	*bus->now_ms += 400;
	return (memory_bus_produce(self, output, wait_ms, error));
}

static int64_t polled_ms, longest_ms;

static void
see_when(struct memory_bus *bus, void *cookie)
{
	(void)cookie;
	if (*bus->now_ms - polled_ms > longest_ms)
		longest_ms = *bus->now_ms - polled_ms;
	polled_ms = *bus->now_ms;
}

static void
send_slowly(struct world *world)
{
	polled_ms = longest_ms = 0;
	world->bus.port.produce = produce_slowly;
	world->bus.on_poll = see_when;
	world->bus.cookie = world;
	add_history(world);
}

static void
outputs_that_take_their_time_do_not_stop_the_loop(void **state)
{
	struct world *world = *state;

	send_slowly(world);
	turn_until_done(world);
	assert_true(world->now_ms > 20000);
	assert_in_range(longest_ms, 0, 2000);
	assert_false(world->bus.paused);
	assert_int_equal(said("msg=waiting"), 0);
}

static void
outputs_that_take_their_time_do_not_stop_the_loop_in_a_transaction(void **state)
{
	use_exactly_once(*state);
	outputs_that_take_their_time_do_not_stop_the_loop(state);
}

static void
lose_all_at_5_s(struct memory_bus *bus, void *cookie)
{
	(void)cookie;
	for (int32_t p = 0; p < MEMORY_PARTITIONS && *bus->now_ms >= 5000 && bus->lease[MEMORY_PARTITIONS - 1] == 0; p++)
		memory_bus_revoke(bus, p);
}

static void
what_is_given_away_while_outputs_are_sent_is_sent_no_further(void **state)
{
	struct world *world = *state;

	send_slowly(world);
	world->bus.on_poll = lose_all_at_5_s;
	turn(world);
	assert_in_range(world->bus.output_count, 1, 17);
	assert_int_equal(world->bus.commits, 0);
	assert_int_equal(world->bus.in_hand, 0);
	assert_int_equal(said("msg=\"batch dropped\""), 1);
	turn_until_done(world); /* they came back */
	assert_false(world->bus.paused);
}

static void
stop_at_5_s(struct memory_bus *bus, void *cookie)
{
	if (*bus->now_ms >= 5000)
		((struct world *)cookie)->stopping = 1;
}

static void
stop_hands_back_within_its_time_what_takes_too_long_to_send(void **state)
{
	struct world *world = *state;
	struct la_error error = LA_ERROR_INIT;

	send_slowly(world);
	world->bus.on_poll = stop_at_5_s;
	assert_int_equal(la_pipeline_run(world->pipeline, &error), LA_OK);
	assert_in_range(world->now_ms, 10000, 14000); /* looked at once a second */
	assert_int_equal(world->bus.commits, 0);
	assert_int_equal(said("msg=\"batch handed back\""), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    PROMISE(store_that_is_away_is_waited_for_in_the_group_and_said_every_30_s),
	    PROMISE(batch_is_dropped_when_its_partitions_go_while_it_waits),
	    PROMISE(kept_partitions_of_a_batch_go_on),
	    PROMISE(transaction_has_no_output_of_a_partition_that_went_before_it_was_opened),
	    PROMISE(record_that_cannot_be_read_is_left_alone_and_waited_for),
	    PROMISE(stop_finishes_the_batch_in_hand),
	    PROMISE(stop_hands_back_within_its_time_what_cannot_be_finished),
	    PROMISE(outputs_that_take_their_time_do_not_stop_the_loop),
	    PROMISE(outputs_that_take_their_time_do_not_stop_the_loop_in_a_transaction),
	    PROMISE(what_is_given_away_while_outputs_are_sent_is_sent_no_further),
	    PROMISE(stop_hands_back_within_its_time_what_takes_too_long_to_send),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
