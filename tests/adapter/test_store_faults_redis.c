/* Member states in a Redis, alone and as a cluster, that forgets, hangs, refuses or was restarted. */
#include "store_world.h"

static void
forgotten_script_is_taught_again(void **state)
{
	const struct la_store *port = la_store_redis_port(*state);

	put(port, 6, NULL, "one", LA_WRITE_DONE);
	say("SCRIPT FLUSH");
	put(port, 6, "one", "two", LA_WRITE_DONE);
	expect(port, 6, 1, "two");
}

static void
refusal_names_its_cause_and_work_goes_on_afterwards(void **state)
{
	const struct la_store *port = la_store_redis_port(*state);
	struct la_store_write write = {.key = key_of(1, 7), .after = la_span_text("one"), .ttl_s = 100};
	struct la_error error = LA_ERROR_INIT;

	say("CONFIG SET maxmemory 1");
	assert_int_equal(write_all(port, &write, 1, &error), LA_EUNAVAILABLE);
	assert_non_null(strstr(error.text, "OOM"));
	say("CONFIG SET maxmemory 0");

	say("REPLICAOF 127.0.0.1 1");
	assert_int_equal(write_all(port, &write, 1, &error), LA_EUNAVAILABLE);
	assert_non_null(strstr(error.text, "READONLY"));
	say("REPLICAOF NO ONE");

	say("LPUSH la1:1:BwAAAAAAAAAAAAAAAAAAAA x");
	assert_int_equal(write_all(port, &write, 1, &error), LA_EUNAVAILABLE);
	assert_non_null(strstr(error.text, "WRONGTYPE"));
	say("DEL la1:1:BwAAAAAAAAAAAAAAAAAAAA");

	put(port, 7, NULL, "one", LA_WRITE_DONE);
}

static void
replica_is_not_read(void **state)
{
	const struct la_store *port = la_store_redis_port(*state);
	struct la_store_read read = {.key_count = 1, .key = {key_of(1, 1)}};
	struct la_error error = LA_ERROR_INIT;

	say("REPLICAOF 127.0.0.1 1");
	assert_int_equal(fetch_all(port, &read, 1, &error), LA_EUNAVAILABLE);
	assert_non_null(strstr(error.text, "replica"));
	say("REPLICAOF NO ONE");
	assert_int_equal(fetch_all(port, &read, 1, &error), LA_OK);
}

static void
stalled_server_times_out_and_its_late_answer_is_not_taken_for_the_next(void **state)
{
	const struct la_store *port = la_store_redis_port(*state);
	struct la_store_read read = {.key_count = 1, .key = {key_of(1, 8)}};
	struct la_error error = LA_ERROR_INIT;

	put(port, 8, NULL, "eight", LA_WRITE_DONE);
	put(port, 9, NULL, "nine", LA_WRITE_DONE);
	(void)kill(server.pid, SIGSTOP);
	assert_int_equal(port->fetch_begin(port->self, &read, 1, &error), LA_OK);
	assert_int_equal(port->fetch_end(port->self, 100, &error), LA_ETIMEOUT);
	(void)kill(server.pid, SIGCONT);
	expect(port, 9, 1, "nine");
}

static void
write_to_a_stalled_server_does_not_block(void **state)
{
	enum { COUNT = 3000 };
	static char record[4000];
	const struct la_store *port = la_store_redis_port(*state);
	struct la_store_write *writes = calloc(COUNT, sizeof(*writes));
	struct la_error error = LA_ERROR_INIT;

	memset(record, 'x', sizeof(record));
	for (uint32_t i = 0; i < COUNT; i++)
		writes[i] = (struct la_store_write){
		    .key = key_of(3, i), .after = la_span_of(record, sizeof(record)), .ttl_s = 100};
	put(port, 10, NULL, "connected", LA_WRITE_DONE);
	(void)kill(server.pid, SIGSTOP);
	assert_int_equal(port->write_begin(port->self, writes, COUNT, &error), LA_OK);
	assert_int_equal(port->write_end(port->self, 100, &error), LA_ETIMEOUT);
	(void)kill(server.pid, SIGCONT);
	assert_int_equal(write_all(port, writes, COUNT, &error), LA_OK);
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(writes[i].result, LA_WRITE_DONE);
	free(writes);
}

/* A write with a look-up of the same member behind it, as overlapping batches have them. */
static void
begin_both(const struct la_store *port, struct la_store_write *write, struct la_store_read *read, const char *before,
    const char *after)
{
	struct la_error error = LA_ERROR_INIT;

	*write = (struct la_store_write){
	    .key = key_of(1, 30), .before = la_span_text(before), .after = la_span_text(after), .ttl_s = 100};
	*read = (struct la_store_read){.key_count = 1, .key = {key_of(1, 30)}};
	if (port->write_begin(port->self, write, 1, &error) != LA_OK ||
	    port->fetch_begin(port->self, read, 1, &error) != LA_OK)
		fail_msg("%s", error.text);
}

static void
end_both(const struct la_store *port, const struct la_store_write *write, enum la_write_result result,
    const struct la_store_read *read, const char *found)
{
	struct la_error error = LA_ERROR_INIT;

	if (port->write_end(port->self, TIMEOUT_MS, &error) != LA_OK ||
	    port->fetch_end(port->self, TIMEOUT_MS, &error) != LA_OK)
		fail_msg("%s", error.text);
	assert_int_equal(write->result, result);
	assert_true(la_span_equal(read->record, la_span_text(found)));
}

