/* The pipeline: dead letters, and what becomes of the records beside them (P4). */
#include "pipeline_world.h"

static void
bad_records_go_to_the_dead_letter_topic_byte_for_byte_with_connect_headers(void **state)
{
	struct world *world = *state;
	struct la_login_event event = login("e1", "m1", "t1", 5);
	const struct memory_output *letter;

	(void)memory_bus_add(&world->bus, 2, calloc(1, 3), 3, T0 + 7);
	(void)memory_bus_add(&world->bus, 3, NULL, 0, T0);
	(void)add(world, 0, &event);
	turn_until_done(world);
	assert_int_equal(count_outputs(world, "login-events-dlq"), 3);
	for (size_t i = 0; i < 3; i++) {
		letter = output_of(world, "login-events-dlq", i);
		assert_string_equal(letter->key, "the key");
		assert_non_null(strstr(letter->headers, "other=kept\n"));
		assert_non_null(strstr(letter->headers, "__connect.errors.topic=login-events\n"));
		assert_non_null(strstr(letter->headers, "__connect.errors.exception.message="));
	}
	letter = output_of(world, "login-events-dlq", 0);
	assert_non_null(strstr(letter->headers, "__connect.errors.partition=0\n__connect.errors.offset=0\n"
	                                        "__connect.errors.stage=TRANSFORMATION\n"
	                                        "__connect.errors.class.name=invalid_value\n"));
	letter = output_of(world, "login-events-dlq", 1);
	assert_int_equal(letter->size, 3);
	assert_memory_equal(letter->value, "\0\0\0", 3);
	assert_non_null(strstr(letter->headers, "__connect.errors.stage=VALUE_CONVERTER\n"
	                                        "__connect.errors.class.name=undecodable\n"));
	assert_non_null(strstr(letter->headers, "login-alert.timestamp=1751295600007\n"));
	assert_null(output_of(world, "login-events-dlq", 2)->value);
}

/* Small ones go together, large ones one by one; none between. */
static void
a_dead_letter_of_any_size_is_written_once_and_said(void **state)
{
	static const size_t sizes[] = {1, 99999, 100000, 100001};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		(void)memory_bus_add(&world->bus, 0, calloc(1, sizes[i]), sizes[i], T0);
	turn_until_done(world);
	assert_int_equal(count_outputs(world, "login-events-dlq"), 4);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_int_equal(output_of(world, "login-events-dlq", i)->size, sizes[i]);
	assert_int_equal(world->bus.committed[0], 4);
	assert_int_not_equal(said("msg=\"dead letter\" cause=undecodable"), 0);
}

static void
rejected_record_has_its_decision_too(void **state)
{
	struct world *world = *state;
	struct la_login_event event = login("e1", "m1", "t1", 5);
	struct la_decision decision;
	const struct memory_output *output;

	(void)memory_bus_add(&world->bus, 1, calloc(1, 3), 3, T0);
	(void)add(world, 0, &event);
	turn_until_done(world);
	for (size_t i = 0; i < 2; i++) {
		output = output_of(world, "login-decisions", i);
		assert_int_equal(
		    la_decoder_decision(world->decisions, la_span_of(output->value, output->size), &decision, NULL), LA_OK);
		assert_int_equal(decision.outcome, LA_OUTCOME_REJECTED);
		assert_string_equal(decision.event_id.bytes, i == 0 ? "e1" : "");
		assert_int_equal(decision.source_partition, i);
		assert_false(decision.has_reason || decision.has_job_id);
	}
	assert_int_equal(count_outputs(world, "login-alerts"), 0);
}

static void
dead_letter_that_is_too_large_goes_without_its_value(void **state)
{
	struct world *world = *state;
	const struct memory_output *letter;

	world->bus.max_value = 900000;
	(void)memory_bus_add(&world->bus, 0, calloc(1, 1000000), 1000000, T0);
	(void)memory_bus_add(&world->bus, 1, calloc(1, 3), 3, T0);
	(void)memory_bus_add(&world->bus, 2, calloc(1, 200000), 200000, T0);
	turn_until_done(world);
	assert_int_equal(count_outputs(world, "login-events-dlq"), 3);
	assert_int_equal(output_of(world, "login-events-dlq", 0)->size, 3);
	letter = output_of(world, "login-events-dlq", 1);
	assert_null(letter->value);
	assert_non_null(strstr(letter->headers, "login-alert.value-omitted=1000000\n"));
	assert_int_equal(output_of(world, "login-events-dlq", 2)->size, 200000);
}

static void
dead_letter_topic_with_a_tiny_limit_gets_each_of_them(void **state)
{
	struct world *world = *state;
	bool found[2] = {false, false};

	world->bus.max_value = 500;
	(void)memory_bus_add(&world->bus, 0, calloc(1, 600), 600, T0);
	(void)memory_bus_add(&world->bus, 1, calloc(1, 3), 3, T0);
	turn_until_done(world);
	for (size_t i = 0; i < count_outputs(world, "login-events-dlq"); i++) {
		const struct memory_output *letter = output_of(world, "login-events-dlq", i);

		found[strstr(letter->headers, "errors.partition=1") != NULL] = true;
		assert_int_equal(letter->value == NULL, strstr(letter->headers, "value-omitted=600\n") != NULL);
	}
	assert_true(found[0] && found[1]);
}

