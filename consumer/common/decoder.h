/*
 * Values of the bus -> plain structs, by reading plans (avro_plan.h).
 *
 * A decoder is compiled once for a reader schema of ours; for each writer
 * schema it holds a plan (Avro 1.11 specification, "Schema Resolution").
 * Decoding allocates nothing once a writer's schema is known; strings are borrowed from the value.
 * Not safe for use by two threads at once.
 */
#ifndef LA_COMMON_DECODER_H
#define LA_COMMON_DECODER_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/event.h"
#include "common/job.h"
#include "common/span.h"

#define LA_VALUE_BYTES_MAX (16u << 20) /* rule 1: a larger value is refused */

enum la_framing { LA_FRAMING_NONE, LA_FRAMING_CONFLUENT, LA_FRAMING_SINGLE_OBJECT };

enum la_record_type { LA_RECORD_LOGIN_EVENT, LA_RECORD_ALERT_JOB, LA_RECORD_DECISION, LA_RECORD_DELIVERY };

struct la_decoder;

struct la_decoder_options {
	enum la_record_type record;
	enum la_framing framing;    /* CONFLUENT: la_decoder_set_source (decoder_core.h) says where schemas come from */
	const char *schema_folder;  /* ours: LoginEvent.avsc … */
	const char *schema_dir;     /* writers' schemas for SINGLE_OBJECT, *.avsc; NULL: none but ours */
};

/*
 * Reads and compiles all schemas. A schema that cannot resolve to ours is an
 * error that names file and field.
 * Errors: LA_ECONFIG, LA_ENOMEM; *decoder is untouched then.
 */
LA_MUST_CHECK enum la_err la_decoder_new(
    struct la_decoder **decoder, const struct la_decoder_options *options, struct la_error *error);
void la_decoder_free(struct la_decoder *decoder);

/*
 * CONFLUENT: the schemas, and refusals, of ids that records in hand have. As long as they are held a value is read again
 * as it was read first, and nobody is asked. Zeroed: it holds nothing. Belongs to the caller; must be released before the
 * decoder is freed.
 */
#define LA_DECODER_IDS_MAX 1024
struct la_decoder_hold {
	struct la_decoder *decoder;
	size_t count;
	uint64_t places[LA_DECODER_IDS_MAX / 64 + 1];
};

/* What values are read by from now on is held by hold, beside what it holds already; NULL: by nobody. */
void la_decoder_hold(struct la_decoder *decoder, struct la_decoder_hold *hold);
void la_decoder_release(struct la_decoder_hold *hold); /* holds nothing afterwards */

/*
 * The same for one value, the last that was read: its schema is there until it is unpinned with what this returns. 0: there
 * is nothing to pin, by another framing.
 */
uint32_t la_decoder_pin(struct la_decoder *decoder);
void la_decoder_unpin(struct la_decoder *decoder, uint32_t pin); /* 0: does nothing */

/*
 * value -> *event / *job. Spans in *event are borrowed from value, or from the
 * decoder for defaults: valid as long as value, and until the next value is decoded.
 * Errors: LA_EDATA (error->text says what, at which byte, in which field; never
 * payload text), LA_ENOSCHEMA (the writer's schema is not known), LA_ETOOLARGE (over LA_VALUE_BYTES_MAX);
 * CONFLUENT too: LA_ETIMEOUT (the registry is asked: call again in some ms), LA_EUNAVAILABLE (the registry fails: the same;
 * or all room for schemas is held or pinned: first be done with some of what it is for), LA_ENOMEM, LA_EINTERNAL. *event is undefined then.
 */
LA_MUST_CHECK enum la_err la_decoder_event(
    struct la_decoder *decoder, struct la_span value, struct la_login_event *event, struct la_error *error);
LA_MUST_CHECK enum la_err la_decoder_job(
    struct la_decoder *decoder, struct la_span value, struct la_alert_job *job, struct la_error *error);
/* What LA_ENOSCHEMA says of such a value, from its bytes alone: which schema was not known. */
void la_decoder_say_unknown(const struct la_decoder *decoder, struct la_span value, struct la_error *error);

/* For tools and tests (the demo's table reads Decisions and Deliveries). */
LA_MUST_CHECK enum la_err la_decoder_decision(
    struct la_decoder *decoder, struct la_span value, struct la_decision *decision, struct la_error *error);
LA_MUST_CHECK enum la_err la_decoder_delivery(
    struct la_decoder *decoder, struct la_span value, struct la_delivery *delivery, struct la_error *error);

#endif
