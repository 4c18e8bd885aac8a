/* The window: only a run of finished records moves a position. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mailer/window.h"

static struct la_message
message(int32_t partition, uint64_t lease, int64_t offset)
{
	return ((struct la_message){.topic = la_span_text("login-alerts"), .partition = partition, .lease = lease, .offset = offset});
}

static uint32_t
add(struct la_window *window, int32_t partition, uint64_t lease, int64_t offset)
{
	struct la_message m = message(partition, lease, offset);
	struct la_error error = LA_ERROR_INIT;
	uint32_t ticket = 0;

	assert_int_equal(la_window_add(window, &m, &ticket, &error), LA_OK);
	return (ticket);
}

/* The position of a partition's run, or -1. */
static int64_t
position(struct la_window *window, int32_t partition, uint64_t lease)
{
	const struct la_position_done *positions;
	size_t count = la_window_positions(window, &positions);

	for (size_t i = 0; i < count; i++) {
		if (positions[i].partition == partition && positions[i].lease == lease)
			return (positions[i].next_offset);
	}
	return (-1);
}

static void
settle(struct la_window *window)
{
	const struct la_position_done *positions;

	(void)la_window_positions(window, &positions);
	la_window_settle(window, NULL, NULL);
}

static void
a_position_never_passes_an_unfinished_record(void **state)
{
	struct la_window *window = NULL;
	uint32_t a, b, c;

	(void)state;
	assert_int_equal(la_window_new(&window, 8), LA_OK);
	a = add(window, 0, 1, 10);
	b = add(window, 0, 1, 11);
	c = add(window, 0, 1, 15); /* offsets have gaps: transactions, compaction */
	la_window_finish(window, c);
	assert_int_equal(position(window, 0, 1), -1);
	la_window_finish(window, a);
	assert_int_equal(position(window, 0, 1), 11);
	la_window_finish(window, b);
	assert_int_equal(position(window, 0, 1), 16);
	settle(window);
	assert_int_equal(position(window, 0, 1), -1);
	la_window_free(window);
}

static void
partitions_and_leases_do_not_hold_each_other_up(void **state)
{
	struct la_window *window = NULL;
	uint32_t old_lease, other, new_lease;

	(void)state;
	assert_int_equal(la_window_new(&window, 8), LA_OK);
	old_lease = add(window, 0, 1, 10);
	other = add(window, 1, 2, 5);
	new_lease = add(window, 0, 3, 10); /* the partition came back: the record again */
	la_window_finish(window, other);
	la_window_finish(window, new_lease);
	assert_int_equal(position(window, 1, 2), 6);
	assert_int_equal(position(window, 0, 3), 11);
	assert_int_equal(position(window, 0, 1), -1);
	la_window_finish(window, old_lease);
	assert_int_equal(position(window, 0, 1), 11);
	la_window_free(window);
}

static void
more_records_than_room_is_an_error_and_room_comes_back(void **state)
{
	struct la_window *window = NULL;
	struct la_message m = message(0, 1, 3);
	struct la_error error = LA_ERROR_INIT;
	uint32_t a, b, ticket;

	(void)state;
	assert_int_equal(la_window_new(&window, 2), LA_OK);
	assert_int_equal(la_window_room(window), 2);
	a = add(window, 0, 1, 1);
	b = add(window, 0, 1, 2);
	assert_int_equal(la_window_room(window), 0);
	assert_int_equal(la_window_add(window, &m, &ticket, &error), LA_EINTERNAL);
	la_window_finish(window, b);
	assert_int_equal(la_window_room(window), 1); /* also behind one that is in hand */
	la_window_finish(window, a);
	assert_int_equal(la_window_room(window), 2);
	assert_int_equal(la_window_add(window, &m, &ticket, &error), LA_OK);
	la_window_free(window);
}

