/* redis.url and the protocol's texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/redis_text.h"
#include "common/redis_url.h"
#include "detector/redis_key.h"

static void
url_names_server_and_database(void **state)
{
	static const struct {
		const char *text, *where, *name;
		int port, db;
		bool tls, is_unix;
	} rows[] = {
	    {"redis://127.0.0.1:6379", "127.0.0.1", "redis://127.0.0.1:6379", 6379, 0, false, false},
	    {"redis://cache", "cache", "redis://cache:6379", 6379, 0, false, false},
	    {"redis://cache/", "cache", "redis://cache:6379", 6379, 0, false, false},
	    {"redis://cache:7000/3", "cache", "redis://cache:7000", 7000, 3, false, false},
	    {"redis://[::1]:7000/12", "::1", "redis://[::1]:7000", 7000, 12, false, false},
	    {"rediss://cache:6380", "cache", "rediss://cache:6380", 6380, 0, true, false},
	    {"unix:///run/redis/redis.sock", "/run/redis/redis.sock", "unix:///run/redis/redis.sock", 0, 0, false, true},
	    {"unix:///run/r.sock?db=2", "/run/r.sock", "unix:///run/r.sock", 0, 2, false, true},
	};
	struct la_redis_url url;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(la_redis_url_parse(rows[i].text, &url, NULL), LA_OK);
		assert_string_equal(url.where, rows[i].where);
		assert_string_equal(url.name, rows[i].name);
		assert_int_equal(url.port, rows[i].port);
		assert_int_equal(url.db, rows[i].db);
		assert_int_equal(url.tls, rows[i].tls);
		assert_int_equal(url.is_unix, rows[i].is_unix);
	}
}

static void
bad_url_is_refused_with_what_is_allowed(void **state)
{
	static const char *const rows[] = {"", "redis:", "redis://", "redis://:6379", "redis://a:0", "redis://a:65536",
	    "redis://a:x", "redis://a/x", "redis://a?db=1", "redis://[::1", "redis://[]:1", "http://a", "unix:/x", "unix://", "unix://x",
	    "unix:///x?y=1", "unix:///x?db=", "redis://a:6379:1", "redis://u:secret@a", "redis://a/-1", "redis://a:+1",
	    "redis://[[]", "redis://[a]:1", "redis://[::1]x", "redis://a b", "redis://a]"};
	struct la_redis_url url;
	struct la_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		error = (struct la_error)LA_ERROR_INIT;
		assert_int_equal(la_redis_url_parse(rows[i], &url, &error), LA_ECONFIG);
		assert_non_null(strstr(error.text, "allowed: redis://host"));
		assert_null(strstr(error.text, "secret"));
	}
}

static void
list_names_nodes_of_one_cluster(void **state)
{
	static const char *const bad[] = {"", " ", "redis://a rediss://b", "redis://a unix:///b", "unix:///a unix:///b",
	    "redis://a nonsense", "redis://a redis://b redis://c redis://d redis://e redis://f redis://g redis://h redis://i"};
	struct la_redis_url urls[LA_REDIS_SEEDS_MAX];
	size_t count;

	(void)state;
	assert_int_equal(la_redis_url_parse_list("redis://a:1", urls, &count, NULL), LA_OK);
	assert_int_equal(count, 1);
	assert_int_equal(la_redis_url_parse_list(" redis://a:1, redis://[::1]:2 redis://c", urls, &count, NULL), LA_OK);
	assert_int_equal(count, 3);
	assert_string_equal(urls[0].name, "redis://a:1");
	assert_string_equal(urls[1].where, "::1");
	assert_string_equal(urls[2].name, "redis://c:6379");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(la_redis_url_parse_list(bad[i], urls, &count, NULL), LA_ECONFIG);
}

static void
key_is_prefix_epoch_and_digest_in_base64url(void **state)
{
	struct la_member_key key = {.epoch = 7};
	struct la_buf out = LA_BUF_INIT;

	(void)state;
	memset(key.digest, 0xfb, sizeof(key.digest));
	assert_int_equal(la_redis_key_arg(&out, "la1", &key), LA_OK);
	assert_true(la_span_is(la_buf_span(&out), "$28\r\nla1:7:-_v7-_v7-_v7-_v7-_v7-w\r\n"));
	la_buf_clear(&out);
}

static void
error_says_which_and_what_helps_and_repeats_no_argument(void **state)
{
	static const struct {
		const char *reply, *expected;
	} rows[] = {
	    {"LOADING Redis is loading the dataset in memory", "still loading"},
	    {"READONLY You can't write against a read only replica.", "must name the master"},
	    {"OOM command not allowed when used memory > 'maxmemory'.", "memory is full"},
	    {"ERR Error running script (call to f_12): @user_script:9: -OOM command not allowed", "memory is full"},
	    {"MOVED 3999 127.0.0.1:6381", "cluster"},
	    {"NOAUTH Authentication required.", "redis.password.file"},
	    {"WRONGPASS invalid username-password pair", "redis.user"},
	    {"WRONGTYPE Operation against a key holding the wrong kind of value", "redis.prefix"},
	    {"MISCONF Redis is configured to save RDB snapshots", "snapshot"},
	    {"ERR unknown command 'X', with args beginning with: 'member-1'", "ERR unknown command"},
	};
	struct la_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(la_redis_text_error(&error, "redis://h:1", rows[i].reply), LA_EUNAVAILABLE);
		assert_non_null(strstr(error.text, rows[i].expected));
		assert_non_null(strstr(error.text, "redis://h:1"));
		assert_null(strstr(error.text, "member-1"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(url_names_server_and_database),
	    cmocka_unit_test(bad_url_is_refused_with_what_is_allowed),
	    cmocka_unit_test(list_names_nodes_of_one_cluster),
	    cmocka_unit_test(key_is_prefix_epoch_and_digest_in_base64url),
	    cmocka_unit_test(error_says_which_and_what_helps_and_repeats_no_argument),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
