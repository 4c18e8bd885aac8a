/* smtp.url: smtp[s]://host[:port]/name-for-EHLO, one or more with blanks or commas between. relay_url_curl.c. */
#ifndef LA_MAILER_RELAY_URL_H
#define LA_MAILER_RELAY_URL_H

#include <stdbool.h>

#include "common/err.h"

#define LA_RELAY_HOST_BYTES 256
#define LA_RELAY_URL_BYTES 1024

/* The next of a list, cut to what fits; *list moves behind it. False: there is none. */
bool la_relay_url_next(const char **list, char url[LA_RELAY_URL_BYTES]);

/*
 * The URL with a name for EHLO in any case (without one: this host's), for the
 * caller to free, and "host:port". Errors: LA_ECONFIG, LA_ENOMEM; *url is untouched then.
 */
LA_MUST_CHECK enum la_err la_relay_url_read(
    const char *text, char **url, char host_port[LA_RELAY_HOST_BYTES], struct la_error *error);

#endif
