/* Leases (P5): what was read under an assignment that is gone is never committed. */
#include "adapter/kafka_fixture.h"

static struct la_message got[64];

/* Who has read the one record of a partition last, and under which lease. */
struct reader {
	const struct la_bus *bus;
	uint64_t lease;
};

static bool
holds_on(const struct reader *reader, int32_t partition)
{
	return (reader->bus != NULL &&
	    reader->bus->holds(reader->bus->self, la_span_text(fixture.topic), partition, reader->lease));
}

/* Under one lease a record is read once. */
static void
read_once(const struct la_bus *bus, struct reader readers[PARTITIONS])
{
	size_t count = la_fixture_poll(bus, 50, got, 64);

	for (size_t i = 0; i < count; i++) {
		struct reader *reader = &readers[got[i].partition];

		assert_int_equal(got[i].offset, 0);
		assert_false(reader->bus == bus && reader->lease == got[i].lease);
		*reader = (struct reader){bus, got[i].lease};
	}
	bus->release(bus->self, got, count);
}

static void
second_member_voids_the_leases_of_the_first(void **state)
{
	struct la_bus_kafka *first = la_fixture_bus(NULL), *second;
	const struct la_bus *port = la_bus_kafka_port(first), *other;
	struct reader readers[PARTITIONS] = {{NULL, 0}};
	struct la_position_done done;
	int64_t until_ms;
	size_t i;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_write(fixture.topic, 1, NULL, "one");
	la_fixture_read(port, got, 2);
	second = la_fixture_bus(NULL);
	other = la_bus_kafka_port(second);
	/* Eager: both partitions are given back before they are shared out. */
	la_fixture_until_void(port, &got[0]);
	assert_false(port->holds(port->self, got[1].topic, got[1].partition, got[1].lease));
	for (i = 0; i < 2; i++) {
		done = la_fixture_after(&got[i]);
		assert_int_equal(la_fixture_commit(port, &done, 1), LA_OK);
	}
	assert_int_equal(la_fixture_committed(0), RD_KAFKA_OFFSET_INVALID);
	assert_int_equal(la_fixture_committed(1), RD_KAFKA_OFFSET_INVALID);
	port->release(port->self, got, 2);

	/* Each has a record and holds on to it. The mock may form the group twice for that. */
	until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	while (readers[0].bus == readers[1].bus || !holds_on(&readers[0], 0) || !holds_on(&readers[1], 1)) {
		assert_true(la_clock_now_ms(NULL) < until_ms);
		read_once(port, readers);
		read_once(other, readers);
	}
	la_bus_kafka_close(second, PATIENCE_MS);
	la_bus_kafka_close(first, PATIENCE_MS);
}

/* Whether what was read again is committed, of a mixed list that alone. False: it went away once more before. */
static bool
commits_what_it_holds(const struct la_bus *port, const struct la_message *old, const struct la_message *again)
{
	struct la_position_done done[2] = {la_fixture_after(old), la_fixture_after(again)};
	int64_t committed;

	assert_int_equal(again->offset, old->offset);
	assert_int_not_equal(again->lease, old->lease);
	assert_false(port->holds(port->self, old->topic, 0, old->lease));
	assert_true(port->holds(port->self, again->topic, 0, again->lease));
	done[0].next_offset += 1000; /* would be seen */
	assert_int_equal(la_fixture_commit(port, done, 1), LA_OK);
	assert_int_equal(la_fixture_committed(0), RD_KAFKA_OFFSET_INVALID);
	assert_int_equal(la_fixture_commit(port, done, 2), LA_OK);
	committed = la_fixture_committed(0);
	if (committed == RD_KAFKA_OFFSET_INVALID)
		assert_false(port->holds(port->self, again->topic, 0, again->lease));
	else
		assert_int_equal(committed, 1);
	return (committed == 1);
}

static void
partition_that_comes_back_has_a_new_lease(void **state)
{
	struct la_bus_kafka *first = la_fixture_bus(NULL), *second;
	const struct la_bus *port = la_bus_kafka_port(first);
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	struct la_message old, again;
	bool committed;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, &old, 1);
	second = la_fixture_bus(NULL);
	la_fixture_until_void(port, &old);
	la_bus_kafka_close(second, 0); /* gone at once: everything comes back to the first */
	do { /* the group forms once more when it has noticed that the second is gone */
		assert_true(la_clock_now_ms(NULL) < until_ms);
		la_fixture_read(port, &again, 1);
		committed = commits_what_it_holds(port, &old, &again);
		port->release(port->self, &again, 1);
	} while (!committed);
	port->release(port->self, &old, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(la_fixture_poll(port, 100, got, 64), 0);
	la_bus_kafka_close(first, PATIENCE_MS);
}

