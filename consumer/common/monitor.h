/*
 * What a command run needs to be watched: counters, health, the clocks for both, and the server of http.listen. With
 * http.listen=off there is nothing of it, and nothing is counted.
 */
#ifndef LA_COMMON_MONITOR_H
#define LA_COMMON_MONITOR_H

#include "common/bus_kafka.h"
#include "common/ops.h"
#include "common/watch.h"

#define LA_MONITOR_BUILD_MAX 8

struct la_monitor {
	struct la_metrics metrics;
	struct la_health health;
	struct la_watch watch;
	struct la_ops_sources sources;
	struct la_label build[LA_MONITOR_BUILD_MAX];
	struct la_ops *ops; /* NULL: off */
};

/* Listens, before anything else is started. Errors: those of la_ops_open; la_monitor_close is needed also then. */
LA_MUST_CHECK enum la_err la_monitor_open(
    struct la_monitor *monitor, const struct la_conf *conf, enum la_program program, struct la_error *error);

/*
 * Serves. bus must live until la_monitor_close; build: labels of build_info beside the version, ended by a name of NULL.
 * Errors: LA_EINTERNAL.
 */
LA_MUST_CHECK enum la_err la_monitor_serve(
    struct la_monitor *monitor, struct la_bus_kafka *bus, const struct la_label *build, struct la_error *error);

/* Before the bus goes. Waits for nobody. */
void la_monitor_close(struct la_monitor *monitor);

/* For the loop's options and the bus's; NULL: off. */
const struct la_watch *la_monitor_watch(const struct la_monitor *monitor);

/* For check: one line about http.listen, nothing when it is off. Errors: LA_ECONFIG; one that is taken is but a warning. */
LA_MUST_CHECK enum la_err la_monitor_check(const struct la_conf *conf, struct la_error *error);

#endif