/* In one transaction: what was refused voids it, and in the end each of them is there once, as are the others. */
static void
dead_letters_too_large_for_a_transaction_make_nothing_come_twice(void **state)
{
	struct world *world = *state;
	struct la_login_event event = login("e1", "m1", "t1", T0);

	use_exactly_once(world);
	for (int tiny = 0; tiny < 2; tiny++) {
		world->bus.max_value = tiny ? 1000 : 900000;
		(void)memory_bus_add(&world->bus, 0, calloc(1, 1000000), 1000000, T0);
		(void)memory_bus_add(&world->bus, 1, calloc(1, 3), 3, T0);
		(void)memory_bus_add(&world->bus, 2, calloc(1, 2000), 2000, T0);
		event.event_id = la_span_text(tiny ? "e2" : "e1");
		event.device_token = la_span_text(tiny ? "t2" : "t1");
		(void)add(world, 3, &event);
		turn_until_done(world);
	}
	assert_int_equal(count_outputs(world, "login-events-dlq"), 6);
	assert_int_equal(count_outputs(world, "login-alerts"), 2);
	assert_int_equal(count_outputs(world, "login-decisions"), 8);
	for (size_t i = 0; i < 6; i++) {
		const struct memory_output *letter = output_of(world, "login-events-dlq", i);
		bool is_omitted = strstr(letter->headers, "errors.partition=0") != NULL ||
		    (i >= 3 && strstr(letter->headers, "errors.partition=2") != NULL);

		assert_int_equal(letter->value == NULL, is_omitted);
	}
}

static void
large_records_do_not_pile_up(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < 60; i++)
		(void)memory_bus_add(&world->bus, i % MEMORY_PARTITIONS, calloc(1, 1 << 20), 1 << 20, T0);
	world->bus.most_bytes_a_poll = 4 << 20;
	turn_until_done(world);
	assert_int_equal(count_outputs(world, "login-events-dlq"), 60);
	assert_in_range(world->bus.most_bytes_in_hand, 1 << 20, 20 << 20);
}

static void
forgive_dead_letters(struct memory_bus *bus, void *cookie)
{
	(void)cookie;
	assert_true(bus->commits == 0 || !bus->refuse_dead_letters);
	if (bus->polls_while_paused > 100)
		bus->refuse_dead_letters = false;
}

static void
nothing_is_committed_while_the_dead_letter_topic_refuses(void **state)
{
	struct world *world = *state;

	world->bus.refuse_dead_letters = true;
	world->bus.on_poll = forgive_dead_letters;
	(void)memory_bus_add(&world->bus, 0, calloc(1, 3), 3, T0);
	turn(world);
	assert_int_equal(world->bus.committed[0], 1);
	assert_int_equal(count_outputs(world, "login-events-dlq"), 1);
	assert_int_not_equal(said("for=broker"), 0);
}

/* The first output that was sent and not awaited, and is too large; NULL: none. */
static const struct memory_output *
sent_too_large(const struct memory_bus *bus)
{
	for (size_t i = bus->output_count - bus->unacknowledged; i < bus->output_count; i++) {
		if (bus->outputs[i].size > bus->max_value)
			return (&bus->outputs[i]);
	}
	return (NULL);
}

/* The broker answers while others are still queued, as between two portions: nothing more goes into the transaction. */
static enum la_err
produce_after_the_answer(void *self, const struct la_output *output, int wait_ms, struct la_error *error)
{
	struct memory_bus *bus = self;

	bus->broken = bus->broken || sent_too_large(bus) != NULL;
	return (memory_bus_produce(self, output, wait_ms, error));
}

static enum la_err
await_the_answer(void *self, uint64_t batch, int wait_ms, struct la_error *error)
{
	struct memory_bus *bus = self;
	const struct memory_output *refused = sent_too_large(bus);

	if (bus->broken && refused != NULL && refused->batch <= batch)
		return (la_error_set(error, LA_ETOOLARGE, "refused by the broker"));
	return (memory_bus_await(self, batch, wait_ms, error));
}

static void
dead_letter_that_is_refused_before_all_are_sent_goes_without_its_value(void **state)
{
	struct world *world = *state;

	use_exactly_once(world);
	world->bus.max_value = 1000;
	world->bus.port.produce = produce_after_the_answer;
	world->bus.port.await = await_the_answer;
	(void)memory_bus_add(&world->bus, 0, calloc(1, 2000), 2000, T0);
	for (int32_t partition = 0; partition < 4; partition++)
		(void)memory_bus_add(&world->bus, partition, calloc(1, 3), 3, T0);
	for (int turns = 0; turns < 20 && !memory_bus_done(&world->bus); turns++)
		turn(world);
	assert_true(memory_bus_done(&world->bus));
	assert_int_equal(count_outputs(world, "login-events-dlq"), 5);
	assert_int_equal(said("msg=waiting"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    PROMISE(bad_records_go_to_the_dead_letter_topic_byte_for_byte_with_connect_headers),
	    PROMISE(a_dead_letter_of_any_size_is_written_once_and_said),
	    PROMISE(rejected_record_has_its_decision_too),
	    PROMISE(dead_letter_that_is_too_large_goes_without_its_value),
	    PROMISE(dead_letter_topic_with_a_tiny_limit_gets_each_of_them),
	    PROMISE(dead_letters_too_large_for_a_transaction_make_nothing_come_twice),
	    PROMISE(dead_letter_that_is_refused_before_all_are_sent_goes_without_its_value),
	    PROMISE(large_records_do_not_pile_up),
	    PROMISE(nothing_is_committed_while_the_dead_letter_topic_refuses),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
