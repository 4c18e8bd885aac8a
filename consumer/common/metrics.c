#include "common/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/dead_letter.h"
#include "common/job.h"

#define DETECTOR (1u << LA_PROGRAM_DETECTOR)
#define MAILER (1u << LA_PROGRAM_MAILER)

#define WORD(word) #word,
#define CAUSE(name, word) word,
static const char *const outcomes[] = {LA_OUTCOME_LIST(WORD)};
static const char *const reasons[] = {LA_REASON_LIST(WORD)};
static const char *const deliveries[] = {LA_DELIVERED_LIST(WORD)};
static const char *const causes[] = {LA_DEAD_CAUSE_LIST(CAUSE)};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
_Static_assert(COUNT(outcomes) <= LA_METRIC_LABELS_MAX && COUNT(reasons) <= LA_METRIC_LABELS_MAX &&
	COUNT(deliveries) <= LA_METRIC_LABELS_MAX && COUNT(causes) <= LA_METRIC_LABELS_MAX, "a label has more values");

/* Without OTHER, the last of outcomes and deliveries, which only a reader of later records has. */
static const struct {
	const char *name, *help, *label;
	const char *const *values;
	size_t count;
	unsigned programs;
} counters[LA_COUNTERS] = {
    [LA_COUNTER_EVENTS] = {"events_total", "Login events that are done with, by outcome.", "outcome", outcomes,
	COUNT(outcomes) - 1, DETECTOR},
    [LA_COUNTER_ALERTS] = {"alerts_total", "Alert jobs of these, by reason.", "reason", reasons, COUNT(reasons), DETECTOR},
    [LA_COUNTER_MAILS] = {"mails_total", "Alert jobs that are done with, by outcome.", "outcome", deliveries,
	COUNT(deliveries) - 1, MAILER},
    [LA_COUNTER_DEAD_LETTERS] = {"dead_letters_total", "Records that became dead letters, by cause.", "cause", causes,
	COUNT(causes), DETECTOR | MAILER},
    [LA_COUNTER_REBALANCES] = {"rebalances_total", "Assignments of partitions that the group has given us.", NULL, NULL, 1,
	DETECTOR | MAILER},
};

/* In us. What Redis, a batch or a relay takes; and the way of an event, which may wait for days. */
static const int64_t short_bounds[] = {100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000,
    1000000, 2500000, 5000000, 10000000, 30000000};
static const int64_t long_bounds[] = {1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000,
    5000000, 10000000, 30000000, 60000000, 300000000, 1800000000, 7200000000, 28800000000, 86400000000};

#define BOUNDS(list) (list), COUNT(list)

static const struct {
	const char *name, *help;
	const int64_t *bounds;
	size_t bound_count;
	unsigned programs;
} timings[LA_TIMINGS] = {
    [LA_TIMING_STORE] = {"store_roundtrip_seconds",
	"From a request to Redis until the loop has its answer; the loop does other things meanwhile.", BOUNDS(short_bounds),
	DETECTOR | MAILER},
    [LA_TIMING_BATCH] = {"batch_seconds", "From the last poll for a batch until its offsets are committed.",
	BOUNDS(short_bounds), DETECTOR},
    [LA_TIMING_EVENT_TO_ALERT] = {"event_to_alert_seconds",
	"From the Kafka timestamp of an event until the broker has its alert.", BOUNDS(long_bounds), DETECTOR},
    [LA_TIMING_SMTP] = {"smtp_seconds", "From handing a mail to a connection until the relay's last word.",
	BOUNDS(short_bounds), MAILER},
    [LA_TIMING_EVENT_TO_MAIL] = {"event_to_mail_seconds",
	"From occurred_at of the login until the relay has taken its mail.", BOUNDS(long_bounds), MAILER},
};

_Static_assert(COUNT(long_bounds) <= LA_METRIC_BOUNDS_MAX && COUNT(short_bounds) <= LA_METRIC_BOUNDS_MAX,
    "a histogram has more bounds");

void
la_metrics_init(struct la_metrics *metrics, enum la_program program)
{
	memset(metrics, 0, sizeof(*metrics));
	metrics->program = program;
}

void
la_metrics_add(struct la_metrics *metrics, enum la_counter which, size_t label, uint64_t count)
{
	if (metrics != NULL && count > 0 && label < LA_METRIC_LABELS_MAX)
		(void)atomic_fetch_add_explicit(&metrics->counters[which][label], count, memory_order_relaxed);
}

uint64_t
la_metrics_count(const struct la_metrics *metrics, enum la_counter which, size_t label)
{
	return (atomic_load_explicit(&metrics->counters[which][label], memory_order_relaxed));
}

void
la_metrics_observe(struct la_metrics *metrics, enum la_timing which, int64_t us)
{
	size_t bucket = 0;

	if (metrics == NULL)
		return;
	if (us < 0)
		us = 0;
	while (bucket < timings[which].bound_count && us > timings[which].bounds[bucket])
		bucket++;
	(void)atomic_fetch_add_explicit(&metrics->timings[which].buckets[bucket], 1, memory_order_relaxed);
	(void)atomic_fetch_add_explicit(&metrics->timings[which].sum_s, (uint64_t)us / 1000000, memory_order_relaxed);
	(void)atomic_fetch_add_explicit(&metrics->timings[which].sum_us, (uint64_t)us % 1000000, memory_order_relaxed);
}

