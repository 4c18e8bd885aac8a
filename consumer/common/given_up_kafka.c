#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/producer_kafka.h"

#define SAY_EVERY_MS 30000

static bool
is_fenced(rd_kafka_resp_err_t cause)
{
	return (cause == RD_KAFKA_RESP_ERR__FENCED || cause == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
		cause == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
}

/*
 * librdkafka's word is "fenced by a newer instance" whenever the broker knows a later epoch of our transactional.id. It
 * makes one when another client starts under that id, and when it gives a transaction up for its age. Which of them it
 * was it does not say; the age does, as our clock has it.
 */
static void
explain_fence(struct la_producer_kafka *producer, int64_t age_ms)
{
	char id[256] = "";
	size_t size = sizeof(id);

	if (age_ms >= producer->timeout_ms) {
		(void)snprintf(producer->given_up, sizeof(producer->given_up),
		    "the broker has ended our transaction, which was open for %lld ms: transaction.timeout.ms is %lld",
		    (long long)age_ms, (long long)producer->timeout_ms);
		return;
	}
	(void)rd_kafka_conf_get(producer->conf, "transactional.id", id, &size);
	(void)snprintf(producer->given_up, sizeof(producer->given_up),
	    "another client has our transactional.id %s (ours was in use for %lld ms, transaction.timeout.ms is %lld); "
	    "each instance must have a kafka.group.instance.id or transactional.id of its own",
	    id, (long long)age_ms, (long long)producer->timeout_ms);
}

void
la_producer_kafka_give_up(struct la_producer_kafka *producer)
{
	rd_kafka_resp_err_t cause;

	producer->link.fatal = true;
	if (producer->given_up[0] != '\0' || producer->rk == NULL)
		return;
	cause = rd_kafka_fatal_error(producer->rk, producer->given_up, sizeof(producer->given_up));
	if (is_fenced(cause) && producer->transaction != LA_TRANSACTION_NEVER)
		explain_fence(producer, la_clock_now_ms(NULL) - producer->began_ms);
}

void
la_producer_kafka_say_rebuild(struct la_producer_kafka *producer)
{
	int64_t now_ms = la_clock_now_ms(NULL);

	if (producer->rebuild_said_ms != 0 && now_ms - producer->rebuild_said_ms < SAY_EVERY_MS) {
		producer->rebuilds_unsaid++;
		return;
	}
	la_log(LA_LOG_WARN, la_msg("kafka producer is made anew"), la_str("why", producer->given_up),
	    la_int("repeated", producer->rebuilds_unsaid));
	producer->rebuild_said_ms = now_ms;
	producer->rebuilds_unsaid = 0;
}

bool
la_producer_kafka_cause(struct la_producer_kafka *producer, struct la_error *error)
{
	rd_kafka_error_t *said;
	bool known;

	if (producer->link.fatal) {
		(void)la_error_set(error, LA_EUNAVAILABLE, "kafka transaction: %s", producer->given_up);
		return (true);
	}
	/* One that is open cannot be begun; one that failed says why instead. */
	said = rd_kafka_begin_transaction(producer->rk);
	known = said != NULL && rd_kafka_error_txn_requires_abort(said);
	if (known)
		(void)la_error_set(error, LA_EUNAVAILABLE, "kafka transaction: %s", rd_kafka_error_string(said));
	if (said != NULL)
		rd_kafka_error_destroy(said);
	return (known);
}

enum la_err
la_producer_kafka_broken(struct la_producer_kafka *producer, struct la_error *error)
{
	if (!la_producer_kafka_cause(producer, error))
		(void)la_error_set(error, LA_EUNAVAILABLE, "the kafka transaction is broken");
	return (LA_EUNAVAILABLE);
}
