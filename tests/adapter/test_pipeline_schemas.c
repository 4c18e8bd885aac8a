/*
 * The pipeline where a record names its schema by id and a registry has to be asked for it.
 */
#include "common/confluent.h"
#include "common/decoder_core.h"
#include "common/file.h"

#include "pipeline_world.h"

/* One question at a time, as the real one; it forgets a schema once it has told it. */
struct registry {
	struct la_registry_answer answer;
	int turns;             /* that an answer takes */
	uint32_t asked;        /* what it is at; another question ends it */
	int turns_left;        /* -1: at nothing */
	uint8_t questions[4096], told[4096]; /* by id */
};

static enum la_err
find(void *cookie, uint32_t id, const struct la_registry_answer **answer, struct la_error *error)
{
	struct registry *registry = cookie;

	if (registry->told[id] > 0)
		return (la_error_set(error, LA_ENOSCHEMA, "byte 1: the registry has no schema with id %u", (unsigned)id));
	if (registry->turns_left < 0 || registry->asked != id) {
		registry->asked = id;
		registry->turns_left = registry->turns;
		registry->questions[id]++;
	}
	if (registry->turns_left-- > 0)
		return (la_error_set(error, LA_ETIMEOUT, "no answer yet"));
	registry->told[id]++;
	*answer = &registry->answer;
	return (LA_OK);
}

static void
ask_for_schemas(struct world *world, struct registry *registry, size_t batch_max_events)
{
	struct la_decoder_options options = {
	    .record = LA_RECORD_LOGIN_EVENT, .framing = LA_FRAMING_CONFLUENT, .schema_folder = schemas};
	struct la_error error = LA_ERROR_INIT;

	la_pipeline_free(world->pipeline);
	world->decoder = NULL; /* another world's too */
	if (la_decoder_new(&world->decoder, &options, &error) != LA_OK ||
	    la_file_read(LA_TEST_SOURCE_DIR "/schemas/LoginEvent.avsc", 100000, &registry->answer.schema, &error) != LA_OK ||
	    la_decoder_set_source(world->decoder, (struct la_decoder_source){.find = find, .cookie = registry}) != LA_OK)
		fail_msg("%s", error.text);
	world->options.decoder = world->decoder;
	world->options.batch_max_events = batch_max_events;
	open_pipeline(world);
}

static void
ask_no_more(struct world *world, struct registry *registry)
{
	la_pipeline_free(world->pipeline);
	world->pipeline = NULL;
	la_decoder_free(world->decoder);
	la_buf_clear(&registry->answer.schema);
}

/* A first login of a member of its own, under its schema's id; of its body only so many bytes. */
static void
add_under(struct world *world, int32_t partition, int number, uint32_t schema, int64_t at_ms, size_t most)
{
	struct la_buf value = LA_BUF_INIT, body = LA_BUF_INIT;
	unsigned char header[LA_CONFLUENT_HEADER_BYTES];
	char id[32];
	struct la_login_event event;

	(void)snprintf(id, sizeof(id), "e%d", number);
	event = login(id, id, "t", at_ms);
	la_confluent_header(schema, header);
	assert_int_equal(la_buf_add(&value, header, sizeof(header)), LA_OK);
	assert_int_equal(la_encoder_event(world->encoder, &event, &body, NULL), LA_OK);
	assert_int_equal(la_buf_add(&value, body.data, body.size < most ? body.size : most), LA_OK);
	la_buf_clear(&body);
	(void)memory_bus_add(&world->bus, partition, value.data, value.size, T0 + number);
}

/* A batch holds what it was read by: more ids than are kept, and none is asked for a second time, for a dead letter either. */
static void
a_schema_that_is_deleted_meanwhile_changes_nothing_for_what_was_decided(void **state)
{
	struct world *world = *state;
	struct registry registry = {.turns_left = -1, .answer = {.verdict = LA_REGISTRY_FOUND, .schema = LA_BUF_INIT}};
	const int count = LA_DECODER_IDS_MAX + 50;

	ask_for_schemas(world, &registry, 2 * LA_DECODER_IDS_MAX);
	for (int i = 0; i < count; i++)
		add_under(world, 0, i, (uint32_t)i, i == 20 ? 5 : T0 + i, i == 10 ? 3 : SIZE_MAX);
	turn_until_done(world);
	assert_int_equal(count_outputs(world, "login-alerts"), count - 2);
	assert_int_equal(count_outputs(world, "login-events-dlq"), 2);
	for (int i = 0; i < count; i++)
		assert_int_equal(registry.told[i], 1);
	ask_no_more(world, &registry);
}

/* What is behind a record whose schema is asked for is not read, so that it cannot ask for its own in between. */
static void
a_question_to_a_slow_registry_is_not_given_up_for_another(void **state)
{
	enum { COUNT = 40, SCHEMAS = 20 };
	struct world *world = *state;

	for (int guarantee = 0; guarantee < 2; guarantee++) {
		struct registry registry = {
		    .turns = 3, .turns_left = -1, .answer = {.verdict = LA_REGISTRY_FOUND, .schema = LA_BUF_INIT}};

		world->bus.exactly_once = world->options.exactly_once = guarantee == 1;
		ask_for_schemas(world, &registry, 4);
		for (int i = 0; i < COUNT; i++)
			add_under(world, i % MEMORY_PARTITIONS, guarantee * COUNT + i, (uint32_t)i * SCHEMAS / COUNT, T0 + i, SIZE_MAX);
		turn_until_done(world);
		assert_int_equal(count_outputs(world, "login-alerts"), (guarantee + 1) * COUNT);
		for (int i = 0; i < SCHEMAS; i++)
			assert_int_equal(registry.questions[i], 1);
		ask_no_more(world, &registry);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    PROMISE(a_schema_that_is_deleted_meanwhile_changes_nothing_for_what_was_decided),
	    PROMISE(a_question_to_a_slow_registry_is_not_given_up_for_another),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
