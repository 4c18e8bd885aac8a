/* Options of libcurl's easy handles: set and checked one by one, and those that every connection of ours has. */
#ifndef LA_COMMON_EASY_CURL_H
#define LA_COMMON_EASY_CURL_H

#include <curl/curl.h>
#include <stdbool.h>

#include "common/err.h"

/* What curl_easy_setopt said to the option of that name. Errors: LA_ENOMEM, LA_EINTERNAL (libcurl refuses it). */
LA_MUST_CHECK enum la_err la_easy_curl_took(CURLcode code, const char *option, struct la_error *error);

/* Sets an option, or returns with what la_easy_curl_took says; struct la_error *error is the caller's. */
#define LA_EASY_SET(easy, option, value)                                                                         \
	do {                                                                                                     \
		enum la_err set_err = la_easy_curl_took(curl_easy_setopt((easy), option, (value)), #option, error); \
		if (set_err != LA_OK)                                                                            \
			return (set_err);                                                                        \
	} while (false)

/*
 * TLS from 1.2 on, its certificate verified against ca_file (NULL: whom the system trusts); no proxy and no .netrc of the
 * environment. Errors: as la_easy_curl_took.
 */
LA_MUST_CHECK enum la_err la_easy_curl_set_trust(CURL *easy, const char *ca_file, struct la_error *error);

/* Is it that the server is not the one we trust? */
bool la_easy_curl_is_untrusted(CURLcode code);

#endif
