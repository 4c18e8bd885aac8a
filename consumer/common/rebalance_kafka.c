#include <string.h>

#include "common/consumer_kafka.h"
#include "common/log.h"

void
la_consumer_kafka_fail(struct la_consumer_kafka *consumer, const char *step, const char *reason)
{
	consumer->failed = true;
	la_log(LA_LOG_ERROR, la_msg("kafka consumer failed"), la_str("step", step), la_str("reason", reason));
}

/*
 * A member that was thrown out has neither an id nor a generation until it joins again. A broker would take a
 * transaction's offsets from such a one unchecked, so there is no metadata then. The id is looked at last: it
 * cannot come back before the revocation is served, and that is done by this thread.
 */
void
la_consumer_kafka_note_group(struct la_consumer_kafka *consumer)
{
	char *member;

	if (consumer->group != NULL)
		rd_kafka_consumer_group_metadata_destroy(consumer->group);
	consumer->group = rd_kafka_consumer_group_metadata(consumer->rk);
	member = rd_kafka_memberid(consumer->rk);
	if (consumer->group != NULL && (member == NULL || member[0] == '\0')) {
		rd_kafka_consumer_group_metadata_destroy(consumer->group);
		consumer->group = NULL;
	}
	if (member != NULL)
		rd_kafka_mem_free(consumer->rk, member);
}

static void
log_rebalance(const char *what, const rd_kafka_topic_partition_list_t *partitions)
{
	la_log(LA_LOG_INFO, la_msg(what), la_str("topic", partitions->cnt > 0 ? partitions->elems[0].topic : ""),
	    la_int("count", partitions->cnt));
}

static void
assign(struct la_consumer_kafka *consumer, const rd_kafka_topic_partition_list_t *partitions, bool incremental)
{
	rd_kafka_error_t *error = NULL;
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;

	if (!incremental)
		la_assignment_kafka_remove_all(consumer->assignment);
	if (!la_assignment_kafka_add(consumer->assignment, consumer->rk, partitions))
		la_consumer_kafka_fail(consumer, "forward", "out of memory or an unknown topic");
	if (incremental)
		error = rd_kafka_incremental_assign(consumer->rk, partitions);
	else
		err = rd_kafka_assign(consumer->rk, partitions);
	if (error != NULL || err != RD_KAFKA_RESP_ERR_NO_ERROR)
		la_consumer_kafka_fail(
		    consumer, "assign", error != NULL ? rd_kafka_error_string(error) : rd_kafka_err2str(err));
	if (error != NULL)
		rd_kafka_error_destroy(error);
	la_waker_kafka_assigned(consumer->waker, partitions, true);
	consumer->trouble.cause = RD_KAFKA_RESP_ERR_NO_ERROR;
	la_lag_kafka_assigned(consumer->lag, partitions, true);
	la_metrics_add(consumer->metrics, LA_COUNTER_REBALANCES, 0, 1);
	la_consumer_kafka_note_group(consumer);
	log_rebalance("partitions assigned", partitions);
}

static void
unassign(struct la_consumer_kafka *consumer, const rd_kafka_topic_partition_list_t *partitions, bool incremental)
{
	bool lost = rd_kafka_assignment_lost(consumer->rk) != 0;
	rd_kafka_error_t *error = NULL;
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;

	if (incremental) {
		la_assignment_kafka_remove(consumer->assignment, partitions);
		error = rd_kafka_incremental_unassign(consumer->rk, partitions);
	} else {
		la_assignment_kafka_remove_all(consumer->assignment);
		err = rd_kafka_assign(consumer->rk, NULL);
	}
	if (!consumer->closing && (error != NULL || err != RD_KAFKA_RESP_ERR_NO_ERROR))
		la_consumer_kafka_fail(
		    consumer, "unassign", error != NULL ? rd_kafka_error_string(error) : rd_kafka_err2str(err));
	if (error != NULL)
		rd_kafka_error_destroy(error);
	la_waker_kafka_assigned(consumer->waker, partitions, false);
	la_lag_kafka_assigned(consumer->lag, partitions, false);
	if (lost && !consumer->closing)
		la_consumer_kafka_note_loss(consumer);
	log_rebalance(lost ? "partitions lost" : "partitions revoked", partitions);
}

void
la_consumer_kafka_rebalance(
    rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
	struct la_consumer_kafka *consumer = opaque;
	const char *protocol;

	/*
	 * An assignment that was waiting here when the group was left: librdkafka has given it up by itself. To answer it
	 * (or only to ask for the protocol) would block for good when the group has ended meanwhile (librdkafka issues
	 * 4884 and 4041, seen with 2.0.2).
	 */
	if (consumer->closing && err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
		return;
	if (err != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		/* as it was assigned: a group that has ended names no protocol any more */
		unassign(consumer, partitions, consumer->incremental);
		return;
	}
	protocol = rd_kafka_rebalance_protocol(rk);
	consumer->incremental = protocol != NULL && strcmp(protocol, "COOPERATIVE") == 0;
	assign(consumer, partitions, consumer->incremental);
}
