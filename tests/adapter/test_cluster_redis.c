/*
 * Member states and the ledger on a real Redis Cluster of two masters: slots as the server counts them, slots that
 * move while requests are under way, masters that go away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/cluster_map_redis.h"
#include "common/cluster_redis.h"
#include "common/job.h"
#include "common/redis_slot.h"
#include "detector/redis_key.h"
#include "detector/store_redis.h"
#include "mailer/ledger_internal_redis.h"

#include "private_cluster.h"

#define TIMEOUT_MS 20000 /* what answers does so long before */
#define MEMBERS 600 /* some in every thirty slots */

static struct private_redis node[2];
static redisContext *client[2];
static char id[2][64];

/* One command to a node; its answer. */
static const char *
ask(int n, const char *command)
{
	static char out[4096];

	private_cluster_ask(client[n], out, sizeof(out), command);
	return (out);
}

static void
set_slot(int n, int slot, const char *how, int other)
{
	char out[64];

	private_cluster_ask(client[n], out, sizeof(out), "CLUSTER SETSLOT %d %s %s", slot, how, id[other]);
}

/* All keys of the slot, from node to the other one. */
static void
move_keys(int from, int slot)
{
	redisReply *keys = redisCommand(client[from], "CLUSTER GETKEYSINSLOT %d 1000", slot);

	assert_int_equal(keys->type, REDIS_REPLY_ARRAY);
	for (size_t i = 0; i < keys->elements; i++) {
		char out[64];

		private_cluster_ask(client[from], out, sizeof(out), "MIGRATE 127.0.0.1 %d %s 0 1000", node[1 - from].port,
		    keys->element[i]->str);
	}
	freeReplyObject(keys);
}

static bool has_moved[LA_SLOTS]; /* from the first master to the second, for good */

static int
owner_of(int slot)
{
	return (slot < 8192 && !has_moved[slot] ? 0 : 1);
}

/* The slot is between its owner and the other one: of its keys those that are not there are asked for with ASK. */
static void
begin_move(int slot)
{
	int from = owner_of(slot);

	set_slot(1 - from, slot, "IMPORTING", from);
	set_slot(from, slot, "MIGRATING", 1 - from);
}

static void
settle(int slot)
{
	char out[64];

	for (int n = 0; n < 2; n++)
		private_cluster_ask(client[n], out, sizeof(out), "CLUSTER SETSLOT %d STABLE", slot);
}

/*
 * The slot of the first master is the second one's, whose higher epoch makes that stand against what the other said
 * before: no new epoch is needed, which they would have to agree upon first.
 */
static void
end_move(int slot)
{
	settle(slot);
	set_slot(1, slot, "NODE", 1);
	set_slot(0, slot, "NODE", 1);
	has_moved[slot] = true;
}

/* All keys of a slot that is on its way back to its owner. */
static void
take_back(int slot)
{
	int owner = owner_of(slot);
	char out[64];

	private_cluster_ask(client[owner], out, sizeof(out), "CLUSTER SETSLOT %d STABLE", slot);
	move_keys(1 - owner, slot);
	settle(slot);
}

static void
connect_clients(void)
{
	for (int n = 0; n < 2; n++) {
		redisFree(client[n]);
		client[n] = redisConnectUnix(node[n].socket);
	}
}

static int
start(void **state)
{
	char out[64];

	(void)state;
	for (int n = 0; n < 2; n++)
		private_cluster_node(&node[n]);
	connect_clients();
	for (int n = 0; n < 2; n++) {
		private_cluster_own(client[n], n * 8192, n * 8192 + 8191);
		private_cluster_ask(client[n], out, sizeof(out), "CLUSTER SET-CONFIG-EPOCH %d", n + 1);
		(void)snprintf(id[n], sizeof(id[n]), "%s", ask(n, "CLUSTER MYID"));
	}
	private_cluster_ask(
	    client[0], out, sizeof(out), "CLUSTER MEET 127.0.0.1 %d %d", node[1].port, node[1].bus_port);
	for (int n = 0; n < 2; n++)
		private_cluster_await(client[n], "cluster_state:ok");
	return (0);
}

static int
finish(void **state)
{
	(void)state;
	for (int n = 0; n < 2; n++) {
		redisFree(client[n]);
		private_redis_remove(&node[n]);
	}
	return (0);
}

static struct la_conf *
conf_of(enum la_program program, const char *urls)
{
	struct la_conf *conf;
	char text[512];

	assert_int_equal(la_conf_new(&conf, program), LA_OK);
	(void)snprintf(text, sizeof(text), "redis.url=%s\n", urls);
	assert_int_equal(la_conf_read_text(conf, "test", text, strlen(text)), LA_OK);
	if (la_conf_problem_count(conf) > 0)
		fail_msg("%s", la_conf_problem(conf, 0));
	return (conf);
}

