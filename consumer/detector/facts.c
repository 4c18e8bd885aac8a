#include "detector/facts.h"

#define DAY_MS INT64_C(86400000)

static enum la_err
check_identifier(struct la_span value, const char *field, struct la_error *error)
{
	if (value.size == 0)
		return (la_error_set(error, LA_EDATA, "%s is empty; 1 to %d bytes are allowed", field, LA_IDENTIFIER_MAX));
	if (value.size > LA_IDENTIFIER_MAX)
		return (la_error_set(error, LA_EDATA, "%s has %zu bytes; 1 to %d are allowed", field, value.size,
		    LA_IDENTIFIER_MAX));
	return (LA_OK);
}

enum la_err
la_facts_check(const struct la_login_event *event, const struct la_source *source, struct la_error *error)
{
	enum la_err err;

	if ((err = check_identifier(event->tenant, "tenant", error)) != LA_OK ||
	    (err = check_identifier(event->event_id, "event_id", error)) != LA_OK ||
	    (err = check_identifier(event->member_id, "member_id", error)) != LA_OK)
		return (err);
	if (event->occurred_at_ms < LA_TIME_MIN_MS || event->occurred_at_ms > LA_TIME_MAX_MS)
		return (la_error_set(error, LA_EDATA, "occurred_at is outside 2000-01-01 to 2100-01-01"));
	/* occurred_at is in range now, so the difference from it cannot overflow */
	if (source->has_timestamp && source->timestamp_ms < event->occurred_at_ms - DAY_MS)
		return (la_error_set(error, LA_EDATA, "occurred_at is more than 24 h after the record's timestamp"));
	return (LA_OK);
}
