/*
 * Milliseconds since 1970 <-> ISO 8601 in the proleptic Gregorian calendar,
 * without time zone tables, locale or the C library's time functions.
 */
#ifndef LA_COMMON_CALENDAR_H
#define LA_COMMON_CALENDAR_H

#include <stdint.h>

#include "common/err.h"
#include "common/span.h"

#define LA_CALENDAR_BYTES 32

/* "2025-07-01T00:00:00.000Z". Years outside 0..9999 are shown as their nearest end. */
void la_calendar_print(int64_t ms, char out[LA_CALENDAR_BYTES]);

/*
 * ISO 8601 extended format, date, time and offset (RFC 3339 and a little more):
 * 2025-07-01T00:00:00+09:00, 2025-07-01T00:00Z, …00.5Z, …+0900, …+09. Digits of a
 * fraction beyond ms are dropped. Second 60 is the next minute's first.
 * Errors: LA_EDATA (*ms is untouched).
 */
LA_MUST_CHECK enum la_err la_calendar_parse(struct la_span text, int64_t *ms);

struct la_calendar_time {
	int year;
	int month, day; /* from 1 */
	int hour, minute, second;
	int weekday; /* 0: Sunday */
};

/* Seconds since 1970, of any millisecond time; rounds towards the past, as clocks do. */
int64_t la_calendar_seconds(int64_t ms);

/* Seconds since 1970 -> date and time of day; for all that la_calendar_seconds gives, plus any zone's offset. */
void la_calendar_split(int64_t seconds, struct la_calendar_time *out);

/* Days since 1970-01-01; month 1-12. */
int64_t la_calendar_days(int64_t year, int month, int day);

#endif