static const char *
url_of(int n)
{
	static char url[64];

	(void)snprintf(url, sizeof(url), "redis://127.0.0.1:%d", node[n].port);
	return (url);
}

static struct la_store_redis *
open_store(const char *urls)
{
	struct la_conf *conf = conf_of(LA_PROGRAM_DETECTOR, urls);
	struct la_store_redis *store = NULL;

	assert_int_equal(la_store_redis_new(&store, conf, NULL), LA_OK);
	la_conf_free(conf);
	return (store);
}

static struct la_member_key
key_of(uint16_t epoch, uint32_t number)
{
	struct la_member_key key = {.epoch = epoch};

	memcpy(key.digest, &number, sizeof(number));
	return (key);
}

/* Everybody's record is a number; each is told apart by rounds. */
struct members {
	struct la_store_read read[MEMBERS];
	struct la_store_write write[MEMBERS];
	uint64_t record[2][MEMBERS]; /* before, after */
};

static void
prepare(struct members *members, uint64_t round)
{
	for (uint32_t i = 0; i < MEMBERS; i++) {
		members->record[0][i] = (round - 1) << 32 | i;
		members->record[1][i] = round << 32 | i;
		members->read[i] = (struct la_store_read){.key_count = 1, .key = {key_of(1, i)}};
		members->write[i] = (struct la_store_write){.key = key_of(1, i),
		    .before = round == 1 ? la_span_of(NULL, 0) : la_span_of(&members->record[0][i], 8),
		    .after = la_span_of(&members->record[1][i], 8),
		    .ttl_s = 1000};
	}
}

static enum la_err
begin_all(const struct la_store *port, struct members *members, struct la_error *error)
{
	enum la_err err = port->write_begin(port->self, members->write, MEMBERS, error);

	return (err != LA_OK ? err : port->fetch_begin(port->self, members->read, MEMBERS, error));
}

static enum la_err
end_all(const struct la_store *port, struct la_error *error)
{
	enum la_err err = port->write_end(port->self, TIMEOUT_MS, error);

	return (err != LA_OK ? err : port->fetch_end(port->self, TIMEOUT_MS, error));
}

/* Each write is done, and the look-up that was sent behind it has found it. */
static void
expect_written(const struct members *members)
{
	for (uint32_t i = 0; i < MEMBERS; i++) {
		assert_int_equal(members->write[i].result, LA_WRITE_DONE);
		assert_int_equal(members->read[i].found, 0);
		assert_true(la_span_equal(members->read[i].record, members->write[i].after));
	}
}

static void
write_and_read_all(const struct la_store *port, struct members *members, uint64_t round)
{
	struct la_error error = LA_ERROR_INIT;

	prepare(members, round);
	if (begin_all(port, members, &error) != LA_OK || end_all(port, &error) != LA_OK)
		fail_msg("%s", error.text);
	expect_written(members);
}

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

static struct la_ledger_answer
next_answer(const struct la_ledger *port)
{
	struct la_ledger_answer answer = {.token = UINT64_MAX};
	struct la_error error = LA_ERROR_INIT;
	size_t count = 0;

	for (int i = 0; i < 15000; i++) {
		(void)!port->work(port->self, &answer, 1, &count, &error);
		if (count == 1)
			return (answer);
		(void)usleep(2000);
	}
	fail_msg("no answer: %s", error.text);
	return (answer);
}

/* Every third slot is on its way, or has moved, under a ledger that does not know. */
static void
ledger_answers_for_every_slot_wherever_it_is(void **state)
{
	enum { JOBS = 300 };
	struct la_conf *conf = conf_of(LA_PROGRAM_MAILER, url_of(0));
	struct la_ledger_redis *ledger[2];
	const struct la_ledger *port[2];
	char job[LA_ID_HEX], key[64];

	(void)state;
	for (int m = 0; m < 2; m++) {
		assert_int_equal(la_ledger_redis_new(&ledger[m], conf, NULL), LA_OK);
		port[m] = la_ledger_redis_port(ledger[m]);
	}
	for (int round = 0; round < 3; round++) { /* claimed by one; found by the other; marked */
		for (int i = 0; i < JOBS; i++) {
			const struct la_ledger *to = port[round == 1];

			(void)snprintf(job, sizeof(job), "%032x", i);
			assert_int_equal(round == 2 ? to->mark(to->self, (uint64_t)i, job, 100, NULL)
			                            : to->claim(to->self, (uint64_t)i, job, 100, NULL), LA_OK);
		}
		for (int i = 0; i < JOBS; i++) {
			static const enum la_ledger_verdict verdicts[] = {LA_LEDGER_CLAIMED, LA_LEDGER_BUSY, LA_LEDGER_MARKED};

			assert_int_equal(next_answer(port[round == 1]).verdict, verdicts[round]);
		}
		for (int i = round; i < JOBS && round < 2; i += 3) {
			int slot;

			(void)snprintf(key, sizeof(key), "la1:m:%032x", i);
			slot = la_redis_slot(la_span_text(key));
			begin_move(slot);
			move_keys(owner_of(slot), slot);
			if (round == 0 && owner_of(slot) == 0)
				end_move(slot);
		}
	}
	for (int m = 0; m < 2; m++)
		la_ledger_redis_close(ledger[m], 10000);
	la_conf_free(conf);
	(void)ask(0, "FLUSHALL");
	(void)ask(1, "FLUSHALL");
}

