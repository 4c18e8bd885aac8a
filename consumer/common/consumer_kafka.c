#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/consumer_kafka.h"
#include "common/log.h"

#define SERVE_EVENTS_MAX 1000 /* rebalances and errors served in one go */

static void
on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
	struct la_consumer_kafka *consumer = opaque;

	la_link_kafka_note(&consumer->link, rk, (rd_kafka_resp_err_t)err, reason);
}

static enum la_err
subscribe(rd_kafka_t *rk, const char *topic, struct la_error *error)
{
	rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t err;

	(void)rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
	err = rd_kafka_subscribe(rk, topics);
	rd_kafka_topic_partition_list_destroy(topics);
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (la_error_set(error, LA_ECONFIG, "subscribe to %s: %s", topic, rd_kafka_err2str(err)));
	return (LA_OK);
}

/* A choice with known defects in librdkafka up to 2.10: it may be made, but not unawares. */
static void
warn_of_cooperative(const rd_kafka_conf_t *conf)
{
	char strategy[256] = "";
	size_t size = sizeof(strategy);

	if (rd_kafka_conf_get(conf, "partition.assignment.strategy", strategy, &size) == RD_KAFKA_CONF_OK &&
	    strstr(strategy, "cooperative") != NULL)
		la_log(LA_LOG_WARN,
		    la_msg("cooperative rebalancing has known defects in librdkafka before 2.10; range has none"),
		    la_str("strategy", strategy), la_str("librdkafka", rd_kafka_version_str()));
}

static enum la_err
open_queues(struct la_consumer_kafka *consumer, int wake_fd)
{
	static const uint64_t one = 1; /* what an eventfd takes */

	(void)rd_kafka_poll_set_consumer(consumer->rk);
	consumer->events = rd_kafka_queue_get_consumer(consumer->rk);
	consumer->records = rd_kafka_queue_new(consumer->rk);
	consumer->commits = rd_kafka_queue_new(consumer->rk);
	if (consumer->events == NULL || consumer->records == NULL || consumer->commits == NULL)
		return (LA_ENOMEM);
	rd_kafka_queue_io_event_enable(consumer->events, wake_fd, &one, sizeof(one));
	rd_kafka_queue_io_event_enable(consumer->records, wake_fd, &one, sizeof(one));
	rd_kafka_queue_io_event_enable(consumer->commits, wake_fd, &one, sizeof(one));
	return (LA_OK);
}

enum la_err
la_consumer_kafka_new(
    struct la_consumer_kafka **out, const rd_kafka_conf_t *conf, const char *topic, int wake_fd, struct la_error *error)
{
	struct la_consumer_kafka *consumer = calloc(1, sizeof(*consumer));
	rd_kafka_conf_t *own = rd_kafka_conf_dup(conf);
	enum la_err err = LA_ENOMEM;

	if (consumer == NULL || own == NULL) {
		(void)la_error_set(error, LA_ENOMEM, "out of memory");
		goto out;
	}
	consumer->link.side = "consumer";
	warn_of_cooperative(own);
	la_link_kafka_watch(own, consumer);
	rd_kafka_conf_set_rebalance_cb(own, la_consumer_kafka_rebalance);
	rd_kafka_conf_set_error_cb(own, on_error);
	if ((err = la_conf_kafka_client(&consumer->rk, RD_KAFKA_CONSUMER, own, error)) != LA_OK)
		goto out;
	if ((err = open_queues(consumer, wake_fd)) != LA_OK ||
	    (err = la_assignment_kafka_new(&consumer->assignment, topic, consumer->records)) != LA_OK) {
		(void)la_error_set(error, err, "out of memory");
		goto out;
	}
	if (!la_conf_kafka_has_fetch_backoff() && (err = la_waker_kafka_new(&consumer->waker, consumer->rk)) != LA_OK) {
		(void)la_error_set(error, err, "no memory for a thread");
		goto out;
	}
	if ((err = subscribe(consumer->rk, topic, error)) != LA_OK)
		goto out;
	*out = consumer;
	consumer = NULL;

out:
	if (own != NULL)
		rd_kafka_conf_destroy(own);
	la_consumer_kafka_close(consumer, 0);
	return (err);
}

enum la_err
la_consumer_kafka_watch(struct la_consumer_kafka *consumer, struct la_metrics *metrics, struct la_error *error)
{
	enum la_err err = la_lag_kafka_new(&consumer->lag, consumer->rk);

	if (err != LA_OK)
		return (la_error_set(error, err, "no memory for a thread"));
	consumer->metrics = metrics;
	return (LA_OK);
}

enum la_err
la_consumer_kafka_print_lag(struct la_consumer_kafka *consumer, struct la_buf *out)
{
	return (consumer->lag == NULL ? LA_OK : la_lag_kafka_print(consumer->lag, out));
}

static void
note_error(struct la_consumer_kafka *consumer, const rd_kafka_message_t *message)
{
	if (!la_consumer_kafka_note_trouble(consumer, message))
		la_link_kafka_note(&consumer->link, consumer->rk, message->err, rd_kafka_message_errstr(message));
}

