/*
 * http.listen: how a program is, for probes and Prometheus. ops_pages.c (pure) makes the pages, ops_microhttpd.c serves
 * them in a thread of its own, so that they are there also while the loop hangs.
 *
 *   /livez    200 while the loop turns, 503 when it has not for LA_OPS_LIVE_MS
 *   /readyz   200, or 503 with one line for each side that fails
 *   /metrics  metrics.h
 */
#ifndef LA_COMMON_OPS_H
#define LA_COMMON_OPS_H

#include <stdatomic.h>

#include "common/conf.h"
#include "common/health.h"
#include "common/metrics.h"

#define LA_OPS_LIVE_MS 30000
#define LA_OPS_HOST_BYTES 256

/* What the pages are made of; must outlive the server. Everything here is called from its thread. */
struct la_ops_sources {
	const struct la_metrics *metrics;
	struct la_health *health;
	const struct la_label *build; /* labels of build_info */
	size_t build_count;
	/* Appends further families; NULL: none. Must not wait. */
	enum la_err (*more)(void *cookie, struct la_buf *out);
	void *cookie;
	const atomic_int *stopping;
	int64_t (*now_ms)(void *cookie); /* la_clock_now_ms; its cookie is NULL */
	int64_t started_ms;              /* by that clock */
	int64_t started_at_ms;           /* since 1970 */
	int64_t live_ms;                 /* LA_OPS_LIVE_MS */
};

/* The page of a path: its HTTP status and content type, the body appended to out. 500: out of memory. */
unsigned la_ops_page(const struct la_ops_sources *sources, const char *path, struct la_buf *out, const char **type);

/*
 * "host:port", "[address]:port" -> its two halves; a value of http.listen that conf has let pass. False: "off".
 */
bool la_ops_split(const char *listen, char host[LA_OPS_HOST_BYTES], char port[8]);

struct la_ops;

/*
 * Listens on http.listen; *ops is NULL when that is off. Answers nobody before la_ops_serve. Errors: LA_ECONFIG (no such
 * address here, or it may not be used), LA_EUNAVAILABLE (taken: another program, or an instance that is about to end);
 * both name key and address.
 */
LA_MUST_CHECK enum la_err la_ops_open(struct la_ops **ops, const struct la_conf *conf, struct la_error *error);

/* Starts the thread, and says in the log where. ops may be NULL. Errors: LA_EINTERNAL. */
LA_MUST_CHECK enum la_err la_ops_serve(
    struct la_ops *ops, const struct la_ops_sources *sources, struct la_error *error);

/* Ends the thread, which waits for nobody. ops may be NULL. */
void la_ops_close(struct la_ops *ops);

const char *la_ops_library_version(void);

#endif
