/* The password of a Redis, alone and as a cluster: when its file is read, and when it is not read again. */
#include <sys/stat.h>
#include <sys/wait.h>

#include "store_world.h"

static void
password_is_read_from_its_file_and_a_wrong_one_is_named(void **state)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_store_read read = {.key_count = 1, .key = {key_of(1, 1)}};
	struct la_store_redis *store;
	char path[128], more[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/password", server.folder);
	(void)snprintf(more, sizeof(more), "redis.password.file=%s\nredis.user=detector\n", path);
	say("ACL SETUSER detector on >s3cret ~la1:* +mget +get +set +del +evalsha +script|load");
	if (on_cluster)
		say("ACL SETUSER detector +cluster|slots");
	expect(la_store_redis_port(*state), 999, -1, NULL); /* is let in */
	for (int right = 0; right < 2; right++) {
		file = fopen(path, "w");
		(void)fputs(right ? "s3cret\n" : "wrong\n", file);
		(void)fclose(file);
		store = open_store(more);
		if (right) {
			expect(la_store_redis_port(store), 999, -1, NULL);
			put(la_store_redis_port(store), 12, NULL, "one", LA_WRITE_DONE);
		} else {
			assert_int_equal(fetch_all(la_store_redis_port(store), &read, 1, &error), LA_EUNAVAILABLE);
			assert_non_null(strstr(error.text, "WRONGPASS"));
		}
		la_store_redis_free(store);
	}
	say("ACL SETUSER default >other");
	assert_int_equal(fetch_all(la_store_redis_port(*state), &read, 1, &error), LA_OK); /* was let in before */
	store = open_store("");
	assert_int_equal(fetch_all(la_store_redis_port(store), &read, 1, &error), LA_EUNAVAILABLE);
	assert_non_null(strstr(error.text, "NOAUTH"));
	la_store_redis_free(store);
	say("ACL SETUSER default nopass");
}

/* Only a password that is refused makes the file be read again, which may be gone by then. */
static void
a_full_server_is_no_reason_to_read_the_password_again(void **state)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_store_read read = {.key_count = 1, .key = {key_of(1, 1)}};
	struct la_store_redis *store;
	char path[128], more[256];
	FILE *file;
	int tries = 1000;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/password", server.folder);
	(void)snprintf(more, sizeof(more), "redis.password.file=%s\nredis.user=full\n", path);
	say("ACL SETUSER full on >s3cret ~la1:* +mget");
	file = fopen(path, "w");
	(void)fputs("s3cret\n", file);
	(void)fclose(file);
	store = open_store(more);
	assert_int_equal(remove(path), 0);
	say("CONFIG SET maxclients 1");
	say("CLIENT KILL TYPE normal SKIPME yes");
	do
		assert_int_equal(fetch_all(la_store_redis_port(store), &read, 1, &error), LA_EUNAVAILABLE);
	while (strstr(error.text, "max number of clients") == NULL && tries-- > 0);
	assert_true(tries > 0);
	say("CONFIG SET maxclients 100");
	expect(la_store_redis_port(store), 999, -1, NULL);
	say("ACL SETUSER full >other <s3cret");
	say("CLIENT KILL TYPE normal SKIPME yes");
	do
		assert_int_equal(fetch_all(la_store_redis_port(store), &read, 1, &error), LA_EUNAVAILABLE);
	while (strstr(error.text, path) == NULL && tries-- > 0);
	assert_true(tries > 0);
	la_store_redis_free(store);
}

static void
put_through_pipe(const char *path)
{
	pid_t child = fork();

	if (child == 0) {
		FILE *pipe = fopen(path, "w");

		_exit(pipe == NULL || fputs("wrong\n", pipe) < 0 || fclose(pipe) != 0);
	}
	assert_true(child > 0);
}

/* A password that comes through a pipe is read once: who waited for the next would wait for ever. */
static void
a_pipe_is_not_read_again(void **state)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_store_read read = {.key_count = 1, .key = {key_of(1, 1)}};
	struct la_store_redis *store;
	char path[128], more[256];
	int status;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/pipe", server.folder);
	(void)snprintf(more, sizeof(more), "redis.password.file=%s\nredis.user=detector\n", path);
	assert_int_equal(mkfifo(path, 0600), 0);
	put_through_pipe(path);
	store = open_store(more);
	assert_true(wait(&status) > 0 && status == 0);
	(void)alarm(60); /* ends a test that hangs */
	for (int tries = 0; tries < 3; tries++) {
		assert_int_equal(fetch_all(la_store_redis_port(store), &read, 1, &error), LA_EUNAVAILABLE);
		assert_non_null(strstr(error.text, "WRONGPASS"));
	}
	(void)alarm(0);
	la_store_redis_free(store);
	assert_int_equal(remove(path), 0);
}

int
main(void)
{
	const struct CMUnitTest alone[] = {
	    cmocka_unit_test(password_is_read_from_its_file_and_a_wrong_one_is_named),
	    cmocka_unit_test(a_pipe_is_not_read_again),
	    cmocka_unit_test(a_full_server_is_no_reason_to_read_the_password_again), /* the last: hangs up on all */
	};
	const struct CMUnitTest cluster[] = {cmocka_unit_test(password_is_read_from_its_file_and_a_wrong_one_is_named)};
	int failed;

	(void)signal(SIGPIPE, SIG_IGN);
	failed = cmocka_run_group_tests(alone, setup, teardown);
	return (failed + cmocka_run_group_tests(cluster, setup_cluster, teardown));
}
