#include <string.h>

#include "common/clock.h"
#include "common/producer_kafka.h"

/* A transaction is lost with its client: transaction_kafka.c makes that anew, when the caller knows. */
static enum la_err
rebuild_if_fatal(struct la_producer_kafka *producer, struct la_error *error)
{
	if (!producer->link.fatal || producer->transaction != LA_TRANSACTION_NEVER)
		return (LA_OK);
	return (la_producer_kafka_rebuild(producer, error));
}

void
la_producer_kafka_serve(struct la_producer_kafka *producer)
{
	if (producer->rk == NULL)
		return;
	(void)rd_kafka_poll(producer->rk, 0);
	la_link_kafka_probe(&producer->link, producer->rk);
}

/* By name, rd_kafka_producev would ask for a new topic's leaders only up to 1 s later. NULL: no such name, or too many. */
static rd_kafka_topic_t *
topic_of(struct la_producer_kafka *producer, const char *name)
{
	rd_kafka_topic_t *topic;

	for (size_t i = 0; i < producer->topic_count; i++) {
		if (strcmp(rd_kafka_topic_name(producer->topics[i]), name) == 0)
			return (producer->topics[i]);
	}
	if (producer->topic_count == LA_PRODUCER_TOPICS_MAX)
		return (NULL);
	if ((topic = rd_kafka_topic_new(producer->rk, name, NULL)) != NULL)
		producer->topics[producer->topic_count++] = topic;
	return (topic);
}

/* Not rd_kafka_produceva: up to 2.0.2 it can free the headers twice when it fails. Takes headers over on success. */
static rd_kafka_resp_err_t
send_output(struct la_producer_kafka *producer, const struct la_output *output, rd_kafka_headers_t *headers)
{
	rd_kafka_topic_t *topic = topic_of(producer, output->topic);
	void *opaque = (void *)(uintptr_t)output->batch;

	if (topic == NULL)
		return (RD_KAFKA_RESP_ERR__INVALID_ARG);
	if (headers == NULL) {
		return (rd_kafka_producev(producer->rk, RD_KAFKA_V_RKT(topic),
		    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(output->key.data, output->key.size),
		    RD_KAFKA_V_VALUE((void *)(uintptr_t)output->value.data, output->value.size),
		    RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END));
	}
	return (rd_kafka_producev(producer->rk, RD_KAFKA_V_RKT(topic),
	    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(output->key.data, output->key.size),
	    RD_KAFKA_V_VALUE((void *)(uintptr_t)output->value.data, output->value.size), RD_KAFKA_V_HEADERS(headers),
	    RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END));
}

static int
left_ms(int64_t until_ms)
{
	int64_t left = until_ms - la_clock_now_ms(NULL);

	return (left > 0 ? (int)left : 0);
}

enum la_err
la_producer_kafka_produce(
    struct la_producer_kafka *producer, const struct la_output *output, int wait_ms, struct la_error *error)
{
	int64_t until_ms = la_clock_now_ms(NULL) + wait_ms;
	rd_kafka_headers_t *headers = NULL;
	rd_kafka_resp_err_t cause;
	enum la_err err;

	if ((err = rebuild_if_fatal(producer, error)) != LA_OK ||
	    (err = la_transaction_kafka_begin(producer, wait_ms, error)) != LA_OK)
		return (err);
	if (!la_producer_kafka_make_room(producer, output, left_ms(until_ms)))
		return (la_error_set(
		    error, LA_ETIMEOUT, "topic %s: the broker has not acknowledged earlier outputs", output->topic));
	if (la_headers_kafka_make(&headers, output) != LA_OK ||
	    la_flights_took_off(&producer->flights, output->batch) != LA_OK) {
		err = la_error_set(error, LA_ENOMEM, "out of memory");
		goto out;
	}
	cause = send_output(producer, output, headers);
	while (cause == RD_KAFKA_RESP_ERR__QUEUE_FULL && left_ms(until_ms) > 0) {
		(void)rd_kafka_poll(producer->rk, left_ms(until_ms));
		cause = send_output(producer, output, headers);
	}
	if (cause == RD_KAFKA_RESP_ERR_NO_ERROR) {
		headers = NULL;
	} else {
		la_flights_stayed(&producer->flights, output->batch);
		if (cause == RD_KAFKA_RESP_ERR__FATAL)
			la_producer_kafka_give_up(producer);
		if (cause != RD_KAFKA_RESP_ERR__QUEUE_FULL && cause != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
			la_transaction_kafka_break(producer);
		err = la_error_set(error, cause == RD_KAFKA_RESP_ERR__QUEUE_FULL ? LA_ETIMEOUT : la_producer_kafka_code(cause),
		    "topic %s: %s", output->topic, rd_kafka_err2str(cause));
	}

out:
	if (headers != NULL)
		rd_kafka_headers_destroy(headers);
	return (err);
}

/* One refused output makes all of its transaction void. */
static enum la_err
settle_flights(struct la_producer_kafka *producer, uint64_t batch, struct la_error *error)
{
	enum la_err err = la_flights_settle(&producer->flights, batch, error);

	if (err != LA_OK) {
		la_transaction_kafka_break(producer);
		/* librdkafka reports the outputs of a failed transaction as purged, which is not why it failed */
		if (producer->transaction == LA_TRANSACTION_BROKEN && err != LA_ETOOLARGE)
			(void)la_producer_kafka_cause(producer, error);
	} else if (producer->transaction == LA_TRANSACTION_NEVER)
		producer->rebuild_every_ms = 0;
	return (err);
}

/* What a transaction holds is kept back until it is awaited (linger.ms): fewer and larger requests. A flush sends it. */
static void
wait_for_reports(struct la_producer_kafka *producer, int wait_ms)
{
	if (producer->transaction == LA_TRANSACTION_OPEN)
		(void)rd_kafka_flush(producer->rk, wait_ms);
	else
		(void)rd_kafka_poll(producer->rk, wait_ms);
}

enum la_err
la_producer_kafka_await(struct la_producer_kafka *producer, uint64_t batch, int wait_ms, struct la_error *error)
{
	int64_t until_ms = la_clock_now_ms(NULL) + wait_ms;
	enum la_err err;

	la_producer_kafka_serve(producer);
	for (;;) {
		if ((err = rebuild_if_fatal(producer, error)) != LA_OK)
			return (err);
		if (producer->link.fatal)
			la_transaction_kafka_break(producer);
		if (producer->transaction == LA_TRANSACTION_BROKEN)
			return (la_flights_too_large(&producer->flights, batch, error) ?
			    LA_ETOOLARGE : la_producer_kafka_broken(producer, error));
		if (!la_flights_under_way(&producer->flights, batch))
			return (settle_flights(producer, batch, error));
		if (left_ms(until_ms) == 0)
			return (la_error_set(error, LA_ETIMEOUT, "the broker has not acknowledged all outputs"));
		wait_for_reports(producer, left_ms(until_ms));
	}
}
