/* From the slots of a reading plan to the plain structs. Inside of the decoder. */
#ifndef LA_COMMON_DECODER_FIELDS_H
#define LA_COMMON_DECODER_FIELDS_H

#include "common/record_fields.h"

/*
 * Fills *out, the struct of the record that fields was bound for.
 * Errors: LA_EDATA names the field; *out is undefined then.
 */
LA_MUST_CHECK enum la_err la_decoder_fields_fill(
    const struct la_fields *fields, const struct la_avro_slot *slots, void *out, struct la_error *error);

#endif
