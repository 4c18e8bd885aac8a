/*
 * From event to alert, at a steady rate:
 *
 *   bench_latency EVENTS-TOPIC ALERTS-TOPIC --broker HOST:PORT [--rate N] [--events N] [--skip N]
 *
 * Sends logins that must each raise an alert (every event is another member's first) at the rate, and reads the alerts.
 * An event's latency is the time from the call that hands it to the producer until its alert was read here; the
 * first `skip` events warm up. Both clients have the programs' own properties, the producer with linger.ms=0. Prints
 * JSON: percentiles in ms, and how many alerts were missing after 10 s.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/lib/bench.h"
#include "bench/lib/took.h"
#include "bench/lib/workload.h"
#include "common/encoder.h"

#define REST_NS 100000
#define WAIT_NS INT64_C(10000000000)

struct latency {
	rd_kafka_t *producer, *consumer;
	struct la_encoder *encoder;
	struct la_decoder *decoder;
	struct la_buf value;
	struct la_workload workload;
	uint64_t rate, skip, sent, met;
	int64_t *sent_ns;
	int64_t *took_ns; /* 0: no alert yet */
};

static void
tune_producer(rd_kafka_conf_t *conf, void *cookie)
{
	(void)cookie;
	(void)rd_kafka_conf_set(conf, "linger.ms", "0", NULL, 0);
}

static enum la_err
send_one(struct latency *l, const char *topic, struct la_error *error)
{
	struct la_workload_event made;
	rd_kafka_resp_err_t cause;
	enum la_err err;

	la_workload_make(&l->workload, l->sent, &made);
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

/* For less than a poll can wait. The machine's processors are the measured programs': no spinning. */
static void
rest(int64_t until_ns)
{
	int64_t left_ns = until_ns - la_bench_ns(CLOCK_MONOTONIC);
	struct timespec pause = {.tv_nsec = left_ns > REST_NS ? REST_NS : left_ns};

	if (left_ns > 0)
		(void)nanosleep(&pause, NULL);
}

/* Waits at most until until_ns for an alert, and notes its time, REST_NS late at most. */
static enum la_err
meet_one(struct latency *l, int64_t until_ns, struct la_error *error)
{
	int64_t left_ms = (until_ns - la_bench_ns(CLOCK_MONOTONIC)) / 1000000;
	rd_kafka_message_t *message = rd_kafka_consumer_poll(l->consumer, left_ms < 0 ? 0 : (int)left_ms);
	int64_t now_ns = la_bench_ns(CLOCK_MONOTONIC);
	struct la_alert_job job;
	enum la_err err = LA_OK;
	uint64_t i;

	if (message == NULL && left_ms <= 0)
		rest(until_ns);
	if (message == NULL)
		return (LA_OK);
	if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		err = la_decoder_job(l->decoder, la_span_of(message->payload, message->len), &job, error);
		i = err == LA_OK ? la_workload_index(la_text_span(&job.event_id)) : UINT64_MAX;
		if (i < l->sent && l->took_ns[i] == 0) {
			l->took_ns[i] = now_ns - l->sent_ns[i];
			l->met++;
		}
	}
	rd_kafka_message_destroy(message);
	return (err);
}

static enum la_err
measure(struct latency *l, const char *events_topic, struct la_error *error)
{
	int64_t start_ns = la_bench_ns(CLOCK_MONOTONIC), next_ns;
	enum la_err err = LA_OK;

	while (l->sent < l->workload.events && err == LA_OK) {
		next_ns = start_ns + (int64_t)(l->sent * UINT64_C(1000000000) / l->rate);
		if (la_bench_ns(CLOCK_MONOTONIC) >= next_ns)
			err = send_one(l, events_topic, error);
		else
			err = meet_one(l, next_ns, error);
	}
	next_ns = la_bench_ns(CLOCK_MONOTONIC) + WAIT_NS;
	while (err == LA_OK && l->met < l->sent && la_bench_ns(CLOCK_MONOTONIC) < next_ns)
		err = meet_one(l, next_ns, error);
	if (err != LA_OK)
		return (err);
	(void)printf("{");
	la_took_print("alerts", l->took_ns + l->skip, (size_t)(l->sent - l->skip));
	(void)printf("}\n");
	return (LA_OK);
}

static enum la_err
open_all(struct latency *l, struct la_tool *tool, const char *alerts_topic, struct la_error *error)
{
	const struct la_decoder_options decoder = {LA_RECORD_ALERT_JOB, LA_FRAMING_NONE, tool->schemas, NULL};
	enum la_err err;

	if (l->rate == 0 || l->skip >= l->workload.events)
		return (la_error_set(error, LA_EUSAGE, "--rate is 0, or --skip leaves no event"));
	l->sent_ns = calloc(l->workload.events, sizeof(*l->sent_ns));
	l->took_ns = calloc(l->workload.events, sizeof(*l->took_ns));
	if (l->sent_ns == NULL || l->took_ns == NULL)
		return (LA_ENOMEM);
	if ((err = la_encoder_new(&l->encoder, LA_FRAMING_NONE, tool->schemas, error)) != LA_OK ||
	    (err = la_decoder_new(&l->decoder, &decoder, error)) != LA_OK ||
	    (err = la_tool_client(tool, NULL, tune_producer, NULL, &l->producer, error)) != LA_OK ||
	    (err = la_tool_client(tool, "bench-latency", NULL, NULL, &l->consumer, error)) != LA_OK)
		return (err);
	(void)rd_kafka_poll_set_consumer(l->consumer);
	return (la_bench_assign(l->consumer, alerts_topic, true, error));
}

static void
close_all(struct latency *l)
{
	if (l->producer != NULL)
		rd_kafka_destroy(l->producer);
	if (l->consumer != NULL)
		rd_kafka_destroy(l->consumer);
	la_encoder_free(l->encoder);
	la_decoder_free(l->decoder);
	la_buf_clear(&l->value);
	free(l->sent_ns);
	free(l->took_ns);
}

static enum la_err
run(struct la_tool *tool, struct la_error *error)
{
	struct latency l = {.value = LA_BUF_INIT, .rate = 1000, .skip = 2000};
	const char *events_topic, *alerts_topic;
	uint64_t events = 22000;
	enum la_err err;

	if ((err = la_workload_number(&tool->args, "--rate", &l.rate, error)) == LA_OK &&
	    (err = la_workload_number(&tool->args, "--events", &events, error)) == LA_OK &&
	    (err = la_workload_number(&tool->args, "--skip", &l.skip, error)) == LA_OK &&
	    (err = la_tool_need(events_topic = la_cli_operand(&tool->args), "EVENTS-TOPIC", error)) == LA_OK &&
	    (err = la_tool_need(alerts_topic = la_cli_operand(&tool->args), "ALERTS-TOPIC", error)) == LA_OK &&
	    (err = la_cli_args_end(&tool->args, error)) == LA_OK) {
		l.workload = (struct la_workload){LA_WORKLOAD_EACH, events, events, 1, 0};
		if ((err = open_all(&l, tool, alerts_topic, error)) == LA_OK)
			err = measure(&l, events_topic, error);
	}
	close_all(&l);
	return (err);
}

int
main(int argc, char **argv)
{
	return (la_bench_main("bench_latency", argc, argv, run));
}
