/*
 * The logins that the measurements are made of: the same ones for the same
 * numbers, on every machine. About 250 bytes each as Avro.
 *
 * A member has a few devices, each with its token and user agent (240 user agents in all). An event is a login of
 * some member from one of its devices, or, for fresh of 1,000 events, from a device that was never seen.
 */
#ifndef LA_BENCH_WORKLOAD_H
#define LA_BENCH_WORKLOAD_H

#include <stdint.h>

#include "common/cli.h"
#include "common/event.h"

#define LA_WORKLOAD_START_MS INT64_C(1751295600000) /* 2025-07-01T00:00:00+09:00 */
#define LA_WORKLOAD_STEP_MS 10                      /* from event to event */

enum la_workload_order {
	LA_WORKLOAD_RANDOM, /* members and devices by chance */
	LA_WORKLOAD_EACH    /* every device of every member, once: events = members * devices */
};

struct la_workload {
	enum la_workload_order order;
	uint64_t events, members, devices;
	uint64_t fresh; /* of 1,000 */
};

struct la_workload_event {
	struct la_login_event event; /* its strings are those below */
	char event_id[32], member_id[32], token[40], user_agent[160], ip[16];
};

/* --events --members --devices --fresh --each, over the values that are there. Errors: LA_EUSAGE. */
LA_MUST_CHECK enum la_err la_workload_options(
    struct la_workload *workload, struct la_cli_args *args, struct la_error *error);

/* The i-th event. */
void la_workload_make(const struct la_workload *workload, uint64_t i, struct la_workload_event *out);

/* The i of an event_id; UINT64_MAX: not one of ours. */
uint64_t la_workload_index(struct la_span event_id);

/* A whole number of an option; the value that is there when it is not given. Errors: LA_EUSAGE. */
LA_MUST_CHECK enum la_err la_workload_number(
    struct la_cli_args *args, const char *name, uint64_t *value, struct la_error *error);

#endif
