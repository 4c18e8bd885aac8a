/* One question at a time over libcurl: what is sent, the easy handle, what came, what it means. */
#ifndef LA_MAILER_DIRECTORY_REQUEST_CURL_H
#define LA_MAILER_DIRECTORY_REQUEST_CURL_H

#include <curl/curl.h>

#include "mailer/directory_reply.h"
#include "mailer/directory_url.h"

/*
 * The headers of every question, with the token in the file at token_path unless that is NULL. Errors: LA_ECONFIG,
 * LA_ENOMEM; *headers needs la_directory_headers_free after any result. directory_headers_curl.c
 */
LA_MUST_CHECK enum la_err la_directory_headers_make(
    struct curl_slist **headers, const char *token_path, struct la_error *error);
void la_directory_headers_free(struct curl_slist *headers); /* wipes */

struct la_directory_request {
	CURL *easy;
	uint64_t token;
	bool is_busy;
	size_t header_bytes, body_bytes;
	char url[LA_DIRECTORY_URL_BYTES];
	unsigned char body[LA_DIRECTORY_REPLY_BYTES];
};

struct la_directory_request_options {
	const char *ca_file; /* NULL: whom the system trusts */
	struct curl_slist *headers; /* borrowed: they live as long as the request */
};

/* Errors: LA_ENOMEM, LA_EINTERNAL (an option that libcurl refuses). It needs clear after any result. */
LA_MUST_CHECK enum la_err la_directory_request_init(struct la_directory_request *request,
    const struct la_directory_request_options *options, struct la_error *error);
void la_directory_request_clear(struct la_directory_request *request);

/* Before it is given to the multi handle; request->url is set. Errors: LA_ENOMEM, LA_EINTERNAL. */
LA_MUST_CHECK enum la_err la_directory_request_start(
    struct la_directory_request *request, int timeout_ms, struct la_error *error);

/* libcurl is through with it, and it was taken out of the multi handle: its answer. Wipes what came. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_directory_request_finish(
    struct la_directory_request *request, CURLcode code, const char *name, struct la_directory_answer *answer);

#endif
