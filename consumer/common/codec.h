/*
 * Decoder and encoder as configured (avro.framing, avro.output-framing, schema.dir, schema.registry.*), and the ids of our
 * schemas in the registry. codec_os.c
 */
#ifndef LA_COMMON_CODEC_H
#define LA_COMMON_CODEC_H

#include "common/conf.h"
#include "common/decoder.h"
#include "common/encoder.h"

/*
 * Asks nobody: a decoder asks the registry when it meets an id; an encoder of avro.output-framing=confluent needs
 * la_codec_register. Errors: LA_ECONFIG, LA_ENOMEM, LA_EINTERNAL; *decoder and *encoder need their _free in any case.
 */
LA_MUST_CHECK enum la_err la_codec_open(const struct la_conf *conf, enum la_record_type record,
    struct la_decoder **decoder, struct la_encoder **encoder, struct la_error *error);

/* The decoder alone, for what reads and writes nothing. Errors: as above. */
LA_MUST_CHECK enum la_err la_codec_open_input(
    const struct la_conf *conf, enum la_record_type record, struct la_decoder **decoder, struct la_error *error);

/*
 * A decoder of what our programs write (avro.output-framing), for one that has nothing else to do: it waits for the
 * registry, up to 10 s a schema. Errors: LA_ECONFIG, LA_ENOMEM, LA_EINTERNAL; *decoder is NULL or needs its _free.
 */
LA_MUST_CHECK enum la_err la_codec_open_output(
    const struct la_conf *conf, enum la_record_type record, struct la_decoder **decoder, struct la_error *error);

/*
 * avro.output-framing=confluent: looks our schemas up under "<topic>-value", registers those that are not there, and
 * gives their ids to the encoder. Else nothing. Errors: LA_ECONFIG (refused), LA_EUNAVAILABLE, LA_ENOMEM, LA_EINTERNAL.
 */
LA_MUST_CHECK enum la_err la_codec_register(
    const struct la_conf *conf, enum la_record_type record, struct la_encoder *encoder, struct la_error *error);

/*
 * For check: does the registry answer, are our schemas there? What is not calls say. *asked false: no framing needs a
 * registry. Errors: as la_codec_register.
 */
LA_MUST_CHECK enum la_err la_codec_check(const struct la_conf *conf, enum la_record_type record,
    void (*say)(const char *line), bool *asked, struct la_error *error);

#endif
