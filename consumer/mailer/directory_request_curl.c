#include "mailer/directory_request_curl.h"

#include <sodium.h>
#include <stdio.h>

#include "common/easy_curl.h"
#include "common/http_options_curl.h"

/* A returned number that is not all of it ends the transfer. What stands beside another status than 200 is not read. */
static size_t
take_body(char *data, size_t size, size_t count, void *cookie)
{
	struct la_directory_request *request = cookie;
	long status = 0;

	(void)curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return (size * count);
	if (size * count > sizeof(request->body) - request->body_bytes)
		return (0);
	memcpy(request->body + request->body_bytes, data, size * count);
	request->body_bytes += size * count;
	return (size * count);
}

static enum la_err
set_all(struct la_directory_request *request, const struct la_directory_request_options *options, struct la_error *error)
{
	LA_EASY_SET(request->easy, CURLOPT_HTTPGET, 1L);
	LA_EASY_SET(request->easy, CURLOPT_WRITEFUNCTION, take_body);
	LA_EASY_SET(request->easy, CURLOPT_WRITEDATA, request);
	LA_EASY_SET(request->easy, CURLOPT_PRIVATE, request);
	return (la_http_options_curl_set(request->easy,
	    &(struct la_http_options_curl){.protocols = "https",
	        .ca_file = options->ca_file,
	        .headers = options->headers,
	        .agent = "login-alert-mailer",
	        .header_bytes = &request->header_bytes},
	    error));
}

enum la_err
la_directory_request_init(struct la_directory_request *request, const struct la_directory_request_options *options,
    struct la_error *error)
{
	request->easy = curl_easy_init();
	if (request->easy == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory for a question"));
	return (set_all(request, options, error));
}

void
la_directory_request_clear(struct la_directory_request *request)
{
	curl_easy_cleanup(request->easy);
	sodium_memzero(request, sizeof(*request));
}

enum la_err
la_directory_request_start(struct la_directory_request *request, int timeout_ms, struct la_error *error)
{
	request->header_bytes = request->body_bytes = 0;
	return (la_http_options_curl_ask(request->easy, request->url, timeout_ms, error));
}

/* There is no answer, or none that is one. */
static void
fail(const struct la_directory_request *request, CURLcode code, const char *name, struct la_directory_answer *answer)
{
	enum la_directory_verdict verdict = LA_DIRECTORY_LATER;
	const char *why = curl_easy_strerror(code);
	char words[120];

	if (la_easy_curl_is_untrusted(code))
		verdict = LA_DIRECTORY_AT_FAULT;
	switch (code) {
	case CURLE_WRITE_ERROR:
		(void)snprintf(words, sizeof(words), "an answer of more than %d bytes%s",
		    request->header_bytes > LA_HTTP_HEADER_BYTES_MAX ? LA_HTTP_HEADER_BYTES_MAX : LA_DIRECTORY_REPLY_BYTES,
		    request->header_bytes > LA_HTTP_HEADER_BYTES_MAX ? " of headers" : "");
		why = words;
		break;
	case CURLE_OPERATION_TIMEDOUT:
		why = "no answer in time";
		break;
	default:
		break;
	}
	la_directory_reply_fail(name, verdict, why, answer);
}

enum la_err
la_directory_request_finish(
    struct la_directory_request *request, CURLcode code, const char *name, struct la_directory_answer *answer)
{
	enum la_err err = LA_OK;
	const char *type = NULL;
	curl_off_t retry_s = 0;
	long status = 0;

	answer->token = request->token;
	answer->retry_after_ms = 0;
	if (code == CURLE_OK) {
		(void)curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
		(void)curl_easy_getinfo(request->easy, CURLINFO_CONTENT_TYPE, &type);
		(void)curl_easy_getinfo(request->easy, CURLINFO_RETRY_AFTER, &retry_s);
		err = la_directory_reply_read(
		    name, status, type, la_span_of(request->body, request->body_bytes), answer);
		if (answer->verdict == LA_DIRECTORY_LATER && retry_s > 0)
			answer->retry_after_ms = (retry_s < 86400 ? retry_s : 86400) * 1000;
	} else {
		fail(request, code, name, answer);
	}
	sodium_memzero(request->body, request->body_bytes);
	sodium_memzero(request->url, sizeof(request->url));
	request->is_busy = false;
	return (err);
}
