/* Parts of http(s) URLs that two of our keys have (RFC 3986). Pure. */
#ifndef LA_COMMON_HTTP_URL_H
#define LA_COMMON_HTTP_URL_H

#include <stddef.h>

#include "common/span.h"

#define LA_HTTP_DIGITS "0123456789"
#define LA_HTTP_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define LA_HTTP_UNRESERVED LA_HTTP_LETTERS LA_HTTP_DIGITS "-._~"
/* Sections 3.3 and 3.4; what is encoded already stays so. */
#define LA_HTTP_PATH_BYTES LA_HTTP_UNRESERVED "!$&'()*+,;=:@/%"
#define LA_HTTP_NAME_BYTES 300

/*
 * "host" or "host:port", the host perhaps an address in brackets -> name, "host:port" for messages; libcurl looks at the
 * rest of it. NULL, or what is wrong. No user name: it would be sent, and logged.
 */
const char *la_http_url_host(const char *text, size_t size, const char *default_port, char name[LA_HTTP_NAME_BYTES]);

/* Percent-encodes all but the unreserved (section 2.3): up to three bytes each. Returns the end; no NUL there. */
char *la_http_url_encode(char *out, struct la_span text);

#endif
