/*
 * Bodies of text parts: the encoding that fits the content (RFC 2045 section 6),
 * with CRLF, 7-bit, lines up to 76.
 */
#ifndef LA_MAILER_BODY_H
#define LA_MAILER_BODY_H

#include "common/buf.h"
#include "common/err.h"
#include "common/span.h"

enum la_body_encoding { LA_BODY_7BIT, LA_BODY_QUOTED_PRINTABLE, LA_BODY_BASE64 };

/* "7bit", "quoted-printable", "base64": what Content-Transfer-Encoding says. */
const char *la_body_encoding_name(enum la_body_encoding encoding);

/*
 * 7bit for plain ASCII in short lines that no gateway would touch; else about the shorter
 * of quoted-printable and base64. No encoded body holds "=_", so that a boundary
 * with it cannot occur. text: UTF-8 with LF line ends, no other control byte but tab.
 */
enum la_body_encoding la_body_choose(struct la_span text);

/* Appends the encoded text; it ends with CRLF. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_body_add(struct la_buf *out, struct la_span text, enum la_body_encoding encoding);

#endif
