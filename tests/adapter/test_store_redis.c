/* Member states in a real Redis, alone and as a cluster: compare and set, moves, erasure, look-ups. */
#include "store_world.h"

static void
write_succeeds_only_on_the_bytes_that_were_read(void **state)
{
	const struct la_store *port = la_store_redis_port(*state);

	expect(port, 1, -1, NULL);
	put(port, 1, NULL, "one", LA_WRITE_DONE);
	expect(port, 1, 1, "one");
	put(port, 1, NULL, "two", LA_WRITE_CONFLICT);
	put(port, 1, "other", "two", LA_WRITE_CONFLICT);
	put(port, 2, "vanished", "two", LA_WRITE_CONFLICT);
	expect(port, 1, 1, "one");
	put(port, 1, "one", "two", LA_WRITE_DONE);
	expect(port, 1, 1, "two");
	expect(port, 2, -1, NULL);
}

static void
write_repeated_after_a_lost_answer_is_done(void **state)
{
	const struct la_store *port = la_store_redis_port(*state);
	struct la_member_key old = key_of(1, 3);
	struct la_store_write move = {.key = key_of(2, 3),
	    .before = la_span_text("two"),
	    .after = la_span_text("three"),
	    .ttl_s = 100,
	    .move_from = &old};

	put(port, 3, NULL, "one", LA_WRITE_DONE);
	put(port, 3, NULL, "one", LA_WRITE_DONE);
	put(port, 3, "one", "two", LA_WRITE_DONE);
	put(port, 3, "one", "two", LA_WRITE_DONE);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(write_all(port, &move, 1, NULL), LA_OK);
		assert_int_equal(move.result, LA_WRITE_DONE);
		expect(port, 3, 0, "three");
	}
}

static void
record_holds_any_byte_and_its_ttl(void **state)
{
	const struct la_store *port = la_store_redis_port(*state);
	struct la_store_read read = {.key_count = 1, .key = {key_of(1, 4)}};
	struct la_store_write write = {.key = key_of(1, 4), .after = la_span_of("a\0\r\n\xff", 5), .ttl_s = 5000};
	redisReply *reply;

	assert_int_equal(write_all(port, &write, 1, NULL), LA_OK);
	assert_int_equal(fetch_all(port, &read, 1, NULL), LA_OK);
	assert_true(la_span_equal(read.record, write.after));
	reply = redisCommand(other, "TTL la1:1:BAAAAAAAAAAAAAAAAAAAAA");
	assert_in_range(reply->integer, 4990, 5000);
	freeReplyObject(reply);
	write.before = write.after;
	write.after = la_span_text("next");
	assert_int_equal(write_all(port, &write, 1, NULL), LA_OK);
	assert_int_equal(write.result, LA_WRITE_DONE);
}

static void
move_takes_the_old_key_away_unless_it_changed(void **state)
{
	const struct la_store *port = la_store_redis_port(*state);
	struct la_member_key old = key_of(1, 5);
	struct la_store_write move = {.key = key_of(2, 5),
	    .before = la_span_text("read before"),
	    .after = la_span_text("moved"),
	    .ttl_s = 100,
	    .move_from = &old};

	put(port, 5, NULL, "changed since", LA_WRITE_DONE);
	assert_int_equal(write_all(port, &move, 1, NULL), LA_OK);
	assert_int_equal(move.result, LA_WRITE_CONFLICT);
	expect(port, 5, 1, "changed since");
	move.before = la_span_text("changed since");
	assert_int_equal(write_all(port, &move, 1, NULL), LA_OK);
	assert_int_equal(move.result, LA_WRITE_DONE);
	expect(port, 5, 0, "moved");
	put(port, 5, NULL, "late", LA_WRITE_DONE); /* an instance that does not know epoch 2 */
	expect(port, 5, 0, "moved");
}

static void
new_record_wants_no_other_epoch_to_have_one(void **state)
{
	const struct la_store *port = la_store_redis_port(*state);
	const struct la_member_key keys[] = {key_of(2, 20), key_of(1, 20)};
	struct la_store_write write = {
	    .key = keys[0], .after = la_span_text("ours"), .ttl_s = 100, .keys = keys, .key_count = 2};

	put(port, 20, NULL, "theirs", LA_WRITE_DONE); /* under epoch 1 */
	assert_int_equal(write_all(port, &write, 1, NULL), LA_OK);
	assert_int_equal(write.result, LA_WRITE_CONFLICT);
	expect(port, 20, 1, "theirs");
	say("DEL la1:1:FAAAAAAAAAAAAAAAAAAAAA");
	for (int again = 0; again < 2; again++) {
		assert_int_equal(write_all(port, &write, 1, NULL), LA_OK);
		assert_int_equal(write.result, LA_WRITE_DONE);
		expect(port, 20, 0, "ours");
	}
}