/* Against a model that keeps every record: the position is the first unfinished offset, or the last + 1. */
static void
any_order_of_finishing_gives_the_position_of_the_model(void **state)
{
	enum { RECORDS = 400, IN_HAND = 16 };
	struct la_window *window = NULL;
	uint32_t tickets[RECORDS];
	bool done[RECORDS] = {false};
	size_t added = 0, left;

	(void)state;
	srand(7);
	assert_int_equal(la_window_new(&window, IN_HAND), LA_OK);
	for (size_t low = 0; low < RECORDS;) {
		while (added < RECORDS && added - low < IN_HAND) {
			tickets[added] = add(window, 0, 1, (int64_t)added * 2);
			added++;
		}
		left = low + (size_t)rand() % (added - low);
		if (done[left])
			continue;
		done[left] = true;
		la_window_finish(window, tickets[left]);
		while (low < added && done[low])
			low++;
		if (low > 0)
			assert_int_equal(position(window, 0, 1), low < added ? (int64_t)low * 2 : (int64_t)low * 2 - 1);
	}
	la_window_free(window);
}

/* A mailbox that is full for a day holds its offset, and nothing else. */
static void
one_record_in_hand_lets_any_number_behind_it_pass(void **state)
{
	struct la_window *window = NULL;
	uint32_t first;

	(void)state;
	assert_int_equal(la_window_new(&window, 2), LA_OK);
	first = add(window, 0, 1, 0);
	for (int64_t offset = 1; offset < 100000; offset++)
		la_window_finish(window, add(window, 0, 1, offset));
	assert_int_equal(position(window, 0, 1), -1);
	la_window_finish(window, first);
	assert_int_equal(position(window, 0, 1), 100000);
	la_window_free(window);
}

static bool
is_of_partition(void *cookie, const struct la_position_done *position)
{
	return (position->partition == *(const int32_t *)cookie);
}

/* A commit that the group refused counts for the partitions that went away only. */
static void
a_settled_position_leaves_the_others(void **state)
{
	struct la_window *window = NULL;
	const struct la_position_done *positions;
	int32_t gone = 1;

	(void)state;
	assert_int_equal(la_window_new(&window, 8), LA_OK);
	la_window_finish(window, add(window, 0, 1, 10));
	la_window_finish(window, add(window, 1, 2, 20));
	assert_int_equal(la_window_positions(window, &positions), 2);
	la_window_settle(window, is_of_partition, &gone);
	assert_int_equal(position(window, 0, 1), 11);
	assert_int_equal(position(window, 1, 2), -1);
	la_window_free(window);
}

/* While the answer to a commit is on its way, positions move on and partitions come. */
static void
a_position_that_moved_on_during_its_commit_is_given_again(void **state)
{
	struct la_window *window = NULL;
	const struct la_position_done *positions;

	(void)state;
	assert_int_equal(la_window_new(&window, 64), LA_OK);
	la_window_finish(window, add(window, 0, 1, 10));
	la_window_finish(window, add(window, 1, 2, 20));
	assert_int_equal(la_window_positions(window, &positions), 2);
	la_window_finish(window, add(window, 0, 1, 11));
	for (int32_t p = 2; p < 40; p++) /* there is no room for so many places: all move */
		la_window_finish(window, add(window, p, 3, 30));
	la_window_settle(window, NULL, NULL);
	assert_int_equal(position(window, 0, 1), 12);
	assert_int_equal(position(window, 1, 2), -1);
	assert_int_equal(position(window, 39, 3), 31); /* it was not among those */
	la_window_free(window);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_position_never_passes_an_unfinished_record),
	    cmocka_unit_test(partitions_and_leases_do_not_hold_each_other_up),
	    cmocka_unit_test(more_records_than_room_is_an_error_and_room_comes_back),
	    cmocka_unit_test(one_record_in_hand_lets_any_number_behind_it_pass),
	    cmocka_unit_test(a_settled_position_leaves_the_others),
	    cmocka_unit_test(a_position_that_moved_on_during_its_commit_is_given_again),
	    cmocka_unit_test(any_order_of_finishing_gives_the_position_of_the_model),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
