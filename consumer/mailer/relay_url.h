/* smtp.url: smtp[s]://host[:port]/name-for-EHLO. relay_url_curl.c. */
#ifndef LA_MAILER_RELAY_URL_H
#define LA_MAILER_RELAY_URL_H

#include "common/err.h"

#define LA_RELAY_HOST_BYTES 256

/*
 * The URL with a name for EHLO in any case (without one: this host's), for the
 * caller to free, and "host:port". Errors: LA_ECONFIG, LA_ENOMEM; *url is untouched then.
 */
LA_MUST_CHECK enum la_err la_relay_url_read(
    const char *text, char **url, char host_port[LA_RELAY_HOST_BYTES], struct la_error *error);

#endif
