/*
 * The pipeline over a bus and a store in memory, with the real codec and policy:
 * what comes of events, in which order. Its other promises are in test_pipeline_*.c.
 */
#include "pipeline_world.h"

static void
event_becomes_job_and_decision_and_then_the_offset_is_committed(void **state)
{
	struct world *world = *state;
	struct la_login_event event = login("e1", "m1", "t1", T0);
	struct la_alert_job job;
	struct la_decision decision;
	const struct memory_output *output;

	add(world, 0, &event)->traceparent = "00-aa-bb-01";
	turn(world);
	assert_string_equal(world->bus.trace, "FWPPAC");
	assert_int_equal(world->bus.committed[0], 1);
	output = output_of(world, "login-alerts", 0);
	assert_int_equal(la_decoder_job(world->jobs, la_span_of(output->value, output->size), &job, NULL), LA_OK);
	assert_int_equal(job.reason, LA_REASON_FIRST_LOGIN);
	assert_string_equal(job.event_id.bytes, "e1");
	assert_string_equal(output->key, job.member_ref);
	assert_string_equal(output->headers, "traceparent=00-aa-bb-01\n");
	output = output_of(world, "login-decisions", 0);
	assert_int_equal(
	    la_decoder_decision(world->decisions, la_span_of(output->value, output->size), &decision, NULL), LA_OK);
	assert_int_equal(decision.outcome, LA_OUTCOME_ALERTED);
	assert_string_equal(decision.job_id, job.job_id);
}

static void
known_device_costs_no_write_and_no_output(void **state)
{
	struct world *world = *state;
	struct la_login_event event = login("e1", "m1", "t1", T0);

	world->options.publish = LA_PUBLISH_NOTABLE;
	la_pipeline_free(world->pipeline);
	open_pipeline(world);
	(void)add(world, 0, &event);
	turn(world);
	world->bus.trace_size = 0;
	event = login("e2", "m1", "t1", T0 + MINUTE);
	(void)add(world, 0, &event);
	turn(world);
	assert_string_equal(world->bus.trace, "FAC");
	assert_int_equal(count_outputs(world, "login-alerts"), 1);
	assert_int_equal(count_outputs(world, "login-decisions"), 1);
	assert_int_equal(world->bus.committed[0], 2);
}

static void
alerts_are_written_whether_or_not_decisions_are(void **state)
{
	struct world *world = *state;
	struct la_login_event event = login("e1", "m1", "t1", T0);

	world->options.publish = LA_PUBLISH_NONE;
	la_pipeline_free(world->pipeline);
	open_pipeline(world);
	(void)add(world, 0, &event);
	turn(world);
	assert_int_equal(count_outputs(world, "login-alerts"), 1);
	assert_int_equal(count_outputs(world, "login-decisions"), 0);
	assert_int_equal(world->bus.committed[0], 1);
}

static void
decisions_do_not_depend_on_batch_size(void **state)
{
	struct world *world = *state, *other;
	char *expected, *found;
	void *second;

	add_history(world);
	turn_until_done(world);
	expected = essence(world);
	for (size_t size = 1; size <= 64; size = size * 2 + 1) {
		(void)setup(&second);
		other = second;
		other->options.batch_max_events = size;
		la_pipeline_free(other->pipeline);
		open_pipeline(other);
		add_history(other);
		turn_until_done(other);
		found = essence(other);
		assert_string_equal(found, expected);
		free(found);
		(void)teardown(&second);
	}
	free(expected);
}

static void
notable_is_all_but_known_and_ignored(void **state)
{
	static const struct {
		enum la_outcome outcome;
		bool notable;
	} rows[] = {{LA_OUTCOME_KNOWN, false}, {LA_OUTCOME_ALERTED, true}, {LA_OUTCOME_SEEDED, true},
	    {LA_OUTCOME_SUPPRESSED_COOLDOWN, true}, {LA_OUTCOME_SUPPRESSED_CAP, true}, {LA_OUTCOME_IGNORED_KIND, false},
	    {LA_OUTCOME_IGNORED_RESULT, false}, {LA_OUTCOME_IGNORED_ACTOR, false}, {LA_OUTCOME_FORGOTTEN, true},
	    {LA_OUTCOME_REJECTED, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(la_pipeline_publishes(LA_PUBLISH_NOTABLE, rows[i].outcome), rows[i].notable);
		assert_true(la_pipeline_publishes(LA_PUBLISH_ALL, rows[i].outcome));
		assert_false(la_pipeline_publishes(LA_PUBLISH_NONE, rows[i].outcome));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    PROMISE(event_becomes_job_and_decision_and_then_the_offset_is_committed),
	    PROMISE(known_device_costs_no_write_and_no_output),
	    PROMISE(alerts_are_written_whether_or_not_decisions_are),
	    PROMISE(decisions_do_not_depend_on_batch_size),
	    cmocka_unit_test(notable_is_all_but_known_and_ignored),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
