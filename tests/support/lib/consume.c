#include <stdlib.h>

#include "common/clock.h"
#include "support/lib/print.h"
#include "support/lib/tool.h"

struct reader {
	rd_kafka_t *rk;
	struct la_print *print;
	const char *topic;
	int partitions;
	bool *ended; /* by partition: read to its end once */
	long wanted; /* records still to come; 0 from the start: all there are */
	bool counting, follow;
};

static void
tune(rd_kafka_conf_t *conf, void *cookie)
{
	(void)cookie;
	(void)rd_kafka_conf_set(conf, "enable.partition.eof", "true", NULL, 0);
}

/* No group: every partition from its beginning. */
static enum la_err
assign_all(struct reader *reader, int timeout_ms, struct la_error *error)
{
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_resp_err_t cause;
	enum la_err err;
	int i;

	err = la_tool_partitions(reader->rk, reader->topic, timeout_ms, &reader->partitions, error);
	if (err != LA_OK)
		return (err);
	reader->ended = calloc((size_t)reader->partitions, sizeof(*reader->ended));
	if (reader->ended == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	list = rd_kafka_topic_partition_list_new(reader->partitions);
	for (i = 0; i < reader->partitions; i++)
		rd_kafka_topic_partition_list_add(list, reader->topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
	cause = rd_kafka_assign(reader->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (cause != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (la_error_set(error, LA_EUNAVAILABLE, "%s", rd_kafka_err2str(cause)));
	return (LA_OK);
}

static bool
is_done(const struct reader *reader)
{
	int i;

	if (reader->follow || reader->counting)
		return (reader->counting && reader->wanted == 0);
	for (i = 0; i < reader->partitions && reader->ended[i]; i++)
		continue;
	return (i == reader->partitions);
}

static enum la_err
take(struct reader *reader, const rd_kafka_message_t *message, struct la_error *error)
{
	if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
		reader->ended[message->partition] = true;
	if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (LA_OK); /* librdkafka tries again by itself */
	if (reader->counting)
		reader->wanted--;
	return (la_print_record(reader->print, message, error));
}

static enum la_err
read_all(struct reader *reader, int timeout_ms, struct la_error *error)
{
	int64_t until_ms = la_clock_now_ms(NULL) + timeout_ms;
	rd_kafka_message_t *message;
	enum la_err err = LA_OK;

	while (err == LA_OK && !is_done(reader) && !la_cli_stopping) {
		if (!reader->follow && la_clock_now_ms(NULL) >= until_ms)
			return (
			    la_error_set(error, LA_ETIMEOUT, "topic %s: not read to the end in time", reader->topic));
		message = rd_kafka_consumer_poll(reader->rk, 100);
		if (message == NULL)
			continue;
		err = take(reader, message, error);
		rd_kafka_message_destroy(message);
	}
	return (err);
}

enum la_err
la_tool_consume(struct la_tool *tool, struct la_error *error)
{
	const char *count = la_cli_option(&tool->args, "--count"), *record = la_cli_option(&tool->args, "--record");
	struct reader reader = {.counting = count != NULL, .follow = la_cli_flag(&tool->args, "--follow")};
	enum la_err err;

	reader.topic = la_cli_operand(&tool->args);
	if ((err = la_tool_need(reader.topic, "TOPIC", error)) != LA_OK ||
	    (err = la_tool_number(count, "--count", 1000000000, &reader.wanted, error)) != LA_OK ||
	    (err = la_cli_args_end(&tool->args, error)) != LA_OK ||
	    (err = la_print_new(&reader.print, tool, record == NULL ? "raw" : record, error)) != LA_OK)
		return (err);
	la_cli_catch_signals();
	if ((err = la_tool_client(tool, "bus_tool", tune, NULL, &reader.rk, error)) == LA_OK &&
	    (err = assign_all(&reader, tool->timeout_ms, error)) == LA_OK)
		err = read_all(&reader, tool->timeout_ms, error);
	if (reader.rk != NULL) {
		(void)rd_kafka_consumer_close(reader.rk);
		rd_kafka_destroy(reader.rk);
	}
	la_print_free(reader.print);
	free(reader.ended);
	return (err);
}
