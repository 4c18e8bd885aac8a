/*
 * The bytes of a mail (RFC 5322, RFC 2045-2049): 7-bit, CRLF, lines <= 76,
 * deterministic boundary and Message-ID. A final pass over the finished bytes
 * refuses anything else. headers.h and body.h know the encodings.
 */
#ifndef LA_MAILER_MESSAGE_H
#define LA_MAILER_MESSAGE_H

#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "mailer/address.h"

#define LA_MESSAGE_BYTES_MAX 40000 /* of the finished mail */

struct la_message_parts {
	const char *job_id; /* Message-ID and boundary come from it */
	const struct la_address *from;
	const char *from_name; /* UTF-8, may be "" */
	const struct la_address *to;
	struct la_span subject; /* UTF-8, one line */
	int64_t date_ms;        /* Date: the job's occurred_at */
	int date_utc_offset_s;
	const char *content_language;
	struct la_span text, html; /* UTF-8, LF line ends */
};

/*
 * Appends the message, verified. Errors: LA_EDATA (a part cannot be sent: which, why; over
 * LA_MESSAGE_BYTES_MAX), LA_ENOMEM, LA_EINTERNAL; *out may then end with a piece of it.
 */
LA_MUST_CHECK enum la_err la_message_build(
    const struct la_message_parts *parts, struct la_buf *out, struct la_error *error);

/* "<job_id@domain>", at most LA_MESSAGE_ID_BYTES with its NUL. */
#define LA_MESSAGE_ID_BYTES 360
void la_message_id(const char *job_id, const struct la_address *from, char out[LA_MESSAGE_ID_BYTES]);

/*
 * The final pass: CRLF line ends only, 7-bit, no control byte but tab, no line
 * over 76, except one address or Message-ID that stands alone on a folded header line.
 * Errors: LA_EINTERNAL, names line and rule.
 */
LA_MUST_CHECK enum la_err la_message_verify(struct la_span message, struct la_error *error);

#endif
