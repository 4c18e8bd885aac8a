/* Key epochs: random streams through two rotations, compared with the same ones without. */
#include "rotation_world.h"

/* The key files of two instances, step after step of two rotations; each step changes one. */
static const struct {
	size_t count[2];
	uint16_t active[2];
} steps[] = {
    {{1, 1}, {1, 1}}, {{2, 1}, {1, 1}}, {{2, 2}, {1, 1}}, {{2, 2}, {2, 1}}, {{2, 2}, {2, 2}}, {{2, 3}, {2, 2}},
    {{3, 3}, {2, 2}}, {{3, 3}, {2, 3}}, {{3, 3}, {3, 3}},
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

static void
random_event(struct la_login_event *event, unsigned *seed, int number)
{
	static char id[16], member[16], token[16], app[16], ip[16];
	static const char *const agents[] = {
	    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0",
	    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"};
	int kind = rand_r(seed) % 20;

	(void)snprintf(id, sizeof(id), "e%d", number);
	(void)snprintf(member, sizeof(member), "m%d", rand_r(seed) % 4);
	(void)snprintf(token, sizeof(token), "t%d", rand_r(seed) % 3);
	(void)snprintf(app, sizeof(app), "a%d", rand_r(seed) % 2);
	(void)snprintf(ip, sizeof(ip), "192.0.%d.1", rand_r(seed) % 2);
	*event = login(id, member, rand_r(seed) % 5 == 0 ? NULL : token, 0);
	event->user_agent = la_span_text(agents[rand_r(seed) % 2]);
	event->ip = la_span_text(ip);
	if (kind == 0)
		event->kind = LA_KIND_ACCOUNT_ERASED;
	else if (kind == 1)
		event->kind = LA_KIND_DEVICE_REVOKED;
	else if (kind == 2)
		event->kind = LA_KIND_THIRD_PARTY_UNLINK;
	else if (kind < 5)
		event->kind = LA_KIND_THIRD_PARTY_LINK;
	else if (kind == 5)
		event->kind = LA_KIND_TOKEN_REFRESH;
	if (event->kind == LA_KIND_THIRD_PARTY_LINK || event->kind == LA_KIND_THIRD_PARTY_UNLINK)
		event->client_app_id = la_span_text(app);
}

#define STREAM 270

/* The decisions of a random stream, a line each, in order. rotate: the instances take turns, and their keys change. */
static char *
decisions_of(unsigned stream_seed, bool rotate)
{
	char *text = calloc(STREAM, 80);
	unsigned seed = stream_seed, order = stream_seed * 7 + 1;
	int64_t now_ms = T0;
	struct world *world;
	void *state;

	(void)setup_rotation(&state);
	world = state;
	for (int i = 0; i < STREAM; i++) {
		struct la_login_event event;

		random_event(&event, &seed, i);
		now_ms += rand_r(&seed) % 8 == 0 ? rand_r(&seed) % 40 * DAY : rand_r(&seed) % 20 * MINUTE;
		event.occurred_at_ms = now_ms;
		if (rotate) {
			size_t step = (size_t)i * STEPS / STREAM;
			int who = rand_r(&order) % 2;
			bool again = rand_r(&order) % 4 == 0;

			take_over(world, key_file(steps[step].count[who], steps[step].active[who]));
			play(world, &event);
			if (again) { /* dead before the commit: the other one reads it again */
				world->bus.committed[0]--;
				take_over(world, key_file(steps[step].count[1 - who], steps[step].active[1 - who]));
				turn_until_done(world);
			}
		} else {
			play(world, &event);
		}
		(void)sprintf(text + strlen(text), "e%d %s\n", i, last_outcome(world));
	}
	(void)teardown(&state);
	return (text);
}

static void
rotation_one_instance_at_a_time_changes_no_decision(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= (redis == NULL ? 20U : 3U); seed++) {
		char *expected = decisions_of(seed, false), *found = decisions_of(seed, true);

		if (strcmp(expected, found) != 0) {
			size_t at = 0, line;

			while (expected[at] == found[at])
				at++;
			for (line = at; line > 0 && expected[line - 1] != '\n'; line--)
				;
			fail_msg("seed %u: without rotation %.*s, with it %.*s", seed, (int)strcspn(expected + line, "\n"),
			    expected + line, (int)strcspn(found + line, "\n"), found + line);
		}
		free(expected);
		free(found);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rotation_one_instance_at_a_time_changes_no_decision),
	};
	int failed = cmocka_run_group_tests_name("in memory", tests, NULL, NULL);

	return (failed + cmocka_run_group_tests_name("in Redis", tests, start_redis, stop_redis));
}
