/* States in memory: the same promises as the store in Redis. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "detector/store_memory.h"

static struct la_member_key
key_of(uint16_t epoch, uint32_t member)
{
	struct la_member_key key = {.epoch = epoch};

	/* few different beginnings, so that probes meet */
	key.digest[0] = (unsigned char)(member % 31);
	memcpy(key.digest + 12, &member, sizeof(member));
	return (key);
}

static enum la_write_result
write_record(const struct la_store *store, struct la_member_key key, const char *before, const char *after,
    const struct la_member_key *move_from)
{
	struct la_store_write write = {.key = key,
	    .before = la_span_text(before),
	    .after = la_span_text(after),
	    .ttl_s = 1,
	    .move_from = move_from};

	assert_int_equal(store->write_begin(store->self, &write, 1, NULL), LA_OK);
	assert_int_equal(store->write_end(store->self, 1000, NULL), LA_OK);
	return (write.result);
}

/* The record of member under epochs 2 and 1, "" when there is none; *found as the store says. */
static const char *
read_record(const struct la_store *store, uint32_t member, int *found)
{
	static char text[64];
	struct la_store_read read = {.key_count = 2, .key = {key_of(2, member), key_of(1, member)}};

	assert_int_equal(store->fetch_begin(store->self, &read, 1, NULL), LA_OK);
	assert_int_equal(store->fetch_end(store->self, 1000, NULL), LA_OK);
	*found = read.found;
	snprintf(text, sizeof(text), "%.*s", (int)read.record.size, read.found < 0 ? "" : (const char *)read.record.data);
	return (text);
}

static void
a_write_that_expects_another_record_is_a_conflict(void **state)
{
	struct la_store_memory *memory;
	const struct la_store *store;
	int found;

	(void)state;
	assert_int_equal(la_store_memory_new(&memory), LA_OK);
	store = la_store_memory_port(memory);
	assert_int_equal(write_record(store, key_of(1, 5), "x", "a", NULL), LA_WRITE_CONFLICT);
	assert_int_equal(write_record(store, key_of(1, 5), NULL, "a", NULL), LA_WRITE_DONE);
	assert_int_equal(write_record(store, key_of(1, 5), NULL, "b", NULL), LA_WRITE_CONFLICT);
	assert_int_equal(write_record(store, key_of(1, 5), "b", "c", NULL), LA_WRITE_CONFLICT);
	assert_string_equal(read_record(store, 5, &found), "a");
	assert_int_equal(found, 1);
	assert_int_equal(write_record(store, key_of(1, 5), "a", "b", NULL), LA_WRITE_DONE);
	assert_int_equal(write_record(store, key_of(1, 5), "a", "b", NULL), LA_WRITE_DONE); /* its own repetition */
	assert_string_equal(read_record(store, 5, &found), "b");
	la_store_memory_free(memory);
}

static void
a_new_record_wants_no_other_epoch_to_have_one(void **state)
{
	const struct la_member_key keys[] = {key_of(2, 5), key_of(1, 5)};
	struct la_store_write write = {.key = keys[1], .after = la_span_text("a"), .keys = keys, .key_count = 2};
	struct la_store_memory *memory;
	const struct la_store *store;
	int found;

	(void)state;
	assert_int_equal(la_store_memory_new(&memory), LA_OK);
	store = la_store_memory_port(memory);
	assert_int_equal(write_record(store, keys[0], NULL, "somebody else's", NULL), LA_WRITE_DONE);
	assert_int_equal(store->write_begin(store->self, &write, 1, NULL), LA_OK);
	assert_int_equal(write.result, LA_WRITE_CONFLICT);
	write.key = keys[0];
	write.before = la_span_text("somebody else's");
	assert_int_equal(store->write_begin(store->self, &write, 1, NULL), LA_OK);
	assert_int_equal(write.result, LA_WRITE_DONE);
	assert_string_equal(read_record(store, 5, &found), "a");
	la_store_memory_free(memory);
}

static void
an_erasure_takes_away_what_is_under_every_epoch(void **state)
{
	const struct la_member_key keys[] = {key_of(4, 5), key_of(3, 5), key_of(2, 5), key_of(1, 5)};
	struct la_store_memory *memory;
	const struct la_store *store;

	(void)state;
	for (int found = -1; found < 4; found++) {
		struct la_store_write write = {.key = keys[found == 0 ? 0 : 1],
		    .after = la_span_text("tombstone"),
		    .keys = keys,
		    .key_count = 4,
		    .move_from = found > 1 ? &keys[found] : NULL,
		    .erases = true};
		int at;

		assert_int_equal(la_store_memory_new(&memory), LA_OK);
		store = la_store_memory_port(memory);
		for (int k = found; found >= 0 && k < 4; k++) /* what is found hides what is older */
			assert_int_equal(write_record(store, keys[k], NULL, "old", NULL), LA_WRITE_DONE);
		write.before = la_span_text(found < 0 ? NULL : "old");
		for (int again = 0; again < 2; again++) { /* also when its first answer was lost */
			assert_int_equal(store->write_begin(store->self, &write, 1, NULL), LA_OK);
			assert_int_equal(write.result, LA_WRITE_DONE);
			for (int k = 0; k < 4; k++) {
				struct la_store_read read = {.key_count = 1, .key = {keys[k]}};

				assert_int_equal(store->fetch_begin(store->self, &read, 1, NULL), LA_OK);
				at = keys[k].epoch == write.key.epoch ? 0 : -1;
				assert_int_equal(read.found, at);
			}
		}
		la_store_memory_free(memory);
	}
}

