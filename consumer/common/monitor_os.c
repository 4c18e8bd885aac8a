#include "common/monitor.h"

#include <stdio.h>

#include "common/cli.h"
#include "common/clock.h"
#include "common/crash_point.h"

enum la_err
la_monitor_open(
    struct la_monitor *monitor, const struct la_conf *conf, enum la_program program, struct la_error *error)
{
	la_metrics_init(&monitor->metrics, program);
	la_health_init(&monitor->health, program);
	monitor->watch = (struct la_watch){.metrics = &monitor->metrics,
	    .health = &monitor->health,
	    .now_us = la_clock_now_us,
	    .wall_ms = la_clock_wall_ms};
	return (la_ops_open(&monitor->ops, conf, error));
}

static enum la_err
print_lag(void *cookie, struct la_buf *out)
{
	return (la_bus_kafka_print_lag(cookie, out));
}

enum la_err
la_monitor_serve(
    struct la_monitor *monitor, struct la_bus_kafka *bus, const struct la_label *build, struct la_error *error)
{
	size_t count = 0;

	monitor->build[count++] = (struct la_label){"version", la_cli_version()};
	monitor->build[count++] = (struct la_label){"libmicrohttpd", la_ops_library_version()};
	for (; build->name != NULL && count < LA_MONITOR_BUILD_MAX; build++)
		monitor->build[count++] = *build;
	monitor->sources = (struct la_ops_sources){.metrics = &monitor->metrics,
	    .health = &monitor->health,
	    .build = monitor->build,
	    .build_count = count,
	    .more = print_lag,
	    .cookie = bus,
	    .stopping = &la_cli_stopping,
	    .now_ms = la_clock_now_ms,
	    .started_ms = la_clock_now_ms(NULL),
	    .started_at_ms = la_clock_wall_ms(NULL),
	    .live_ms = LA_CRASH_NUMBER("LA_LIVE_MS", LA_OPS_LIVE_MS)};
	return (la_ops_serve(monitor->ops, &monitor->sources, error));
}

void
la_monitor_close(struct la_monitor *monitor)
{
	la_ops_close(monitor->ops);
	la_health_clear(&monitor->health);
}

const struct la_watch *
la_monitor_watch(const struct la_monitor *monitor)
{
	return (monitor->ops == NULL ? NULL : &monitor->watch);
}

enum la_err
la_monitor_check(const struct la_conf *conf, struct la_error *error)
{
	struct la_ops *ops;
	enum la_err err = la_ops_open(&ops, conf, error);

	if (ops != NULL)
		(void)printf("ok http.listen\n");
	la_ops_close(ops);
	if (err != LA_EUNAVAILABLE)
		return (err);
	(void)printf("warning %s (it may be this program, running)\n", error->text);
	return (LA_OK);
}
