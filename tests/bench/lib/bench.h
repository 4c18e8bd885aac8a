/* What the measuring programs share: their main, clients with exactly the programs' own Kafka properties. */
#ifndef LA_BENCH_BENCH_H
#define LA_BENCH_BENCH_H

#include <stdint.h>
#include <time.h>

#include "support/lib/tool.h"

/*
 * The whole of main: reads --broker HOST:PORT (where one is needed), runs the measurement, says on stderr what went wrong, gives the exit
 * code. run reads its own options and ends them with la_cli_args_end.
 */
int la_bench_main(const char *name, int argc, char **argv, enum la_err (*run)(struct la_tool *, struct la_error *));

/* Assigns all partitions of a topic, at their beginning, or at their end as it is now. Errors: LA_EUNAVAILABLE, LA_ECONFIG. */
LA_MUST_CHECK enum la_err la_bench_assign(
    rd_kafka_t *rk, const char *topic, bool at_end, struct la_error *error);

/* ns: CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID. */
static inline int64_t
la_bench_ns(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
}

#endif
