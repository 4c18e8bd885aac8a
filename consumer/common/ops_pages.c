#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/ops.h"

bool
la_ops_split(const char *listen, char host[LA_OPS_HOST_BYTES], char port[8])
{
	const char *colon = strrchr(listen, ':');
	bool has_brackets = listen[0] == '[';
	size_t size;

	if (colon == NULL || strcmp(listen, "off") == 0)
		return (false);
	size = (size_t)(colon - listen) - (has_brackets ? 2 : 0);
	(void)snprintf(host, LA_OPS_HOST_BYTES, "%.*s", (int)size, listen + has_brackets);
	(void)snprintf(port, 8, "%s", colon + 1);
	return (true);
}

/* How long ago the loop turned; before its first turn, how long ago we started. */
static int64_t
still_for_ms(const struct la_ops_sources *sources)
{
	int64_t turned_ms = la_health_turned_ms(sources->health);

	return (sources->now_ms(NULL) - (turned_ms == 0 ? sources->started_ms : turned_ms));
}

static enum la_err
print_live(const struct la_ops_sources *sources, struct la_buf *out, unsigned *status)
{
	int64_t still_ms = still_for_ms(sources);

	if (still_ms <= sources->live_ms)
		return (la_buf_add_text(out, "ok\n"));
	*status = 503;
	return (la_buf_printf(out, "loop: has not turned for %" PRId64 " s\n", still_ms / 1000));
}

static enum la_err
print_ready(const struct la_ops_sources *sources, struct la_buf *out, unsigned *status)
{
	enum la_err err = LA_OK;

	if (*sources->stopping)
		err = la_buf_add_text(out, "stopping: it was told to end\n");
	if (err == LA_OK && still_for_ms(sources) > sources->live_ms)
		err = la_buf_printf(out, "loop: has not turned for %" PRId64 " s\n", still_for_ms(sources) / 1000);
	if (err == LA_OK && la_metrics_count(sources->metrics, LA_COUNTER_REBALANCES, 0) == 0)
		err = la_buf_add_text(out, "group: not joined yet\n");
	if (err == LA_OK)
		err = la_health_print(sources->health, out);
	if (err == LA_OK && out->size == 0)
		return (la_buf_add_text(out, "ok\n"));
	*status = 503;
	return (err);
}

static enum la_err
print_metrics(const struct la_ops_sources *sources, struct la_buf *out)
{
	enum la_err err = la_metrics_print_head(out, "build_info", "gauge", "1: versions of the program and its libraries.");

	if (err == LA_OK)
		err = la_metrics_print_sample(out, "build_info", sources->build, sources->build_count, 1);
	if (err == LA_OK)
		err = la_metrics_print_head(out, "start_time_seconds", "gauge", "When this run began, in seconds since 1970.");
	if (err == LA_OK)
		err = la_metrics_print_sample(out, "start_time_seconds", NULL, 0, sources->started_at_ms / 1000);
	if (err == LA_OK)
		err = la_metrics_print(sources->metrics, out);
	if (err == LA_OK)
		err = la_health_print_paused(sources->health, out);
	if (err == LA_OK && sources->more != NULL)
		err = sources->more(sources->cookie, out);
	return (err);
}

unsigned
la_ops_page(const struct la_ops_sources *sources, const char *path, struct la_buf *out, const char **type)
{
	unsigned status = 200;
	enum la_err err;

	*type = "text/plain; charset=utf-8";
	if (strcmp(path, "/livez") == 0) {
		err = print_live(sources, out, &status);
	} else if (strcmp(path, "/readyz") == 0) {
		err = print_ready(sources, out, &status);
	} else if (strcmp(path, "/metrics") == 0) {
		*type = "text/plain; version=0.0.4; charset=utf-8";
		err = print_metrics(sources, out);
	} else {
		status = 404;
		err = la_buf_add_text(out, "There are /livez, /readyz and /metrics.\n");
	}
	return (err == LA_OK ? status : 500);
}
