/*
 * Header fields (RFC 5322) of 7-bit lines up to 76: encoded-words (RFC 2047)
 * where the text is not plain ASCII, never splitting a character.
 */
#ifndef LA_MAILER_HEADERS_H
#define LA_MAILER_HEADERS_H

#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/span.h"
#include "mailer/address.h"

#define LA_HEADERS_LINE_MAX 76

/* Each appends one whole field with its CRLF. Errors: LA_ENOMEM. */

/* Unstructured text: valid UTF-8 without control bytes. */
LA_MUST_CHECK enum la_err la_headers_add_text(struct la_buf *out, const char *name, struct la_span text);

/* A value that is ASCII and known to be safe; on a line of its own when it is too long for the first. */
LA_MUST_CHECK enum la_err la_headers_add_token(struct la_buf *out, const char *name, const char *value);

/* display_name as for text, may be "": then the bare address. */
LA_MUST_CHECK enum la_err la_headers_add_mailbox(
    struct la_buf *out, const char *name, const char *display_name, const struct la_address *address);

/* RFC 5322 section 3.3; an offset with seconds is rounded to minutes. The year must have four digits. */
LA_MUST_CHECK enum la_err la_headers_add_date(struct la_buf *out, const char *name, int64_t unix_ms, int utc_offset_s);

#endif
