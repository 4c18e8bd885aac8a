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
	size_t count;

	assert_int_equal(bus->poll(bus->self, 50, got, 64, &count, NULL), LA_OK);
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
		assert_int_equal(port->commit(port->self, &done, 1, NULL), LA_OK);
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

static void
partition_that_comes_back_has_a_new_lease(void **state)
{
	struct la_bus_kafka *first = la_fixture_bus(NULL), *second;
	const struct la_bus *port = la_bus_kafka_port(first);
	struct la_message old[2], again[64];
	struct la_position_done done[2];
	size_t i, count;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, old, 1);
	second = la_fixture_bus(NULL);
	la_fixture_until_void(port, &old[0]);
	la_bus_kafka_close(second, 0); /* gone at once: everything comes back to the first */
	la_fixture_read(port, again, 1);
	assert_int_equal(again[0].offset, old[0].offset);
	assert_int_not_equal(again[0].lease, old[0].lease);
	assert_false(port->holds(port->self, old[0].topic, 0, old[0].lease));
	assert_true(port->holds(port->self, again[0].topic, 0, again[0].lease));
	done[0] = la_fixture_after(&old[0]);
	done[0].next_offset += 1000; /* would be seen */
	assert_int_equal(port->commit(port->self, done, 1, NULL), LA_OK);
	assert_int_equal(la_fixture_committed(0), RD_KAFKA_OFFSET_INVALID);
	/* Of a mixed list only what is held. */
	done[1] = la_fixture_after(&again[0]);
	assert_int_equal(port->commit(port->self, done, 2, NULL), LA_OK);
	assert_int_equal(la_fixture_committed(0), 1);
	port->release(port->self, old, 1);
	port->release(port->self, again, 1);
	for (i = 0; i < 3; i++) {
		assert_int_equal(port->poll(port->self, 100, again, 64, &count, NULL), LA_OK);
		assert_int_equal(count, 0);
	}
	la_bus_kafka_close(first, PATIENCE_MS);
}

static void
partition_assigned_while_paused_is_paused_too(void **state)
{
	struct la_bus_kafka *first = la_fixture_bus(NULL), *second;
	const struct la_bus *port = la_bus_kafka_port(first);
	int64_t until_ms;
	size_t count;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, got, 1);
	port->pause(port->self, true);
	second = la_fixture_bus(NULL);
	la_fixture_until_void(port, &got[0]);
	port->release(port->self, got, 1);
	la_bus_kafka_close(second, 0);
	for (until_ms = la_clock_now_ms(NULL) + (fixture.cluster == NULL ? 4500 : 8000); la_clock_now_ms(NULL) < until_ms;) {
		assert_int_equal(port->poll(port->self, 100, got, 64, &count, NULL), LA_OK);
		assert_int_equal(count, 0);
	}
	port->pause(port->self, false);
	la_fixture_read(port, got, 1);
	port->release(port->self, got, 1);
	la_bus_kafka_close(first, PATIENCE_MS);
}

static void
long_silence_loses_the_partitions_and_comes_back_by_itself(void **state)
{
	static const char *const impatient[] = {"kafka.consumer.max.poll.interval.ms=3000", NULL};
	static const char *const mocks[] = {"kafka.consumer.max.poll.interval.ms=6000", NULL};
	struct la_bus_kafka *bus = la_fixture_bus(fixture.cluster == NULL ? impatient : mocks);
	const struct la_bus *port = la_bus_kafka_port(bus);
	struct la_message old;
	struct la_position_done done;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, &old, 1);
	done = la_fixture_after(&old);
	(void)usleep((fixture.cluster == NULL ? 4000 : 7000) * 1000);
	/* The commit comes first, before any poll: it has to notice by itself. */
	assert_int_equal(port->commit(port->self, &done, 1, NULL), LA_OK);
	assert_int_equal(la_fixture_committed(0), RD_KAFKA_OFFSET_INVALID);
	assert_false(port->holds(port->self, old.topic, 0, old.lease));
	la_fixture_read(port, got, 1);
	assert_int_equal(got[0].offset, old.offset);
	port->release(port->self, &old, 1);
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
	la_bus_kafka_close(first, 5000);
	assert_true(la_clock_now_ms(NULL) - started_ms < 5000);
	second = la_fixture_bus(extra);
	port = la_bus_kafka_port(second);
	la_fixture_read(port, got, 1);
	assert_true(la_clock_now_ms(NULL) - started_ms < 20000);
	port->release(port->self, got, 1);
	la_bus_kafka_close(second, PATIENCE_MS);
}

