/* A registry that fails: for one id or for all; and schemas that consist of several. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/registry.h"

#define BAD 7
#define ANSWER_MS 5000 /* LA_REGISTRY_TIMEOUT_MS, registry_curl.h */

/* A registry: what it answers for BAD, for other ids, and for subjects "s<n>", each of which refers to the next up to last. */
struct world {
	int64_t now_ms;
	int asked, asked_bad;
	bool of_bad;
	const struct la_registry_reference *reference;
	struct la_registry_answer bad, others, part;
	int last; /* subject */
	bool circle, part_fails;
	int64_t bad_takes_ms, asked_ms;
	int servers; /* that are given the questions in turn, of which all but one fail; 0: one */
	uint32_t also_bad;
	struct la_registry_port port;
	struct la_registry *registry;
	struct la_error error;
};

static enum la_err
world_ask(void *self, uint32_t id, struct la_error *error)
{
	struct world *world = self;

	(void)error;
	world->asked++;
	world->of_bad = world->servers > 0 ? world->asked % world->servers != 0 : id == BAD || id == world->also_bad;
	world->asked_ms = world->now_ms;
	world->asked_bad += world->of_bad;
	world->reference = NULL;
	return (LA_OK);
}

static enum la_err
world_ask_version(void *self, const struct la_registry_reference *reference, struct la_error *error)
{
	struct world *world = self;

	(void)error;
	world->asked++;
	world->reference = reference;
	return (LA_OK);
}

static void
refer(struct la_registry_answer *answer, int number)
{
	struct la_registry_reference *reference = &answer->references[answer->reference_count++];

	(void)snprintf(reference->subject, sizeof(reference->subject), "s%d", number);
	reference->version = number;
}

static struct la_registry_answer
answer_of(enum la_registry_verdict verdict, long status)
{
	struct la_registry_answer answer = {.verdict = verdict, .status = status};

	(void)snprintf(answer.detail, sizeof(answer.detail), "h:1: HTTP %ld", status);
	return (answer);
}

static enum la_err
world_work(void *self, int wait_ms, const struct la_registry_answer **answer, bool *done, struct la_error *error)
{
	struct world *world = self;
	int number;

	(void)wait_ms;
	(void)error;
	*done = !world->of_bad || world->now_ms - world->asked_ms >= world->bad_takes_ms;
	if (!*done)
		return (LA_OK);
	if (world->reference == NULL) {
		*answer = world->of_bad ? &world->bad : &world->others;
		return (LA_OK);
	}
	number = world->reference->version;
	if (world->part_fails) {
		world->part = answer_of(LA_REGISTRY_AWAY, 500);
		*answer = &world->part;
		return (LA_OK);
	}
	la_buf_reset(&world->part.schema);
	assert_int_equal(la_buf_printf(&world->part.schema, "%d", number), LA_OK);
	world->part.verdict = LA_REGISTRY_FOUND;
	world->part.reference_count = 0;
	if (number < world->last)
		refer(&world->part, number + 1);
	if (world->circle && number == world->last)
		refer(&world->part, 1);
	*answer = &world->part;
	return (LA_OK);
}

static int64_t
world_now(void *cookie)
{
	return (((const struct world *)cookie)->now_ms);
}

static void
open_world(struct world *world)
{
	*world = (struct world){.now_ms = 1000000, .port = {world, "h:1", world_ask, world_ask_version, world_work}};
	assert_int_equal(la_registry_new(&world->registry,
	                     &(struct la_registry_options){&world->port, world_now, world}, &world->error),
	    LA_OK);
}

static void
close_world(struct world *world)
{
	la_registry_free(world->registry);
	la_buf_clear(&world->part.schema);
}

/* As a loop does: again and again, while an answer is on its way. */
static enum la_err
find(struct world *world, uint32_t id, const struct la_registry_answer **answer)
{
	enum la_err err;

	for (int i = 0; (err = la_registry_find(world->registry, id, answer, &world->error)) == LA_ETIMEOUT; i++) {
		assert_in_range(i, 0, 1000);
		world->now_ms += 10;
	}
	return (err);
}