static void
look_up_behind_a_write_finds_what_that_did_or_neither_counts(void **state)
{
	const struct la_store *port = la_store_redis_port(*state);
	struct la_error error = LA_ERROR_INIT;
	struct la_store_write write;
	struct la_store_read read;

	begin_both(port, &write, &read, NULL, "one");
	end_both(port, &write, LA_WRITE_DONE, &read, "one");
	begin_both(port, &write, &read, "other", "two");
	end_both(port, &write, LA_WRITE_CONFLICT, &read, "one");

	say("SCRIPT FLUSH");
	begin_both(port, &write, &read, "one", "two");
	if (!on_cluster) {
		assert_int_equal(port->write_end(port->self, TIMEOUT_MS, &error), LA_EUNAVAILABLE);
		assert_non_null(strstr(error.text, "forgotten the script"));
		begin_both(port, &write, &read, "one", "two");
	}
	end_both(port, &write, LA_WRITE_DONE, &read, "two");

	(void)kill(server.pid, SIGSTOP);
	begin_both(port, &write, &read, "two", "three");
	assert_int_equal(port->write_end(port->self, 100, &error), LA_ETIMEOUT);
	(void)kill(server.pid, SIGCONT);
	begin_both(port, &write, &read, "two", "three"); /* whether the first one's write arrives before or behind this */
	end_both(port, &write, LA_WRITE_DONE, &read, "three");
}

/* The node of a cluster takes a moment until it says that the cluster is well. */
static void
restart(void)
{
	redisContext *client;

	if (!on_cluster) {
		private_redis_start(&server, NULL);
		return;
	}
	private_cluster_node(&server);
	client = redisConnectUnix(server.socket);
	private_cluster_await(client, "cluster_state:ok");
	redisFree(client);
}

static void
restarted_server_is_found_again(void **state)
{
	const struct la_store *port = la_store_redis_port(*state);
	struct la_store_write write = {.key = key_of(1, 11), .after = la_span_text("one"), .ttl_s = 100};
	struct la_error error = LA_ERROR_INIT;

	assert_int_equal(write_all(port, &write, 1, &error), LA_OK);
	private_redis_stop(&server);
	assert_int_equal(write_all(port, &write, 1, &error), LA_EUNAVAILABLE);
	assert_int_equal(write_all(port, &write, 1, &error), LA_EUNAVAILABLE);
	assert_true(on_cluster || strstr(error.text, server.socket) != NULL);
	restart();
	assert_int_equal(write_all(port, &write, 1, &error), LA_OK);
	redisFree(other);
	other = redisConnectUnix(server.socket);
}

static void
remember_line(void *cookie, const char *line)
{
	char *lines = cookie;

	(void)strncat(lines, line, 2000 - strlen(lines));
	(void)strncat(lines, "\n", 2000 - strlen(lines));
}

static void
check_warns_of_a_server_that_may_forget(void **state)
{
	char lines[2048] = "";
	struct la_error error = LA_ERROR_INIT;

	say("CONFIG SET maxmemory-policy allkeys-lru");
	assert_int_equal(la_store_redis_check(*state, TIMEOUT_MS, remember_line, lines, &error), LA_OK);
	assert_non_null(strstr(lines, "noeviction"));
	assert_non_null(strstr(lines, "append-only"));
	assert_null(strstr(lines, "replica"));
	lines[0] = '\0';
	say("CONFIG SET maxmemory-policy noeviction");
	say("CONFIG SET appendonly yes");
	say("REPLICAOF 127.0.0.1 1");
	assert_int_equal(la_store_redis_check(*state, TIMEOUT_MS, remember_line, lines, &error), LA_OK);
	assert_non_null(strstr(lines, "replica"));
	assert_null(strstr(lines, "noeviction"));
	assert_null(strstr(lines, "append-only"));
	say("REPLICAOF NO ONE");
	say("CONFIG SET appendonly no");
}

/* What holds wherever the keys lie. */
#define COMMON_TESTS \
	cmocka_unit_test(forgotten_script_is_taught_again), \
	    cmocka_unit_test(stalled_server_times_out_and_its_late_answer_is_not_taken_for_the_next), \
	    cmocka_unit_test(write_to_a_stalled_server_does_not_block), \
	    cmocka_unit_test(look_up_behind_a_write_finds_what_that_did_or_neither_counts), \
	    cmocka_unit_test(restarted_server_is_found_again)

int
main(void)
{
	const struct CMUnitTest alone[] = {
	    COMMON_TESTS,
	    cmocka_unit_test(refusal_names_its_cause_and_work_goes_on_afterwards),
	    cmocka_unit_test(replica_is_not_read),
	    cmocka_unit_test(check_warns_of_a_server_that_may_forget),
	};
	const struct CMUnitTest cluster[] = {COMMON_TESTS};
	int failed;

	(void)signal(SIGPIPE, SIG_IGN);
	failed = cmocka_run_group_tests(alone, setup, teardown);
	return (failed + cmocka_run_group_tests(cluster, setup_cluster, teardown));
}