/* What the relay has taken is marked where that can be, whoever else may think that this mailer is gone. */
static void
a_mark_does_not_wait_for_the_master_of_the_sign_of_life(void **state)
{
	const struct la_ledger_times times = {.lease_ms = 700, .beat_ms = 20, .answer_ms = 5000};
	struct la_conf *conf = conf_of(LA_PROGRAM_MAILER, url_of(0));
	struct la_ledger_redis *ledger = NULL;
	const struct la_ledger *port;
	struct la_ledger_answer answer;
	char job[LA_ID_HEX], key[64];
	size_t count;
	int number = 1000; /* slots of others are on their way */

	(void)state;
	assert_int_equal(la_ledger_redis_new(&ledger, conf, NULL), LA_OK);
	la_ledger_redis_set_times(ledger, &times);
	do
		(void)snprintf(key, sizeof(key), "la1:m:%032x", ++number);
	while (owner_of(la_redis_slot(la_span_text(key))) != 1);
	(void)snprintf(job, sizeof(job), "%032x", number);
	do {
		(void)snprintf(ledger->names.mailer, sizeof(ledger->names.mailer), "%016x", ++number);
		(void)snprintf(key, sizeof(key), "la1:mailer:%s", ledger->names.mailer);
	} while (owner_of(la_redis_slot(la_span_text(key))) != 0);
	port = la_ledger_redis_port(ledger);
	assert_int_equal(port->claim(port->self, 1, job, 100, NULL), LA_OK);
	assert_int_equal(next_answer(port).verdict, LA_LEDGER_CLAIMED);
	(void)ask(1, "CONFIG SET cluster-node-timeout 30000"); /* or it would refuse the mark alone */
	(void)kill(node[0].pid, SIGSTOP);
	for (int i = 0; port->valid_until_ms(port->self) != 0; i++) {
		assert_in_range(i, 0, 30000);
		(void)!port->work(port->self, &answer, 1, &count, NULL);
		(void)usleep(1000);
	}
	assert_int_equal(port->mark(port->self, 2, job, 100, NULL), LA_OK);
	count = 0;
	for (int i = 0; i < 30000 && count == 0; i++) {
		(void)!port->work(port->self, &answer, 1, &count, NULL);
		(void)usleep(1000);
	}
	(void)kill(node[0].pid, SIGCONT);
	(void)ask(1, "CONFIG SET cluster-node-timeout 1000");
	assert_int_equal(count, 1);
	assert_int_equal(answer.verdict, LA_LEDGER_MARKED);
	for (int n = 0; n < 2; n++)
		private_cluster_await(client[n], "cluster_state:ok");
	la_ledger_redis_close(ledger, 10000);
	la_conf_free(conf);
}

static void
a_master_that_is_away_is_named_and_found_again(void **state)
{
	char urls[160];
	struct la_store_redis *store;
	const struct la_store *port;
	struct members *members = calloc(1, sizeof(*members));
	struct la_error error = LA_ERROR_INIT;

	(void)state;
	(void)snprintf(urls, sizeof(urls), "redis://127.0.0.1:1 redis://127.0.0.1:%d", node[1].port); /* the first is never there */
	store = open_store(urls);
	port = la_store_redis_port(store);
	write_and_read_all(port, members, 1);
	private_redis_stop(&node[0]);
	prepare(members, 2);
	for (int i = 0; i < 2; i++)
		assert_true(begin_all(port, members, &error) != LA_OK || end_all(port, &error) != LA_OK);
	assert_non_null(strstr(error.text, "redis"));
	private_cluster_node(&node[0]);
	connect_clients();
	for (int n = 0; n < 2; n++)
		private_cluster_await(client[n], "cluster_state:ok");
	for (int tries = 0; begin_all(port, members, &error) != LA_OK || end_all(port, &error) != LA_OK; tries++)
		assert_in_range(tries, 0, 3);
	for (uint32_t i = 0; i < MEMBERS; i++) /* who was on that one is not there any more: it keeps nothing on disk */
		assert_true(members->write[i].result == LA_WRITE_DONE || members->read[i].found < 0);
	la_store_redis_free(store);
	free(members);
}

