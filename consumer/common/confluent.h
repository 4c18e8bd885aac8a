/*
 * Confluent's wire format: byte 0, the schema's id in four bytes, highest first, then the body. Pure.
 * Ids are Java's positive int: what has the highest bit set was never given to a schema.
 */
#ifndef LA_COMMON_CONFLUENT_H
#define LA_COMMON_CONFLUENT_H

#include <stdint.h>

#include "common/err.h"
#include "common/span.h"

#define LA_CONFLUENT_HEADER_BYTES 5

/* Takes the header off *value. Errors: LA_EDATA; *value and *id are untouched then. */
LA_MUST_CHECK enum la_err la_confluent_open(struct la_span *value, uint32_t *id, struct la_error *error);

void la_confluent_header(uint32_t id, unsigned char header[LA_CONFLUENT_HEADER_BYTES]);

#endif
