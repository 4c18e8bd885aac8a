/*
 * Logins at a steady rate, each of which must raise an alert (every event is another member's first), and how long it
 * took until what becomes of each was there.
 */
#ifndef LA_BENCH_STEADY_H
#define LA_BENCH_STEADY_H

#include "bench/lib/bench.h"
#include "bench/lib/workload.h"
#include "common/encoder.h"

struct la_steady {
	uint64_t rate, events, skip; /* a second; in all; of them, those that only warm up */
	bool has_addresses;          /* each event its own: member<i>@example.jp */
	rd_kafka_t *producer;        /* linger.ms=0, else with the programs' own properties */
	struct la_encoder *encoder;
	struct la_workload workload;
	struct la_buf value;
	uint64_t sent, met;
	int64_t *sent_ns, *took_ns; /* CLOCK_MONOTONIC, when it was handed to the producer; 0: not met */
};

/* --rate --events --skip, over the values that are there. Errors: LA_EUSAGE. */
LA_MUST_CHECK enum la_err la_steady_options(
    struct la_steady *steady, struct la_cli_args *args, struct la_error *error);

/* It needs la_steady_clear after any result. Errors: LA_EUSAGE, LA_ENOMEM, those of la_tool_client. */
LA_MUST_CHECK enum la_err la_steady_open(struct la_steady *steady, struct la_tool *tool, struct la_error *error);
void la_steady_clear(struct la_steady *steady);

/* What becomes of event i is there, since now_ns. False: it was there before, or is none of ours. */
bool la_steady_met(struct la_steady *steady, uint64_t i, int64_t now_ns);

/* Waits for what becomes of events, at most until until_ns, and says la_steady_met. */
typedef enum la_err la_steady_wait(void *cookie, int64_t until_ns, struct la_error *error);

/* Sends all, and waits in between; then until all is met, at most 10 s. Errors: LA_EUNAVAILABLE, those of wait. */
LA_MUST_CHECK enum la_err la_steady_run(
    struct la_steady *steady, const char *topic, la_steady_wait *wait, void *cookie, struct la_error *error);

/* JSON members: how many `what` there are, missing ones, percentiles. */
void la_steady_print(struct la_steady *steady, const char *what);

#endif
