/* Inside the Kafka adapter: what producer_kafka.c (the client), produce_kafka.c (outputs) and transaction_kafka.c share. */
#ifndef LA_COMMON_PRODUCER_KAFKA_H
#define LA_COMMON_PRODUCER_KAFKA_H

#include "common/flights.h"
#include "common/parts_kafka.h"
#include "common/portion.h"

enum la_transaction_state {
	LA_TRANSACTION_NEVER, /* at_least_once */
	LA_TRANSACTION_NEW,   /* the client has no producer id yet */
	LA_TRANSACTION_IDLE,
	LA_TRANSACTION_OPEN,
	LA_TRANSACTION_BROKEN,     /* open, and cannot be committed any more: to be discarded */
	LA_TRANSACTION_COMMITTING, /* asked for; the outcome is not known yet */
	LA_TRANSACTION_ABORTING,
};

#define LA_PRODUCER_TOPICS_MAX 8 /* that outputs may go to */

struct la_producer_kafka {
	struct la_link_kafka link; /* first: librdkafka's opaque pointer */
	rd_kafka_t *rk;
	rd_kafka_topic_t *topics[LA_PRODUCER_TOPICS_MAX]; /* of this client */
	size_t topic_count;
	rd_kafka_conf_t *conf; /* to make the client again */
	rd_kafka_queue_t *events;
	int wake_fd;
	struct la_flights flights;
	struct la_portion portion;
	char refused_by[256]; /* the topic that found an output too large last */
	enum la_transaction_state transaction;
	int64_t rebuild_at_ms, rebuild_every_ms; /* not before: a client may be refused for good */
	int64_t rebuild_said_ms, rebuilds_unsaid;
	char given_up[512];  /* why this client, or the one before, was; "": it was not */
	int64_t began_ms;    /* the last transaction */
	int64_t timeout_ms;  /* transaction.timeout.ms */
};

/* ---- given_up_kafka.c: why a client or a transaction came to its end ---- */

/* librdkafka says that it gave the client up: notes when, and why. It is to be made anew. */
void la_producer_kafka_give_up(struct la_producer_kafka *producer);
/* "kafka producer is made anew": once, then every 30 s with a count. */
void la_producer_kafka_say_rebuild(struct la_producer_kafka *producer);
/*
 * *error says why the open transaction, which is broken, cannot be committed. cause: false, and *error is untouched, when
 * that is not known. broken returns LA_EUNAVAILABLE.
 */
bool la_producer_kafka_cause(struct la_producer_kafka *producer, struct la_error *error);
enum la_err la_producer_kafka_broken(struct la_producer_kafka *producer, struct la_error *error);

/* ---- portion_kafka.c: what a broker refuses together is sent in portions ---- */

/* A report of an output that the broker has found too large. */
void la_producer_kafka_too_large(struct la_producer_kafka *producer, const rd_kafka_message_t *message);

/*
 * Makes room for the output: where outputs go in portions, waits until the one before is answered. False: it was not, in
 * wait_ms.
 */
LA_MUST_CHECK bool la_producer_kafka_make_room(
    struct la_producer_kafka *producer, const struct la_output *output, int wait_ms);

/* ---- producer_kafka.c ---- */

/*
 * Gives the client up and makes another one. What was not acknowledged is
 * refused. Errors: LA_ECONFIG, LA_EUNAVAILABLE (not again so soon).
 */
LA_MUST_CHECK enum la_err la_producer_kafka_rebuild(struct la_producer_kafka *producer, struct la_error *error);

/* What librdkafka says of an output is, to who produced it. */
enum la_err la_producer_kafka_code(rd_kafka_resp_err_t cause);

/* ---- transaction_kafka.c ---- */

/*
 * Opens a transaction if none is open, after what is left of the last one.
 * Errors: LA_EUNAVAILABLE (not now, or the one that is open is broken).
 */
LA_MUST_CHECK enum la_err la_transaction_kafka_begin(
    struct la_producer_kafka *producer, int wait_ms, struct la_error *error);

#endif
