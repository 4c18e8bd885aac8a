/* The parts of the encoder: encoder_avro.c (framing, bytes), encoder_open_avro.c (schemas), encoder_fill_avro.c (values). */
#ifndef LA_COMMON_ENCODER_INTERNAL_AVRO_H
#define LA_COMMON_ENCODER_INTERNAL_AVRO_H

#include <avro.h>

#include "common/record_fields.h"

#define LA_SINGLE_OBJECT_BYTES 10 /* C3 01 and the fingerprint, lowest byte first */

/* One record's schema, and a value of it that is filled again and again. */
struct la_encoder_codec {
	struct la_fields fields;
	size_t index[LA_FIELDS_MAX]; /* by row: of its field in the record, or in the recipient */
	size_t recipient;            /* index of that field */
	avro_schema_t schema;
	avro_value_iface_t *class;
	avro_value_t value;
	bool has_header;
	unsigned char header[LA_SINGLE_OBJECT_BYTES]; /* the longest */
};

/*
 * The schema of that record from its file in folder; the header is that of a single object. Errors: LA_ECONFIG (names the
 * file), LA_ENOMEM, LA_EINTERNAL; the codec, which was all zero, needs la_encoder_codec_clear after any result.
 */
LA_MUST_CHECK enum la_err la_encoder_codec_open(
    struct la_encoder_codec *codec, enum la_record_type record, const char *folder, struct la_error *error);
void la_encoder_codec_clear(struct la_encoder_codec *codec);

/* in, the record's struct, into codec->value, which borrows its texts. Errors: LA_EINTERNAL. */
LA_MUST_CHECK enum la_err la_encoder_fill(struct la_encoder_codec *codec, const void *in, struct la_error *error);

#endif
