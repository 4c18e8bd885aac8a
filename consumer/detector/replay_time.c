#include "detector/replay_time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/calendar.h"

#define MINUTE_MS 60000

/* The same text read as UTC is later by the offset. */
int64_t
la_replay_time_offset(const char *text)
{
	const char *time = strchr(text, 'T'), *sign = time == NULL ? NULL : strpbrk(time, "+-Zz");
	char local[64];
	int64_t written, utc;
	int size;

	if (sign == NULL)
		return (0);
	size = snprintf(local, sizeof(local), "%.*sZ", (int)(sign - text), text);
	if (size < 0 || (size_t)size >= sizeof(local) || la_calendar_parse(la_span_text(text), &utc) != LA_OK ||
	    la_calendar_parse(la_span_text(local), &written) != LA_OK)
		return (0);
	return (written - utc);
}

void
la_replay_time_print(int64_t ms, int64_t offset_ms, char out[LA_REPLAY_TIME_BYTES])
{
	char local[LA_CALENDAR_BYTES];
	long minutes = labs((long)(offset_ms / MINUTE_MS));
	int size;

	la_calendar_print(ms + offset_ms, local);
	size = (int)strlen(local) - (offset_ms == 0 ? 0 : 1); /* the Z */
	if (offset_ms == 0)
		(void)snprintf(out, LA_REPLAY_TIME_BYTES, "%s", local);
	else
		(void)snprintf(out, LA_REPLAY_TIME_BYTES, "%.*s%c%02ld:%02ld", size > 24 ? 24 : size, local,
		    offset_ms < 0 ? '-' : '+', minutes / 60 % 100, minutes % 60);
}

void
la_replay_time_day(int64_t day, char out[LA_REPLAY_TIME_BYTES])
{
	char time[LA_CALENDAR_BYTES];

	la_calendar_print(day * INT64_C(86400000), time);
	(void)snprintf(out, LA_REPLAY_TIME_BYTES, "%.10s", time);
}
