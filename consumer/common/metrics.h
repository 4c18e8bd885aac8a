/*
 * What a program counts and times, and how Prometheus reads it: text format 0.0.4,
 * https://prometheus.io/docs/instrumenting/exposition_formats/ ("Text-based format").
 *
 * A fixed set with fixed label values: nothing that comes from outside makes a series, and no label can hold a
 * member, an address, an IP or a user agent (P7). Any thread may add, observe and print; a print is not one moment.
 * NULL for metrics is allowed where something is added or observed: nobody looks.
 */
#ifndef LA_COMMON_METRICS_H
#define LA_COMMON_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/conf.h"

#define LA_METRIC_PREFIX "login_alert_"
#define LA_METRIC_LABELS_MAX 16 /* values of one label */
#define LA_METRIC_BOUNDS_MAX 24

enum la_counter {
	LA_COUNTER_EVENTS,       /* label: enum la_outcome */
	LA_COUNTER_ALERTS,       /* enum la_reason */
	LA_COUNTER_MAILS,        /* enum la_delivered */
	LA_COUNTER_DEAD_LETTERS, /* enum la_dead_cause */
	LA_COUNTER_REBALANCES,   /* none: 0 */
	LA_COUNTERS
};

enum la_timing {
	LA_TIMING_STORE,
	LA_TIMING_BATCH,
	LA_TIMING_EVENT_TO_ALERT,
	LA_TIMING_SMTP,
	LA_TIMING_EVENT_TO_MAIL,
	LA_TIMINGS
};

struct la_histogram {
	_Atomic uint64_t buckets[LA_METRIC_BOUNDS_MAX + 1]; /* not cumulated; the last one in use is +Inf */
	_Atomic uint64_t sum_s, sum_us; /* of whole seconds, and of what is left: neither overflows in a lifetime */
};

struct la_metrics {
	enum la_program program; /* of which only its own families are printed */
	_Atomic uint64_t counters[LA_COUNTERS][LA_METRIC_LABELS_MAX];
	struct la_histogram timings[LA_TIMINGS];
};

void la_metrics_init(struct la_metrics *metrics, enum la_program program);

void la_metrics_add(struct la_metrics *metrics, enum la_counter which, size_t label, uint64_t count);
uint64_t la_metrics_count(const struct la_metrics *metrics, enum la_counter which, size_t label);

/* A time below 0 (clocks that differ) counts as 0. */
void la_metrics_observe(struct la_metrics *metrics, enum la_timing which, int64_t us);

/* The same from two moments in ms, of which the first may come from outside: whatever it is. */
void la_metrics_observe_way(struct la_metrics *metrics, enum la_timing which, int64_t from_ms, int64_t to_ms);

/* Appends all families of the program, HELP and TYPE first. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_metrics_print(const struct la_metrics *metrics, struct la_buf *out);

/*
 * For what is not kept here: the two lines before a family, then its samples. Names come without prefix; type is a word of
 * the format; a label's value may be any text. Errors: LA_ENOMEM.
 */
struct la_label {
	const char *name, *value;
};
LA_MUST_CHECK enum la_err la_metrics_print_head(
    struct la_buf *out, const char *name, const char *type, const char *help);
LA_MUST_CHECK enum la_err la_metrics_print_sample(
    struct la_buf *out, const char *name, const struct la_label *labels, size_t count, int64_t value);

#endif
