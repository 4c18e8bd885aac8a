/* Inside the Kafka adapter: the partitions that are ours, and their leases. */
#ifndef LA_COMMON_ASSIGNMENT_KAFKA_H
#define LA_COMMON_ASSIGNMENT_KAFKA_H

#include <librdkafka/rdkafka.h>

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/span.h"

struct la_assignment_kafka;

/* records: where the records of assigned partitions go; borrowed, must outlive it. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_assignment_kafka_new(
    struct la_assignment_kafka **assignment, const char *topic, rd_kafka_queue_t *records);

/* Undoes the forwarding. Call after the consumer has left its group, before rd_kafka_destroy. */
void la_assignment_kafka_free(struct la_assignment_kafka *assignment);

/* To be called before rd_kafka_assign: forwards and gives new leases. False: out of memory, or a topic that is not
 * ours. */
bool la_assignment_kafka_add(
    struct la_assignment_kafka *assignment, rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *partitions);

/* The leases of these (of all) are void. */
void la_assignment_kafka_remove(
    struct la_assignment_kafka *assignment, const rd_kafka_topic_partition_list_t *partitions);
void la_assignment_kafka_remove_all(struct la_assignment_kafka *assignment);

/* Borrowed, lives as long as assignment; a NUL follows it. */
struct la_span la_assignment_kafka_topic(const struct la_assignment_kafka *assignment);

/* The partition's lease, 0 when it is not ours. */
uint64_t la_assignment_kafka_lease(const struct la_assignment_kafka *assignment, int32_t partition);

/* The same, of a record that is handed out: noted when it is the first one under this lease. */
uint64_t la_assignment_kafka_take(struct la_assignment_kafka *assignment, int32_t partition, int64_t offset);

/* How many leases became void so far. */
uint64_t la_assignment_kafka_voided(const struct la_assignment_kafka *assignment);

/* The leases of all partitions that records were taken from are void, until they are rewound. */
void la_assignment_kafka_rewind(struct la_assignment_kafka *assignment);

/* Those that are to be rewound, with the first offset that was taken; owned by the caller. NULL: none, or out of memory. */
rd_kafka_topic_partition_list_t *la_assignment_kafka_rewinding(const struct la_assignment_kafka *assignment);

/* This one is rewound: it has a new lease. */
void la_assignment_kafka_rewound(struct la_assignment_kafka *assignment, int32_t partition);

bool la_assignment_kafka_holds(
    const struct la_assignment_kafka *assignment, struct la_span topic, int32_t partition, uint64_t lease);

#endif
