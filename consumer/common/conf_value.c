#include "common/conf_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/calendar.h"
#include "common/conf_value_internal.h"

#define DURATION_MAX_MS (INT64_C(36525) * 24 * 60 * 60 * 1000) /* 100 years */
#define STEPS_MAX 100

bool
la_conf_part_next(const char **rest, char separator, struct la_conf_part *part)
{
	size_t size = strcspn(*rest, (const char[]){separator, '\0'});

	if (size >= sizeof(part->text))
		return (false);
	memcpy(part->text, *rest, size);
	part->text[size] = '\0';
	*rest += size + ((*rest)[size] != '\0');
	return (true);
}

/* Decimal digits only, with a sign where asked for. Nothing overflows. */
static bool
parse_integer(const char *text, bool may_be_negative, int64_t *value)
{
	bool negative = may_be_negative && text[0] == '-';
	const char *p = text + negative;

	if (*p == '\0')
		return (false);
	for (*value = 0; *p != '\0'; p++) {
		if (*p < '0' || *p > '9' || *value > (INT64_MAX - (*p - '0')) / 10)
			return (false);
		*value = *value * 10 + (*p - '0');
	}
	if (negative)
		*value = -*value;
	return (true);
}

enum la_err
la_conf_parse_duration(const char *text, int64_t *ms)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
	size_t digits = strspn(text, "0123456789"), i;
	const char *rest = text;
	struct la_conf_part number;
	int64_t value;

	if (strcmp(text, "0") == 0) {
		*ms = 0;
		return (LA_OK);
	}
	if (digits == 0 || digits > 18 || !la_conf_part_next(&rest, text[digits], &number) ||
	    !parse_integer(number.text, false, &value))
		return (LA_EDATA);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(text + digits, units[i].name) == 0 && value <= DURATION_MAX_MS / units[i].ms) {
			*ms = value * units[i].ms;
			return (LA_OK);
		}
	}
	return (LA_EDATA);
}

enum la_err
la_conf_parse_time(const char *text, int64_t *ms)
{
	int64_t value;

	if (parse_integer(text, true, &value)) {
		*ms = value;
		return (LA_OK);
	}
	return (la_calendar_parse(la_span_text(text), ms));
}

/* "least..most" -> its two ends. */
static bool
split_range(const char *range, struct la_conf_part *least, struct la_conf_part *most)
{
	const char *dots = strstr(range, "..");

	if (dots == NULL || dots - range >= (ptrdiff_t)sizeof(least->text))
		return (false);
	(void)snprintf(least->text, sizeof(least->text), "%.*s", (int)(dots - range), range);
	(void)snprintf(most->text, sizeof(most->text), "%s", dots + 2);
	return (true);
}

bool
la_conf_part_integer(const char *text, const char *range, int64_t *number)
{
	struct la_conf_part ends[2];
	int64_t least, most;

	return (split_range(range, &ends[0], &ends[1]) && parse_integer(ends[0].text, false, &least) &&
	    parse_integer(ends[1].text, false, &most) && parse_integer(text, false, number) && *number >= least &&
	    *number <= most);
}

static bool
parse_duration_in(const char *text, const char *range, int64_t *ms)
{
	struct la_conf_part ends[2];
	int64_t least, most;

	return (split_range(range, &ends[0], &ends[1]) && la_conf_parse_duration(ends[0].text, &least) == LA_OK &&
	    la_conf_parse_duration(ends[1].text, &most) == LA_OK && la_conf_parse_duration(text, ms) == LA_OK &&
	    *ms >= least && *ms <= most);
}

/* Digits with at most one point: no sign, no exponent, no locale's comma. Three whole digits are plenty. */
static bool
parse_ratio_in(const char *text, const char *range, double *ratio)
{
	size_t whole = strspn(text, "0123456789"), part = 0;
	struct la_conf_part ends[2];
	double scale = 1;
	size_t i;

	if (text[whole] == '.')
		part = strspn(text + whole + 1, "0123456789");
	if (whole == 0 || whole > 3 || part > 9 || text[whole + (text[whole] == '.') + part] != '\0' ||
	    (text[whole] == '.' && part == 0))
		return (false);
	for (*ratio = 0, i = 0; i < whole; i++)
		*ratio = *ratio * 10 + (text[i] - '0');
	for (i = 0; i < part; i++) {
		scale *= 10;
		*ratio += (text[whole + 1 + i] - '0') / scale;
	}
	if (!split_range(range, &ends[0], &ends[1]))
		return (false);
	return (*ratio >= atoi(ends[0].text) && *ratio <= atoi(ends[1].text));
}

