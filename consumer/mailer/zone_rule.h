/*
 * The footer of a TZif file: a POSIX TZ string ("CET-1CEST,M3.5.0,M10.5.0/3"),
 * with the extensions of RFC 8536 section 3.3.1. Holds after the file's last change.
 */
#ifndef LA_MAILER_ZONE_RULE_H
#define LA_MAILER_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/span.h"

#define LA_ZONE_ABBREVIATION_BYTES 16

struct la_zone_type {
	int32_t utc_offset_s;
	char abbreviation[LA_ZONE_ABBREVIATION_BYTES];
};

/* When in a year a change happens. */
struct la_zone_change {
	char form;             /* 'M', 'J' or '0' (zero-based day) */
	int month, week, day;  /* J and 0 use day only */
	int32_t second_of_day; /* of local time; may be negative or beyond a day */
};

struct la_zone_rule {
	bool has_summer;
	struct la_zone_type standard, summer;
	struct la_zone_change start, end; /* of summer time */
};

/* Errors: LA_EDATA. *rule is undefined then. */
LA_MUST_CHECK enum la_err la_zone_rule_parse(struct la_span text, struct la_zone_rule *rule);

/* The type in force at a time in seconds since 1970; valid as long as rule. */
const struct la_zone_type *la_zone_rule_at(const struct la_zone_rule *rule, int64_t seconds);

#endif
