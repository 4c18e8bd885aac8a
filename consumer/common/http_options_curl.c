#include "common/http_options_curl.h"

#define SET(option, value)                                                                      \
	do {                                                                                    \
		CURLcode set_code = curl_easy_setopt(easy, option, value);                      \
		if (set_code == CURLE_OUT_OF_MEMORY)                                            \
			return (la_error_set(error, LA_ENOMEM, "out of memory for a question"));   \
		if (set_code != CURLE_OK)                                                       \
			return (la_error_set(error, LA_EINTERNAL, "libcurl refuses %s: %s", #option, \
			    curl_easy_strerror(set_code)));                                     \
	} while (false)

enum la_err
la_http_options_curl_set(CURL *easy, const struct la_http_options_curl *options, struct la_error *error)
{
	SET(CURLOPT_PROTOCOLS_STR, options->protocols);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	if (options->ca_file != NULL) {
		SET(CURLOPT_CAINFO, options->ca_file);
		SET(CURLOPT_CAPATH, NULL); /* this file, and not the system's besides */
	}
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_PROXY, ""); /* not from the environment either */
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1); /* 7.88's HTTP/2 has defects, and gains nothing here */
	SET(CURLOPT_HTTPHEADER, options->headers);
	SET(CURLOPT_USERAGENT, options->agent);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L); /* the resolver's thread is not waited for */
	return (LA_OK);
}

bool
la_http_options_curl_is_untrusted(CURLcode code)
{
	return (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
	    code == CURLE_SSL_ISSUER_ERROR || code == CURLE_SSL_CERTPROBLEM);
}