static void
each_status_of_one_id_has_its_action_by_what_others_are_answered(void **state)
{
	static const struct {
		long status, of_others;
		enum la_err err;
		const char *says;
	} rows[] = {
	    {500, 500, LA_EUNAVAILABLE, "h:1: HTTP 500 (schema id 7)"},
	    {0, 0, LA_EUNAVAILABLE, "h:1: HTTP 0 (schema id 7)"},
	    {0, 503, LA_EUNAVAILABLE, "h:1: HTTP 0 (schema id 7)"},
	    {0, 200, LA_EUNAVAILABLE, "h:1: HTTP 0 (schema id 7, for 0 s; others are answered)"},
	    {0, 404, LA_EUNAVAILABLE, "h:1: HTTP 0 (schema id 7, for 0 s; others are answered)"},
	    {400, 400, LA_EUNAVAILABLE, "h:1: HTTP 400 (schema id 7)"},
	    {500, 200, LA_EUNAVAILABLE, "h:1: HTTP 500 (schema id 7, for 0 s; others are answered)"},
	    {500, 404, LA_EUNAVAILABLE, "h:1: HTTP 500 (schema id 7, for 0 s; others are answered)"},
	    {200, 200, LA_EUNAVAILABLE, "h:1: HTTP 200 (schema id 7, for 0 s; others are answered)"},
	    {302, 200, LA_EUNAVAILABLE, "h:1: HTTP 302 (schema id 7, for 0 s; others are answered)"},
	    {401, 200, LA_EUNAVAILABLE, "h:1: HTTP 401 (schema id 7, for 0 s; others are answered)"},
	    {403, 200, LA_EUNAVAILABLE, "h:1: HTTP 403 (schema id 7, for 0 s; others are answered)"},
	    {408, 200, LA_EUNAVAILABLE, "h:1: HTTP 408 (schema id 7, for 0 s; others are answered)"},
	    {429, 200, LA_EUNAVAILABLE, "h:1: HTTP 429 (schema id 7, for 0 s; others are answered)"},
	    {400, 200, LA_EUNAVAILABLE, "h:1: HTTP 400 (schema id 7, for 0 s; others are answered)"},
	    {404, 200, LA_EUNAVAILABLE, "h:1: HTTP 404 (schema id 7, for 0 s; others are answered)"},
	    {410, 404, LA_EUNAVAILABLE, "h:1: HTTP 410 (schema id 7, for 0 s; others are answered)"},
	    {422, 200, LA_EUNAVAILABLE, "h:1: HTTP 422 (schema id 7, for 0 s; others are answered)"},
	};
	const struct la_registry_answer *answer;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world world;

		open_world(&world);
		world.bad = answer_of(LA_REGISTRY_AWAY, rows[i].status);
		world.others = answer_of(rows[i].of_others == 200 ? LA_REGISTRY_FOUND :
		        rows[i].of_others == 404 ? LA_REGISTRY_UNKNOWN : LA_REGISTRY_AWAY, rows[i].of_others);
		assert_int_equal(find(&world, BAD, &answer), rows[i].err);
		assert_string_equal(world.error.text, rows[i].says);
		assert_int_equal(world.asked, 2);
		close_world(&world);
	}
}

/* Until it is unknown; how long that took. */
static int64_t
wait_for(struct world *world, uint32_t id)
{
	const struct la_registry_answer *answer;
	int64_t start_ms = world->now_ms;
	enum la_err err;

	while ((err = find(world, id, &answer)) == LA_EUNAVAILABLE) {
		assert_in_range(world->now_ms - start_ms, 0, 2 * LA_REGISTRY_PATIENCE_MS);
		world->now_ms += 100;
	}
	assert_int_equal(err, LA_ENOSCHEMA);
	return (world->now_ms - start_ms);
}

static void
one_id_that_fails_for_long_while_others_are_answered_is_unknown(void **state)
{
	static const struct {
		long status;
		int64_t patience_ms;
		const char *says;
	} rows[] = {
	    {500, LA_REGISTRY_PATIENCE_MS, "byte 1: the registry answers HTTP 500 for schema id 7, and others well"},
	    {403, LA_REGISTRY_PATIENCE_MS, "byte 1: the registry answers HTTP 403 for schema id 7, and others well"},
	    {400, LA_REGISTRY_REFUSED_MS, "byte 1: the registry answers HTTP 400 for schema id 7, and others well"},
	    {404, LA_REGISTRY_REFUSED_MS, "byte 1: the registry answers HTTP 404 for schema id 7, and others well"},
	    {0, LA_REGISTRY_PATIENCE_MS, "byte 1: the registry answers nothing for schema id 7, and others well"},
	};
	const struct la_registry_answer *answer;
	struct world world;
	int asked;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		open_world(&world);
		world.others = answer_of(LA_REGISTRY_FOUND, 200);
		assert_int_equal(find(&world, 8, &answer), LA_OK); /* the witness from now on */
		world.bad = answer_of(LA_REGISTRY_AWAY, rows[i].status);
		assert_in_range(wait_for(&world, BAD), rows[i].patience_ms, rows[i].patience_ms + 2000);
		assert_string_equal(world.error.text, rows[i].says);
		asked = world.asked_bad;
		for (int n = 0; n < 1000; n++)
			assert_int_equal(find(&world, BAD, &answer), LA_ENOSCHEMA);
		assert_int_equal(world.asked_bad, asked);
		world.now_ms += rows[i].status == 0 ? LA_REGISTRY_SILENT_MS : LA_REGISTRY_UNKNOWN_MS;
		/* asked for again, but not waited for again */
		assert_int_equal(find(&world, BAD, &answer), LA_ENOSCHEMA);
		assert_in_range(world.asked_bad, asked + 1, asked + 2);
		world.now_ms += LA_REGISTRY_SILENT_MS;
		world.bad = answer_of(LA_REGISTRY_FOUND, 200); /* it was repaired */
		assert_int_equal(find(&world, BAD, &answer), LA_OK);
		world.bad = answer_of(LA_REGISTRY_AWAY, rows[i].status);
		assert_int_equal(find(&world, BAD, &answer), LA_EUNAVAILABLE); /* from the beginning */
		close_world(&world);
	}
}