static void
close_within(struct la_bus_kafka *bus, int timeout_ms)
{
	int64_t started_ms = la_clock_now_ms(NULL);

	la_bus_kafka_close(bus, timeout_ms);
	assert_in_range(la_clock_now_ms(NULL) - started_ms, 0, timeout_ms + 2500);
}

static void
close_in_the_middle_of_a_rebalance_keeps_its_time(void **state)
{
	struct la_bus_kafka *first = la_fixture_bus(NULL), *second;
	const struct la_bus *port = la_bus_kafka_port(first), *other;
	int64_t until_ms;
	size_t count;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, got, 1);
	port->release(port->self, got, 1);
	second = la_fixture_bus(NULL);
	other = la_bus_kafka_port(second);
	for (until_ms = la_clock_now_ms(NULL) + 500; la_clock_now_ms(NULL) < until_ms;) {
		assert_int_equal(other->poll(other->self, 20, got, 64, &count, NULL), LA_OK);
		other->release(other->self, got, count);
	}
	/* The second waits to be let in, the first has not been told yet. */
	close_within(second, 500);
	close_within(first, 500);
}

static void
cooperative_members_keep_what_stays_theirs(void **state)
{
	static const char *const sticky[] = {"kafka.consumer.partition.assignment.strategy=cooperative-sticky", NULL};
	struct la_bus_kafka *first = la_fixture_bus(sticky), *second;
	const struct la_bus *port = la_bus_kafka_port(first), *other;
	struct la_message mine[64];
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	size_t count, kept;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_write(fixture.topic, 1, NULL, "one");
	la_fixture_read(port, mine, 2);
	second = la_fixture_bus(sticky);
	other = la_bus_kafka_port(second);
	do {
		assert_true(la_clock_now_ms(NULL) < until_ms);
		assert_int_equal(port->poll(port->self, 50, got, 64, &count, NULL), LA_OK);
		assert_int_equal(count, 0); /* what is kept is not read again */
		assert_int_equal(other->poll(other->self, 50, got, 64, &count, NULL), LA_OK);
		other->release(other->self, got, count);
	} while (count == 0);
	kept = (size_t)port->holds(port->self, mine[0].topic, mine[0].partition, mine[0].lease) +
	       (size_t)port->holds(port->self, mine[1].topic, mine[1].partition, mine[1].lease);
	assert_int_equal(kept, 1);
	port->release(port->self, mine, 2);
	la_bus_kafka_close(second, PATIENCE_MS);
	la_bus_kafka_close(first, PATIENCE_MS);
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
	while (port->poll(port->self, 50, &got[1], 1, &count, &error) != LA_EUNAVAILABLE)
		assert_true(la_clock_now_ms(NULL) < until_ms);
	assert_non_null(strstr(error.text, "the group has taken our partitions"));
	assert_false(port->holds(port->self, got[0].topic, 0, got[0].lease));
	port->release(port->self, got, 1);
	assert_int_equal(rd_kafka_mock_broker_set_up(fixture.cluster, COORDINATOR), 0);
	la_fixture_read(port, got, 1); /* again: nothing was committed */
	port->release(port->self, got, 1);
	assert_int_equal(port->poll(port->self, 0, got, 1, &count, &error), LA_OK);
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