static void
partition_assigned_while_paused_is_paused_too(void **state)
{
	struct la_bus_kafka *first = la_fixture_bus(NULL), *second;
	const struct la_bus *port = la_bus_kafka_port(first);
	int64_t until_ms;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, got, 1);
	port->pause(port->self, true);
	second = la_fixture_bus(NULL);
	la_fixture_until_void(port, &got[0]);
	port->release(port->self, got, 1);
	la_bus_kafka_close(second, 0);
	for (until_ms = la_clock_now_ms(NULL) + 8000; la_clock_now_ms(NULL) < until_ms;)
		assert_int_equal(la_fixture_poll(port, 100, got, 64), 0);
	port->pause(port->self, false);
	la_fixture_read(port, got, 1);
	port->release(port->self, got, 1);
	la_bus_kafka_close(first, PATIENCE_MS);
}

/* Reads a record, is silent, then commits before any poll: it has to notice by itself. False: librdkafka was late with it. */
static bool
silence_is_noticed(const struct la_bus *port, int number)
{
	int64_t before = number == 0 ? RD_KAFKA_OFFSET_INVALID : number;
	struct la_position_done done;
	struct la_message old;
	bool noticed;

	la_fixture_write(fixture.topic, 0, NULL, "record");
	la_fixture_read(port, &old, 1);
	assert_int_equal(old.offset, number);
	done = la_fixture_after(&old);
	(void)usleep(7000 * 1000);
	assert_int_not_equal(la_err_action(la_fixture_commit(port, &done, 1)), LA_ACTION_FATAL);
	noticed = !port->holds(port->self, old.topic, 0, old.lease);
	assert_int_equal(la_fixture_committed(0), noticed ? before : number + 1);
	port->release(port->self, &old, 1);
	return (noticed);
}

static void
long_silence_loses_the_partitions_and_comes_back_by_itself(void **state)
{
	static const char *const impatient[] = {"kafka.consumer.max.poll.interval.ms=6000", NULL};
	struct la_bus_kafka *bus = la_fixture_bus(impatient);
	const struct la_bus *port = la_bus_kafka_port(bus);
	int number = 0;

	(void)state;
	while (!silence_is_noticed(port, number))
		assert_in_range(++number, 1, 4);
	la_fixture_read(port, got, 1);
	assert_int_equal(got[0].offset, number);
	port->release(port->self, got, 1);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
close_hands_the_partitions_over_at_once(void **state)
{
	/* The mock waits for a whole session before it forms a group anew: there it is a short one. */
	static const char *const patient[] = {"kafka.consumer.session.timeout.ms=45000", NULL};
	const char *const *extra = fixture.cluster == NULL ? patient : NULL;
	struct la_bus_kafka *first = la_fixture_bus(extra), *second;
	const struct la_bus *port = la_bus_kafka_port(first);
	int64_t started_ms;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, got, 1);
	port->release(port->self, got, 1);
	started_ms = la_clock_now_ms(NULL);
	la_bus_kafka_close(first, PATIENCE_MS);
	assert_true(la_clock_now_ms(NULL) - started_ms < PATIENCE_MS / 3);
	second = la_fixture_bus(extra);
	port = la_bus_kafka_port(second);
	la_fixture_read(port, got, 1);
	assert_true(fixture.cluster != NULL || la_clock_now_ms(NULL) - started_ms < 40000);
	port->release(port->self, got, 1);
	la_bus_kafka_close(second, PATIENCE_MS);
}

static bool
closes_within(struct la_bus_kafka *bus, int timeout_ms)
{
	int64_t started_ms = la_clock_now_ms(NULL);

	la_bus_kafka_close(bus, timeout_ms);
	return (la_clock_now_ms(NULL) - started_ms <= timeout_ms + 2500);
}

static bool
closes_in_the_middle_of_a_rebalance(void)
{
	struct la_bus_kafka *first = la_fixture_bus(NULL), *second;
	const struct la_bus *port = la_bus_kafka_port(first), *other;
	int64_t until_ms;
	bool second_did;

	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, got, 1);
	port->release(port->self, got, 1);
	second = la_fixture_bus(NULL);
	other = la_bus_kafka_port(second);
	for (until_ms = la_clock_now_ms(NULL) + 500; la_clock_now_ms(NULL) < until_ms;)
		other->release(other->self, got, la_fixture_poll(other, 20, got, 64));
	/* The second waits to be let in, the first has not been told yet. */
	second_did = closes_within(second, 500);
	return (closes_within(first, 500) && second_did);
}

/* Of three times once: this process may stand still. */
static void
close_in_the_middle_of_a_rebalance_keeps_its_time(void **state)
{
	int tries = 0;

	while (!closes_in_the_middle_of_a_rebalance()) {
		assert_in_range(++tries, 1, 2);
		assert_int_equal(la_fixture_next(state), 0);
	}
}

