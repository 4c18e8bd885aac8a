#include "common/lag_kafka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/crash_point.h"
#include "common/metrics.h"
#include "common/thread.h"

#define ASK_EVERY_MS LA_CRASH_NUMBER("LA_LAG_MS", 5000)
#define ANSWER_WAIT_MS 500
#define UNKNOWN (-1)

struct la_lag_kafka {
	rd_kafka_t *rk;
	bool from_start; /* where a group without a committed offset begins */
	pthread_t thread;
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t called;
	rd_kafka_topic_partition_list_t *ours; /* offset: the lag */
	bool asked, stopping;
};

/* Of one partition, or UNKNOWN. A mock cluster does not know ends: then what librdkafka has seen last. */
static int64_t
lag_of(const struct la_lag_kafka *lag, const rd_kafka_topic_partition_t *committed, const rd_kafka_topic_partition_t *end)
{
	int64_t low = 0, high = 0, from = committed->offset, to = end->offset;

	if (committed->err != RD_KAFKA_RESP_ERR_NO_ERROR || end->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (UNKNOWN);
	if ((from < 0 || to < 0) &&
	    rd_kafka_get_watermark_offsets(lag->rk, end->topic, end->partition, &low, &high) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (UNKNOWN);
	if (to < 0)
		to = high;
	if (to < 0)
		return (UNKNOWN);
	if (from < 0)
		from = lag->from_start ? low : to;
	return (from < 0 ? UNKNOWN : from > to ? 0 : to - from);
}

static void
note(struct la_lag_kafka *lag, const rd_kafka_topic_partition_list_t *committed,
    const rd_kafka_topic_partition_list_t *ends)
{
	(void)pthread_mutex_lock(&lag->mutex);
	for (int i = 0; i < committed->cnt; i++) {
		rd_kafka_topic_partition_t *one = rd_kafka_topic_partition_list_find(
		    lag->ours, committed->elems[i].topic, committed->elems[i].partition);
		int64_t now = one == NULL ? UNKNOWN : lag_of(lag, &committed->elems[i], &ends->elems[i]);

		if (now != UNKNOWN)
			one->offset = now;
	}
	(void)pthread_mutex_unlock(&lag->mutex);
}

/* What is not answered stays as it was. */
static void
ask(struct la_lag_kafka *lag, rd_kafka_topic_partition_list_t *committed)
{
	rd_kafka_topic_partition_list_t *ends = rd_kafka_topic_partition_list_copy(committed);

	for (int i = 0; i < ends->cnt; i++) {
		ends->elems[i].offset = RD_KAFKA_OFFSET_END;
		committed->elems[i].offset = RD_KAFKA_OFFSET_INVALID;
	}
	if (ends->cnt > 0 && rd_kafka_committed(lag->rk, committed, ANSWER_WAIT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR &&
	    rd_kafka_offsets_for_times(lag->rk, ends, ANSWER_WAIT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR)
		note(lag, committed, ends);
	rd_kafka_topic_partition_list_destroy(ends);
	rd_kafka_topic_partition_list_destroy(committed);
}

static void *
watch(void *opaque)
{
	struct la_lag_kafka *lag = opaque;
	rd_kafka_topic_partition_list_t *partitions;
	struct timespec next;
	int64_t every_ms = ASK_EVERY_MS;

	(void)pthread_mutex_lock(&lag->mutex);
	while (!lag->stopping) {
		lag->asked = false;
		partitions = rd_kafka_topic_partition_list_copy(lag->ours);
		(void)pthread_mutex_unlock(&lag->mutex);
		ask(lag, partitions);
		(void)clock_gettime(CLOCK_MONOTONIC, &next);
		next.tv_sec += every_ms / 1000 + (next.tv_nsec + every_ms % 1000 * 1000000) / 1000000000;
		next.tv_nsec = (next.tv_nsec + every_ms % 1000 * 1000000) % 1000000000;
		(void)pthread_mutex_lock(&lag->mutex);
		while (!lag->stopping && !lag->asked &&
		    pthread_cond_timedwait(&lag->called, &lag->mutex, &next) == 0)
			continue;
	}
	(void)pthread_mutex_unlock(&lag->mutex);
	return (NULL);
}

static void
clear(struct la_lag_kafka *lag)
{
	rd_kafka_topic_partition_list_destroy(lag->ours);
	(void)pthread_cond_destroy(&lag->called);
	(void)pthread_mutex_destroy(&lag->mutex);
	free(lag);
}

static bool
begins_at_start(rd_kafka_t *rk)
{
	char reset[32] = "";
	size_t size = sizeof(reset);

	return (rd_kafka_conf_get(rd_kafka_conf(rk), "auto.offset.reset", reset, &size) == RD_KAFKA_CONF_OK &&
		(strcmp(reset, "smallest") == 0 || strcmp(reset, "earliest") == 0 || strcmp(reset, "beginning") == 0));
}

enum la_err
la_lag_kafka_new(struct la_lag_kafka **out, rd_kafka_t *rk)
{
	struct la_lag_kafka *lag = calloc(1, sizeof(*lag));
	pthread_condattr_t monotonic;

	if (lag == NULL)
		return (LA_ENOMEM);
	lag->rk = rk;
	lag->from_start = begins_at_start(rk);
	lag->ours = rd_kafka_topic_partition_list_new(16);
	(void)pthread_mutex_init(&lag->mutex, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&lag->called, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	if (la_thread_start(&lag->thread, NULL, watch, lag) != 0) {
		clear(lag);
		return (LA_ENOMEM);
	}
	*out = lag;
	return (LA_OK);
}

void
la_lag_kafka_free(struct la_lag_kafka *lag)
{
	if (lag == NULL)
		return;
	(void)pthread_mutex_lock(&lag->mutex);
	lag->stopping = true;
	(void)pthread_cond_signal(&lag->called);
	(void)pthread_mutex_unlock(&lag->mutex);
	(void)pthread_join(lag->thread, NULL);
	clear(lag);
}

void
la_lag_kafka_assigned(struct la_lag_kafka *lag, const rd_kafka_topic_partition_list_t *partitions, bool ours)
{
	if (lag == NULL)
		return;
	(void)pthread_mutex_lock(&lag->mutex);
	for (int i = 0; i < partitions->cnt; i++) {
		const rd_kafka_topic_partition_t *one = &partitions->elems[i];

		(void)rd_kafka_topic_partition_list_del(lag->ours, one->topic, one->partition);
		if (ours)
			rd_kafka_topic_partition_list_add(lag->ours, one->topic, one->partition)->offset = UNKNOWN;
	}
	lag->asked = ours;
	(void)pthread_cond_signal(&lag->called);
	(void)pthread_mutex_unlock(&lag->mutex);
}

static enum la_err
print_one(struct la_buf *out, const rd_kafka_topic_partition_t *one)
{
	char partition[12];
	const struct la_label labels[] = {{"topic", one->topic}, {"partition", partition}};

	(void)snprintf(partition, sizeof(partition), "%" PRId32, one->partition);
	return (la_metrics_print_sample(out, "consumer_lag", labels, 2, one->offset));
}

enum la_err
la_lag_kafka_print(struct la_lag_kafka *lag, struct la_buf *out)
{
	enum la_err err = la_metrics_print_head(
	    out, "consumer_lag", "gauge", "Records that are not committed yet, of each partition that is ours.");

	(void)pthread_mutex_lock(&lag->mutex);
	for (int i = 0; i < lag->ours->cnt && err == LA_OK; i++) {
		if (lag->ours->elems[i].offset != UNKNOWN)
			err = print_one(out, &lag->ours->elems[i]);
	}
	(void)pthread_mutex_unlock(&lag->mutex);
	return (err);
}
