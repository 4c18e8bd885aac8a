#include "common/consumer_kafka.h"

void
la_consumer_kafka_rewind(struct la_consumer_kafka *consumer)
{
	la_assignment_kafka_rewind(consumer->assignment);
	la_consumer_kafka_note_group(consumer); /* it may be why the broker did not take the offsets */
}

uint64_t
la_consumer_kafka_voided(const struct la_consumer_kafka *consumer)
{
	return (la_assignment_kafka_voided(consumer->assignment));
}

const rd_kafka_consumer_group_metadata_t *
la_consumer_kafka_group(const struct la_consumer_kafka *consumer)
{
	return (consumer->group);
}

/*
 * Puts the committed offsets into targets; a partition without one keeps the first offset that was taken. With
 * read_committed, librdkafka's answer waits for the end of transactions that hold offsets.
 */
static rd_kafka_resp_err_t
find_committed(struct la_consumer_kafka *consumer, rd_kafka_topic_partition_list_t *targets, int wait_ms)
{
	rd_kafka_topic_partition_list_t *committed = rd_kafka_topic_partition_list_copy(targets);
	rd_kafka_resp_err_t cause = rd_kafka_committed(consumer->rk, committed, wait_ms);
	int i;

	for (i = 0; cause == RD_KAFKA_RESP_ERR_NO_ERROR && i < committed->cnt; i++) {
		cause = committed->elems[i].err;
		if (committed->elems[i].offset >= 0)
			targets->elems[i].offset = committed->elems[i].offset;
	}
	rd_kafka_topic_partition_list_destroy(committed);
	return (cause);
}

/* What librdkafka holds of the partition from before the seek, in its queues and ours, it drops by itself. */
static rd_kafka_resp_err_t
seek(struct la_consumer_kafka *consumer, rd_kafka_topic_partition_list_t *targets, int wait_ms)
{
	rd_kafka_error_t *error = rd_kafka_seek_partitions(consumer->rk, targets, wait_ms);
	rd_kafka_resp_err_t cause = rd_kafka_error_code(error);
	int i;

	if (error != NULL) {
		rd_kafka_error_destroy(error);
		return (cause);
	}
	for (i = 0; i < targets->cnt; i++) {
		if (targets->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR)
			la_assignment_kafka_rewound(consumer->assignment, targets->elems[i].partition);
		else
			cause = targets->elems[i].err;
	}
	return (cause);
}

enum la_err
la_consumer_kafka_rewound(struct la_consumer_kafka *consumer, int wait_ms, struct la_error *error)
{
	rd_kafka_topic_partition_list_t *targets = la_assignment_kafka_rewinding(consumer->assignment);
	rd_kafka_resp_err_t cause;

	if (targets == NULL)
		return (LA_OK);
	if (la_consumer_kafka_unanswered(consumer)) {
		rd_kafka_topic_partition_list_destroy(targets);
		return (la_error_set(error, LA_EUNAVAILABLE, "going back to the committed offsets: a commit is under way"));
	}
	cause = find_committed(consumer, targets, wait_ms);
	if (cause == RD_KAFKA_RESP_ERR_NO_ERROR)
		cause = seek(consumer, targets, wait_ms);
	rd_kafka_topic_partition_list_destroy(targets);
	if (cause == RD_KAFKA_RESP_ERR_NO_ERROR)
		return (LA_OK);
	return (la_error_set(error, LA_EUNAVAILABLE, "going back to the committed offsets: %s", rd_kafka_err2str(cause)));
}
