/*
 * Local time from the system's zoneinfo files (TZif, RFC 8536; footer string as
 * in POSIX TZ), without setenv: safe beside other threads.
 */
#ifndef LA_MAILER_ZONE_H
#define LA_MAILER_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/span.h"
#include "mailer/zone_rule.h"

struct la_zone; /* one loaded file */

struct la_local_time {
	int year, month, day, hour, minute, second;
	int utc_offset_s;
	char abbreviation[LA_ZONE_ABBREVIATION_BYTES]; /* "JST" */
};

/*
 * The contents of one zoneinfo file.
 * Errors: LA_EDATA (not TZif, or its counts and times do not agree), LA_ENOMEM; *zone is untouched then.
 */
LA_MUST_CHECK enum la_err la_zone_parse(struct la_zone **zone, struct la_span file, struct la_error *error);
void la_zone_free(struct la_zone *zone);

/* Is it a zoneinfo name ("Asia/Tokyo")? Letters, digits, "_+-/", at most 64 bytes, no leading '/', no "..". */
bool la_zone_name_ok(struct la_span name);

/* Any time whose year fits an int; a time before the zone's first change has its first local time type. */
void la_zone_local(const struct la_zone *zone, int64_t unix_ms, struct la_local_time *out);

/* Where zones come from: a port, so that rendering opens no file itself. */
struct la_zone_source {
	/* Errors: LA_EDATA (no such zone, or broken), LA_ENOMEM; *zone is the caller's to free. */
	enum la_err (*load)(void *cookie, struct la_zone **zone, struct la_span name, struct la_error *error);
	void *cookie;
};

/*
 * zone_os.c: reads folder/<name>; folder: "/usr/share/zoneinfo" when NULL.
 * Errors: LA_EDATA (no zoneinfo name; a missing or broken file), LA_ENOMEM.
 */
LA_MUST_CHECK enum la_err la_zone_load(
    struct la_zone **zone, const char *folder, struct la_span name, struct la_error *error);
extern const struct la_zone_source la_zone_system; /* la_zone_load from the system's folder */

#endif
