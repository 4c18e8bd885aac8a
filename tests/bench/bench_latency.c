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
#include <stdio.h>
#include <time.h>

#include "bench/lib/steady.h"
#include "common/decoder.h"

#define REST_NS 100000

struct latency {
	struct la_steady steady;
	rd_kafka_t *consumer;
	struct la_decoder *decoder;
};

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
meet_one(void *cookie, int64_t until_ns, struct la_error *error)
{
	struct latency *l = cookie;
	int64_t left_ms = (until_ns - la_bench_ns(CLOCK_MONOTONIC)) / 1000000;
	rd_kafka_message_t *message = rd_kafka_consumer_poll(l->consumer, left_ms < 0 ? 0 : (int)left_ms);
	int64_t now_ns = la_bench_ns(CLOCK_MONOTONIC);
	struct la_alert_job job;
	enum la_err err = LA_OK;

	if (message == NULL && left_ms <= 0)
		rest(until_ns);
	if (message == NULL)
		return (LA_OK);
	if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		err = la_decoder_job(l->decoder, la_span_of(message->payload, message->len), &job, error);
		if (err == LA_OK)
			(void)la_steady_met(&l->steady, la_workload_index(la_text_span(&job.event_id)), now_ns);
	}
	rd_kafka_message_destroy(message);
	return (err);
}

static enum la_err
open_all(struct latency *l, struct la_tool *tool, const char *alerts_topic, struct la_error *error)
{
	const struct la_decoder_options decoder = {LA_RECORD_ALERT_JOB, LA_FRAMING_NONE, tool->schemas, NULL};
	enum la_err err;

	if ((err = la_steady_open(&l->steady, tool, error)) != LA_OK ||
	    (err = la_decoder_new(&l->decoder, &decoder, error)) != LA_OK ||
	    (err = la_tool_client(tool, "bench-latency", NULL, NULL, &l->consumer, error)) != LA_OK)
		return (err);
	(void)rd_kafka_poll_set_consumer(l->consumer);
	return (la_bench_assign(l->consumer, alerts_topic, true, error));
}

static void
close_all(struct latency *l)
{
	if (l->consumer != NULL)
		rd_kafka_destroy(l->consumer);
	la_decoder_free(l->decoder);
	la_steady_clear(&l->steady);
}

static enum la_err
run(struct la_tool *tool, struct la_error *error)
{
	struct latency l = {.steady = {.rate = 1000, .events = 22000, .skip = 2000, .value = LA_BUF_INIT}};
	const char *events_topic, *alerts_topic;
	enum la_err err;

	if ((err = la_steady_options(&l.steady, &tool->args, error)) == LA_OK &&
	    (err = la_tool_need(events_topic = la_cli_operand(&tool->args), "EVENTS-TOPIC", error)) == LA_OK &&
	    (err = la_tool_need(alerts_topic = la_cli_operand(&tool->args), "ALERTS-TOPIC", error)) == LA_OK &&
	    (err = la_cli_args_end(&tool->args, error)) == LA_OK &&
	    (err = open_all(&l, tool, alerts_topic, error)) == LA_OK &&
	    (err = la_steady_run(&l.steady, events_topic, meet_one, &l, error)) == LA_OK) {
		(void)printf("{");
		la_steady_print(&l.steady, "alerts");
		(void)printf("}\n");
	}
	close_all(&l);
	return (err);
}

int
main(int argc, char **argv)
{
	return (la_bench_main("bench_latency", argc, argv, run));
}