/* False: the first kept neither, which the group may do to one that was not heard of in time. */
static bool
one_is_kept_and_one_handed_over(void)
{
	static const char *const sticky[] = {"kafka.consumer.partition.assignment.strategy=cooperative-sticky", NULL};
	struct la_bus_kafka *first = la_fixture_bus(sticky), *second;
	const struct la_bus *port = la_bus_kafka_port(first), *other;
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	struct la_message mine[2];
	size_t count, kept;

	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_write(fixture.topic, 1, NULL, "one");
	la_fixture_read(port, mine, 2);
	second = la_fixture_bus(sticky);
	other = la_bus_kafka_port(second);
	do {
		assert_true(la_clock_now_ms(NULL) < until_ms);
		count = la_fixture_poll(port, 50, got, 64);
		for (size_t i = 0; i < count * 2; i++) /* what is kept is not read again */
			assert_false(got[i / 2].lease == mine[i % 2].lease);
		port->release(port->self, got, count);
		count = la_fixture_poll(other, 50, got, 64);
		other->release(other->self, got, count);
	} while (count == 0);
	kept = (size_t)port->holds(port->self, mine[0].topic, mine[0].partition, mine[0].lease) +
	       (size_t)port->holds(port->self, mine[1].topic, mine[1].partition, mine[1].lease);
	assert_in_range(kept, 0, 1);
	port->release(port->self, mine, 2);
	la_bus_kafka_close(second, PATIENCE_MS);
	la_bus_kafka_close(first, PATIENCE_MS);
	return (kept == 1);
}

/* Of three times once: this process may stand still. */
static void
cooperative_members_keep_what_stays_theirs(void **state)
{
	int tries = 0;

	while (!one_is_kept_and_one_handed_over()) {
		assert_in_range(++tries, 1, 2);
		assert_int_equal(la_fixture_next(state), 0);
	}
}

/* Of two brokers one answers all the while, so that this is not "no kafka broker answers". */
static void
a_coordinator_that_is_away_longer_than_a_session_is_waited_for(void **state)
{
	struct la_bus_kafka *bus;
	const struct la_bus *port;
	struct la_error error = LA_ERROR_INIT;
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	size_t count;

	(void)state;
	if (fixture.cluster == NULL)
		skip(); /* the real one has one broker */
	for (int32_t partition = 0; partition < PARTITIONS; partition++)
		assert_int_equal(rd_kafka_mock_partition_set_leader(fixture.cluster, fixture.topic, partition, BROKERS + 1 - COORDINATOR), 0);
	bus = la_fixture_bus(NULL);
	port = la_bus_kafka_port(bus);
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, got, 1);
	assert_int_equal(rd_kafka_mock_broker_set_down(fixture.cluster, COORDINATOR), 0);
	while (port->poll(port->self, 50, &got[1], 1, &count, &error) != LA_EUNAVAILABLE) {
		assert_true(la_clock_now_ms(NULL) < until_ms);
		assert_int_equal(count, 0);
	}
	assert_non_null(strstr(error.text, "the group has taken our partitions"));
	assert_false(port->holds(port->self, got[0].topic, 0, got[0].lease));
	port->release(port->self, got, 1);
	assert_int_equal(rd_kafka_mock_broker_set_up(fixture.cluster, COORDINATOR), 0);
	la_fixture_read(port, got, 1); /* again: nothing was committed */
	port->release(port->self, got, 1);
	while (port->poll(port->self, 50, got, 1, &count, &error) != LA_OK)
		assert_true(la_clock_now_ms(NULL) < until_ms);
	port->release(port->self, got, count);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(second_member_voids_the_leases_of_the_first, la_fixture_next),
	    cmocka_unit_test_setup(partition_that_comes_back_has_a_new_lease, la_fixture_next),
	    cmocka_unit_test_setup(partition_assigned_while_paused_is_paused_too, la_fixture_next),
	    cmocka_unit_test_setup(long_silence_loses_the_partitions_and_comes_back_by_itself, la_fixture_next),
	    cmocka_unit_test_setup(a_coordinator_that_is_away_longer_than_a_session_is_waited_for, la_fixture_next),
	    cmocka_unit_test_setup(close_hands_the_partitions_over_at_once, la_fixture_next),
	    cmocka_unit_test_setup(close_in_the_middle_of_a_rebalance_keeps_its_time, la_fixture_next),
	    cmocka_unit_test_setup(cooperative_members_keep_what_stays_theirs, la_fixture_next),
	};

	return (cmocka_run_group_tests_name("bus_kafka_groups", tests, la_fixture_open, la_fixture_close));
}
