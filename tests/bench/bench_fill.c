/*
 * Fills a topic with logins: bench_fill TOPIC --broker HOST:PORT [--events N] [--members N] [--devices N] [--fresh N]
 * [--each] (lib/workload.h). Prints how many and how large they are, as JSON.
 */
#include <inttypes.h>
#include <stdio.h>

#include "bench/lib/bench.h"
#include "bench/lib/workload.h"
#include "common/encoder.h"

struct filler {
	rd_kafka_t *rk;
	struct la_encoder *encoder;
	struct la_buf value;
	rd_kafka_resp_err_t refusal;
	uint64_t bytes;
};

static void
on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	(void)rk;
	if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		((struct filler *)opaque)->refusal = message->err;
}

/* Large requests: what is measured is reading. */
static void
tune(rd_kafka_conf_t *conf, void *cookie)
{
	rd_kafka_conf_set_opaque(conf, cookie);
	rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	(void)rd_kafka_conf_set(conf, "linger.ms", "20", NULL, 0);
	(void)rd_kafka_conf_set(conf, "queue.buffering.max.messages", "200000", NULL, 0);
	(void)rd_kafka_conf_set(conf, "message.max.bytes", "1000000", NULL, 0);
}

static enum la_err
send_one(struct filler *filler, const char *topic, const struct la_workload_event *made, struct la_error *error)
{
	rd_kafka_resp_err_t cause;
	enum la_err err;

	la_buf_reset(&filler->value);
	if ((err = la_encoder_event(filler->encoder, &made->event, &filler->value, error)) != LA_OK)
		return (err);
	filler->bytes += filler->value.size;
	do {
		cause = rd_kafka_producev(filler->rk, RD_KAFKA_V_TOPIC(topic),
		    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		    RD_KAFKA_V_KEY(made->event.member_id.data, made->event.member_id.size),
		    RD_KAFKA_V_VALUE(filler->value.data, filler->value.size), RD_KAFKA_V_END);
		(void)rd_kafka_poll(filler->rk, cause == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 100 : 0);
	} while (cause == RD_KAFKA_RESP_ERR__QUEUE_FULL);
	if (cause != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (la_error_set(error, LA_EUNAVAILABLE, "%s", rd_kafka_err2str(cause)));
	return (LA_OK);
}

static enum la_err
fill(struct filler *filler, const char *topic, const struct la_workload *workload, struct la_error *error)
{
	struct la_workload_event made;
	enum la_err err = LA_OK;

	for (uint64_t i = 0; i < workload->events && err == LA_OK; i++) {
		la_workload_make(workload, i, &made);
		err = send_one(filler, topic, &made, error);
	}
	if (err != LA_OK)
		return (err);
	if (rd_kafka_flush(filler->rk, 60000) != RD_KAFKA_RESP_ERR_NO_ERROR || filler->refusal != 0)
		return (la_error_set(error, LA_EUNAVAILABLE, "topic %s: not everything was acknowledged", topic));
	(void)printf("{\"events\": %" PRIu64 ", \"bytes\": %" PRIu64 "}\n", workload->events, filler->bytes);
	return (LA_OK);
}

static enum la_err
run(struct la_tool *tool, struct la_error *error)
{
	struct la_workload workload = {LA_WORKLOAD_RANDOM, 1000000, 20000, 2, 0};
	struct filler filler = {.value = LA_BUF_INIT};
	const char *topic;
	enum la_err err;

	if ((err = la_workload_options(&workload, &tool->args, error)) != LA_OK ||
	    (err = la_tool_need(topic = la_cli_operand(&tool->args), "TOPIC", error)) != LA_OK ||
	    (err = la_cli_args_end(&tool->args, error)) != LA_OK)
		return (err);
	if ((err = la_encoder_new(&filler.encoder, LA_FRAMING_NONE, tool->schemas, error)) == LA_OK &&
	    (err = la_tool_client(tool, NULL, tune, &filler, &filler.rk, error)) == LA_OK)
		err = fill(&filler, topic, &workload, error);
	if (filler.rk != NULL)
		rd_kafka_destroy(filler.rk);
	la_encoder_free(filler.encoder);
	la_buf_clear(&filler.value);
	return (err);
}

int
main(int argc, char **argv)
{
	return (la_bench_main("bench_fill", argc, argv, run));
}
