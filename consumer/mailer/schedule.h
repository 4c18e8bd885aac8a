/* retry.schedule: how long a job waits before its next try. Pure. */
#ifndef LA_MAILER_SCHEDULE_H
#define LA_MAILER_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define LA_SCHEDULE_STEPS 100

struct la_schedule {
	int64_t step_ms[LA_SCHEDULE_STEPS];
	size_t count;
};

/* "30s,2m,5m*2" as the configuration takes it. Errors: LA_ECONFIG. */
LA_MUST_CHECK enum la_err la_schedule_parse(struct la_schedule *schedule, const char *text, struct la_error *error);

/* The wait before try step + 1 (from 0); the last one repeats. */
int64_t la_schedule_wait_ms(const struct la_schedule *schedule, uint32_t step);

/* ms to 1.25 * ms, so that what failed together does not come back together. *random is not zero; not for secrets. */
int64_t la_schedule_spread_ms(int64_t ms, uint32_t *random);

#endif
