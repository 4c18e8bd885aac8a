#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/clock.h"
#include "common/consumer_kafka.h"
#include "common/log.h"

#define DESTROY_WAIT_MS 1000

/* Leaves the group: serves the last revocation, then waits for the LeaveGroup to be sent. */
static void
leave(struct la_consumer_kafka *consumer, int timeout_ms)
{
	int64_t until_ms = la_clock_now_ms(NULL) + timeout_ms;
	rd_kafka_queue_t *closing = rd_kafka_queue_new(consumer->rk);
	rd_kafka_error_t *refused;

	consumer->closing = true;
	refused = rd_kafka_consumer_close_queue(consumer->rk, closing);
	if (refused != NULL) {
		rd_kafka_error_destroy(refused);
	} else {
		while (!rd_kafka_consumer_closed(consumer->rk) && la_clock_now_ms(NULL) < until_ms)
			(void)rd_kafka_queue_poll_callback(closing, 50);
		if (!rd_kafka_consumer_closed(consumer->rk))
			la_log(LA_LOG_WARN, la_msg("group not left in time; the broker will notice"));
	}
	rd_kafka_queue_destroy(closing);
}

static void
drop_records(rd_kafka_queue_t *records)
{
	rd_kafka_message_t *message;

	while ((message = rd_kafka_consume_queue(records, 0)) != NULL)
		rd_kafka_message_destroy(message);
}

/* The bus's eventfd does not live as long as a close may take. */
static void
stop_waking(rd_kafka_queue_t *queue)
{
	if (queue != NULL)
		rd_kafka_queue_io_event_enable(queue, -1, NULL, 0);
}

static void *
close_client(void *opaque)
{
	struct la_consumer_kafka *consumer = opaque;

	la_waker_kafka_free(consumer->waker);
	la_lag_kafka_free(consumer->lag);
	consumer->waker = NULL;
	consumer->lag = NULL;
	if (consumer->assignment != NULL)
		leave(consumer, consumer->leave_ms);
	la_assignment_kafka_free(consumer->assignment);
	if (consumer->records != NULL) {
		drop_records(consumer->records);
		rd_kafka_queue_destroy(consumer->records);
	}
	if (consumer->commits != NULL)
		rd_kafka_queue_destroy(consumer->commits);
	if (consumer->events != NULL)
		rd_kafka_queue_destroy(consumer->events);
	if (consumer->group != NULL)
		rd_kafka_consumer_group_metadata_destroy(consumer->group);
	rd_kafka_destroy_flags(consumer->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	free(consumer);
	return (NULL);
}

/*
 * In a thread of its own, for librdkafka waits for what it has under way at a broker, up to 5 s for a LeaveGroup and
 * socket.timeout.ms for a commit, and may wait for good (rebalance_kafka.c). When its time is over, it goes on behind
 * us until the process ends.
 */
static void
close_in_time(struct la_consumer_kafka *consumer, int timeout_ms)
{
	struct timespec until;
	pthread_t thread;

	stop_waking(consumer->events);
	stop_waking(consumer->records);
	stop_waking(consumer->commits);
	consumer->leave_ms = timeout_ms;
	if (pthread_create(&thread, NULL, close_client, consumer) != 0) {
		(void)close_client(consumer);
		return;
	}
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (timeout_ms + DESTROY_WAIT_MS) / 1000;
	until.tv_nsec += (timeout_ms + DESTROY_WAIT_MS) % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	if (pthread_timedjoin_np(thread, NULL, &until) != 0)
		(void)pthread_detach(thread);
}

void
la_consumer_kafka_close(struct la_consumer_kafka *consumer, int timeout_ms)
{
	if (consumer == NULL)
		return;
	if (consumer->rk == NULL)
		free(consumer);
	else
		close_in_time(consumer, timeout_ms);
}
