/*
 * The transaction of an exactly-once producer. librdkafka's calls wait, and can
 * be called again after a time-out; what they say is done: again, abort, or
 * another client (rd_kafka_error_is_retriable, _txn_requires_abort, _is_fatal).
 */
#include <stdio.h>

#include "common/clock.h"
#include "common/crash_point.h"
#include "common/log.h"
#include "common/producer_kafka.h"

#define OFFSETS_WAIT_MS 4000
#define COMMIT_WAIT_MS 4000

/*
 * What a call said; consumes it. Errors: LA_EUNAVAILABLE (again), LA_EREVOKED
 * (the transaction is lost; when link.fatal is set, the client with it).
 */
static enum la_err
judge(struct la_producer_kafka *producer, const char *step, rd_kafka_error_t *said, struct la_error *error)
{
	enum la_err err;

	if (said == NULL)
		return (LA_OK);
	if (rd_kafka_error_is_fatal(said))
		la_producer_kafka_give_up(producer);
	err = rd_kafka_error_is_retriable(said) && !producer->link.fatal ? LA_EUNAVAILABLE : LA_EREVOKED;
	(void)la_error_set(error, err, "kafka transaction, %s: %s", step,
	    producer->link.fatal ? producer->given_up : rd_kafka_error_string(said));
	rd_kafka_error_destroy(said);
	return (err);
}

/* Takes one step towards IDLE, as the state asks for. */
static enum la_err
settle_step(struct la_producer_kafka *producer, int wait_ms, struct la_error *error)
{
	enum la_err err;

	switch (producer->transaction) {
	case LA_TRANSACTION_NEW:
		err = judge(producer, "init", rd_kafka_init_transactions(producer->rk, wait_ms), error);
		break;
	case LA_TRANSACTION_COMMITTING:
		err = judge(producer, "commit", rd_kafka_commit_transaction(producer->rk, wait_ms), error);
		if (err == LA_EREVOKED && !producer->link.fatal) {
			producer->transaction = LA_TRANSACTION_ABORTING;
			return (LA_OK);
		}
		break;
	default:
		err = judge(producer, "abort", rd_kafka_abort_transaction(producer->rk, wait_ms), error);
		/* What cannot even be aborted ends with its client: the next one's init does it. */
		if (err == LA_EREVOKED && !producer->link.fatal) {
			(void)snprintf(producer->given_up, sizeof(producer->given_up), "%s", error->text);
			producer->link.fatal = true;
		}
		break;
	}
	if (err == LA_OK) {
		la_flights_clear(&producer->flights);
		producer->transaction = LA_TRANSACTION_IDLE;
	}
	return (err == LA_OK ? LA_OK : LA_EUNAVAILABLE);
}

enum la_err
la_transaction_kafka_settle(struct la_producer_kafka *producer, int wait_ms, struct la_error *error)
{
	int64_t until_ms = la_clock_now_ms(NULL) + wait_ms, left_ms;
	enum la_err err = LA_OK;

	while (err == LA_OK && producer->transaction != LA_TRANSACTION_NEVER) {
		if (producer->link.fatal && producer->transaction != LA_TRANSACTION_OPEN &&
		    producer->transaction != LA_TRANSACTION_BROKEN) {
			if ((err = la_producer_kafka_rebuild(producer, error)) != LA_OK)
				break;
			producer->transaction = LA_TRANSACTION_NEW;
		}
		if (producer->transaction == LA_TRANSACTION_IDLE || producer->transaction == LA_TRANSACTION_OPEN ||
		    producer->transaction == LA_TRANSACTION_BROKEN)
			break;
		left_ms = until_ms - la_clock_now_ms(NULL);
		err = settle_step(producer, left_ms > 1 ? (int)left_ms : 1, error);
	}
	return (err);
}

bool
la_transaction_kafka_settled(const struct la_producer_kafka *producer)
{
	return (producer->transaction != LA_TRANSACTION_COMMITTING &&
		producer->transaction != LA_TRANSACTION_ABORTING);
}

bool
la_transaction_kafka_is_open(const struct la_producer_kafka *producer)
{
	return (producer->transaction == LA_TRANSACTION_OPEN || producer->transaction == LA_TRANSACTION_BROKEN);
}

enum la_err
la_transaction_kafka_begin(struct la_producer_kafka *producer, int wait_ms, struct la_error *error)
{
	enum la_err err;

	if (producer->transaction == LA_TRANSACTION_NEVER)
		return (LA_OK);
	if ((err = la_transaction_kafka_settle(producer, wait_ms, error)) != LA_OK)
		return (err);
	if (producer->link.fatal)
		la_transaction_kafka_break(producer);
	if (producer->transaction == LA_TRANSACTION_BROKEN)
		return (la_producer_kafka_broken(producer, error));
	if (producer->transaction == LA_TRANSACTION_OPEN)
		return (LA_OK);
	producer->began_ms = la_clock_now_ms(NULL);
	err = judge(producer, "begin", rd_kafka_begin_transaction(producer->rk), error);
	if (err == LA_OK)
		producer->transaction = LA_TRANSACTION_OPEN;
	return (err == LA_EREVOKED ? LA_EUNAVAILABLE : err);
}

void
la_transaction_kafka_break(struct la_producer_kafka *producer)
{
	if (producer->transaction == LA_TRANSACTION_OPEN)
		producer->transaction = LA_TRANSACTION_BROKEN;
}

void
la_transaction_kafka_discard(struct la_producer_kafka *producer)
{
	if (la_transaction_kafka_is_open(producer))
		producer->transaction = LA_TRANSACTION_ABORTING;
}

void
la_transaction_kafka_end(struct la_producer_kafka *producer, int wait_ms)
{
	struct la_error why;

	la_transaction_kafka_discard(producer);
	if (la_transaction_kafka_settled(producer) || producer->link.fatal)
		return;
	if (la_transaction_kafka_settle(producer, wait_ms, &why) != LA_OK)
		la_log(LA_LOG_WARN, la_msg("transaction not ended in time; the broker will end it"),
		    la_str("why", why.text));
}

enum la_err
la_transaction_kafka_commit(struct la_producer_kafka *producer, const rd_kafka_topic_partition_list_t *offsets,
    const rd_kafka_consumer_group_metadata_t *group, struct la_error *error)
{
	rd_kafka_error_t *said;
	enum la_err err;

	if (producer->link.fatal || producer->transaction == LA_TRANSACTION_BROKEN) {
		la_transaction_kafka_break(producer);
		return (la_error_set(error, LA_EREVOKED, "the kafka transaction is broken"));
	}
	said = rd_kafka_send_offsets_to_transaction(producer->rk, offsets, group, OFFSETS_WAIT_MS);
	if ((err = judge(producer, "offsets", said, error)) != LA_OK) {
		if (err == LA_EREVOKED)
			la_transaction_kafka_break(producer);
		return (err);
	}
	LA_CRASH_POINT("offsets-sent");
	producer->transaction = LA_TRANSACTION_COMMITTING;
	said = rd_kafka_commit_transaction(producer->rk, COMMIT_WAIT_MS);
	if ((err = judge(producer, "commit", said, error)) == LA_OK) {
		producer->transaction = LA_TRANSACTION_IDLE;
		producer->rebuild_every_ms = 0;
		return (LA_OK);
	}
	if (err == LA_EREVOKED && !producer->link.fatal)
		producer->transaction = LA_TRANSACTION_BROKEN;
	/* Not known yet, or never to be known from this client: the committed offsets will tell. */
	return (LA_EREVOKED);
}
