#include "mailer/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "common/conf.h"

#define STEP_BYTES 64

enum la_err
la_schedule_parse(struct la_schedule *schedule, const char *text, struct la_error *error)
{
	char step[STEP_BYTES], *times;
	int64_t ms;

	schedule->count = 0;
	for (size_t size; *text != '\0'; text += size + (text[size] == ',')) {
		size = strcspn(text, ",");
		if (size >= sizeof(step))
			goto bad;
		memcpy(step, text, size);
		step[size] = '\0';
		times = strchr(step, '*');
		if (times != NULL)
			*times++ = '\0';
		if (la_conf_parse_duration(step, &ms) != LA_OK || ms < 1)
			goto bad;
		for (long left = times == NULL ? 1 : strtol(times, NULL, 10); left > 0; left--) {
			if (schedule->count == LA_SCHEDULE_STEPS)
				goto bad;
			schedule->step_ms[schedule->count++] = ms;
		}
	}
	if (schedule->count > 0)
		return (LA_OK);
bad:
	return (la_error_set(error, LA_ECONFIG, "retry.schedule: allowed: steps as 30s,2m,5m*2, at most %d",
	    LA_SCHEDULE_STEPS));
}

int64_t
la_schedule_wait_ms(const struct la_schedule *schedule, uint32_t step)
{
	return (schedule->step_ms[step < schedule->count ? step : schedule->count - 1]);
}

/* xorshift32 (Marsaglia 2003). */
int64_t
la_schedule_spread_ms(int64_t ms, uint32_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 17;
	*random ^= *random << 5;
	return (ms + ms * (int64_t)(*random % 1024) / 4096);
}
