/*
 * The ledger on a real Redis Cluster: claims and marks on both masters, while slots move and masters go away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster_world.h"

/* Every third slot is on its way, or has moved, under a ledger that does not know. */
static void
ledger_answers_for_every_slot_wherever_it_is(void **state)
{
	enum { JOBS = 300 };
	static const struct la_ledger_times long_lived = {.lease_ms = 120000, .beat_ms = 2000, .answer_ms = 30000};
	struct la_conf *conf = conf_of(LA_PROGRAM_MAILER, url_of(0));
	struct la_ledger_redis *ledger[2];
	const struct la_ledger *port[2];
	char job[LA_ID_HEX], key[64];

	(void)state;
	for (int m = 0; m < 2; m++) {
		assert_int_equal(la_ledger_redis_new(&ledger[m], conf, NULL), LA_OK);
		la_ledger_redis_set_times(ledger[m], &long_lived);
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
	empty_both();
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
	assert_int_equal(count, 1);
	assert_int_equal(answer.verdict, LA_LEDGER_MARKED);
	for (int n = 0; n < 2; n++)
		private_cluster_await(client[n], "cluster_state:ok");
	la_ledger_redis_close(ledger, 10000);
	la_conf_free(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ledger_answers_for_every_slot_wherever_it_is),
	    cmocka_unit_test(a_mark_does_not_wait_for_the_master_of_the_sign_of_life),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return (cmocka_run_group_tests(tests, start, finish));
}
