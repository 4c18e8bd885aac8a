/*
 * Local time from the system's zoneinfo files (TZif, RFC 8536; footer string as
 * in POSIX TZ), without setenv: safe beside other threads.
 */
#ifndef LA_MAILER_ZONE_H
#define LA_MAILER_ZONE_H

#include <stdint.h>

#include "common/err.h"
#include "common/span.h"

struct la_zone; /* one loaded file */

struct la_local_time {
	int year, month, day, hour, minute, second;
	int utc_offset_s;
	char abbreviation[16]; /* "JST" */
};

/*
 * name is a zoneinfo name ("Asia/Tokyo"): letters, digits, "_+-/", no leading
 * '/', no "..", else LA_EDATA; a missing or broken file is LA_EDATA too.
 * folder: "/usr/share/zoneinfo" when NULL.
 */
LA_MUST_CHECK enum la_err la_zone_load(
    struct la_zone **zone, const char *folder, struct la_span name, struct la_error *error);
void la_zone_free(struct la_zone *zone);

void la_zone_local(const struct la_zone *zone, int64_t unix_ms, struct la_local_time *out);

#endif