static void
a_hung_master_times_out_and_its_late_answers_are_nobodys(void **state)
{
	struct la_store_redis *store = open_store(url_of(1));
	const struct la_store *port = la_store_redis_port(store);
	struct members *members = calloc(1, sizeof(*members));
	struct la_error error = LA_ERROR_INIT;

	(void)state;
	(void)ask(0, "FLUSHALL");
	(void)ask(1, "FLUSHALL");
	write_and_read_all(port, members, 1);
	(void)kill(node[0].pid, SIGSTOP);
	prepare(members, 2);
	assert_int_equal(begin_all(port, members, &error), LA_OK);
	assert_int_equal(port->write_end(port->self, 200, &error), LA_ETIMEOUT);
	(void)kill(node[0].pid, SIGCONT);
	for (int n = 0; n < 2; n++)
		private_cluster_await(client[n], "cluster_state:ok");
	write_and_read_all(port, members, 2); /* those that were written already are done */
	write_and_read_all(port, members, 3);
	la_store_redis_free(store);
	free(members);
}

/* A stale map is asked for from each master and server of redis.url in turn; one that answers settles it. */
static void
a_server_that_left_is_no_matter_while_a_master_answers(void **state)
{
	struct private_redis alone = {.port = 0};
	struct la_connection seed, master;
	struct la_cluster *cluster = NULL;
	struct la_slot_map *map = NULL;
	struct la_error error = LA_ERROR_INIT;
	struct la_conf *conf;
	char url[128];
	size_t masters;

	(void)state;
	conf = conf_of(LA_PROGRAM_DETECTOR, url_of(0));
	assert_int_equal(la_connection_init(&master, conf, &error), LA_OK);
	la_conf_free(conf);
	assert_int_equal(la_cluster_map_discover(&master, TIMEOUT_MS, &map, &error), LA_OK);
	assert_non_null(map);
	private_redis_start(&alone, (const char *const[]){NULL});
	(void)snprintf(url, sizeof(url), "unix://%s", alone.socket);
	conf = conf_of(LA_PROGRAM_DETECTOR, url);
	assert_int_equal(la_connection_init(&seed, conf, &error), LA_OK);
	la_conf_free(conf);
	assert_int_equal(la_cluster_new(&cluster, &seed, map, &error), LA_OK);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(la_cluster_look(cluster, &masters, &error), LA_OK);
		assert_int_equal(masters, 2);
		assert_false(la_cluster_is_gone(cluster));
	}
	la_cluster_free(cluster);
	la_connection_clear(&seed);
	la_connection_clear(&master);
	private_redis_remove(&alone);
}

static void
a_full_server_is_not_taken_for_a_single_one(void **state)
{
	static const struct {
		const char *answer;
		bool is_single;
	} rows[] = {{"ERR This instance has cluster support disabled", true}, {"ERR unknown command 'CLUSTER'", true},
	    {"NOPERM this user has no permissions to run the 'cluster|slots' command", true},
	    {"ERR max number of clients reached", false}, {"ERR max number of clients + cluster connections reached", false},
	    {"LOADING Redis is loading the dataset in memory", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[128];
		const redisReply reply = {.type = REDIS_REPLY_ERROR, .str = text, .len = strlen(rows[i].answer)};

		(void)snprintf(text, sizeof(text), "%s", rows[i].answer);
		assert_int_equal(la_cluster_map_is_single(&reply), rows[i].is_single);
	}
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
	    cmocka_unit_test(ledger_answers_for_every_slot_wherever_it_is),
	    cmocka_unit_test(a_mark_does_not_wait_for_the_master_of_the_sign_of_life),
	    cmocka_unit_test(a_master_that_is_away_is_named_and_found_again),
	    cmocka_unit_test(a_hung_master_times_out_and_its_late_answers_are_nobodys),
	    cmocka_unit_test(a_server_that_left_is_no_matter_while_a_master_answers),
	    cmocka_unit_test(a_full_server_is_not_taken_for_a_single_one),
	    cmocka_unit_test(check_warns_of_each_master),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return (cmocka_run_group_tests(tests, start, finish));
}