/* One alternative of a choice: "word", "word:<duration>", "word:<least..most>". */
static bool
suits_alternative(const char *text, const char *alternative, struct la_conf_value *value)
{
	size_t word = strcspn(alternative, ":");
	struct la_conf_part range;

	if (alternative[word] == '\0')
		return (strcmp(text, alternative) == 0);
	if (strncmp(text, alternative, word + 1) != 0)
		return (false);
	if (strcmp(alternative + word + 1, "<duration>") == 0)
		return (la_conf_parse_duration(text + word + 1, &value->ms) == LA_OK);
	(void)snprintf(range.text, sizeof(range.text), "%s", alternative + word + 2);
	range.text[strcspn(range.text, ">")] = '\0';
	return (la_conf_part_integer(text + word + 1, range.text, &value->number));
}

static bool
parse_choice(const char *text, const char *choices, struct la_conf_value *value)
{
	struct la_conf_part alternative;
	int64_t index;

	for (index = 0; *choices != '\0'; index++) {
		value->number = index;
		if (la_conf_part_next(&choices, '|', &alternative) && suits_alternative(text, alternative.text, value))
			return (true);
	}
	return (false);
}

static bool
parse_cap(const char *text, struct la_conf_value *value)
{
	const char *rest = text;
	struct la_conf_part count;

	if (strcmp(text, "0") == 0)
		return (true);
	return (la_conf_part_next(&rest, '/', &count) && la_conf_part_integer(count.text, "1..1000000", &value->number) &&
	    parse_duration_in(rest, "1ms..36525d", &value->ms));
}

/* number: how many steps there are, repeats counted. */
static bool
parse_schedule(const char *text, struct la_conf_value *value)
{
	bool more;

	do {
		struct la_conf_part step, duration;
		const char *times = step.text;
		int64_t ms, count = 1;

		more = strchr(text, ',') != NULL;
		if (!la_conf_part_next(&text, ',', &step))
			return (false);
		if (!la_conf_part_next(&times, '*', &duration) || !parse_duration_in(duration.text, "1ms..36525d", &ms))
			return (false);
		if (strchr(step.text, '*') != NULL && !la_conf_part_integer(times, "1..100", &count))
			return (false);
		value->number += count;
	} while (more && value->number <= STEPS_MAX);
	return (value->number <= STEPS_MAX && !more);
}

bool
la_conf_value_parse(const struct la_conf_key *key, const char *text, struct la_conf_value *value)
{
	*value = (struct la_conf_value){0, 0, 0};
	switch (key->type) {
	case LA_CONF_TEXT:
	case LA_CONF_FILE:
	case LA_CONF_FOLDER:
	case LA_CONF_KAFKA:
		return (true);
	case LA_CONF_NAME:
	case LA_CONF_BRAND:
		return (la_conf_parse_name(text, key->allowed));
	case LA_CONF_INT:
		return (la_conf_part_integer(text, key->allowed, &value->number));
	case LA_CONF_RATIO:
		return (parse_ratio_in(text, key->allowed, &value->ratio));
	case LA_CONF_DURATION:
		return (parse_duration_in(text, key->allowed, &value->ms));
	case LA_CONF_TIME:
		value->ms = LA_CONF_NO_TIME;
		return (strcmp(text, "none") == 0 || la_conf_parse_time(text, &value->ms) == LA_OK);
	case LA_CONF_CHOICE:
		return (parse_choice(text, key->allowed, value));
	case LA_CONF_CAP:
		return (parse_cap(text, value));
	case LA_CONF_SCHEDULE:
		return (parse_schedule(text, value));
	case LA_CONF_URL:
		return (la_conf_parse_url(text, key->allowed));
	case LA_CONF_URLS:
		return (la_conf_parse_urls(text, key->allowed));
	case LA_CONF_LISTEN:
		return (la_conf_parse_listen(text));
	}
	return (false);
}

bool
la_conf_value_works(const struct la_conf_key *key, const struct la_conf_value *value)
{
	const char *rest = key->today;
	struct la_conf_value works;
	struct la_conf_part one;

	if (rest == NULL)
		return (true);
	while (*rest != '\0') {
		if (la_conf_part_next(&rest, '|', &one) && la_conf_value_parse(key, one.text, &works) &&
		    works.number == value->number && works.ms == value->ms && !(works.ratio < value->ratio) &&
		    !(works.ratio > value->ratio))
			return (true);
	}
	return (false);
}