static void
a_move_writes_the_new_key_and_deletes_the_old_one(void **state)
{
	struct la_member_key old = key_of(1, 5);
	struct la_store_memory *memory;
	const struct la_store *store;
	int found;

	(void)state;
	assert_int_equal(la_store_memory_new(&memory), LA_OK);
	store = la_store_memory_port(memory);
	assert_int_equal(write_record(store, old, NULL, "a", NULL), LA_WRITE_DONE);
	assert_int_equal(write_record(store, key_of(2, 5), "x", "b", &old), LA_WRITE_CONFLICT);
	assert_int_equal(write_record(store, key_of(2, 5), "a", "b", &old), LA_WRITE_DONE);
	assert_string_equal(read_record(store, 5, &found), "b");
	assert_int_equal(found, 0);
	assert_int_equal(write_record(store, key_of(2, 5), "a", "b", &old), LA_WRITE_DONE);
	assert_int_equal(write_record(store, old, NULL, "again", NULL), LA_WRITE_DONE); /* the old one was gone */
	assert_int_equal(write_record(store, key_of(2, 5), "again", "c", &old), LA_WRITE_CONFLICT);
	assert_string_equal(read_record(store, 5, &found), "b"); /* the newest found wins */
	la_store_memory_free(memory);
}

static void
what_was_fetched_stays_valid_while_it_is_written(void **state)
{
	struct la_store_read read = {.key_count = 1, .key = {key_of(1, 5)}};
	struct la_store_memory *memory;
	const struct la_store *store;

	(void)state;
	assert_int_equal(la_store_memory_new(&memory), LA_OK);
	store = la_store_memory_port(memory);
	assert_int_equal(write_record(store, key_of(1, 5), NULL, "a", NULL), LA_WRITE_DONE);
	assert_int_equal(store->fetch_begin(store->self, &read, 1, NULL), LA_OK);
	assert_int_equal(write_record(store, key_of(1, 5), "a", "b", NULL), LA_WRITE_DONE);
	assert_true(la_span_is(read.record, "a"));
	la_store_memory_free(memory);
}

/* Against a plain array: writes, moves and reads at random. */
static void
random_traffic_is_kept(void **state)
{
	enum { MEMBERS = 1000 };
	static int value[MEMBERS], epoch[MEMBERS]; /* epoch 0: none */
	struct la_store_memory *memory;
	const struct la_store *store;
	uint64_t seed = 11;

	(void)state;
	assert_int_equal(la_store_memory_new(&memory), LA_OK);
	store = la_store_memory_port(memory);
	for (int i = 0; i < 30000; i++) {
		char before[16], after[16], *expect = NULL;
		struct la_member_key old;
		uint32_t m;
		int found;

		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
		m = (uint32_t)(seed >> 33) % MEMBERS;
		snprintf(before, sizeof(before), "%d", value[m]);
		snprintf(after, sizeof(after), "%d", i + 1);
		if (epoch[m] != 0)
			expect = before;
		assert_string_equal(read_record(store, m, &found), expect == NULL ? "" : before);
		assert_int_equal(found, epoch[m] == 0 ? -1 : 2 - epoch[m]);
		old = key_of(1, m);
		if (epoch[m] == 1 && (seed >> 60) < 4) {
			assert_int_equal(write_record(store, key_of(2, m), before, after, &old), LA_WRITE_DONE);
			epoch[m] = 2;
		} else {
			epoch[m] = epoch[m] == 0 ? 1 : epoch[m];
			assert_int_equal(
			    write_record(store, key_of((uint16_t)epoch[m], m), expect, after, NULL), LA_WRITE_DONE);
		}
		value[m] = i + 1;
	}
	la_store_memory_free(memory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_write_that_expects_another_record_is_a_conflict),
	    cmocka_unit_test(a_new_record_wants_no_other_epoch_to_have_one),
	    cmocka_unit_test(an_erasure_takes_away_what_is_under_every_epoch),
	    cmocka_unit_test(a_move_writes_the_new_key_and_deletes_the_old_one),
	    cmocka_unit_test(what_was_fetched_stays_valid_while_it_is_written),
	    cmocka_unit_test(random_traffic_is_kept),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