/* found: under which of four epochs the newest record is; the third is active. */
static void
erase_and_expect_one_record(const struct la_store *port, int found)
{
	const struct la_member_key keys[] = {key_of(4, 21), key_of(3, 21), key_of(2, 21), key_of(1, 21)};
	struct la_store_write old = {.after = la_span_text("old"), .ttl_s = 100}, erasure = {
	    .key = keys[found == 0 ? 0 : 1],
	    .before = la_span_text(found < 0 ? NULL : "old"),
	    .after = la_span_text("tombstone"),
	    .ttl_s = 100,
	    .keys = keys,
	    .key_count = 4,
	    .move_from = found > 1 ? &keys[found] : NULL,
	    .erases = true};

	say("FLUSHALL");
	for (int k = found; found >= 0 && k < 4; k++) {
		old.key = keys[k];
		assert_int_equal(write_all(port, &old, 1, NULL), LA_OK);
	}
	for (int again = 0; again < 2; again++) { /* also when its first answer was lost */
		redisReply *reply;

		assert_int_equal(write_all(port, &erasure, 1, NULL), LA_OK);
		assert_int_equal(erasure.result, LA_WRITE_DONE);
		if (on_cluster && found > 1) /* it stays where it was found */
			expect(port, 21, found - 2, "tombstone");
		else
			expect(port, 21, -1, NULL); /* epochs 2 and 1 */
		reply = redisCommand(other, "DBSIZE");
		assert_int_equal(reply->integer, 1);
		freeReplyObject(reply);
	}
}

static void
erasure_takes_away_what_is_under_every_epoch(void **state)
{
	const struct la_store *port = la_store_redis_port(*state);
	struct la_member_key old = key_of(1, 22), keys[] = {key_of(2, 22), old};
	struct la_store_write late = {.key = keys[0],
	    .before = la_span_text("read before"),
	    .after = la_span_text("tombstone"),
	    .ttl_s = 100,
	    .move_from = &old,
	    .keys = keys,
	    .key_count = 2,
	    .erases = true};

	for (int found = -1; found < 4; found++)
		erase_and_expect_one_record(port, found);
	put(port, 22, NULL, "changed since", LA_WRITE_DONE);
	assert_int_equal(write_all(port, &late, 1, NULL), LA_OK);
	assert_int_equal(late.result, LA_WRITE_CONFLICT);
	expect(port, 22, 1, "changed since");
	say("FLUSHALL");
}

static void
ten_thousand_members_in_one_fetch_and_one_write(void **state)
{
	enum { COUNT = 10000 };
	const struct la_store *port = la_store_redis_port(*state);
	struct la_store_read *reads = calloc(COUNT, sizeof(*reads));
	struct la_store_write *writes = calloc(COUNT, sizeof(*writes));
	uint32_t *records = calloc(COUNT, sizeof(*records));

	for (uint32_t i = 0; i < COUNT; i++) {
		records[i] = i;
		writes[i] = (struct la_store_write){
		    .key = key_of(1, 100000 + i), .after = la_span_of(&records[i], sizeof(records[i])), .ttl_s = 100};
		reads[i] = (struct la_store_read){
		    .key_count = 4, .key = {key_of(9, i), key_of(8, i), key_of(7, i), key_of(1, 100000 + i)}};
	}
	assert_int_equal(write_all(port, writes, COUNT, NULL), LA_OK);
	assert_int_equal(fetch_all(port, reads, COUNT, NULL), LA_OK);
	for (uint32_t i = 0; i < COUNT; i++) {
		assert_int_equal(writes[i].result, LA_WRITE_DONE);
		assert_int_equal(reads[i].found, 3);
		assert_true(la_span_equal(reads[i].record, writes[i].after));
	}
	free(reads);
	free(writes);
	free(records);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(write_succeeds_only_on_the_bytes_that_were_read),
	    cmocka_unit_test(write_repeated_after_a_lost_answer_is_done),
	    cmocka_unit_test(record_holds_any_byte_and_its_ttl),
	    cmocka_unit_test(move_takes_the_old_key_away_unless_it_changed),
	    cmocka_unit_test(new_record_wants_no_other_epoch_to_have_one),
	    cmocka_unit_test(erasure_takes_away_what_is_under_every_epoch),
	    cmocka_unit_test(ten_thousand_members_in_one_fetch_and_one_write),
	};
	int failed;

	(void)signal(SIGPIPE, SIG_IGN);
	failed = cmocka_run_group_tests(tests, setup, teardown);
	return (failed + cmocka_run_group_tests(tests, setup_cluster, teardown));
}
