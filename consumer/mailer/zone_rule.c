#include "mailer/zone_rule.h"

#include "common/calendar.h"

#define HOUR_S 3600
#define DAY_S 86400

/* Takes one byte if it is the next. */
static bool
take(struct la_span *text, char byte)
{
	if (text->size == 0 || text->data[0] != (unsigned char)byte)
		return (false);
	*text = la_span_of(text->data + 1, text->size - 1);
	return (true);
}

static bool
take_number(struct la_span *text, int max, int *number)
{
	int digits = 0;

	for (*number = 0; text->size > 0 && text->data[0] >= '0' && text->data[0] <= '9'; digits++) {
		*number = *number * 10 + (text->data[0] - '0');
		if (*number > max)
			return (false);
		*text = la_span_of(text->data + 1, text->size - 1);
	}
	return (digits > 0);
}

/* "JST" or "<+03>": at least three characters. */
static bool
take_name(struct la_span *text, char name[LA_ZONE_ABBREVIATION_BYTES])
{
	bool quoted = take(text, '<');
	size_t size = 0;

	for (; size < text->size; size++) {
		unsigned char c = text->data[size];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!is_letter && !(quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-')))
			break;
	}
	if (size < 3 || size >= LA_ZONE_ABBREVIATION_BYTES)
		return (false);
	memcpy(name, text->data, size);
	name[size] = '\0';
	*text = la_span_of(text->data + size, text->size - size);
	return (!quoted || take(text, '>'));
}

/* [+-]hh[:mm[:ss]] in seconds; up to 167 hours (RFC 8536). */
static bool
take_time(struct la_span *text, int32_t *seconds)
{
	bool negative = take(text, '-');
	int hours, minutes = 0, rest = 0;

	if (!negative)
		(void)take(text, '+');
	if (!take_number(text, 167, &hours))
		return (false);
	if (take(text, ':')) {
		if (!take_number(text, 59, &minutes))
			return (false);
		if (take(text, ':') && !take_number(text, 59, &rest))
			return (false);
	}
	*seconds = (hours * HOUR_S + minutes * 60 + rest) * (negative ? -1 : 1);
	return (true);
}

static bool
take_change(struct la_span *text, struct la_zone_change *change)
{
	if (!take(text, ','))
		return (false);
	*change = (struct la_zone_change){.second_of_day = 2 * HOUR_S};
	if (take(text, 'M')) {
		change->form = 'M';
		if (!take_number(text, 12, &change->month) || change->month == 0 || !take(text, '.') ||
		    !take_number(text, 5, &change->week) || change->week == 0 || !take(text, '.') ||
		    !take_number(text, 6, &change->day))
			return (false);
	} else {
		change->form = take(text, 'J') ? 'J' : '0';
		if (!take_number(text, 365, &change->day) || (change->form == 'J' && change->day == 0))
			return (false);
	}
	return (!take(text, '/') || take_time(text, &change->second_of_day));
}

enum la_err
la_zone_rule_parse(struct la_span text, struct la_zone_rule *rule)
{
	int32_t west;

	*rule = (struct la_zone_rule){.has_summer = false};
	if (!take_name(&text, rule->standard.abbreviation) || !take_time(&text, &west))
		return (LA_EDATA);
	rule->standard.utc_offset_s = -west;
	if (text.size == 0)
		return (LA_OK);
	rule->has_summer = true;
	if (!take_name(&text, rule->summer.abbreviation))
		return (LA_EDATA);
	rule->summer.utc_offset_s = rule->standard.utc_offset_s + HOUR_S;
	if (text.size > 0 && text.data[0] != ',') {
		if (!take_time(&text, &west))
			return (LA_EDATA);
		rule->summer.utc_offset_s = -west;
	}
	if (!take_change(&text, &rule->start) || !take_change(&text, &rule->end) || text.size > 0)
		return (LA_EDATA);
	return (LA_OK);
}

static bool
is_leap(int year)
{
	return (la_calendar_days(year + 1, 1, 1) - la_calendar_days(year, 1, 1) == 366);
}

/* When the change happens in a year, as local seconds since 1970. */
static int64_t
change_in(const struct la_zone_change *change, int year)
{
	int64_t days = la_calendar_days(year, 1, 1);

	if (change->form == 'M') {
		int64_t first = la_calendar_days(year, change->month, 1);
		int64_t next = change->month == 12 ? la_calendar_days(year + 1, 1, 1)
		                                   : la_calendar_days(year, change->month + 1, 1);
		int first_weekday = (int)(((first + 4) % 7 + 7) % 7);

		days = first + (change->day - first_weekday + 7) % 7 + (change->week - 1) * 7;
		while (days >= next) /* week 5 means the last one */
			days -= 7;
	} else {
		/* Jn never counts the leap day. */
		days += change->form == 'J' ? change->day - 1 + (change->day >= 60 && is_leap(year)) : change->day;
	}
	return (days * DAY_S + change->second_of_day);
}

const struct la_zone_type *
la_zone_rule_at(const struct la_zone_rule *rule, int64_t seconds)
{
	struct la_calendar_time local;
	int64_t start, end;
	bool is_summer;

	if (!rule->has_summer)
		return (&rule->standard);
	la_calendar_split(seconds + rule->standard.utc_offset_s, &local);
	start = change_in(&rule->start, local.year) - rule->standard.utc_offset_s;
	end = change_in(&rule->end, local.year) - rule->summer.utc_offset_s;
	is_summer = start < end ? seconds >= start && seconds < end : seconds >= start || seconds < end;
	return (is_summer ? &rule->summer : &rule->standard);
}
