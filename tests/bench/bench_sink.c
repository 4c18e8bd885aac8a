/*
 * The relay of the measurements: bench_sink --mails N [--delay-ms N] [--defer]
 *
 * Prints its port; once N mails were taken, the time from the first quarter's end to the last mail, and what its own
 * process used meanwhile, as JSON; then it goes on, until its standard input ends or it is told to stop.
 */
#include <inttypes.h>
#include <stdio.h>

#include "bench/lib/bench.h"
#include "bench/lib/sink.h"
#include "bench/lib/workload.h"

#define WAIT_NS INT64_C(1000000000)

struct count {
	uint64_t mails, wanted, bytes;
	int64_t start_ns, start_cpu_ns;
};

static void
on_mail(void *cookie, const char *recipient, uint64_t bytes)
{
	struct count *count = cookie;
	uint64_t first = count->wanted / 4;

	(void)recipient;
	count->bytes += bytes;
	if (++count->mails == first) {
		count->start_ns = la_bench_ns(CLOCK_MONOTONIC);
		count->start_cpu_ns = la_bench_ns(CLOCK_PROCESS_CPUTIME_ID);
	}
	if (count->mails != count->wanted)
		return;
	(void)printf("{\"mails\": %" PRIu64 ", \"seconds\": %.6f, \"cpu_us\": %.0f, \"bytes\": %.0f}\n",
	    count->mails - first, (double)(la_bench_ns(CLOCK_MONOTONIC) - count->start_ns) / 1e9,
	    (double)(la_bench_ns(CLOCK_PROCESS_CPUTIME_ID) - count->start_cpu_ns) / 1e3,
	    (double)count->bytes / (double)count->mails);
	(void)fflush(stdout);
}

static enum la_err
run(struct la_tool *tool, struct la_error *error)
{
	struct count count = {0};
	struct la_sink_options options = {.on_mail = on_mail, .cookie = &count};
	struct la_sink *sink = NULL;
	uint64_t delay_ms = 0;
	enum la_err err;

	options.is_deferring = la_cli_flag(&tool->args, "--defer");
	if ((err = la_workload_number(&tool->args, "--mails", &count.wanted, error)) != LA_OK ||
	    (err = la_workload_number(&tool->args, "--delay-ms", &delay_ms, error)) != LA_OK ||
	    (err = la_cli_args_end(&tool->args, error)) != LA_OK)
		return (err);
	options.delay_ns = (int64_t)delay_ms * 1000000;
	if ((err = la_sink_new(&sink, &options, error)) != LA_OK)
		return (err);
	(void)printf("{\"port\": %u}\n", la_sink_port(sink));
	(void)fflush(stdout);
	for (;;)
		la_sink_turn(sink, WAIT_NS);
}

int
main(int argc, char **argv)
{
	return (la_bench_main("bench_sink", argc, argv, run));
}
