#include "support/lib/tool.h"

static enum la_err
judge(const rd_kafka_event_t *answer, struct la_error *error)
{
	const rd_kafka_topic_result_t **results;
	rd_kafka_resp_err_t cause = rd_kafka_event_error((rd_kafka_event_t *)(uintptr_t)answer);
	size_t count = 0;

	if (cause != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (la_error_set(error, LA_EUNAVAILABLE, "%s", rd_kafka_err2str(cause)));
	results = rd_kafka_CreateTopics_result_topics(
	    rd_kafka_event_CreateTopics_result((rd_kafka_event_t *)(uintptr_t)answer), &count);
	cause = count == 1 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR_UNKNOWN;
	if (cause == RD_KAFKA_RESP_ERR_NO_ERROR || cause == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
		return (LA_OK);
	return (la_error_set(error, LA_ECONFIG, "%s", rd_kafka_err2str(cause)));
}

static enum la_err
create_one(rd_kafka_t *rk, const char *topic, int partitions, int timeout_ms, struct la_error *error)
{
	rd_kafka_queue_t *answers = rd_kafka_queue_new(rk);
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	rd_kafka_event_t *answer = NULL;
	rd_kafka_NewTopic_t *wanted;
	enum la_err err;
	char reason[256];

	/* -1: the broker's own default */
	wanted = rd_kafka_NewTopic_new(topic, partitions, -1, reason, sizeof(reason));
	if (wanted == NULL) {
		err = la_error_set(error, LA_EUSAGE, "topic %s: %s", topic, reason);
		goto out;
	}
	(void)rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, reason, sizeof(reason));
	rd_kafka_CreateTopics(rk, &wanted, 1, options, answers);
	answer = rd_kafka_queue_poll(answers, timeout_ms + 1000);
	err = answer != NULL ? judge(answer, error) : la_error_set(error, LA_EUNAVAILABLE, "no answer");
	if (err != LA_OK)
		la_error_prefix(error, "create %s", topic);

out:
	if (answer != NULL)
		rd_kafka_event_destroy(answer);
	if (wanted != NULL)
		rd_kafka_NewTopic_destroy(wanted);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_queue_destroy(answers);
	return (err);
}

/* Asks first: librdkafka's mock cluster has no request to make topics, and makes what is asked for. */
static enum la_err
ensure(rd_kafka_t *rk, const char *topic, int partitions, int timeout_ms, struct la_error *error)
{
	int count;
	enum la_err err = la_tool_partitions(rk, topic, timeout_ms, &count, error);

	return (err == LA_ECONFIG ? create_one(rk, topic, partitions, timeout_ms, error) : err);
}

enum la_err
la_tool_create(struct la_tool *tool, struct la_error *error)
{
	const char *given = la_cli_option(&tool->args, "--partitions"), *topic;
	long partitions = 4;
	rd_kafka_t *rk = NULL;
	enum la_err err;

	if ((err = la_tool_number(given, "--partitions", 1024, &partitions, error)) != LA_OK)
		return (err);
	topic = la_cli_operand(&tool->args);
	if ((err = la_tool_need(topic, "TOPIC", error)) != LA_OK)
		return (err);
	if ((err = la_tool_client(tool, NULL, NULL, NULL, &rk, error)) != LA_OK)
		return (err);
	for (; err == LA_OK && topic != NULL; topic = la_cli_operand(&tool->args))
		err = ensure(rk, topic, (int)partitions, tool->timeout_ms, error);
	if (err == LA_OK)
		err = la_cli_args_end(&tool->args, error);
	rd_kafka_destroy(rk);
	return (err);
}
