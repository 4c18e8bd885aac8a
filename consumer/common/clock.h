/* The real clocks behind the now_ms and wall_ms ports. The cookie is not used. */
#ifndef LA_COMMON_CLOCK_H
#define LA_COMMON_CLOCK_H

#include <stdint.h>

int64_t la_clock_now_ms(void *cookie);  /* monotonic: waiting, intervals */
int64_t la_clock_now_us(void *cookie);  /* the same, for what is timed */
int64_t la_clock_wall_ms(void *cookie); /* since 1970: not_after, Delivery.at, log lines */

#endif
