/*
 * From event to the relay's 250, through both programs, at a steady rate:
 *
 *   bench_mail_latency EVENTS-TOPIC --broker HOST:PORT --port N [--rate N] [--events N] [--skip N]
 *
 * Sends logins that must each raise an alert (every event is another member's first), each to an address of its own, and
 * is the relay as well: an event's latency is the time from the call that hands it to the producer (linger.ms=0) until
 * the 250 after its mail was written. The first `skip` events warm up. Prints JSON: percentiles in ms, how many mails
 * were missing after 10 s, and how many came twice.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/lib/bench.h"
#include "bench/lib/sink.h"
#include "bench/lib/took.h"
#include "bench/lib/workload.h"
#include "common/encoder.h"

#define WAIT_NS INT64_C(10000000000)

struct latency {
	rd_kafka_t *producer;
	struct la_encoder *encoder;
	struct la_sink *sink;
	struct la_buf value;
	struct la_workload workload;
	uint64_t rate, skip, sent, met, again;
	int64_t *sent_ns;
	int64_t *took_ns; /* 0: no mail yet */
};

static void
tune_producer(rd_kafka_conf_t *conf, void *cookie)
{
	(void)cookie;
	(void)rd_kafka_conf_set(conf, "linger.ms", "0", NULL, 0);
}

static void
on_mail(void *cookie, const char *recipient, uint64_t bytes)
{
	struct latency *l = cookie;
	uint64_t i = strtoull(recipient + strcspn(recipient, "0123456789"), NULL, 10);

	(void)bytes;
	if (i >= l->sent)
		return;
	l->again += l->took_ns[i] != 0;
	l->met += l->took_ns[i] == 0;
	if (l->took_ns[i] == 0)
		l->took_ns[i] = la_bench_ns(CLOCK_MONOTONIC) - l->sent_ns[i];
}

static enum la_err
send_one(struct latency *l, const char *topic, struct la_error *error)
{
	struct la_workload_event made;
	char email[48];
	rd_kafka_resp_err_t cause;
	enum la_err err;

	la_workload_make(&l->workload, l->sent, &made);
	(void)snprintf(email, sizeof(email), "member%" PRIu64 "@example.jp", l->sent);
	made.event.email = la_span_text(email);
	la_buf_reset(&l->value);
	if ((err = la_encoder_event(l->encoder, &made.event, &l->value, error)) != LA_OK)
		return (err);
	l->sent_ns[l->sent++] = la_bench_ns(CLOCK_MONOTONIC);
	cause = rd_kafka_producev(l->producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
	    RD_KAFKA_V_KEY(made.event.member_id.data, made.event.member_id.size),
	    RD_KAFKA_V_VALUE(l->value.data, l->value.size), RD_KAFKA_V_END);
	(void)rd_kafka_poll(l->producer, 0);
	if (cause != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (la_error_set(error, LA_EUNAVAILABLE, "%s", rd_kafka_err2str(cause)));
	return (LA_OK);
}

static enum la_err
measure(struct latency *l, const char *topic, struct la_error *error)
{
	int64_t start_ns = la_bench_ns(CLOCK_MONOTONIC), next_ns;
	enum la_err err = LA_OK;

	while (l->sent < l->workload.events && err == LA_OK) {
		next_ns = start_ns + (int64_t)(l->sent * UINT64_C(1000000000) / l->rate);
		if (la_bench_ns(CLOCK_MONOTONIC) >= next_ns)
			err = send_one(l, topic, error);
		else
			la_sink_turn(l->sink, next_ns - la_bench_ns(CLOCK_MONOTONIC));
	}
	next_ns = la_bench_ns(CLOCK_MONOTONIC) + WAIT_NS;
	while (err == LA_OK && l->met < l->sent && la_bench_ns(CLOCK_MONOTONIC) < next_ns)
		la_sink_turn(l->sink, next_ns - la_bench_ns(CLOCK_MONOTONIC));
	if (err != LA_OK)
		return (err);
	(void)printf("{\"again\": %" PRIu64 ", ", l->again);
	la_took_print("mails", l->took_ns + l->skip, (size_t)(l->sent - l->skip));
	(void)printf("}\n");
	return (LA_OK);
}

static enum la_err
open_all(struct latency *l, struct la_tool *tool, uint64_t port, struct la_error *error)
{
	const struct la_sink_options sink = {.port = (uint16_t)port, .on_mail = on_mail, .cookie = l};
	enum la_err err;

	if (l->rate == 0 || l->skip >= l->workload.events)
		return (la_error_set(error, LA_EUSAGE, "--rate is 0, or --skip leaves no event"));
	l->sent_ns = calloc(l->workload.events, sizeof(*l->sent_ns));
	l->took_ns = calloc(l->workload.events, sizeof(*l->took_ns));
	if (l->sent_ns == NULL || l->took_ns == NULL)
		return (LA_ENOMEM);
	if ((err = la_sink_new(&l->sink, &sink, error)) != LA_OK ||
	    (err = la_encoder_new(&l->encoder, LA_FRAMING_NONE, tool->schemas, error)) != LA_OK)
		return (err);
	return (la_tool_client(tool, NULL, tune_producer, NULL, &l->producer, error));
}

static void
close_all(struct latency *l)
{
	if (l->producer != NULL)
		rd_kafka_destroy(l->producer);
	la_encoder_free(l->encoder);
	la_sink_free(l->sink);
	la_buf_clear(&l->value);
	free(l->sent_ns);
	free(l->took_ns);
}

static enum la_err
run(struct la_tool *tool, struct la_error *error)
{
	struct latency l = {.value = LA_BUF_INIT, .rate = 200, .skip = 400};
	const char *topic;
	uint64_t events = 4400, port = 0;
	enum la_err err;

	if ((err = la_workload_number(&tool->args, "--rate", &l.rate, error)) == LA_OK &&
	    (err = la_workload_number(&tool->args, "--events", &events, error)) == LA_OK &&
	    (err = la_workload_number(&tool->args, "--skip", &l.skip, error)) == LA_OK &&
	    (err = la_workload_number(&tool->args, "--port", &port, error)) == LA_OK &&
	    (err = la_tool_need(topic = la_cli_operand(&tool->args), "EVENTS-TOPIC", error)) == LA_OK &&
	    (err = la_cli_args_end(&tool->args, error)) == LA_OK) {
		l.workload = (struct la_workload){LA_WORKLOAD_EACH, events, events, 1, 0};
		if ((err = open_all(&l, tool, port, error)) == LA_OK)
			err = measure(&l, topic, error);
	}
	close_all(&l);
	return (err);
}

int
main(int argc, char **argv)
{
	return (la_bench_main("bench_mail_latency", argc, argv, run));
}
