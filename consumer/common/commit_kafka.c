#include "common/clock.h"
#include "common/consumer_kafka.h"

/* A broker answers within this time or the caller asks again; librdkafka goes on trying behind it. */
#define COMMIT_WAIT_MS 1000

rd_kafka_topic_partition_list_t *
la_consumer_kafka_held(
    const struct la_consumer_kafka *consumer, const struct la_position_done *positions, size_t count)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
	const char *topic = (const char *)la_assignment_kafka_topic(consumer->assignment).data;
	rd_kafka_topic_partition_t *entry;
	size_t i;

	for (i = 0; list != NULL && i < count; i++) {
		if (!la_assignment_kafka_holds(
			consumer->assignment, positions[i].topic, positions[i].partition, positions[i].lease))
			continue;
		entry = rd_kafka_topic_partition_list_add(list, topic, positions[i].partition);
		entry->offset = positions[i].next_offset;
	}
	return (list);
}

/*
 * The answer to the commit under way, or NULL when none came in time. Late answers to earlier ones are dropped.
 */
static rd_kafka_event_t *
wait_answer(struct la_consumer_kafka *consumer, int wait_ms)
{
	int64_t until_ms = la_clock_now_ms(NULL) + wait_ms, left_ms;
	rd_kafka_event_t *event;

	do {
		left_ms = until_ms - la_clock_now_ms(NULL);
		event = rd_kafka_queue_poll(consumer->commits, left_ms > 0 ? (int)left_ms : 0);
		consumer->answered += event != NULL && rd_kafka_event_type(event) == RD_KAFKA_EVENT_OFFSET_COMMIT;
		if (event != NULL && rd_kafka_event_type(event) == RD_KAFKA_EVENT_OFFSET_COMMIT &&
		    (uintptr_t)rd_kafka_event_opaque(event) == consumer->commit)
			return (event);
		if (event != NULL)
			rd_kafka_event_destroy(event);
	} while (event != NULL || left_ms > 0);
	return (NULL);
}

/*
 * librdkafka goes on with a commit that we have given up, and sends it again when the coordinator moves: after a later
 * one it would set the group back, for as long as nothing more comes. It answers each, at the latest when the broker's
 * answers to all its tries have been missing for socket.timeout.ms.
 */
static bool
is_one_on_its_way(struct la_consumer_kafka *consumer)
{
	rd_kafka_event_t *late = wait_answer(consumer, 0);

	if (late != NULL)
		rd_kafka_event_destroy(late);
	return (consumer->answered < consumer->commit);
}

bool
la_consumer_kafka_unanswered(struct la_consumer_kafka *consumer)
{
	return (consumer->committing ? consumer->answered < consumer->commit : is_one_on_its_way(consumer));
}

static enum la_err
translate(rd_kafka_resp_err_t cause, struct la_error *error)
{
	switch (cause) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		return (LA_OK);
	case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
	case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
	case RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST:
		return (la_error_set(error, LA_EREVOKED, "commit: %s", rd_kafka_err2str(cause)));
	case RD_KAFKA_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE:
	case RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE:
		return (la_error_set(error, LA_EINTERNAL, "commit: %s", rd_kafka_err2str(cause)));
	default:
		/*
		 * REBALANCE_IN_PROGRESS too: whether our partitions stay is known only when it is over. And what makes
		 * librdkafka give the client up (FENCED_INSTANCE_ID): the next poll tells.
		 */
		return (la_error_set(error, LA_EUNAVAILABLE, "commit: %s", rd_kafka_err2str(cause)));
	}
}

/* The worst of the answer: as a whole, then by partition. */
static enum la_err
judge(rd_kafka_event_t *answer, struct la_error *error)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(answer);
	enum la_err err = translate(rd_kafka_event_error(answer), error);
	int i;

	for (i = 0; err == LA_OK && list != NULL && i < list->cnt; i++)
		err = translate(list->elems[i].err, error);
	return (err);
}

enum la_err
la_consumer_kafka_commit_begin(
    struct la_consumer_kafka *consumer, const struct la_position_done *positions, size_t count, struct la_error *error)
{
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_resp_err_t cause = RD_KAFKA_RESP_ERR_NO_ERROR;

	la_consumer_kafka_serve(consumer); /* a revocation that waits voids leases first */
	consumer->committing = false;
	if (is_one_on_its_way(consumer))
		return (la_error_set(error, LA_EUNAVAILABLE, "commit: the one before is not answered yet"));
	list = la_consumer_kafka_held(consumer, positions, count);
	if (list == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	consumer->committing = list->cnt > 0;
	if (consumer->committing) {
		consumer->commit++;
		consumer->commit_until_ms = la_clock_now_ms(NULL) + COMMIT_WAIT_MS;
		cause = rd_kafka_commit_queue(consumer->rk, list, consumer->commits, NULL, (void *)consumer->commit);
	}
	rd_kafka_topic_partition_list_destroy(list);
	if (cause == RD_KAFKA_RESP_ERR_NO_ERROR)
		return (LA_OK);
	consumer->committing = false;
	consumer->answered = consumer->commit;
	return (translate(cause, error));
}

enum la_err
la_consumer_kafka_commit_end(struct la_consumer_kafka *consumer, int wait_ms, struct la_error *error)
{
	rd_kafka_event_t *answer;
	enum la_err err;

	if (!consumer->committing)
		return (LA_OK);
	answer = wait_answer(consumer, wait_ms);
	if (answer == NULL && la_clock_now_ms(NULL) < consumer->commit_until_ms)
		return (la_error_set(error, LA_ETIMEOUT, "commit: no answer yet"));
	consumer->committing = false;
	if (answer == NULL)
		return (la_error_set(error, LA_EUNAVAILABLE, "commit: no answer within %d ms", COMMIT_WAIT_MS));
	err = judge(answer, error);
	rd_kafka_event_destroy(answer);
	if (err == LA_EREVOKED)
		la_consumer_kafka_serve(consumer);
	return (err);
}

enum la_err
la_consumer_kafka_commit(
    struct la_consumer_kafka *consumer, const struct la_position_done *positions, size_t count, struct la_error *error)
{
	enum la_err err = la_consumer_kafka_commit_begin(consumer, positions, count, error);

	if (err != LA_OK)
		return (err);
	do
		err = la_consumer_kafka_commit_end(consumer, COMMIT_WAIT_MS, error);
	while (err == LA_ETIMEOUT);
	return (err);
}
