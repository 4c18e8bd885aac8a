/* Decoder and encoder as configured (avro.framing, avro.output-framing, schema.dir). codec_os.c */
#ifndef LA_COMMON_CODEC_H
#define LA_COMMON_CODEC_H

#include "common/conf.h"
#include "common/decoder.h"
#include "common/encoder.h"

/* Errors: LA_ECONFIG, LA_ENOMEM; *decoder and *encoder need their _free in any case. */
LA_MUST_CHECK enum la_err la_codec_open(const struct la_conf *conf, enum la_record_type record,
    struct la_decoder **decoder, struct la_encoder **encoder, struct la_error *error);

/* The decoder alone, for what reads and writes nothing. Errors: as above. */
LA_MUST_CHECK enum la_err la_codec_open_input(
    const struct la_conf *conf, enum la_record_type record, struct la_decoder **decoder, struct la_error *error);

/* A decoder of what our programs write (avro.output-framing). Errors: LA_ECONFIG, LA_ENOMEM; *decoder is untouched then. */
LA_MUST_CHECK enum la_err la_codec_open_output(
    const struct la_conf *conf, enum la_record_type record, struct la_decoder **decoder, struct la_error *error);

#endif