void
la_metrics_observe_way(struct la_metrics *metrics, enum la_timing which, int64_t from_ms, int64_t to_ms)
{
	int64_t way_ms;

	if (from_ms < 0)
		from_ms = 0; /* before 1970 */
	way_ms = from_ms < to_ms ? to_ms - from_ms : 0;
	la_metrics_observe(metrics, which, way_ms < INT64_MAX / 1000 ? way_ms * 1000 : INT64_MAX);
}

/* HELP: backslash and line feed are escaped; a label's value: quotes, too. */
static enum la_err
add_escaped(struct la_buf *out, const char *text, bool is_value)
{
	enum la_err err = LA_OK;

	for (; *text != '\0' && err == LA_OK; text++) {
		if (*text == '\\' || (*text == '"' && is_value))
			err = la_buf_add(out, (const char[]){'\\', *text}, 2);
		else if (*text == '\n')
			err = la_buf_add(out, "\\n", 2);
		else
			err = la_buf_add(out, text, 1);
	}
	return (err);
}

enum la_err
la_metrics_print_head(struct la_buf *out, const char *name, const char *type, const char *help)
{
	enum la_err err = la_buf_printf(out, "# HELP " LA_METRIC_PREFIX "%s ", name);

	if (err == LA_OK)
		err = add_escaped(out, help, false);
	if (err == LA_OK)
		err = la_buf_printf(out, "\n# TYPE " LA_METRIC_PREFIX "%s %s\n", name, type);
	return (err);
}

static enum la_err
print_labels(struct la_buf *out, const struct la_label *labels, size_t count)
{
	enum la_err err = LA_OK;

	for (size_t i = 0; i < count && err == LA_OK; i++) {
		if ((err = la_buf_printf(out, "%c%s=\"", i == 0 ? '{' : ',', labels[i].name)) == LA_OK &&
		    (err = add_escaped(out, labels[i].value, true)) == LA_OK)
			err = la_buf_add(out, i + 1 == count ? "\"}" : "\"", i + 1 == count ? 2 : 1);
	}
	return (err);
}

enum la_err
la_metrics_print_sample(
    struct la_buf *out, const char *name, const struct la_label *labels, size_t count, int64_t value)
{
	enum la_err err = la_buf_printf(out, LA_METRIC_PREFIX "%s", name);

	if (err == LA_OK)
		err = print_labels(out, labels, count);
	return (err == LA_OK ? la_buf_printf(out, " %" PRId64 "\n", value) : err);
}

static enum la_err
print_counter(const struct la_metrics *metrics, enum la_counter which, struct la_buf *out)
{
	const char *name = counters[which].name;
	enum la_err err = la_metrics_print_head(out, name, "counter", counters[which].help);

	for (size_t i = 0; i < counters[which].count && err == LA_OK; i++) {
		struct la_label label = {counters[which].label, counters[which].values == NULL ? NULL : counters[which].values[i]};

		err = la_metrics_print_sample(
		    out, name, &label, label.name == NULL ? 0 : 1, (int64_t)la_metrics_count(metrics, which, i));
	}
	return (err);
}

/* As decimals without a float: no locale, nothing lost. */
static void
format_seconds(char out[32], uint64_t s, uint64_t us)
{
	size_t size = (size_t)snprintf(out, 32, "%" PRIu64 ".%06" PRIu64, s + us / 1000000, us % 1000000);

	while (out[size - 1] == '0')
		out[--size] = '\0';
	if (out[size - 1] == '.')
		out[--size] = '\0';
}

static enum la_err
print_timing(const struct la_metrics *metrics, enum la_timing which, struct la_buf *out)
{
	const struct la_histogram *histogram = &metrics->timings[which];
	const char *name = timings[which].name;
	char seconds[32] = "+Inf";
	uint64_t count = 0;
	enum la_err err = la_metrics_print_head(out, name, "histogram", timings[which].help);

	for (size_t i = 0; i <= timings[which].bound_count && err == LA_OK; i++) {
		count += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
		if (i < timings[which].bound_count)
			format_seconds(seconds, 0, (uint64_t)timings[which].bounds[i]);
		else
			(void)snprintf(seconds, sizeof(seconds), "+Inf");
		err = la_buf_printf(out, LA_METRIC_PREFIX "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name, seconds, count);
	}
	if (err != LA_OK)
		return (err);
	format_seconds(seconds, atomic_load_explicit(&histogram->sum_s, memory_order_relaxed),
	    atomic_load_explicit(&histogram->sum_us, memory_order_relaxed));
	return (la_buf_printf(out, LA_METRIC_PREFIX "%s_sum %s\n" LA_METRIC_PREFIX "%s_count %" PRIu64 "\n", name, seconds,
	    name, count));
}

enum la_err
la_metrics_print(const struct la_metrics *metrics, struct la_buf *out)
{
	unsigned program = 1u << metrics->program;
	enum la_err err = LA_OK;

	for (int which = 0; which < LA_COUNTERS && err == LA_OK; which++) {
		if ((counters[which].programs & program) != 0)
			err = print_counter(metrics, (enum la_counter)which, out);
	}
	for (int which = 0; which < LA_TIMINGS && err == LA_OK; which++) {
		if ((timings[which].programs & program) != 0)
			err = print_timing(metrics, (enum la_timing)which, out);
	}
	return (err);
}
