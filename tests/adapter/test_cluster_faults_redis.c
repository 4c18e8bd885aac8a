/*
 * Masters of a real Redis Cluster that hang, go away, come back as something else, or send us elsewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/cluster_map_redis.h"
#include "common/cluster_redis.h"

#include "cluster_world.h"

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
	write_and_read_all_at_last(port, members, 2);
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
	empty_both();
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
set_both(const char *key, const char *value)
{
	char out[64];

	for (int n = 0; n < 2; n++)
		private_cluster_ask(client[n], out, sizeof(out), "CONFIG SET %s %s", key, value);
}

/* How nodes are called in CLUSTER SLOTS and MOVED: by nothing (the host that was asked), by names they do not have ("?"). */
static void
masters_that_are_not_named_are_found(void **state)
{
	static const char *const kinds[] = {"unknown-endpoint", "hostname"};
	struct members *members = calloc(1, sizeof(*members));
	int slot = 0;

	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		struct la_store_redis *store = NULL;
		const struct la_store *port;

		set_both("cluster-preferred-endpoint-type", kinds[kind]);
		empty_both();
		store = open_store(url_of(1));
		port = la_store_redis_port(store);
		write_and_read_all(port, members, 1);
		for (uint32_t i = 0; i < 40; i++) {
			struct la_member_key key = key_of(1, i + 40 * (uint32_t)kind);

			slot = la_redis_key_slot("la1", &key);
			if (owner_of(slot) != 0)
				continue;
			begin_move(slot);
			move_keys(0, slot);
			end_move(slot);
		}
		write_and_read_all_at_last(port, members, 2);
		expect_written(members);
		la_store_redis_free(store);
	}
	set_both("cluster-preferred-endpoint-type", "ip");
	free(members);
}

/* What becomes of the first master, which redis.url names, and how that ends. */
struct fault {
	const char *word; /* of what is said */
	size_t questions; /* so often the mailer asks around meanwhile */
	void (*begin)(void), (*end)(void);
};

static void
come_back_alone(void)
{
	char port[8];

	(void)snprintf(port, sizeof(port), "%d", node[0].port);
	private_redis_stop(&node[0]);
	private_redis_start(&node[0], (const char *const[]){"--port", port, "--bind", "127.0.0.1", NULL});
	connect_clients();
}

static void
come_back_as_it_was(void)
{
	assert_string_equal(ask(0, "DBSIZE"), "0"); /* nothing was asked of it, nor written */
	private_redis_stop(&node[0]);
	private_cluster_node(&node[0]);
	connect_clients();
}

static void
lose_a_slot(void)
{
	(void)ask(0, "CLUSTER DELSLOTS 1");
}

static void
find_the_slot(void)
{
	(void)ask(0, "CLUSTER ADDSLOTS 1");
}

static void
forget_everything(void)
{
	(void)ask(0, "FLUSHALL");
	(void)ask(0, "CLUSTER RESET");
}

static void
join_again(void)
{
	char out[64];

	for (int slot = 0; slot < 8192; slot++) {
		if (owner_of(slot) == 0)
			private_cluster_ask(client[0], out, sizeof(out), "CLUSTER ADDSLOTS %d", slot);
	}
	private_cluster_ask(client[0], out, sizeof(out), "CLUSTER MEET 127.0.0.1 %d %d", node[1].port, node[1].bus_port);
}

static const struct fault faults[] = {
    {"is no cluster's node any more", 4, come_back_alone, come_back_as_it_was},
    {"CLUSTERDOWN", 1, lose_a_slot, find_the_slot},
    {"redis", 1, forget_everything, join_again}, /* it gives an empty map, or CLUSTERDOWN */
};

/* A job whose key the first master has. */
static void
name_job(char job[LA_ID_HEX], int *number)
{
	char key[64];

	do
		(void)snprintf(key, sizeof(key), "la1:m:%032x", ++*number);
	while (owner_of(la_redis_slot(la_span_text(key))) != 0);
	(void)snprintf(job, LA_ID_HEX, "%032x", *number);
}

static void
wait_through(const struct fault *fault, const struct la_store *port, struct members *members,
    struct la_ledger_redis *ledger)
{
	const struct la_ledger *asked = la_ledger_redis_port(ledger);
	size_t turn = ledger->question.turn, count;
	struct la_error error = LA_ERROR_INIT;
	struct la_ledger_answer answer;
	bool said = false;

	prepare(members, 2);
	for (int i = 0; i < 8; i++)
		assert_true(begin_all(port, members, &error) != LA_OK || end_all(port, &error) != LA_OK);
	if (strstr(error.text, fault->word) == NULL)
		fail_msg("%s: %s", fault->word, error.text);
	for (int i = 0; ledger->question.turn < turn + fault->questions || !said; i++) {
		assert_in_range(i, 0, 30000);
		if (asked->work(asked->self, &answer, 1, &count, &error) != LA_OK)
			said = said || strstr(error.text, fault->word) != NULL;
		assert_int_equal(count, 0);
		(void)usleep(1000);
	}
	assert_non_null(ledger->map); /* it has not left the cluster */
}

static void
whatever_a_master_becomes_both_wait_and_go_on(void **state)
{
	struct la_conf *conf = conf_of(LA_PROGRAM_MAILER, url_of(0));
	struct la_store_redis *store = open_store(url_of(0));
	const struct la_store *port = la_store_redis_port(store);
	struct members *members = calloc(1, sizeof(*members));
	struct la_ledger_redis *ledger = NULL;
	const struct la_ledger *asked;
	char job[LA_ID_HEX];
	int number = 5000;

	(void)state;
	assert_int_equal(la_ledger_redis_new(&ledger, conf, NULL), LA_OK);
	asked = la_ledger_redis_port(ledger);
	for (size_t f = 0; f < sizeof(faults) / sizeof(faults[0]); f++) {
		empty_both();
		write_and_read_all(port, members, 1);
		for (int during = 0; during < 2; during++) {
			if (during)
				faults[f].begin();
			name_job(job, &number);
			assert_int_equal(asked->claim(asked->self, 1, job, 100, NULL), LA_OK);
			if (during)
				wait_through(&faults[f], port, members, ledger);
			if (during)
				faults[f].end();
			assert_int_equal(next_answer(asked).verdict, LA_LEDGER_CLAIMED);
		}
		for (int n = 0; n < 2; n++)
			private_cluster_await(client[n], "cluster_state:ok");
		empty_both();
		write_and_read_all_at_last(port, members, 1);
		expect_written(members);
	}
	la_ledger_redis_close(ledger, 10000);
	la_conf_free(conf);
	la_store_redis_free(store);
	free(members);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_master_that_is_away_is_named_and_found_again),
	    cmocka_unit_test(a_hung_master_times_out_and_its_late_answers_are_nobodys),
	    cmocka_unit_test(a_server_that_left_is_no_matter_while_a_master_answers),
	    cmocka_unit_test(a_full_server_is_not_taken_for_a_single_one),
	    cmocka_unit_test(masters_that_are_not_named_are_found),
	    cmocka_unit_test(whatever_a_master_becomes_both_wait_and_go_on),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return (cmocka_run_group_tests(tests, start, finish));
}