static void
two_ids_that_fail_are_waited_for_once_each(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	world.also_bad = BAD + 1;
	world.others = answer_of(LA_REGISTRY_FOUND, 200);
	world.bad = answer_of(LA_REGISTRY_AWAY, 500);
	assert_in_range(wait_for(&world, BAD), LA_REGISTRY_PATIENCE_MS, LA_REGISTRY_PATIENCE_MS + 2000);
	assert_in_range(wait_for(&world, BAD + 1), LA_REGISTRY_PATIENCE_MS, LA_REGISTRY_PATIENCE_MS + 2000);
	for (int i = 0; i < 10; i++) {
		world.now_ms += LA_REGISTRY_UNKNOWN_MS;
		assert_in_range(wait_for(&world, BAD + (uint32_t)i % 2), 0, 100);
	}
	close_world(&world);
}

/* It begins and ends with answers to some, as when one backend of several is the last to go and the first to come. */
static void
an_outage_in_between_counts_for_no_id(void **state)
{
	static const long during[] = {0, 503};
	const struct la_registry_answer *answer;
	struct world world;

	(void)state;
	for (size_t i = 0; i < sizeof(during) / sizeof(during[0]); i++) {
		open_world(&world);
		world.others = answer_of(LA_REGISTRY_FOUND, 200);
		world.bad = answer_of(LA_REGISTRY_AWAY, 500);
		assert_int_equal(find(&world, BAD, &answer), LA_EUNAVAILABLE);
		world.bad = world.others = answer_of(LA_REGISTRY_AWAY, during[i]);
		for (int64_t until_ms = world.now_ms + 2 * LA_REGISTRY_PATIENCE_MS; world.now_ms < until_ms; world.now_ms += 500)
			assert_int_equal(find(&world, BAD, &answer), LA_EUNAVAILABLE);
		world.others = answer_of(LA_REGISTRY_FOUND, 200);
		world.bad = answer_of(LA_REGISTRY_AWAY, 500);
		world.now_ms += 2000;
		assert_int_equal(find(&world, BAD, &answer), LA_EUNAVAILABLE);
		world.bad = answer_of(LA_REGISTRY_FOUND, 200);
		world.now_ms += 2000;
		assert_int_equal(find(&world, BAD, &answer), LA_OK);
		close_world(&world);
	}
}

/* What it refers to fails: that it is there itself is no reason to begin the wait again. */
static void
a_schema_that_is_there_without_what_it_refers_to_is_waited_for_once(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	world.others = answer_of(LA_REGISTRY_FOUND, 200);
	world.bad = answer_of(LA_REGISTRY_FOUND, 200);
	refer(&world.bad, 1);
	world.part_fails = true;
	assert_in_range(wait_for(&world, BAD), LA_REGISTRY_PATIENCE_MS, LA_REGISTRY_PATIENCE_MS + 2000);
	for (int i = 0; i < 3; i++) {
		world.now_ms += LA_REGISTRY_UNKNOWN_MS;
		assert_in_range(wait_for(&world, BAD), 0, 100);
	}
	close_world(&world);
}

static void
a_registry_that_fails_for_all_is_waited_for_without_end(void **state)
{
	const struct la_registry_answer *answer;
	struct world world;

	(void)state;
	open_world(&world);
	world.bad = world.others = answer_of(LA_REGISTRY_AWAY, 500);
	for (int64_t until_ms = world.now_ms + 3 * LA_REGISTRY_PATIENCE_MS; world.now_ms < until_ms; world.now_ms += 500)
		assert_int_equal(find(&world, BAD, &answer), LA_EUNAVAILABLE);
	close_world(&world);
}

