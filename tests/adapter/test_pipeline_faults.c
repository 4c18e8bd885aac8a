/* The pipeline with each call of each port failing in turn, once or for good: the outputs are the same (P1, P3). */
#include "pipeline_world.h"

/* One member, more candidates than a memo holds. */
static void
add_candidates(struct world *world)
{
	char id[32], token[32];

	for (int i = 0; i < 80; i++) {
		struct la_login_event event;

		(void)snprintf(id, sizeof(id), "event-%d", i);
		(void)snprintf(token, sizeof(token), "token-%d", i);
		event = login(id, "m1", token, T0 + i * MINUTE);
		(void)add(world, 0, &event);
	}
}

/* A full memo, whose oldest candidates the producer sends again among new ones that push them out of it. */
static void
add_candidates_sent_again(struct world *world)
{
	char id[32], token[32];

	for (int i = 0; i < 48; i++) {
		int which = i < 32 || i % 2 == 1 ? i : (i - 32) / 2;
		struct la_login_event event;

		(void)snprintf(id, sizeof(id), "event-%d", which);
		(void)snprintf(token, sizeof(token), "token-%d", which);
		event = login(id, "m1", token, T0 + which * MINUTE);
		(void)add(world, 0, &event);
	}
}

/* What is read, and in batches of how many. */
struct history {
	void (*add)(struct world *world);
	size_t batch_max;
};

static const struct history histories[] = {
    {add_history, 16}, {add_candidates, 20}, {add_candidates_sent_again, 3}, {add_candidates_sent_again, 40}};

static struct world *
open_history(const struct history *history, bool exactly_once)
{
	struct world *world = world_new();

	world->options.batch_max_events = history->batch_max;
	world->bus.exactly_once = world->options.exactly_once = exactly_once;
	open_pipeline(world);
	history->add(world);
	return (world);
}

/* How many calls of ports the history takes without a fault. */
static long
calls_without_fault(const struct history *history, char **expected, bool exactly_once)
{
	struct world *world = open_history(history, exactly_once);
	void *state = world;
	long calls;

	turn_until_done(world);
	*expected = essence(world);
	calls = world->fault.calls;
	(void)teardown(&state);
	return (calls);
}

/* The history with one fault; after a lasting one, a new process over the same store. Compares with expected. */
static void
run_with_fault(const struct history *history, const struct fault *fault, const char *expected, bool exactly_once)
{
	struct la_error error = LA_ERROR_INIT;
	struct world *world = open_history(history, exactly_once);
	void *state = world;
	char *found;
	int turns = 0;

	world->fault = *fault;
	while (!memory_bus_done(&world->bus)) {
		assert_in_range(turns++, 0, 1000);
		if (la_pipeline_turn(world->pipeline, &error) == LA_OK)
			continue;
		assert_true(fault->lasting);
		la_pipeline_free(world->pipeline);
		memory_bus_restart(&world->bus);
		world->fault = (struct fault){.at = 0};
		open_pipeline(world);
	}
	found = essence(world);
	if (strcmp(found, expected) != 0)
		print_error("fault at call %ld, %s, %s\n", fault->at, fault->after ? "after" : "before",
		    fault->lasting ? "killed" : "once");
	assert_string_equal(found, expected);
	free(found);
	(void)teardown(&state);
}

/* Each call of each history fails so, before and after its effect. */
static void
run_with_each_fault(struct fault fault, bool exactly_once)
{
	for (size_t h = 0; h < sizeof(histories) / sizeof(histories[0]); h++) {
		char *expected;
		long calls = calls_without_fault(&histories[h], &expected, exactly_once);

		assert_in_range(calls, 20, 2000);
		for (fault.at = 1; fault.at <= calls; fault.at++) {
			fault.after = false;
			run_with_fault(&histories[h], &fault, expected, exactly_once);
			fault.after = true;
			run_with_fault(&histories[h], &fault, expected, exactly_once);
		}
		free(expected);
	}
}

static void
killed_at_any_call_and_restarted_the_outputs_are_the_same(void **state)
{
	(void)state;
	run_with_each_fault((struct fault){.lasting = true, .code = LA_EINTERNAL}, false);
}

static void
failure_of_any_call_is_waited_out_and_the_outputs_are_the_same(void **state)
{
	(void)state;
	run_with_each_fault((struct fault){.lasting = false, .code = LA_EUNAVAILABLE}, false);
}

static void
with_exactly_once_neither_makes_an_output_come_twice(void **state)
{
	(void)state;
	run_with_each_fault((struct fault){.lasting = true, .code = LA_EINTERNAL}, true);
	run_with_each_fault((struct fault){.lasting = false, .code = LA_EUNAVAILABLE}, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(killed_at_any_call_and_restarted_the_outputs_are_the_same),
	    cmocka_unit_test(failure_of_any_call_is_waited_out_and_the_outputs_are_the_same),
	    cmocka_unit_test(with_exactly_once_neither_makes_an_output_come_twice),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
