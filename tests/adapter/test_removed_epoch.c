/* check: members that are left under an epoch that the key file does not have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "detector/store_redis.h"

#include "private_redis.h"

static struct private_redis server;
static redisContext *other;

static int
setup(void **state)
{
	struct la_store_redis *store = NULL;
	struct la_conf *conf;
	char text[256];

	private_redis_start(&server, NULL);
	other = redisConnectUnix(server.socket);
	assert_int_equal(la_conf_new(&conf, LA_PROGRAM_DETECTOR), LA_OK);
	(void)snprintf(text, sizeof(text), "redis.url=unix://%s\nredis.prefix=la.1\n", server.socket);
	assert_int_equal(la_conf_read_text(conf, "test", text, strlen(text)), LA_OK);
	assert_int_equal(la_store_redis_new(&store, conf, NULL), LA_OK);
	la_conf_free(conf);
	*state = store;
	return (0);
}

static int
teardown(void **state)
{
	la_store_redis_free(*state);
	redisFree(other);
	private_redis_remove(&server);
	return (0);
}

/* count members under an epoch, as the store names them. */
static void
fill(const char *prefix, unsigned epoch, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(redisAppendCommand(other, "SET %s:%u:%08uAAAAAAAAAAAAAA x", prefix, epoch, i), REDIS_OK);
	for (unsigned i = 0; i < count; i++) {
		void *reply;

		assert_int_equal(redisGetReply(other, &reply), REDIS_OK);
		freeReplyObject(reply);
	}
}

static struct la_store_epochs
count(struct la_store_redis *store, size_t epochs)
{
	struct la_keys keys = {.count = epochs, .key = {{.epoch = 3}, {.epoch = 2}}};
	struct la_error error = LA_ERROR_INIT;
	struct la_store_epochs seen;

	if (la_store_redis_count_epochs(store, &keys, 5000, &seen, &error) != LA_OK)
		fail_msg("%s", error.text);
	return (seen);
}

static void
members_of_epochs_in_the_file_are_no_reason_to_warn(void **state)
{
	struct la_store_epochs seen = count(*state, 2);

	assert_int_equal(seen.members, 0);
	fill("la.1", 3, 1000);
	fill("la.1", 2, 10);
	seen = count(*state, 2);
	assert_int_equal(seen.members, 1010);
	assert_int_equal(seen.unknown_count, 0);
}

static void
keys_of_others_are_not_taken_for_members(void **state)
{
	static const char *const keys[] = {"la.1:m:00000000AAAAAAAAAAAAAA", "la.1:0:00000000AAAAAAAAAAAAAA",
	    "la.1:70000:00000000AAAAAAAAAAAAAA", "la.1:9:short", "la.1:9:00000000AAAAAAAAAAAAAAA", "la.1:9", "la.1:",
	    "la.1:9x:00000000AAAAAAAAAAAAAA", "la.1:+9:00000000AAAAAAAAAAAAAA", "la.1x:9:00000000AAAAAAAAAAAAAA"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		freeReplyObject(redisCommand(other, "SET %s x", keys[i]));
	fill("lax1", 9, 10);
	assert_int_equal(count(*state, 2).members, 1010);
	assert_int_equal(count(*state, 2).unknown_count, 0);
}

static void
members_of_a_removed_epoch_are_counted(void **state)
{
	struct la_store_epochs seen = count(*state, 1); /* epoch 2 is gone */

	assert_int_equal(seen.unknown_count, 1);
	assert_int_equal(seen.unknown[0].epoch, 2);
	assert_int_equal(seen.unknown[0].members, 10);
	for (unsigned epoch = 10; epoch < 30; epoch++)
		fill("la.1", epoch, 1);
	seen = count(*state, 2);
	assert_int_equal(seen.members, 1030);
	assert_int_equal(seen.unknown_count, LA_UNKNOWN_EPOCHS_MAX);
}

static void
look_is_bounded_and_finds_one_in_a_hundred_of_very_many(void **state)
{
	struct la_store_epochs seen;

	freeReplyObject(redisCommand(other, "FLUSHALL"));
	fill("la.1", 3, 148500);
	fill("la.1", 1, 1500);
	seen = count(*state, 2);
	assert_in_range(seen.members, 90000, 120000);
	assert_int_equal(seen.unknown_count, 1);
	assert_int_equal(seen.unknown[0].epoch, 1);
	assert_in_range(seen.unknown[0].members, 700, 1300);
}

static void
user_who_may_not_scan_is_told_so(void **state)
{
	struct la_keys keys = {.count = 1, .key = {{.epoch = 3}}};
	struct la_error error = LA_ERROR_INIT;
	struct la_store_epochs seen;

	freeReplyObject(redisCommand(other, "ACL SETUSER default -scan"));
	assert_int_equal(la_store_redis_count_epochs(*state, &keys, 5000, &seen, &error), LA_EUNAVAILABLE);
	assert_non_null(strstr(error.text, "NOPERM"));
	assert_int_equal(seen.unknown_count, 0);
	freeReplyObject(redisCommand(other, "ACL SETUSER default +scan"));
	assert_int_equal(la_store_redis_count_epochs(*state, &keys, 5000, &seen, &error), LA_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(members_of_epochs_in_the_file_are_no_reason_to_warn),
	    cmocka_unit_test(keys_of_others_are_not_taken_for_members),
	    cmocka_unit_test(members_of_a_removed_epoch_are_counted),
	    cmocka_unit_test(look_is_bounded_and_finds_one_in_a_hundred_of_very_many),
	    cmocka_unit_test(user_who_may_not_scan_is_told_so),
	};

	return (cmocka_run_group_tests(tests, setup, teardown));
}
