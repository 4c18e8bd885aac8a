/* What every HTTP question of ours has in common: the options of libcurl's easy handle. */
#ifndef LA_COMMON_HTTP_OPTIONS_CURL_H
#define LA_COMMON_HTTP_OPTIONS_CURL_H

#include <curl/curl.h>
#include <stdbool.h>

#include "common/err.h"

struct la_http_options_curl {
	const char *protocols;      /* "https", "http,https" */
	const char *ca_file;        /* NULL: whom the system trusts */
	struct curl_slist *headers; /* borrowed: they live as long as the handle */
	const char *agent;
};

/*
 * TLS from 1.2 on, its certificate verified; no redirect (it would lead secrets elsewhere), no proxy and no .netrc of the
 * environment; HTTP 1.1. Errors: LA_ENOMEM, LA_EINTERNAL (an option that libcurl refuses).
 */
LA_MUST_CHECK enum la_err la_http_options_curl_set(CURL *easy, const struct la_http_options_curl *options, struct la_error *error);

/* Is it that the server is not the one we trust? */
bool la_http_options_curl_is_untrusted(CURLcode code);

#endif
