/* What a loop tells those who watch it, and the clocks for that: a port. NULL in a loop's options: nobody does. */
#ifndef LA_COMMON_WATCH_H
#define LA_COMMON_WATCH_H

#include "common/health.h"
#include "common/metrics.h"

struct la_watch {
	struct la_metrics *metrics;
	struct la_health *health;
	int64_t (*now_us)(void *cookie);  /* monotonic */
	int64_t (*wall_ms)(void *cookie); /* since 1970: an event's way begins on another machine */
	void *cookie;
};

static inline struct la_metrics *
la_watch_metrics(const struct la_watch *watch)
{
	return (watch == NULL ? NULL : watch->metrics);
}

static inline struct la_health *
la_watch_health(const struct la_watch *watch)
{
	return (watch == NULL ? NULL : watch->health);
}

/* 0: nobody watches. */
static inline int64_t
la_watch_now_us(const struct la_watch *watch)
{
	return (watch == NULL ? 0 : watch->now_us(watch->cookie));
}

static inline int64_t
la_watch_wall_ms(const struct la_watch *watch)
{
	return (watch == NULL ? 0 : watch->wall_ms(watch->cookie));
}

/* The time since since_us, as la_watch_now_us gave it. */
static inline void
la_watch_took(const struct la_watch *watch, enum la_timing which, int64_t since_us)
{
	if (watch != NULL)
		la_metrics_observe(watch->metrics, which, watch->now_us(watch->cookie) - since_us);
}

#endif
