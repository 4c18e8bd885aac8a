/*
 * JSON that jansson refuses though its grammar (RFC 8259) allows it, or that only strings' bytes make invalid.
 *
 * In strings, what is no UTF-8 and the escape of half a surrogate pair become U+FFFD. A number that is no 64-bit
 * integer becomes a fraction: no field of ours takes one, so it is ignored in a field that is not ours and refused, with the
 * field's name, in one that is. Anything else is copied.
 */
#ifndef LA_COMMON_JSON_REPAIR_H
#define LA_COMMON_JSON_REPAIR_H

#include "common/buf.h"

/* Appends the repaired text to out: at most three times as long. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_json_repair(struct la_span text, struct la_buf *out);

#endif
