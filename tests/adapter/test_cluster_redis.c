/*
 * Member states on a real Redis Cluster: slots as the server counts them, slots that move while requests are under way,
 * keys of one member on two masters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster_world.h"

static void
slots_are_those_that_the_server_counts(void **state)
{
	static const char *const keys[] = {"123456789", "la1:1:abc", "{a}b", "a{b}c{d}", "{}x", "{{a}}", "x{", "\xe3\x81\x82"};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		private_cluster_ask(client[0], out, sizeof(out), "CLUSTER KEYSLOT %s", keys[i]);
		assert_int_equal(atoi(out), la_redis_slot(la_span_text(keys[i])));
	}
	for (uint32_t i = 0; i < 500; i++) {
		struct la_member_key key = key_of(7, i * 2654435761u);
		struct la_buf arg = LA_BUF_INIT;

		assert_int_equal(la_redis_key_arg(&arg, "la1", &key), LA_OK);
		private_cluster_ask(client[0], out, sizeof(out), "CLUSTER KEYSLOT %b", arg.data + 5, arg.size - 7);
		assert_int_equal(atoi(out), la_redis_key_slot("la1", &key));
		la_buf_clear(&arg);
	}
}

static void
records_lie_on_both_masters_and_are_found_behind_their_writes(void **state)
{
	struct la_store_redis *store = open_store(url_of(1));
	struct members *members = calloc(1, sizeof(*members));

	(void)state;
	for (uint64_t round = 1; round < 4; round++)
		write_and_read_all(la_store_redis_port(store), members, round);
	assert_in_range(atoi(ask(0, "DBSIZE")), MEMBERS / 3, MEMBERS * 2 / 3);
	assert_int_equal(atoi(ask(0, "DBSIZE")) + atoi(ask(1, "DBSIZE")), MEMBERS);
	la_store_redis_free(store);
	free(members);
}

/* Slots of the members: some half moved, some moved, under a store that does not know. */
static void
slots_that_move_lose_no_write_and_no_look_up(void **state)
{
	struct la_store_redis *store = open_store(url_of(0));
	const struct la_store *port = la_store_redis_port(store);
	struct members *members = calloc(1, sizeof(*members));
	int slot[60];

	(void)state;
	write_and_read_all(port, members, 4);
	for (uint32_t i = 0; i < 60; i++) {
		struct la_member_key key = key_of(1, i * 10);

		slot[i] = la_redis_key_slot("la1", &key);
		begin_move(slot[i]);
		if (i % 3 > 0)
			move_keys(owner_of(slot[i]), slot[i]); /* ASK */
		if (i % 3 == 2 && owner_of(slot[i]) == 0)
			end_move(slot[i]); /* MOVED */
	}
	for (uint64_t round = 5; round < 8; round++)
		write_and_read_all(port, members, round);
	for (int i = 0; i < 60; i++)
		take_back(slot[i]);
	for (uint64_t round = 8; round < 10; round++)
		write_and_read_all(port, members, round);
	la_store_redis_free(store);
	free(members);
}

/* New members in a slot that is being moved: their keys are nowhere yet, so the new owner gets them. */
static void
new_record_in_a_slot_on_its_way_goes_where_it_will_be(void **state)
{
	struct la_store_redis *store = open_store(url_of(0));
	const struct la_store *port = la_store_redis_port(store);
	struct la_member_key key = key_of(1, 777777);
	struct la_store_write write = {.key = key, .after = la_span_text("new"), .ttl_s = 100};
	struct la_store_read read = {.key_count = 1, .key = {key}};
	int slot = la_redis_key_slot("la1", &key), from = owner_of(slot);
	int before = atoi(ask(1 - from, "DBSIZE"));

	(void)state;
	begin_move(slot);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(port->write_begin(port->self, &write, 1, NULL), LA_OK);
		assert_int_equal(port->fetch_begin(port->self, &read, 1, NULL), LA_OK);
		assert_int_equal(end_all(port, NULL), LA_OK);
		assert_int_equal(write.result, LA_WRITE_DONE);
		assert_true(la_span_is(read.record, "new"));
	}
	assert_int_equal(atoi(ask(1 - from, "DBSIZE")), before + 1);
	take_back(slot);
	la_store_redis_free(store);
}

static void
a_script_that_one_master_forgot_is_taught_again(void **state)
{
	struct la_store_redis *store = open_store(url_of(0));
	struct members *members = calloc(1, sizeof(*members));

	(void)state;
	write_and_read_all(la_store_redis_port(store), members, 10);
	(void)ask(1, "SCRIPT FLUSH");
	write_and_read_all(la_store_redis_port(store), members, 11);
	(void)ask(0, "SCRIPT FLUSH");
	(void)ask(1, "SCRIPT FLUSH");
	write_and_read_all(la_store_redis_port(store), members, 12);
	la_store_redis_free(store);
	free(members);
}

