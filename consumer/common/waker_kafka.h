/*
 * Inside the Kafka adapter: keeps librdkafka before 2.2.0 fetching.
 *
 * Once its queue is full, such a librdkafka looks at it again only when something else wakes the broker's thread, at the
 * latest after 1 s (from 2.2.0 on fetch.queue.backoff.ms is that time). A question for the partitions' ends wakes
 * it. The question waits for its answer, so it is asked in a thread of its own.
 */
#ifndef LA_COMMON_WAKER_KAFKA_H
#define LA_COMMON_WAKER_KAFKA_H

#include <librdkafka/rdkafka.h>

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

struct la_waker_kafka;

/* Errors: LA_ENOMEM (memory or a thread). */
LA_MUST_CHECK enum la_err la_waker_kafka_new(struct la_waker_kafka **waker, rd_kafka_t *rk);

/* Ends the thread: before the group is left. Takes as long as a question, at most 500 ms. */
void la_waker_kafka_free(struct la_waker_kafka *waker);

/* These partitions (copied) are ours from now on, or no longer. */
void la_waker_kafka_assigned(struct la_waker_kafka *waker, const rd_kafka_topic_partition_list_t *partitions, bool ours);

/* So many records are in the queue. Once a quarter of the most since the last time is gone, the fetcher is woken. */
void la_waker_kafka_seen(struct la_waker_kafka *waker, size_t queued);

#endif
