/*
 * Plain JSON <-> events, jobs and decisions, by jansson: field
 * names are Avro's, a union is its bare value, nulls and fields with defaults
 * may be left out, times are integers of ms or ISO 8601, bytes are base64,
 * unknown fields are ignored.
 */
#ifndef LA_COMMON_JSON_H
#define LA_COMMON_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "common/err.h"
#include "common/event.h"
#include "common/job.h"

/* The position and timestamp a line may carry: _topic, _partition, _offset, _timestamp. */
struct la_json_event {
	json_t *root;         /* owns the event's strings */
	unsigned char *bytes; /* email_sealed, decoded; owned */
	struct la_login_event event;
	bool has_topic, has_partition, has_offset; /* what was not there is zero in source */
	struct la_source source; /* has_timestamp says whether _timestamp was there */
};

/*
 * One line -> event. An enum symbol that we do not know takes the reader's enum
 * default, as Avro resolution does. Strings may hold U+0000; a lone surrogate or invalid
 * UTF-8 in the line is LA_EDATA.
 * Errors: LA_EDATA (field and what is allowed; no payload text), LA_ENOMEM.
 * *out needs la_json_event_clear also after failure.
 */
LA_MUST_CHECK enum la_err la_json_read_event(struct la_span line, struct la_json_event *out, struct la_error *error);
void la_json_event_clear(struct la_json_event *event);

/*
 * A job, as render and send take it; it may be minimal: only occurred_at and
 * reason are required. What is left out and has no default in the schema: job_id
 * and member_ref are all zeroes, mode SHADOW, tenant "default", not_after no
 * limit, device_class UNKNOWN, numbers 0, other texts "unknown". Texts are cut to
 * 256 bytes. Errors: LA_EDATA, LA_ENOMEM.
 */
LA_MUST_CHECK enum la_err la_json_read_job(struct la_span text, struct la_alert_job *job, struct la_error *error);

/* New references, or NULL when out of memory. Nulls are written as null. */
json_t *la_json_write_job(const struct la_alert_job *job);
json_t *la_json_write_decision(const struct la_decision *decision);
json_t *la_json_write_delivery(const struct la_delivery *delivery);

#endif
