/* Which ids a registry is asked for, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/registry.h"

/* A registry whose next answer the test says; NULL: none comes. */
struct world {
	int64_t now_ms;
	int asked;
	uint32_t id;
	struct la_registry_answer *next;
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
	world->id = id;
	return (LA_OK);
}

static enum la_err
world_ask_version(void *self, const struct la_registry_reference *reference, struct la_error *error)
{
	(void)self;
	(void)reference;
	(void)error;
	fail_msg("nothing refers to others here");
	return (LA_EINTERNAL);
}

static enum la_err
world_work(void *self, int wait_ms, const struct la_registry_answer **answer, bool *done, struct la_error *error)
{
	struct world *world = self;

	(void)error;
	*answer = world->next;
	*done = world->next != NULL;
	if (!*done)
		world->now_ms += wait_ms;
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

static enum la_err
find(struct world *world, uint32_t id)
{
	const struct la_registry_answer *answer;

	return (la_registry_find(world->registry, id, &answer, &world->error));
}

static struct la_registry_answer found = {.verdict = LA_REGISTRY_FOUND}, unknown = {.verdict = LA_REGISTRY_UNKNOWN},
                                 away = {.verdict = LA_REGISTRY_AWAY, .detail = "h:1: HTTP 503"},
                                 unusable = {.verdict = LA_REGISTRY_UNUSABLE, .detail = "h:1: no"};

static void
an_unknown_id_is_not_asked_for_again_until_its_time_is_over(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	world.next = &unknown;
	assert_int_equal(find(&world, 7), LA_ENOSCHEMA);
	assert_string_equal(world.error.text, "byte 1: the registry has no schema with id 7");
	world.next = &found; /* registered meanwhile */
	world.now_ms += LA_REGISTRY_UNKNOWN_MS - 1;
	for (int i = 0; i < 100000; i++)
		assert_int_equal(find(&world, 7), LA_ENOSCHEMA);
	assert_int_equal(world.asked, 1);
	world.now_ms++;
	assert_int_equal(find(&world, 7), LA_OK);
	assert_int_equal(world.asked, 2);
	la_registry_free(world.registry);
}

static void
a_flood_of_unknown_ids_is_asked_about_at_a_bounded_rate(void **state)
{
	struct world world;
	int64_t start_ms;
	uint32_t id = 0;

	(void)state;
	open_world(&world);
	world.next = &unknown;
	start_ms = world.now_ms;
	while (world.now_ms < start_ms + 10000) {
		enum la_err err = find(&world, id);

		assert_true(err == LA_ENOSCHEMA || err == LA_ETIMEOUT);
		id += err == LA_ENOSCHEMA;
		world.now_ms += err == LA_ETIMEOUT;
	}
	assert_int_equal(world.asked, LA_REGISTRY_BURST + 10000 / LA_REGISTRY_EVERY_MS);
	assert_int_equal(id, world.asked);
	la_registry_free(world.registry);
}

static void
a_registry_that_fails_is_asked_again_after_a_rest_and_nothing_is_decided(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	world.next = &away;
	assert_int_equal(find(&world, 7), LA_ETIMEOUT); /* another id is asked for: does it answer at all? */
	assert_string_equal(world.error.text, "h:1: HTTP 503 (schema id 7)");
	assert_int_equal(find(&world, 7), LA_EUNAVAILABLE);
	assert_string_equal(world.error.text, "h:1: HTTP 503 (schema id 7)");
	assert_int_equal(find(&world, 7), LA_EUNAVAILABLE);
	assert_int_equal(find(&world, 8), LA_EUNAVAILABLE);
	assert_string_equal(world.error.text, "h:1: HTTP 503 (schema id 7)");
	assert_int_equal(world.asked, 2);
	for (int64_t end_ms = world.now_ms + 60000; world.now_ms < end_ms; world.now_ms++)
		assert_int_equal(la_err_action(find(&world, 7)), LA_ACTION_RETRY);
	assert_in_range(world.asked, 60 * 2, 65 * 3);
	world.next = &found;
	world.now_ms += 1000;
	assert_int_equal(find(&world, 7), LA_OK);
	la_registry_free(world.registry);
}

static void
an_answer_that_does_not_come_is_waited_for_a_moment_and_then_said(void **state)
{
	struct world world;
	int64_t start_ms;

	(void)state;
	open_world(&world);
	start_ms = world.now_ms;
	assert_int_equal(find(&world, 7), LA_ETIMEOUT);
	assert_int_equal(world.now_ms, start_ms + LA_REGISTRY_FIRST_WAIT_MS);
	assert_int_equal(find(&world, 7), LA_ETIMEOUT);
	assert_int_equal(world.now_ms, start_ms + LA_REGISTRY_FIRST_WAIT_MS); /* at once: others wait */
	world.now_ms = start_ms + LA_REGISTRY_QUIET_MS;
	assert_int_equal(find(&world, 7), LA_EUNAVAILABLE);
	assert_string_equal(world.error.text, "h:1: no answer yet (schema id 7)");
	assert_int_equal(world.asked, 1);
	assert_int_equal(find(&world, 8), LA_ETIMEOUT); /* the record of 7 went to another instance */
	assert_int_equal(world.id, 8);
	world.next = &unusable;
	assert_int_equal(find(&world, 8), LA_EDATA);
	assert_string_equal(world.error.text, "byte 1: schema id 8: h:1: no");
	la_registry_free(world.registry);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_unknown_id_is_not_asked_for_again_until_its_time_is_over),
	    cmocka_unit_test(a_flood_of_unknown_ids_is_asked_about_at_a_bounded_rate),
	    cmocka_unit_test(a_registry_that_fails_is_asked_again_after_a_rest_and_nothing_is_decided),
	    cmocka_unit_test(an_answer_that_does_not_come_is_waited_for_a_moment_and_then_said),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