/* A move between epochs whose keys lie on both masters; interrupted behind each of its steps. */
static void
move_to_another_master_is_whole_or_made_again(void **state)
{
	struct la_store_redis *store = open_store(url_of(0));
	const struct la_store *port = la_store_redis_port(store);
	struct la_error error = LA_ERROR_INIT;
	uint32_t number = 900000;
	struct la_member_key keys[2];
	struct la_store_write old, move;
	struct la_store_read read;

	(void)state;
	do { /* one on each */
		number++;
		keys[0] = key_of(2, number);
		keys[1] = key_of(1, number);
	} while (owner_of(la_redis_key_slot("la1", &keys[0])) == owner_of(la_redis_key_slot("la1", &keys[1])));
	old = (struct la_store_write){.key = keys[1], .after = la_span_text("read"), .ttl_s = 100};
	move = (struct la_store_write){.key = keys[0], .before = la_span_text("read"), .after = la_span_text("moved"),
	    .ttl_s = 100, .move_from = &keys[1], .keys = keys, .key_count = 2};
	read = (struct la_store_read){.key_count = 2, .key = {keys[0], keys[1]}};

	for (int changed = 0; changed < 2; changed++) {
		assert_int_equal(port->write_begin(port->self, &old, 1, &error), LA_OK);
		assert_int_equal(port->write_end(port->self, TIMEOUT_MS, &error), LA_OK);
		assert_int_equal(old.result, LA_WRITE_DONE);
		old.before = la_span_text("read");
		old.after = la_span_text("changed since"); /* by an instance that writes the old epoch still */
		if (changed) {
			assert_int_equal(port->write_begin(port->self, &old, 1, &error), LA_OK);
			assert_int_equal(port->write_end(port->self, TIMEOUT_MS, &error), LA_OK);
		}
		for (int again = 0; again < 2; again++) {
			assert_int_equal(port->write_begin(port->self, &move, 1, &error), LA_OK);
			assert_int_equal(port->write_end(port->self, TIMEOUT_MS, &error), LA_OK);
			assert_int_equal(move.result, changed ? LA_WRITE_CONFLICT : LA_WRITE_DONE);
			assert_int_equal(port->fetch_begin(port->self, &read, 1, &error), LA_OK);
			assert_int_equal(port->fetch_end(port->self, TIMEOUT_MS, &error), LA_OK);
			assert_int_equal(read.found, changed);
			assert_true(la_span_is(read.record, changed ? "changed since" : "moved"));
		}
		/* whoever writes the old epoch finds that the record has moved */
		old.before = la_span_text(changed ? "changed since" : "read");
		old.after = la_span_text("late");
		old.keys = keys;
		old.key_count = 2;
		assert_int_equal(port->write_begin(port->self, &old, 1, &error), LA_OK);
		assert_int_equal(port->write_end(port->self, TIMEOUT_MS, &error), LA_OK);
		assert_int_equal(old.result, changed ? LA_WRITE_DONE : LA_WRITE_CONFLICT);
		old = (struct la_store_write){.key = keys[1], .after = la_span_text("read"), .ttl_s = 100};
		private_cluster_ask(client[0], (char[64]){0}, 64, "FLUSHALL");
		private_cluster_ask(client[1], (char[64]){0}, 64, "FLUSHALL");
	}
	la_store_redis_free(store);
}

static void
remember_line(void *cookie, const char *line)
{
	char *lines = cookie;

	(void)strncat(lines, line, 4000 - strlen(lines));
	(void)strncat(lines, "\n", 4000 - strlen(lines));
}

static void
check_warns_of_each_master(void **state)
{
	struct la_store_redis *store = open_store(url_of(1));
	struct la_error error = LA_ERROR_INIT;
	char lines[4096] = "", expected[160];

	(void)state;
	(void)ask(0, "CONFIG SET maxmemory-policy allkeys-lru");
	assert_int_equal(la_store_redis_check(store, TIMEOUT_MS, remember_line, lines, &error), LA_OK);
	(void)snprintf(expected, sizeof(expected), "%s: its maxmemory-policy", url_of(0));
	assert_non_null(strstr(lines, expected));
	(void)snprintf(expected, sizeof(expected), "%s: its maxmemory-policy", url_of(1));
	assert_null(strstr(lines, expected));
	for (int n = 0; n < 2; n++) {
		(void)snprintf(expected, sizeof(expected), "%s: its append-only file is off", url_of(n));
		assert_non_null(strstr(lines, expected));
	}
	la_store_redis_free(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(slots_are_those_that_the_server_counts),
	    cmocka_unit_test(records_lie_on_both_masters_and_are_found_behind_their_writes),
	    cmocka_unit_test(slots_that_move_lose_no_write_and_no_look_up),
	    cmocka_unit_test(new_record_in_a_slot_on_its_way_goes_where_it_will_be),
	    cmocka_unit_test(a_script_that_one_master_forgot_is_taught_again),
	    cmocka_unit_test(move_to_another_master_is_whole_or_made_again),
	    cmocka_unit_test(check_warns_of_each_master),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return (cmocka_run_group_tests(tests, start, finish));
}