/* The time-out of each of its questions counts too, not only that between two. */
static void
an_id_without_answer_is_named_while_it_is_waited_for(void **state)
{
	const struct la_registry_answer *answer;
	struct world world;
	int64_t start_ms;
	enum la_err err;

	(void)state;
	open_world(&world);
	world.others = answer_of(LA_REGISTRY_UNKNOWN, 404);
	world.bad = answer_of(LA_REGISTRY_AWAY, 0);
	world.bad_takes_ms = ANSWER_MS;
	start_ms = world.now_ms;
	while ((err = la_registry_find(world.registry, BAD, &answer, &world.error)) != LA_ENOSCHEMA) {
		assert_int_equal(la_err_action(err), LA_ACTION_RETRY);
		if (world.now_ms > start_ms + 2 * ANSWER_MS + 1000) {
			assert_non_null(strstr(world.error.text, "h:1: "));
			assert_non_null(strstr(world.error.text, " (schema id 7, for "));
			assert_non_null(strstr(world.error.text, " s; others are answered)"));
		}
		world.now_ms += 10;
	}
	assert_in_range(world.now_ms - start_ms, LA_REGISTRY_PATIENCE_MS, LA_REGISTRY_PATIENCE_MS + 20000);
	close_world(&world);
}

/* The one that was found last, and then others. */
static void
one_witness_that_fails_too_hides_no_other_that_is_answered(void **state)
{
	static const uint32_t known[] = {8, 1}; /* 1: asked for when none was found */
	const struct la_registry_answer *answer;
	struct world world;

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		open_world(&world);
		world.others = answer_of(LA_REGISTRY_FOUND, 200);
		if (known[i] == 8)
			assert_int_equal(find(&world, 8, &answer), LA_OK);
		world.also_bad = known[i];
		world.bad = answer_of(LA_REGISTRY_AWAY, 0);
		assert_in_range(wait_for(&world, BAD), LA_REGISTRY_PATIENCE_MS, LA_REGISTRY_PATIENCE_MS + 5000);
		close_world(&world);
	}
}

/* As an HTTP proxy does, when nobody else asks: then each id might always meet the one server that fails. */
static void
of_servers_asked_in_turn_one_that_answers_is_enough(void **state)
{
	const struct la_registry_answer *answer;
	struct world world;
	int64_t start_ms;

	(void)state;
	for (int servers = 2; servers <= 4; servers++) {
		for (int turn = 0; turn < servers; turn++) {
			open_world(&world);
			world.servers = servers;
			world.asked = turn;
			world.bad = answer_of(LA_REGISTRY_AWAY, 0);
			world.others = answer_of(LA_REGISTRY_FOUND, 200);
			start_ms = world.now_ms;
			while (find(&world, BAD, &answer) != LA_OK) {
				assert_in_range(world.now_ms - start_ms, 0, 20000);
				world.now_ms += 100;
			}
			close_world(&world);
		}
	}
}

static void
what_a_schema_refers_to_is_asked_for_and_comes_before_it(void **state)
{
	const struct la_registry_answer *answer;
	struct world world;

	(void)state;
	open_world(&world);
	world.bad = answer_of(LA_REGISTRY_FOUND, 200);
	assert_int_equal(la_buf_add_text(&world.bad.schema, "0"), LA_OK);
	refer(&world.bad, 1);
	refer(&world.bad, 3);
	world.last = 4;
	assert_int_equal(find(&world, BAD, &answer), LA_OK);
	assert_int_equal(answer->text_count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(answer->texts[i].data[0], '0' + 4 - i);
	assert_int_equal(world.asked, 5); /* the third once, though two refer to it */

	world.circle = true;
	assert_int_equal(find(&world, BAD, &answer), LA_EDATA);
	assert_string_equal(world.error.text, "byte 1: schema id 7: the schemas that it refers to refer to each other");
	world.circle = false;
	world.last = 1000;
	world.now_ms += 10000;
	assert_int_equal(find(&world, BAD, &answer), LA_EDATA);
	assert_string_equal(world.error.text, "byte 1: schema id 7: it refers to more than 16 other schemas");
	la_buf_clear(&world.bad.schema);
	close_world(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_status_of_one_id_has_its_action_by_what_others_are_answered),
	    cmocka_unit_test(one_id_that_fails_for_long_while_others_are_answered_is_unknown),
	    cmocka_unit_test(two_ids_that_fail_are_waited_for_once_each),
	    cmocka_unit_test(an_outage_in_between_counts_for_no_id),
	    cmocka_unit_test(a_schema_that_is_there_without_what_it_refers_to_is_waited_for_once),
	    cmocka_unit_test(a_registry_that_fails_for_all_is_waited_for_without_end),
	    cmocka_unit_test(an_id_without_answer_is_named_while_it_is_waited_for),
	    cmocka_unit_test(one_witness_that_fails_too_hides_no_other_that_is_answered),
	    cmocka_unit_test(of_servers_asked_in_turn_one_that_answers_is_enough),
	    cmocka_unit_test(what_a_schema_refers_to_is_asked_for_and_comes_before_it),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
