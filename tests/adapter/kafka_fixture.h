/*
 * What the tests of the Kafka adapter share: a broker (librdkafka's mock
 * cluster in this process, or the one that LA_TEST_KAFKA names), a topic and a
 * group of the test's own, and plain librdkafka clients as the other side.
 */
#ifndef LA_TEST_KAFKA_FIXTURE_H
#define LA_TEST_KAFKA_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "common/bus_kafka.h"
#include "common/clock.h"

#define PATIENCE_MS 90000 /* a group that forms, a broker that comes back; more than librdkafka waits for a lost answer */
#define BROKERS 2
#define PARTITIONS 2

/*
 * Of the test's group in the mock. A broker that ever had a fault of its own for a kind of request asks the cluster's
 * faults for that kind no more (librdkafka 2.0.2), so who gives one to a broker's OffsetCommit takes the other broker.
 */
#define COORDINATOR 2
#define FAULTY_COORDINATOR 1

/* Requests of the Kafka protocol, for rd_kafka_mock_push_request_errors. */
enum {
	API_PRODUCE = 0,
	API_OFFSET_COMMIT = 8,
	API_INIT_PRODUCER_ID = 22,
	API_ADD_OFFSETS_TO_TXN = 25,
	API_TXN_OFFSET_COMMIT = 28
};

struct la_fixture {
	rd_kafka_t *mock_client;
	rd_kafka_mock_cluster_t *cluster; /* NULL: a real broker */
	char servers[256];
	unsigned int number; /* of the test */
	char topic[64], out_topic[64], group[64];
};

extern struct la_fixture fixture;

int la_fixture_open(void **state);  /* group setup: the broker */
int la_fixture_close(void **state); /* group teardown */
int la_fixture_next(void **state);  /* setup: new topics and group, no faults left */

/* A bus on the test's topic and group; extra: NULL-ended "key=value", or NULL. */
struct la_bus_kafka *la_fixture_bus(const char *const *extra);
struct la_conf *la_fixture_conf(const char *const *extra);

void la_fixture_make_topic(const char *name, int partitions);

/* A record of the other side's; value may be NULL. */
void la_fixture_write(const char *topic, int32_t partition, const char *key, const char *value);

/* One poll, as the loops do: that something is waited for (a group anew, after this process stood still) fails no test. */
size_t la_fixture_poll(const struct la_bus *bus, int wait_ms, struct la_message *out, size_t cap);

/* Commits, again for as long as there is no answer in time. */
enum la_err la_fixture_commit(const struct la_bus *bus, const struct la_position_done *positions, size_t count);

/* Polls until exactly count records are there, or fails the test. */
void la_fixture_read(const struct la_bus *bus, struct la_message *out, size_t count);

/* Polls until the partitions' lease changes are served: until the bus holds (or no longer holds) lease. */
void la_fixture_until_void(const struct la_bus *bus, const struct la_message *message);

/* The group's committed offset; RD_KAFKA_OFFSET_INVALID: none. */
int64_t la_fixture_committed(int32_t partition);

/* Calls fn (NULL: none) for the records of a partition, as a plain client sees them; returns how many. */
size_t la_fixture_records(
    const char *topic, int32_t partition, void (*fn)(const rd_kafka_message_t *message, void *cookie), void *cookie);

static inline struct la_position_done
la_fixture_after(const struct la_message *message)
{
	return ((struct la_position_done){message->topic, message->partition, message->lease, message->offset + 1});
}

#endif
