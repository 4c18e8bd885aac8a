/* Jobs that wait: a bounded heap with copies of their records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailer/later.h"

static void
put(struct la_later *later, uint64_t arrival, int64_t due_ms, enum la_later_side side)
{
	char value[32];
	struct la_later_job job = {.due_ms = due_ms, .arrival = arrival, .ticket = (uint32_t)arrival, .side = side};

	(void)snprintf(value, sizeof(value), "value %d", (int)arrival);
	job.record = (struct la_message){
	    .topic = la_span_text("topic"), .partition = (int32_t)(arrival % 3), .value = la_span_text(value)};
	assert_int_equal(la_later_put(later, &job), LA_OK);
	memset(value, 'x', sizeof(value)); /* it has its own copy */
}

static struct la_later_job
take(struct la_later *later)
{
	struct la_later_job job;
	char value[32];

	assert_non_null(la_later_next(later));
	la_later_take(later, &job);
	(void)snprintf(value, sizeof(value), "value %d", (int)job.arrival);
	assert_true(la_span_is(job.record.value, value));
	assert_true(la_span_is(job.record.topic, "topic"));
	free(job.block);
	return (job);
}

static void
jobs_come_out_by_their_time_then_by_their_arrival(void **state)
{
	struct la_later *later = NULL;
	int64_t last_ms = -1;
	uint64_t last_arrival = 0;

	(void)state;
	srand(3);
	assert_int_equal(la_later_new(&later), LA_OK);
	for (uint64_t i = 0; i < 500; i++)
		put(later, i, rand() % 50, LA_LATER_NOBODY);
	assert_int_equal(la_later_count(later), 500);
	for (int i = 0; i < 500; i++) {
		struct la_later_job job = take(later);

		assert_true(job.due_ms >= last_ms);
		if (job.due_ms == last_ms)
			assert_true(job.arrival > last_arrival);
		last_ms = job.due_ms;
		last_arrival = job.arrival;
	}
	assert_null(la_later_next(later));
	assert_int_equal(la_later_bytes(later), 0);
	la_later_free(later);
}

static void
a_relay_that_is_back_wakes_those_that_waited_for_it(void **state)
{
	struct la_later *later = NULL;

	(void)state;
	assert_int_equal(la_later_new(&later), LA_OK);
	put(later, 1, 900, LA_LATER_RELAY);
	put(later, 2, 500, LA_LATER_NOBODY);
	put(later, 3, 800, LA_LATER_RELAY);
	put(later, 4, 50, LA_LATER_RELAY);
	la_later_wake(later, LA_LATER_RELAY, 100);
	assert_int_equal(take(later).arrival, 4);
	assert_int_equal(take(later).arrival, 1);
	assert_int_equal(take(later).arrival, 3);
	assert_int_equal(la_later_next(later)->due_ms, 500);
	la_later_free(later); /* frees what is left */
}

static bool
is_of_partition_one(void *cookie, const struct la_later_job *job)
{
	(void)cookie;
	return (job->record.partition == 1);
}

static void
count_dropped(void *cookie, const struct la_later_job *job)
{
	assert_int_equal(job->ticket % 3, 1);
	++*(int *)cookie;
}

static void
a_sweep_takes_out_what_is_void_and_keeps_the_order(void **state)
{
	struct la_later *later = NULL;
	int64_t last_ms = -1;
	int dropped = 0;

	(void)state;
	srand(5);
	assert_int_equal(la_later_new(&later), LA_OK);
	for (uint64_t i = 0; i < 90; i++)
		put(later, i, rand() % 1000, LA_LATER_NOBODY);
	la_later_sweep(later, is_of_partition_one, count_dropped, &dropped);
	assert_int_equal(dropped, 30);
	assert_int_equal(la_later_count(later), 60);
	for (int i = 0; i < 60; i++) {
		struct la_later_job job = take(later);

		assert_true(job.due_ms >= last_ms);
		last_ms = job.due_ms;
	}
	la_later_free(later);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(jobs_come_out_by_their_time_then_by_their_arrival),
	    cmocka_unit_test(a_relay_that_is_back_wakes_those_that_waited_for_it),
	    cmocka_unit_test(a_sweep_takes_out_what_is_void_and_keeps_the_order),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