/* Rebalances are served in here, and only here. Also tells librdkafka that we are alive (max.poll.interval.ms). */
void
la_consumer_kafka_serve(struct la_consumer_kafka *consumer)
{
	rd_kafka_message_t *message;
	int served = 0;

	while (served++ < SERVE_EVENTS_MAX && (message = rd_kafka_consumer_poll(consumer->rk, 0)) != NULL) {
		if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
			note_error(consumer, message);
		} else {
			/* Not forwarded to our queue: dropping it silently would lose it. */
			la_consumer_kafka_fail(consumer, "forward", "a record came by the wrong queue");
		}
		rd_kafka_message_destroy(message);
	}
}

/* False: not a record for the caller; destroyed. */
static bool
admit(struct la_consumer_kafka *consumer, rd_kafka_message_t *message, struct la_message *out)
{
	rd_kafka_timestamp_type_t type;
	uint64_t lease;

	if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		note_error(consumer, message);
		goto drop;
	}
	lease = la_assignment_kafka_take(consumer->assignment, message->partition, message->offset);
	if (lease == 0)
		goto drop;                                            /* fetched before the partition went away */
	out->topic = la_assignment_kafka_topic(consumer->assignment); /* the only one we are subscribed to */
	out->partition = message->partition;
	out->offset = message->offset;
	out->timestamp_ms = rd_kafka_message_timestamp(message, &type);
	out->has_timestamp = type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && out->timestamp_ms >= 0;
	out->key = la_span_of(message->key, message->key_len);
	out->value = la_span_of(message->payload, message->len);
	out->lease = lease;
	out->handle = message;
	out->is_kept = false;
	return (true);

drop:
	rd_kafka_message_destroy(message);
	return (false);
}

/*
 * Whether the other one with our name lives is not known here: it may be our own successor, another instance by
 * mistake, or we ourselves, when a restarted broker answered a join and an older heartbeat in the wrong order. So we
 * end; whoever restarts us makes the name ours again.
 */
static enum la_err
given_up(const struct la_consumer_kafka *consumer, struct la_error *error)
{
	char reason[256] = "";

	if (!consumer->failed &&
	    rd_kafka_fatal_error(consumer->rk, reason, sizeof(reason)) == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)
		return (la_error_set(error, LA_EFENCED,
		    "the group has another member with our group.instance.id, or took us for one after a broker's "
		    "restart; give each instance a name of its own, and start this one again"));
	return (la_error_set(error, LA_EINTERNAL, "the kafka consumer cannot go on; see the log"));
}

enum la_err
la_consumer_kafka_take(
    struct la_consumer_kafka *consumer, struct la_message *out, size_t cap, size_t *count, struct la_error *error)
{
	size_t want, i;
	ssize_t got;

	*count = 0;
	la_link_kafka_probe(&consumer->link, consumer->rk);
	if (consumer->failed || consumer->link.fatal)
		return (given_up(consumer, error));
	while (!consumer->paused && *count < cap) {
		want = cap - *count < LA_CONSUMER_TAKE_CAP ? cap - *count : LA_CONSUMER_TAKE_CAP;
		got = rd_kafka_consume_batch_queue(consumer->records, 0, consumer->taken, want);
		for (i = 0; got > 0 && i < (size_t)got; i++) {
			if (admit(consumer, consumer->taken[i], &out[*count]))
				(*count)++;
		}
		if (got < (ssize_t)want)
			break;
	}
	la_waker_kafka_seen(consumer->waker, rd_kafka_queue_length(consumer->records));
	if (*count == 0 && consumer->link.down)
		return (la_link_kafka_absent(&consumer->link, error));
	if (*count > 0)
		consumer->trouble.cause = RD_KAFKA_RESP_ERR_NO_ERROR;
	else if (la_consumer_kafka_has_trouble(consumer, error))
		return (LA_EUNAVAILABLE);
	return (LA_OK);
}

bool
la_consumer_kafka_waiting(const struct la_consumer_kafka *consumer)
{
	return (!consumer->paused && rd_kafka_queue_length(consumer->records) > 0);
}

/*
 * A pause is not to read: librdkafka stops fetching by itself when its queue is
 * full, and partitions assigned later are paused as well. rd_kafka_pause_partitions
 * would drop what was fetched, and in 2.0.2 it can lose the start offset when it
 * comes close to an assign.
 */
void
la_consumer_kafka_pause(struct la_consumer_kafka *consumer, bool paused)
{
	consumer->paused = paused;
}

bool
la_consumer_kafka_holds(
    const struct la_consumer_kafka *consumer, struct la_span topic, int32_t partition, uint64_t lease)
{
	return (la_assignment_kafka_holds(consumer->assignment, topic, partition, lease));
}

rd_kafka_t *
la_consumer_kafka_handle(struct la_consumer_kafka *consumer)
{
	return (consumer->rk);
}
