/* What every HTTP question of ours has in common: the options of libcurl's easy handle. */
#ifndef LA_COMMON_HTTP_OPTIONS_CURL_H
#define LA_COMMON_HTTP_OPTIONS_CURL_H

#include <curl/curl.h>

#include "common/err.h"

#define LA_HTTP_HEADER_BYTES_MAX (64 << 10) /* of an answer; libcurl 7.88 keeps them all */

struct la_http_options_curl {
	const char *protocols;      /* "https", "http,https" */
	const char *ca_file;        /* NULL: whom the system trusts */
	struct curl_slist *headers; /* borrowed: they live as long as the handle */
	const char *agent;
	size_t *header_bytes; /* of what came, counted here; more than LA_HTTP_HEADER_BYTES_MAX ends the transfer */
};

/*
 * HTTP 1.1 with la_easy_curl_set_trust; no redirect (it would lead secrets elsewhere). Errors: LA_ENOMEM, LA_EINTERNAL (an
 * option that libcurl refuses).
 */
LA_MUST_CHECK enum la_err la_http_options_curl_set(
    CURL *easy, const struct la_http_options_curl *options, struct la_error *error);

/* What the next transfer asks, and how long it may take in all; half of that for the connection. Errors: as above. */
LA_MUST_CHECK enum la_err la_http_options_curl_ask(CURL *easy, const char *url, int timeout_ms, struct la_error *error);

#endif
