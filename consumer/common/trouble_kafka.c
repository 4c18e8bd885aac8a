#include <stdio.h>

#include "common/clock.h"
#include "common/consumer_kafka.h"

#define ASK_EVERY_MS 1000
#define ASK_WAIT_MS 250

bool
la_consumer_kafka_note_trouble(struct la_consumer_kafka *consumer, const rd_kafka_message_t *message)
{
	struct la_trouble_kafka *trouble = &consumer->trouble;

	switch (message->err) {
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
		(void)snprintf(trouble->text, sizeof(trouble->text), "topic %s: %s",
		    (const char *)la_assignment_kafka_topic(consumer->assignment).data, rd_kafka_err2str(message->err));
		break;
	case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
		(void)snprintf(trouble->text, sizeof(trouble->text), "%s", rd_kafka_message_errstr(message));
		break;
	default:
		return (false);
	}
	trouble->cause = message->err;
	trouble->ask_at_ms = la_clock_now_ms(NULL) + ASK_EVERY_MS;
	return (true);
}

void
la_consumer_kafka_note_loss(struct la_consumer_kafka *consumer)
{
	struct la_trouble_kafka *trouble = &consumer->trouble;

	if (trouble->cause != RD_KAFKA_RESP_ERR_NO_ERROR) /* which may be why */
		return;
	trouble->cause = RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID;
	(void)snprintf(trouble->text, sizeof(trouble->text),
	    "the group has taken our partitions, as its coordinator did not hear from us in time, and gave us none since");
}

/* What the broker says of the topic now. No answer: what it said before. */
static rd_kafka_resp_err_t
ask(struct la_consumer_kafka *consumer)
{
	const char *name = (const char *)la_assignment_kafka_topic(consumer->assignment).data;
	rd_kafka_topic_t *topic = rd_kafka_topic_new(consumer->rk, name, NULL);
	rd_kafka_resp_err_t cause = consumer->trouble.cause;
	const struct rd_kafka_metadata *metadata;

	if (topic == NULL)
		return (cause);
	if (rd_kafka_metadata(consumer->rk, 0, topic, &metadata, ASK_WAIT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR) {
		if (metadata->topic_cnt == 1)
			cause = metadata->topics[0].err;
		rd_kafka_metadata_destroy(metadata);
	}
	rd_kafka_topic_destroy(topic);
	return (cause);
}

/* A topic that is there again, and a group that takes us, show by an assignment. */
bool
la_consumer_kafka_has_trouble(struct la_consumer_kafka *consumer, struct la_error *error)
{
	struct la_trouble_kafka *trouble = &consumer->trouble;
	int64_t now_ms;

	if (trouble->cause == RD_KAFKA_RESP_ERR_NO_ERROR)
		return (false);
	now_ms = la_clock_now_ms(NULL);
	if (trouble->cause == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED && now_ms >= trouble->ask_at_ms) {
		trouble->ask_at_ms = now_ms + ASK_EVERY_MS;
		trouble->cause = ask(consumer);
	}
	if (trouble->cause == RD_KAFKA_RESP_ERR_NO_ERROR)
		return (false);
	(void)la_error_set(error, LA_EUNAVAILABLE, "%s", trouble->text);
	return (true);
}
