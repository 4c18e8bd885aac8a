/*
 * What an answer of recipient.url means. Pure; jansson.
 *
 *   200, application/json   {"email": "hanako@example.jp", "locale": "ja-JP"}
 *
 * email: a string, or null for a member without an address. locale: a string or null, may be missing. Other members
 * are ignored, one that comes twice is not.
 */
#ifndef LA_MAILER_DIRECTORY_REPLY_H
#define LA_MAILER_DIRECTORY_REPLY_H

#include "mailer/directory.h"

#define LA_DIRECTORY_REPLY_BYTES (16 << 10) /* of the body; more is not read */

/*
 * Fills all of *answer but token and retry_after_ms. name: "host:port"; type: the Content-Type, NULL: none. Errors:
 * LA_ENOMEM.
 */
LA_MUST_CHECK enum la_err la_directory_reply_read(const char *name, long status, const char *type,
    struct la_span body, struct la_directory_answer *answer);

/* The verdict without an answer, or of one that is of no use: "name: why". */
void la_directory_reply_fail(
    const char *name, enum la_directory_verdict verdict, const char *why, struct la_directory_answer *answer);

#endif
