/* Base64 (RFC 2045 section 6.8) of what is no secret: libsodium's takes constant time, and ten times as long. */
#ifndef LA_MAILER_BASE64_H
#define LA_MAILER_BASE64_H

#include <stddef.h>

#include "common/span.h"

#define LA_BASE64_SIZE(bytes) (((bytes) + 2) / 3 * 4)

/* Writes LA_BASE64_SIZE(bytes.size) digits, no NUL; returns how many. */
size_t la_base64_write(unsigned char *out, struct la_span bytes);

#endif
