/* Slots of a Redis Cluster: the published vector, who has them, and redirections, also hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/redis_slot.h"

static void
crc_is_that_of_the_specification(void **state)
{
	(void)state;
	assert_int_equal(la_redis_crc16(la_span_text("123456789")), 0x31C3);
	assert_int_equal(la_redis_crc16(la_span_of("", 0)), 0);
	assert_int_equal(la_redis_crc16(la_span_of("\xff\x80\0", 3)), 0xd4fb);
}

static void
slot_is_of_what_the_first_braces_hold(void **state)
{
	static const struct {
		const char *key, *counts;
	} rows[] = {{"{user1000}.following", "user1000"}, {"foo{}{bar}", "foo{}{bar}"}, {"foo{{bar}}zap", "{bar"},
	    {"foo{bar}{zap}", "bar"}, {"foo{bar", "foo{bar"}, {"foo}bar{", "foo}bar{"}, {"a}{b}", "b"}, {"", ""}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(la_redis_slot(la_span_text(rows[i].key)),
		    la_redis_crc16(la_span_text(rows[i].counts)) % LA_SLOTS);
}

static struct la_redis_place
place_of(const char *host, int port)
{
	struct la_redis_place place;

	assert_true(la_redis_place_set(&place, la_span_text(host), port));
	return (place);
}

static void
every_slot_has_the_master_that_was_named_last(void **state)
{
	struct la_slot_map *map = malloc(sizeof(*map));
	struct la_redis_place a = place_of("a", 1), b = place_of("b", 1), a2 = place_of("a", 2);

	(void)state;
	la_slot_map_init(map);
	assert_int_equal(la_slot_map_uncovered(map), LA_SLOTS);
	assert_true(la_slot_map_add(map, 0, 9, &a));
	assert_true(la_slot_map_add(map, 5, 16383, &b));
	assert_true(la_slot_map_add(map, 7, 7, &a2));
	assert_int_equal(map->count, 3);
	assert_int_equal(map->of_slot[4], 0);
	assert_int_equal(map->of_slot[5], 1);
	assert_int_equal(map->of_slot[7], 2);
	assert_int_equal(map->of_slot[16383], 1);
	assert_int_equal(la_slot_map_uncovered(map), 0);
	free(map);
}

static void
slots_and_masters_that_cannot_be_change_nothing(void **state)
{
	static const int64_t ranges[][2] = {{-1, 5}, {0, 16384}, {6, 5}, {INT64_MIN, INT64_MAX}, {16384, 16384}};
	struct la_slot_map *map = malloc(sizeof(*map));
	struct la_redis_place place = place_of("a", 1);
	char name[16], host[LA_HOST_BYTES + 1];

	(void)state;
	la_slot_map_init(map);
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		assert_false(la_slot_map_add(map, ranges[i][0], ranges[i][1], &place));
	assert_int_equal(map->count, 0);
	for (int i = 0; i < LA_MASTERS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		place = place_of(name, 1);
		assert_true(la_slot_map_add(map, i, i, &place));
	}
	place = place_of("onemore", 1);
	assert_false(la_slot_map_add(map, 0, 5, &place));
	assert_int_equal(map->of_slot[0], 0);
	place = place_of("n511", 1);
	assert_true(la_slot_map_add(map, 0, 5, &place));
	free(map);

	memset(host, 'h', sizeof(host));
	assert_false(la_redis_place_set(&place, la_span_of(host, LA_HOST_BYTES), 1));
	assert_true(la_redis_place_set(&place, la_span_of(host, LA_HOST_BYTES - 1), 65535));
	assert_false(la_redis_place_set(&place, la_span_of("a\0b", 3), 1));
	assert_false(la_redis_place_set(&place, la_span_text(""), 1));
	assert_false(la_redis_place_set(&place, la_span_text("?"), 1));
	assert_false(la_redis_place_set(&place, la_span_text("a b"), 1));
	assert_false(la_redis_place_set(&place, la_span_text("a"), 0));
	assert_false(la_redis_place_set(&place, la_span_text("a"), 65536));
}

static void
redirection_names_slot_and_server(void **state)
{
	static const struct {
		const char *reply, *host;
		int slot, port;
		bool ask;
	} rows[] = {{"MOVED 3999 127.0.0.1:6381", "127.0.0.1", 3999, 6381, false},
	    {"ASK 16383 node-1.example:7000", "node-1.example", 16383, 7000, true},
	    {"MOVED 0 ::1:7000", "::1", 0, 7000, false}, {"MOVED 12 :7000", "asked", 12, 7000, false},
	    {"ASK 12 :7000", "asked", 12, 7000, true},
	    {"MOVED 12 a:7000 and more", "a", 12, 7000, false}};
	struct la_redirect redirect;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(la_redirect_read(rows[i].reply, "asked", &redirect));
		assert_int_equal(redirect.ask, rows[i].ask);
		assert_int_equal(redirect.slot, rows[i].slot);
		assert_string_equal(redirect.place.host, rows[i].host);
		assert_int_equal(redirect.place.port, rows[i].port);
	}
}

static void
what_is_no_redirection_is_not_followed(void **state)
{
	static const char *const rows[] = {"", "MOVED", "MOVED ", "MOVED 1", "MOVED 1 ", "MOVED 1 a", "MOVED 1 a:", "MOVED 1 a:x",
	    "MOVED 16384 a:1", "MOVED -1 a:1", "MOVED 99999999999999999999 a:1", "MOVED 1x a:1", "MOVED 1 a:0", "MOVED 1 a:65536",
	    "MOVED 1 a:123456", "MOVED 1 ?:1", "ASK 1 ?:1", "MOVED 1 a\tb:1", "MOVED  1 a:1", "ASKING 1 a:1", "ASK 1 a:+1", "moved 1 a:1",
	    "ERR MOVED 1 a:1"};
	struct la_redirect redirect;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_false(la_redirect_read(rows[i], "asked", &redirect));
	assert_false(la_redirect_read("MOVED 1 :1", "", &redirect));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(crc_is_that_of_the_specification),
	    cmocka_unit_test(slot_is_of_what_the_first_braces_hold),
	    cmocka_unit_test(every_slot_has_the_master_that_was_named_last),
	    cmocka_unit_test(slots_and_masters_that_cannot_be_change_nothing),
	    cmocka_unit_test(redirection_names_slot_and_server),
	    cmocka_unit_test(what_is_no_redirection_is_not_followed),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
