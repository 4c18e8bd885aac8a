/*
 * Plain structs -> values of the bus, by avro-c (encoder_avro.c).
 *
 * The writer schema is our file; framing as configured (avro.output-framing).
 * Not safe for use by two threads at once.
 */
#ifndef LA_COMMON_ENCODER_H
#define LA_COMMON_ENCODER_H

#include "common/buf.h"
#include "common/decoder.h"
#include "common/err.h"
#include "common/event.h"
#include "common/job.h"

struct la_encoder;

/*
 * schema_folder holds our *.avsc. Errors: LA_ECONFIG (names the file),
 * LA_ENOMEM; *encoder is untouched then.
 */
LA_MUST_CHECK enum la_err la_encoder_new(struct la_encoder **encoder, enum la_framing framing,
    const char *schema_folder, struct la_error *error);
void la_encoder_free(struct la_encoder *encoder);

/* CONFLUENT: the id of our schema in the registry, before the first of these records. */
void la_encoder_set_id(struct la_encoder *encoder, enum la_record_type record, uint32_t id);

/* Each appends one framed value to out. Errors: LA_ENOMEM, LA_EINTERNAL; out is as before then. */
LA_MUST_CHECK enum la_err la_encoder_event(struct la_encoder *encoder, const struct la_login_event *event,
    struct la_buf *out, struct la_error *error);
LA_MUST_CHECK enum la_err la_encoder_job(
    struct la_encoder *encoder, const struct la_alert_job *job, struct la_buf *out, struct la_error *error);
LA_MUST_CHECK enum la_err la_encoder_decision(
    struct la_encoder *encoder, const struct la_decision *decision, struct la_buf *out, struct la_error *error);
LA_MUST_CHECK enum la_err la_encoder_delivery(
    struct la_encoder *encoder, const struct la_delivery *delivery, struct la_buf *out, struct la_error *error);

#endif
