#include "common/easy_curl.h"

enum la_err
la_easy_curl_took(CURLcode code, const char *option, struct la_error *error)
{
	if (code == CURLE_OK)
		return (LA_OK);
	if (code == CURLE_OUT_OF_MEMORY)
		return (la_error_set(error, LA_ENOMEM, "out of memory for a connection"));
	return (la_error_set(error, LA_EINTERNAL, "libcurl refuses %s: %s", option, curl_easy_strerror(code)));
}

enum la_err
la_easy_curl_set_trust(CURL *easy, const char *ca_file, struct la_error *error)
{
	LA_EASY_SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	LA_EASY_SET(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	LA_EASY_SET(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (ca_file != NULL) {
		LA_EASY_SET(easy, CURLOPT_CAINFO, ca_file);
		LA_EASY_SET(easy, CURLOPT_CAPATH, NULL); /* this file, and not the system's besides */
	}
	LA_EASY_SET(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	LA_EASY_SET(easy, CURLOPT_PROXY, ""); /* not from the environment either */
	return (LA_OK);
}

bool
la_easy_curl_is_untrusted(CURLcode code)
{
	return (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
	    code == CURLE_SSL_ISSUER_ERROR || code == CURLE_SSL_CERTPROBLEM);
}
