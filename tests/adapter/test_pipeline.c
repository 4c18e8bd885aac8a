/*
 * The pipeline over a bus and a store in memory, with the real codec and policy:
 * what comes of events, in which order. Its other promises are in test_pipeline_*.c.
 */
#include "common/confluent.h"
#include "common/decoder_core.h"
#include "common/file.h"

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

/* A registry that forgets a schema once it has told it. */
struct forgetful {
	struct la_registry_answer answer;
	uint8_t told[4096]; /* by id */
};

static enum la_err
forgetful_find(void *cookie, uint32_t id, const struct la_registry_answer **answer, struct la_error *error)
{
	struct forgetful *registry = cookie;

	if (registry->told[id]++ > 0)
		return (la_error_set(error, LA_ENOSCHEMA, "byte 1: the registry has no schema with id %u", (unsigned)id));
	*answer = &registry->answer;
	return (LA_OK);
}

static void
ask_for_schemas(struct world *world, struct forgetful *registry)
{
	struct la_decoder_options options = {
	    .record = LA_RECORD_LOGIN_EVENT, .framing = LA_FRAMING_CONFLUENT, .schema_folder = schemas};
	struct la_error error = LA_ERROR_INIT;

	la_pipeline_free(world->pipeline);
	world->decoder = NULL; /* another world's too */
	if (la_decoder_new(&world->decoder, &options, &error) != LA_OK ||
	    la_file_read(LA_TEST_SOURCE_DIR "/schemas/LoginEvent.avsc", 100000, &registry->answer.schema, &error) != LA_OK ||
	    la_decoder_set_source(
		world->decoder, (struct la_decoder_source){.find = forgetful_find, .cookie = registry}) != LA_OK)
		fail_msg("%s", error.text);
	world->options.decoder = world->decoder;
	world->options.batch_max_events = 2 * LA_DECODER_IDS_MAX;
	open_pipeline(world);
}

/* A batch holds what it was read by: more ids than are kept, and none is asked for a second time, for a dead letter either. */
static void
a_schema_that_is_deleted_meanwhile_changes_nothing_for_what_was_decided(void **state)
{
	struct world *world = *state;
	static struct forgetful registry = {.answer = {.verdict = LA_REGISTRY_FOUND, .schema = LA_BUF_INIT}};
	const int count = LA_DECODER_IDS_MAX + 50;
	char id[32];

	ask_for_schemas(world, &registry);
	for (int i = 0; i < count; i++) {
		struct la_buf value = LA_BUF_INIT, body = LA_BUF_INIT;
		unsigned char header[LA_CONFLUENT_HEADER_BYTES];
		struct la_login_event event = login(id, "m", "t", i == 20 ? 5 : T0 + i);

		(void)snprintf(id, sizeof(id), "e%d", i);
		event.event_id = la_span_text(id);
		event.member_id = la_span_text(id);
		la_confluent_header((uint32_t)i, header);
		assert_int_equal(la_buf_add(&value, header, sizeof(header)), LA_OK);
		assert_int_equal(la_encoder_event(world->encoder, &event, &body, NULL), LA_OK);
		assert_int_equal(la_buf_add(&value, body.data, i == 10 ? 3 : body.size), LA_OK);
		la_buf_clear(&body);
		(void)memory_bus_add(&world->bus, 0, value.data, value.size, T0 + i);
	}
	turn_until_done(world);
	assert_int_equal(count_outputs(world, "login-alerts"), count - 2);
	assert_int_equal(count_outputs(world, "login-events-dlq"), 2);
	for (int i = 0; i < count; i++)
		assert_int_equal(registry.told[i], 1);
	la_pipeline_free(world->pipeline);
	world->pipeline = NULL;
	la_decoder_free(world->decoder);
	la_buf_clear(&registry.answer.schema);
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
	    PROMISE(a_schema_that_is_deleted_meanwhile_changes_nothing_for_what_was_decided),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
