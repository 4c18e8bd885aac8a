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

#include "bench/lib/sink.h"
#include "bench/lib/steady.h"

struct latency {
	struct la_steady steady;
	struct la_sink *sink;
	uint64_t again;
};

static void
on_mail(void *cookie, const char *recipient, uint64_t bytes)
{
	struct latency *l = cookie;
	uint64_t i = strtoull(recipient + strcspn(recipient, "0123456789"), NULL, 10);

	(void)bytes;
	if (i < l->steady.sent && !la_steady_met(&l->steady, i, la_bench_ns(CLOCK_MONOTONIC)))
		l->again++;
}

static enum la_err
be_the_relay(void *cookie, int64_t until_ns, struct la_error *error)
{
	struct latency *l = cookie;

	(void)error;
	la_sink_turn(l->sink, until_ns - la_bench_ns(CLOCK_MONOTONIC));
	return (LA_OK);
}

static enum la_err
open_all(struct latency *l, struct la_tool *tool, uint64_t port, struct la_error *error)
{
	const struct la_sink_options sink = {.port = (uint16_t)port, .on_mail = on_mail, .cookie = l};
	enum la_err err = la_steady_open(&l->steady, tool, error);

	return (err == LA_OK ? la_sink_new(&l->sink, &sink, error) : err);
}

static void
close_all(struct latency *l)
{
	la_sink_free(l->sink);
	la_steady_clear(&l->steady);
}

static enum la_err
run(struct la_tool *tool, struct la_error *error)
{
	struct latency l = {
	    .steady = {.rate = 200, .events = 4400, .skip = 400, .has_addresses = true, .value = LA_BUF_INIT}};
	const char *topic;
	uint64_t port = 0;
	enum la_err err;

	if ((err = la_steady_options(&l.steady, &tool->args, error)) == LA_OK &&
	    (err = la_workload_number(&tool->args, "--port", &port, error)) == LA_OK &&
	    (err = la_tool_need(topic = la_cli_operand(&tool->args), "EVENTS-TOPIC", error)) == LA_OK &&
	    (err = la_cli_args_end(&tool->args, error)) == LA_OK && (err = open_all(&l, tool, port, error)) == LA_OK &&
	    (err = la_steady_run(&l.steady, topic, be_the_relay, &l, error)) == LA_OK) {
		(void)printf("{\"again\": %" PRIu64 ", ", l.again);
		la_steady_print(&l.steady, "mails");
		(void)printf("}\n");
	}
	close_all(&l);
	return (err);
}

int
main(int argc, char **argv)
{
	return (la_bench_main("bench_mail_latency", argc, argv, run));
}
