#include "common/waker_kafka.h"

#include <stdlib.h>

#include "common/thread.h"

#define ANSWER_WAIT_MS 500
#define QUEUED_WORTH 1000 /* a queue that was never longer was not full */

struct la_waker_kafka {
	rd_kafka_t *rk;
	pthread_t thread;
	size_t queued_max; /* the loop's own */
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t called;
	rd_kafka_topic_partition_list_t *partitions;
	bool asked, stopping;
};

/* What is answered does not matter; a failure is said elsewhere, by whoever waits for records. */
static void
ask(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *partitions)
{
	for (int i = 0; i < partitions->cnt; i++)
		partitions->elems[i].offset = RD_KAFKA_OFFSET_END;
	if (partitions->cnt > 0)
		(void)rd_kafka_offsets_for_times(rk, partitions, ANSWER_WAIT_MS);
	rd_kafka_topic_partition_list_destroy(partitions);
}

static void *
wake(void *opaque)
{
	struct la_waker_kafka *waker = opaque;
	rd_kafka_topic_partition_list_t *partitions;

	(void)pthread_mutex_lock(&waker->mutex);
	while (!waker->stopping) {
		if (!waker->asked) {
			(void)pthread_cond_wait(&waker->called, &waker->mutex);
			continue;
		}
		waker->asked = false;
		partitions = rd_kafka_topic_partition_list_copy(waker->partitions);
		(void)pthread_mutex_unlock(&waker->mutex);
		ask(waker->rk, partitions);
		(void)pthread_mutex_lock(&waker->mutex);
	}
	(void)pthread_mutex_unlock(&waker->mutex);
	return (NULL);
}

static void
clear(struct la_waker_kafka *waker)
{
	rd_kafka_topic_partition_list_destroy(waker->partitions);
	(void)pthread_cond_destroy(&waker->called);
	(void)pthread_mutex_destroy(&waker->mutex);
	free(waker);
}

enum la_err
la_waker_kafka_new(struct la_waker_kafka **out, rd_kafka_t *rk)
{
	struct la_waker_kafka *waker = calloc(1, sizeof(*waker));

	if (waker == NULL)
		return (LA_ENOMEM);
	waker->rk = rk;
	waker->partitions = rd_kafka_topic_partition_list_new(16);
	(void)pthread_mutex_init(&waker->mutex, NULL);
	(void)pthread_cond_init(&waker->called, NULL);
	if (la_thread_start(&waker->thread, NULL, wake, waker) != 0) {
		clear(waker);
		return (LA_ENOMEM);
	}
	*out = waker;
	return (LA_OK);
}

void
la_waker_kafka_free(struct la_waker_kafka *waker)
{
	if (waker == NULL)
		return;
	(void)pthread_mutex_lock(&waker->mutex);
	waker->stopping = true;
	(void)pthread_cond_signal(&waker->called);
	(void)pthread_mutex_unlock(&waker->mutex);
	(void)pthread_join(waker->thread, NULL);
	clear(waker);
}

void
la_waker_kafka_assigned(struct la_waker_kafka *waker, const rd_kafka_topic_partition_list_t *partitions, bool ours)
{
	if (waker == NULL)
		return;
	(void)pthread_mutex_lock(&waker->mutex);
	for (int i = 0; i < partitions->cnt; i++) {
		const rd_kafka_topic_partition_t *one = &partitions->elems[i];

		(void)rd_kafka_topic_partition_list_del(waker->partitions, one->topic, one->partition);
		if (ours)
			(void)rd_kafka_topic_partition_list_add(waker->partitions, one->topic, one->partition);
	}
	(void)pthread_mutex_unlock(&waker->mutex);
	waker->queued_max = 0;
}

void
la_waker_kafka_seen(struct la_waker_kafka *waker, size_t queued)
{
	if (waker == NULL)
		return;
	if (queued > waker->queued_max)
		waker->queued_max = queued;
	if (waker->queued_max < QUEUED_WORTH || queued >= waker->queued_max / 4 * 3)
		return;
	waker->queued_max = queued;
	(void)pthread_mutex_lock(&waker->mutex);
	waker->asked = true;
	(void)pthread_cond_signal(&waker->called);
	(void)pthread_mutex_unlock(&waker->mutex);
}
