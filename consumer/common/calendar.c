#include "common/calendar.h"

#include <stdio.h>

#define DAY_S (24 * 60 * 60)
#define DAY_MS (INT64_C(1000) * DAY_S)
#define DAYS_400_YEARS 146097

/*
 * Both directions count in 400-year eras of years that begin on 1 March, so
 * that the leap day is the last of its year (Howard Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms").
 */
int64_t
la_calendar_days(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return (era * DAYS_400_YEARS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468);
}

static void
date_of(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - (DAYS_400_YEARS - 1)) / DAYS_400_YEARS;
	int64_t doe = z - era * DAYS_400_YEARS;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / (DAYS_400_YEARS - 1)) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2 ? 1 : 0));
}

int64_t
la_calendar_seconds(int64_t ms)
{
	return (ms / 1000 - (ms % 1000 < 0 ? 1 : 0));
}

void
la_calendar_split(int64_t seconds, struct la_calendar_time *out)
{
	int64_t days = seconds / DAY_S - (seconds % DAY_S < 0 ? 1 : 0);
	int rest = (int)(seconds - days * DAY_S);

	date_of(days, &out->year, &out->month, &out->day);
	out->hour = rest / 3600;
	out->minute = rest / 60 % 60;
	out->second = rest % 60;
	out->weekday = (int)(((days + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

void
la_calendar_print(int64_t ms, char out[LA_CALENDAR_BYTES])
{
	const int64_t least = la_calendar_days(0, 1, 1) * DAY_MS, most = la_calendar_days(10000, 1, 1) * DAY_MS - 1;
	struct la_calendar_time t;
	int64_t seconds;

	ms = ms < least ? least : ms > most ? most : ms;
	seconds = la_calendar_seconds(ms);
	la_calendar_split(seconds, &t);
	(void)snprintf(out, LA_CALENDAR_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.year, t.month, t.day, t.hour,
	    t.minute, t.second, (int)(ms - seconds * 1000));
}

/* Takes count digits, then the byte after (0: none is wanted). */
static bool
take(struct la_span *text, int count, char after, int *value)
{
	int i;

	if (text->size < (size_t)count + (after != 0))
		return (false);
	for (i = 0, *value = 0; i < count; i++) {
		if (text->data[i] < '0' || text->data[i] > '9')
			return (false);
		*value = *value * 10 + (text->data[i] - '0');
	}
	if (after != 0 && text->data[count] != (unsigned char)after)
		return (false);
	*text = la_span_of(text->data + count + (after != 0), text->size - (size_t)count - (after != 0));
	return (true);
}

static bool
starts(struct la_span text, char c)
{
	return (text.size > 0 && text.data[0] == (unsigned char)c);
}

static struct la_span
rest_of(struct la_span text)
{
	return (la_span_of(text.data + 1, text.size - 1));
}

/* ":SS", ":SS.fff…", or nothing. */
static bool
take_seconds(struct la_span *text, int *second, int *ms)
{
	int scale = 100;

	*second = *ms = 0;
	if (!starts(*text, ':'))
		return (true);
	*text = rest_of(*text);
	if (!take(text, 2, 0, second) || *second > 60)
		return (false);
	if (!starts(*text, '.') && !starts(*text, ','))
		return (true);
	*text = rest_of(*text);
	if (text->size == 0 || text->data[0] < '0' || text->data[0] > '9')
		return (false);
	for (; text->size > 0 && text->data[0] >= '0' && text->data[0] <= '9'; *text = rest_of(*text), scale /= 10)
		*ms += scale * (text->data[0] - '0');
	return (true);
}

/* "Z", "+09:00", "+0900", "+09"; nothing may follow. */
static bool
take_offset(struct la_span *text, int *minutes)
{
	int hours, rest = 0, sign;

	*minutes = 0;
	if (starts(*text, 'Z') || starts(*text, 'z'))
		return (text->size == 1);
	if (!starts(*text, '+') && !starts(*text, '-'))
		return (false);
	sign = text->data[0] == '-' ? -1 : 1;
	*text = rest_of(*text);
	if (!take(text, 2, 0, &hours))
		return (false);
	if (starts(*text, ':'))
		*text = rest_of(*text);
	else if (text->size == 0)
		goto done;
	if (!take(text, 2, 0, &rest))
		return (false);
done:
	*minutes = sign * (hours * 60 + rest);
	return (text->size == 0 && hours <= 23 && rest <= 59);
}

static int
days_in(int year, int month)
{
	int next_year = month == 12 ? year + 1 : year, next_month = month == 12 ? 1 : month + 1;

	return ((int)(la_calendar_days(next_year, next_month, 1) - la_calendar_days(year, month, 1)));
}

enum la_err
la_calendar_parse(struct la_span text, int64_t *ms)
{
	int year, month, day, hour, minute, second, fraction, offset;

	if (!take(&text, 4, '-', &year) || !take(&text, 2, '-', &month) || !take(&text, 2, 0, &day))
		return (LA_EDATA);
	if (!starts(text, 'T') && !starts(text, 't'))
		return (LA_EDATA);
	text = rest_of(text);
	if (!take(&text, 2, ':', &hour) || !take(&text, 2, 0, &minute) || !take_seconds(&text, &second, &fraction) ||
	    !take_offset(&text, &offset))
		return (LA_EDATA);
	if (month < 1 || month > 12 || day < 1 || day > days_in(year, month) || hour > 23 || minute > 59)
		return (LA_EDATA);
	*ms = la_calendar_days(year, month, day) * DAY_MS +
	    (((int64_t)hour * 60 + minute - offset) * 60 + second) * 1000 + fraction;
	return (LA_OK);
}
