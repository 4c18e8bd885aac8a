#include "support/lib/tool.h"

#include <stdlib.h>

#include "common/encoder.h"
#include "common/json.h"

struct sender {
	rd_kafka_t *rk;
	struct la_encoder *encoder;
	const char *topic;
	bool now; /* the record's time is that of writing */
	rd_kafka_resp_err_t refusal;
	struct la_buf value;
};

static void
on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	struct sender *sender = opaque;

	(void)rk;
	if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		sender->refusal = message->err;
}

static void
tune(rd_kafka_conf_t *conf, void *cookie)
{
	rd_kafka_conf_set_opaque(conf, cookie);
	rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
}

/* The record's time: _timestamp, else the login's own, so that the rules on it see what they would have seen. 0: now.
 */
static int64_t
time_of(const struct sender *sender, const struct la_json_event *read)
{
	if (sender->now)
		return (0);
	return (read->source.has_timestamp ? read->source.timestamp_ms : read->event.occurred_at_ms);
}

static enum la_err
send_event(struct sender *sender, const struct la_json_event *read, struct la_error *error)
{
	struct la_span key = read->event.member_id;
	rd_kafka_resp_err_t cause;
	enum la_err err;

	la_buf_reset(&sender->value);
	if ((err = la_encoder_event(sender->encoder, &read->event, &sender->value, error)) != LA_OK)
		return (err);
	do {
		cause = rd_kafka_producev(sender->rk, RD_KAFKA_V_TOPIC(sender->topic),
		    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key.data, key.size),
		    RD_KAFKA_V_VALUE(sender->value.data, sender->value.size),
		    RD_KAFKA_V_TIMESTAMP(time_of(sender, read)), RD_KAFKA_V_END);
		(void)rd_kafka_poll(sender->rk, cause == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 100 : 0);
	} while (cause == RD_KAFKA_RESP_ERR__QUEUE_FULL);
	if (cause != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (la_error_set(error, LA_EUNAVAILABLE, "%s", rd_kafka_err2str(cause)));
	return (LA_OK);
}

static enum la_err
send_line(struct sender *sender, const char *line, size_t size, struct la_error *error)
{
	struct la_json_event read;
	enum la_err err;

	while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r'))
		size--;
	if (size == 0)
		return (LA_OK);
	err = la_json_read_event(la_span_of(line, size), &read, error);
	if (err == LA_OK)
		err = send_event(sender, &read, error);
	la_json_event_clear(&read);
	return (err);
}

static enum la_err
send_all(struct sender *sender, FILE *in, struct la_error *error)
{
	size_t cap = 0, number = 0;
	enum la_err err = LA_OK;
	char *line = NULL;
	ssize_t size;

	while (err == LA_OK && (size = getline(&line, &cap, in)) >= 0) {
		number++;
		err = send_line(sender, line, (size_t)size, error);
		if (err != LA_OK)
			la_error_prefix(error, "line %zu", number);
	}
	free(line);
	return (err);
}

/* What was sent before a bad line is waited for, too. */
static enum la_err
wait_acknowledged(struct sender *sender, int timeout_ms, struct la_error *error)
{
	if (rd_kafka_flush(sender->rk, timeout_ms) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (la_error_set(error, LA_EUNAVAILABLE, "topic %s: not acknowledged in time", sender->topic));
	if (sender->refusal != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (la_error_set(
		    error, LA_EUNAVAILABLE, "topic %s: %s", sender->topic, rd_kafka_err2str(sender->refusal)));
	return (LA_OK);
}

enum la_err
la_tool_produce(struct la_tool *tool, struct la_error *error)
{
	const char *file = la_cli_option(&tool->args, "--file");
	struct sender sender = {.now = la_cli_flag(&tool->args, "--now"), .value = LA_BUF_INIT};
	FILE *in = stdin;
	enum la_err err;

	sender.topic = la_cli_operand(&tool->args);
	if ((err = la_tool_need(sender.topic, "TOPIC", error)) != LA_OK ||
	    (err = la_cli_args_end(&tool->args, error)) != LA_OK ||
	    (err = la_encoder_new(&sender.encoder, tool->framing, tool->schemas, error)) != LA_OK)
		return (err);
	if (file != NULL && (in = fopen(file, "re")) == NULL) {
		err = la_error_set(error, LA_EUSAGE, "%s: cannot be read", file);
		goto out;
	}
	if ((err = la_tool_client(tool, NULL, tune, &sender, &sender.rk, error)) != LA_OK)
		goto out;
	err = send_all(&sender, in, error);
	if (err == LA_OK)
		err = wait_acknowledged(&sender, tool->timeout_ms, error);
	else
		(void)rd_kafka_flush(sender.rk, tool->timeout_ms);

out:
	if (in != NULL && in != stdin)
		(void)fclose(in);
	if (sender.rk != NULL)
		rd_kafka_destroy(sender.rk);
	la_encoder_free(sender.encoder);
	la_buf_clear(&sender.value);
	return (err);
}
