/* Member states in a real Redis, alone and as a cluster: compare and set, moves, lost answers, refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "detector/store_redis.h"

#include "private_cluster.h"
#include "private_redis.h"

#define TIMEOUT_MS 20000 /* what answers does so long before */

static struct private_redis server;
static bool on_cluster; /* the server is all of a cluster */
static redisContext *other; /* another client of the same server */

static struct la_store_redis *
open_store(const char *more)
{
	struct la_store_redis *store = NULL;
	struct la_error error = LA_ERROR_INIT;
	struct la_conf *conf;
	char text[512];

	assert_int_equal(la_conf_new(&conf, LA_PROGRAM_DETECTOR), LA_OK);
	(void)snprintf(text, sizeof(text), "redis.url=unix://%s\n%s", server.socket, more);
	assert_int_equal(la_conf_read_text(conf, "test", text, strlen(text)), LA_OK);
	if (la_conf_problem_count(conf) > 0)
		fail_msg("%s", la_conf_problem(conf, 0));
	if (la_store_redis_new(&store, conf, &error) != LA_OK)
		fail_msg("%s", error.text);
	la_conf_free(conf);
	return (store);
}

static int
setup(void **state)
{
	private_redis_start(&server, NULL);
	other = redisConnectUnix(server.socket);
	*state = open_store("");
	return (other == NULL || other->err != 0);
}

static int
setup_cluster(void **state)
{
	on_cluster = true;
	private_cluster_node(&server);
	other = redisConnectUnix(server.socket);
	private_cluster_own(other, 0, 16383);
	*state = open_store("");
	return (other == NULL || other->err != 0);
}

static int
teardown(void **state)
{
	la_store_redis_free(*state);
	redisFree(other);
	private_redis_remove(&server);
	return (0);
}

static void
say(const char *command)
{
	redisReply *reply = redisCommand(other, command);

	assert_non_null(reply);
	if (reply->type == REDIS_REPLY_ERROR)
		fail_msg("%s: %s", command, reply->str);
	freeReplyObject(reply);
}

static struct la_member_key
key_of(uint16_t epoch, uint32_t number)
{
	struct la_member_key key = {.epoch = epoch};

	memcpy(key.digest, &number, sizeof(number));
	return (key);
}

static enum la_err
write_all(const struct la_store *port, struct la_store_write *writes, size_t count, struct la_error *error)
{
	enum la_err err = port->write_begin(port->self, writes, count, error);

	return (err != LA_OK ? err : port->write_end(port->self, TIMEOUT_MS, error));
}

static enum la_err
fetch_all(const struct la_store *port, struct la_store_read *reads, size_t count, struct la_error *error)
{
	enum la_err err = port->fetch_begin(port->self, reads, count, error);

	return (err != LA_OK ? err : port->fetch_end(port->self, TIMEOUT_MS, error));
}

/* Writes one record, expects the result. NULL stands for an absent record. */
static void
put(const struct la_store *port, uint32_t number, const char *before, const char *after, enum la_write_result result)
{
	struct la_store_write write = {.key = key_of(1, number),
	    .before = la_span_text(before),
	    .after = la_span_text(after),
	    .ttl_s = 100};
	struct la_error error = LA_ERROR_INIT;

	if (write_all(port, &write, 1, &error) != LA_OK)
		fail_msg("%s", error.text);
	assert_int_equal(write.result, result);
}

/* Under which of epochs 2 and 1 is the member, with which record? */
static void
expect(const struct la_store *port, uint32_t number, int found, const char *record)
{
	struct la_store_read read = {.key_count = 2, .key = {key_of(2, number), key_of(1, number)}};
	struct la_error error = LA_ERROR_INIT;

	if (fetch_all(port, &read, 1, &error) != LA_OK)
		fail_msg("%s", error.text);
	assert_int_equal(read.found, found);
	assert_true(la_span_equal(read.record, la_span_text(record)));
}

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

/* What holds wherever the keys lie. */
#define COMMON_TESTS \
	cmocka_unit_test(write_succeeds_only_on_the_bytes_that_were_read), \
	    cmocka_unit_test(write_repeated_after_a_lost_answer_is_done), \
	    cmocka_unit_test(record_holds_any_byte_and_its_ttl), \
	    cmocka_unit_test(move_takes_the_old_key_away_unless_it_changed), \
	    cmocka_unit_test(new_record_wants_no_other_epoch_to_have_one), \
	    cmocka_unit_test(erasure_takes_away_what_is_under_every_epoch), \
	    cmocka_unit_test(ten_thousand_members_in_one_fetch_and_one_write), \
	    cmocka_unit_test(forgotten_script_is_taught_again), \
	    cmocka_unit_test(stalled_server_times_out_and_its_late_answer_is_not_taken_for_the_next), \
	    cmocka_unit_test(write_to_a_stalled_server_does_not_block), \
	    cmocka_unit_test(look_up_behind_a_write_finds_what_that_did_or_neither_counts), \
	    cmocka_unit_test(restarted_server_is_found_again), \
	    cmocka_unit_test(password_is_read_from_its_file_and_a_wrong_one_is_named)

int
main(void)
{
	const struct CMUnitTest alone[] = {
	    COMMON_TESTS,
	    cmocka_unit_test(refusal_names_its_cause_and_work_goes_on_afterwards),
	    cmocka_unit_test(replica_is_not_read),
	    cmocka_unit_test(check_warns_of_a_server_that_may_forget),
	    cmocka_unit_test(a_pipe_is_not_read_again),
	    cmocka_unit_test(a_full_server_is_no_reason_to_read_the_password_again), /* the last: hangs up on all */
	};
	const struct CMUnitTest cluster[] = {COMMON_TESTS};
	int failed;

	(void)signal(SIGPIPE, SIG_IGN);
	failed = cmocka_run_group_tests(alone, setup, teardown);
	return (failed + cmocka_run_group_tests(cluster, setup_cluster, teardown));
}
