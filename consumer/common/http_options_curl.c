#include "common/http_options_curl.h"

#include "common/easy_curl.h"

#define CONNECT_PART 2 /* of the time for all */

/* A returned number that is not all of it ends the transfer. */
static size_t
count_header(char *data, size_t size, size_t count, void *cookie)
{
	size_t *header_bytes = cookie;

	(void)data;
	*header_bytes += size * count;
	return (*header_bytes > LA_HTTP_HEADER_BYTES_MAX ? 0 : size * count);
}

enum la_err
la_http_options_curl_set(CURL *easy, const struct la_http_options_curl *options, struct la_error *error)
{
	LA_EASY_SET(easy, CURLOPT_PROTOCOLS_STR, options->protocols);
	LA_EASY_SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
	/* 7.88's HTTP/2 has defects, and gains nothing here */
	LA_EASY_SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	LA_EASY_SET(easy, CURLOPT_HTTPHEADER, options->headers);
	LA_EASY_SET(easy, CURLOPT_HEADERFUNCTION, count_header);
	LA_EASY_SET(easy, CURLOPT_HEADERDATA, options->header_bytes);
	LA_EASY_SET(easy, CURLOPT_USERAGENT, options->agent);
	/* nothing is unpacked: 7.88 does so for a Transfer-Encoding unasked, and 2 kB can take it minutes, in one call */
	LA_EASY_SET(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	LA_EASY_SET(easy, CURLOPT_PATH_AS_IS, 1L);
	LA_EASY_SET(easy, CURLOPT_NOSIGNAL, 1L);
	LA_EASY_SET(easy, CURLOPT_QUICK_EXIT, 1L); /* the resolver's thread is not waited for */
	return (la_easy_curl_set_trust(easy, options->ca_file, error));
}

enum la_err
la_http_options_curl_ask(CURL *easy, const char *url, int timeout_ms, struct la_error *error)
{
	LA_EASY_SET(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	LA_EASY_SET(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms / CONNECT_PART);
	LA_EASY_SET(easy, CURLOPT_URL, url);
	return (LA_OK);
}
