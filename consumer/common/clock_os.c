#include "common/clock.h"

#include <time.h>

static int64_t
read_ms(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

int64_t
la_clock_now_ms(void *cookie)
{
	(void)cookie;
	return (read_ms(CLOCK_MONOTONIC));
}

int64_t
la_clock_now_us(void *cookie)
{
	struct timespec now;

	(void)cookie;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return ((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

int64_t
la_clock_wall_ms(void *cookie)
{
	(void)cookie;
	return (read_ms(CLOCK_REALTIME));
}
