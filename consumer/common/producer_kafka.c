#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/producer_kafka.h"

#define REBUILD_WAIT_MS 5000  /* for reports of the client that is given up */
#define REBUILD_MIN_MS 500    /* between two clients; doubles, up to the maximum, until a transaction is done */
#define REBUILD_MAX_MS 30000

static_assert(sizeof(void *) >= sizeof(uint64_t), "a batch number travels as a message's opaque pointer");

static void
on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
	struct la_producer_kafka *producer = opaque;

	if (err == RD_KAFKA_RESP_ERR__FATAL)
		la_producer_kafka_give_up(producer); /* said when it is made anew */
	else
		la_link_kafka_note(&producer->link, rk, (rd_kafka_resp_err_t)err, reason);
}

enum la_err
la_producer_kafka_code(rd_kafka_resp_err_t cause)
{
	if (cause == RD_KAFKA_RESP_ERR_NO_ERROR)
		return (LA_OK);
	return (cause == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ? LA_ETOOLARGE : LA_EUNAVAILABLE);
}

static void
on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	struct la_producer_kafka *producer = opaque;
	struct la_error refusal = LA_ERROR_INIT;

	(void)rk;
	if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		(void)la_error_set(&refusal, la_producer_kafka_code(message->err), "topic %s: %s", rd_kafka_topic_name(message->rkt),
		    rd_kafka_err2str(message->err));
	}
	if (message->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
		la_producer_kafka_too_large(producer, message);
	la_flights_landed(&producer->flights, (uint64_t)(uintptr_t)message->_private, &refusal);
}

static enum la_err
open_client(struct la_producer_kafka *producer, struct la_error *error)
{
	static const uint64_t one = 1; /* what an eventfd takes */
	enum la_err err = la_conf_kafka_client(&producer->rk, RD_KAFKA_PRODUCER, producer->conf, error);

	if (err != LA_OK)
		return (err);
	producer->events = rd_kafka_queue_get_main(producer->rk);
	rd_kafka_queue_io_event_enable(producer->events, producer->wake_fd, &one, sizeof(one));
	return (LA_OK);
}

/* Drops what is not acknowledged; its reports say so. */
static void
close_client(struct la_producer_kafka *producer)
{
	int64_t until_ms = la_clock_now_ms(NULL) + REBUILD_WAIT_MS;

	if (producer->rk == NULL)
		return;
	(void)rd_kafka_purge(producer->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	while (rd_kafka_outq_len(producer->rk) > 0 && la_clock_now_ms(NULL) < until_ms)
		(void)rd_kafka_poll(producer->rk, 10);
	if (producer->events != NULL)
		rd_kafka_queue_destroy(producer->events);
	while (producer->topic_count > 0)
		rd_kafka_topic_destroy(producer->topics[--producer->topic_count]);
	rd_kafka_destroy(producer->rk);
	producer->events = NULL;
	producer->rk = NULL;
}

static int64_t
timeout_of(const rd_kafka_conf_t *conf)
{
	char text[32] = "";
	size_t size = sizeof(text);

	(void)rd_kafka_conf_get(conf, "transaction.timeout.ms", text, &size);
	return (strtoll(text, NULL, 10));
}

enum la_err
la_producer_kafka_new(struct la_producer_kafka **out, rd_kafka_conf_t *conf, bool transactional, int wake_fd,
    struct la_error *error)
{
	struct la_producer_kafka *producer = calloc(1, sizeof(*producer));
	enum la_err err;

	if (producer == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	producer->link.side = "producer";
	producer->conf = conf;
	producer->wake_fd = wake_fd;
	producer->timeout_ms = timeout_of(conf);
	producer->transaction = transactional ? LA_TRANSACTION_NEW : LA_TRANSACTION_NEVER;
	la_link_kafka_watch(conf, producer);
	rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	rd_kafka_conf_set_error_cb(conf, on_error);
	err = open_client(producer, error);
	if (err != LA_OK) {
		free(producer);
		return (err);
	}
	*out = producer;
	return (LA_OK);
}

void
la_producer_kafka_close(struct la_producer_kafka *producer)
{
	if (producer == NULL)
		return;
	close_client(producer);
	rd_kafka_conf_destroy(producer->conf);
	la_flights_clear(&producer->flights);
	free(producer);
}

/*
 * An idempotent producer that cannot keep its sequence stops for good
 * (rd_kafka_fatal_error), and a transactional one that was fenced. What was not
 * acknowledged is reported as refused, so the caller produces its batch again,
 * by a new client with a new producer id.
 */
enum la_err
la_producer_kafka_rebuild(struct la_producer_kafka *producer, struct la_error *error)
{
	int64_t now_ms = la_clock_now_ms(NULL);
	struct la_error refusal;
	enum la_err err;

	la_producer_kafka_give_up(producer);
	(void)la_error_set(&refusal, LA_EUNAVAILABLE, "the kafka producer was given up: %s", producer->given_up);
	if (now_ms < producer->rebuild_at_ms)
		return (la_error_set(error, LA_EUNAVAILABLE, "%s", refusal.text));
	producer->rebuild_every_ms = producer->rebuild_every_ms == 0 ? REBUILD_MIN_MS : 2 * producer->rebuild_every_ms;
	if (producer->rebuild_every_ms > REBUILD_MAX_MS)
		producer->rebuild_every_ms = REBUILD_MAX_MS;
	producer->rebuild_at_ms = now_ms + producer->rebuild_every_ms;
	la_producer_kafka_say_rebuild(producer);
	close_client(producer);
	la_flights_fail(&producer->flights, &refusal);
	if ((err = open_client(producer, error)) == LA_OK)
		producer->given_up[0] = '\0';
	producer->link.fatal = err != LA_OK;
	return (err);
}
