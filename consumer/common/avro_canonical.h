/* What identifies a schema (Avro 1.11 specification, "Parsing Canonical Form for Schemas"). */
#ifndef LA_COMMON_AVRO_CANONICAL_H
#define LA_COMMON_AVRO_CANONICAL_H

#include <stdint.h>

#include "common/avro_schema.h"
#include "common/buf.h"

/* Appends the canonical form. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_avro_canonical_form(const struct la_avro_schema *schema, struct la_buf *out);

/* CRC-64-AVRO of bytes ("Schema Fingerprints"). */
uint64_t la_avro_canonical_crc64(struct la_span bytes);

/* CRC-64-AVRO of the canonical form: single-object encoding carries it, lowest byte first. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_avro_canonical_fingerprint(const struct la_avro_schema *schema, uint64_t *fingerprint);

#endif
