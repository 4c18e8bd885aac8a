/*
 * A Redis Cluster of two masters, for tests of the store and of the ledger: slots that are moved by hand, and members whose
 * states lie on both.
 */
#ifndef LA_TESTS_CLUSTER_WORLD_H
#define LA_TESTS_CLUSTER_WORLD_H

#include "common/clock.h"
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
static inline const char *
ask(int n, const char *command)
{
	static char out[4096];

	private_cluster_ask(client[n], out, sizeof(out), command);
	return (out);
}

static inline void
set_slot(int n, int slot, const char *how, int other)
{
	char out[64];

	private_cluster_ask(client[n], out, sizeof(out), "CLUSTER SETSLOT %d %s %s", slot, how, id[other]);
}

/* All keys of the slot, from node to the other one. */
static inline void
move_keys(int from, int slot)
{
	redisReply *keys = redisCommand(client[from], "CLUSTER GETKEYSINSLOT %d 1000", slot);

	assert_int_equal(keys->type, REDIS_REPLY_ARRAY);
	for (size_t i = 0; i < keys->elements; i++) {
		char out[64];

		private_cluster_ask(client[from], out, sizeof(out), "MIGRATE 127.0.0.1 %d %s 0 60000", node[1 - from].port,
		    keys->element[i]->str);
	}
	freeReplyObject(keys);
}

static bool has_moved[LA_SLOTS]; /* from the first master to the second, for good */

static inline int
owner_of(int slot)
{
	return (slot < 8192 && !has_moved[slot] ? 0 : 1);
}

/* The slot is between its owner and the other one: of its keys those that are not there are asked for with ASK. */
static inline void
begin_move(int slot)
{
	int from = owner_of(slot);

	set_slot(1 - from, slot, "IMPORTING", from);
	set_slot(from, slot, "MIGRATING", 1 - from);
}

static inline void
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
static inline void
end_move(int slot)
{
	settle(slot);
	set_slot(1, slot, "NODE", 1);
	set_slot(0, slot, "NODE", 1);
	has_moved[slot] = true;
}

/* All keys of a slot that is on its way back to its owner. */
static inline void
take_back(int slot)
{
	int owner = owner_of(slot);
	char out[64];

	private_cluster_ask(client[owner], out, sizeof(out), "CLUSTER SETSLOT %d STABLE", slot);
	move_keys(1 - owner, slot);
	settle(slot);
}

static inline void
connect_clients(void)
{
	for (int n = 0; n < 2; n++) {
		redisFree(client[n]);
		client[n] = redisConnectUnix(node[n].socket);
	}
}

static inline void
empty_both(void)
{
	(void)ask(0, "FLUSHALL");
	(void)ask(1, "FLUSHALL");
}

static inline int
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

static inline int
finish(void **state)
{
	(void)state;
	for (int n = 0; n < 2; n++) {
		redisFree(client[n]);
		private_redis_remove(&node[n]);
	}
	return (0);
}

static inline struct la_conf *
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

static inline const char *
url_of(int n)
{
	static char url[64];

	(void)snprintf(url, sizeof(url), "redis://127.0.0.1:%d", node[n].port);
	return (url);
}

static inline struct la_store_redis *
open_store(const char *urls)
{
	struct la_conf *conf = conf_of(LA_PROGRAM_DETECTOR, urls);
	struct la_store_redis *store = NULL;

	assert_int_equal(la_store_redis_new(&store, conf, NULL), LA_OK);
	la_conf_free(conf);
	return (store);
}

static inline struct la_member_key
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

static inline void
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

static inline enum la_err
begin_all(const struct la_store *port, struct members *members, struct la_error *error)
{
	enum la_err err = port->write_begin(port->self, members->write, MEMBERS, error);

	return (err != LA_OK ? err : port->fetch_begin(port->self, members->read, MEMBERS, error));
}

static inline enum la_err
end_all(const struct la_store *port, struct la_error *error)
{
	enum la_err err = port->write_end(port->self, TIMEOUT_MS, error);

	return (err != LA_OK ? err : port->fetch_end(port->self, TIMEOUT_MS, error));
}

/* Each write is done, and the look-up that was sent behind it has found it. */
static inline void
expect_written(const struct members *members)
{
	for (uint32_t i = 0; i < MEMBERS; i++) {
		assert_int_equal(members->write[i].result, LA_WRITE_DONE);
		assert_int_equal(members->read[i].found, 0);
		assert_true(la_span_equal(members->read[i].record, members->write[i].after));
	}
}

static inline void
write_and_read_all(const struct la_store *port, struct members *members, uint64_t round)
{
	struct la_error error = LA_ERROR_INIT;

	prepare(members, round);
	if (begin_all(port, members, &error) != LA_OK || end_all(port, &error) != LA_OK)
		fail_msg("%s", error.text);
	expect_written(members);
}

/* Until all is written and read, within 60 s: maps are asked for anew, connections made anew. */
static inline void
write_and_read_all_at_last(const struct la_store *port, struct members *members, uint64_t round)
{
	int64_t until_ms = la_clock_now_ms(NULL) + 60000;
	struct la_error error = LA_ERROR_INIT;

	prepare(members, round);
	while (begin_all(port, members, &error) != LA_OK || end_all(port, &error) != LA_OK) {
		if (la_clock_now_ms(NULL) > until_ms)
			fail_msg("%s", error.text);
		(void)usleep(10 * 1000);
	}
}

/* The next answer, within 30 s. */
static inline struct la_ledger_answer
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

#endif
