/*
 * Inside the Kafka adapter: how far the group is behind on our partitions, as Kafka's own tools see it.
 *
 * Neither a loop's own position nor what librdkafka has cached would do: the one is not known before the first record, the
 * other stands still when the queue is full, which is when the lag matters. So the brokers are asked, for committed
 * offsets and ends, every 5 s and after an assignment, in a thread of its own; whoever prints waits for nobody.
 */
#ifndef LA_COMMON_LAG_KAFKA_H
#define LA_COMMON_LAG_KAFKA_H

#include <librdkafka/rdkafka.h>

#include <stdbool.h>

#include "common/buf.h"
#include "common/err.h"

struct la_lag_kafka;

/* Errors: LA_ENOMEM (memory or a thread). */
LA_MUST_CHECK enum la_err la_lag_kafka_new(struct la_lag_kafka **lag, rd_kafka_t *rk);

/* Ends the thread: before the group is left. Takes as long as a question, at most 500 ms. */
void la_lag_kafka_free(struct la_lag_kafka *lag);

/* These partitions (copied) are ours from now on, or no longer. lag may be NULL. */
void la_lag_kafka_assigned(struct la_lag_kafka *lag, const rd_kafka_topic_partition_list_t *partitions, bool ours);

/* Appends the family consumer_lag, with those partitions whose lag is known. From any thread. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_lag_kafka_print(struct la_lag_kafka *lag, struct la_buf *out);

#endif
