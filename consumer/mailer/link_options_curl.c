#include "mailer/link_curl.h"

/* A command line as libcurl sends it, AUTH's included: only verbs are looked at. */
static int
watch(CURL *easy, curl_infotype type, char *data, size_t size, void *cookie)
{
	struct la_link_curl *link = cookie;

	(void)easy;
	if (type == CURLINFO_HEADER_OUT)
		la_smtp_opening_sent(&link->opening, la_span_of(data, size));
	return (0);
}

/* A reply line. To stop libcurl, say that nothing of it was taken. */
static size_t
take_reply(char *data, size_t size, size_t count, void *cookie)
{
	struct la_link_curl *link = cookie;

	link->is_garbage = !la_smtp_opening_received(&link->opening, la_span_of(data, size * count));
	return (link->is_garbage ? 0 : size * count);
}

#define SET(option, value)                                                                      \
	do {                                                                                    \
		CURLcode set_code = curl_easy_setopt(link->easy, option, value);                \
		if (set_code != CURLE_OK)                                                       \
			return (la_error_set(error, LA_EINTERNAL, "libcurl refuses %s: %s", #option, \
			    curl_easy_strerror(set_code)));                                     \
	} while (false)

static enum la_err
set_security(struct la_link_curl *link, const struct la_link_curl_options *options, struct la_error *error)
{
	SET(CURLOPT_USE_SSL, options->requires_tls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_NONE);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	if (options->ca_file != NULL) {
		SET(CURLOPT_CAINFO, options->ca_file);
		SET(CURLOPT_CAPATH, NULL); /* this file, and not the system's besides */
	}
	if (options->user != NULL) {
		SET(CURLOPT_USERNAME, options->user);
		SET(CURLOPT_PASSWORD, options->password);
	}
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_PROXY, ""); /* not from the environment either */
	return (LA_OK);
}

static enum la_err
set_all(struct la_link_curl *link, const struct la_link_curl_options *options, struct la_error *error)
{
	SET(CURLOPT_URL, options->url);
	SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	SET(CURLOPT_CONNECT_ONLY, 1L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L); /* a connection that is given up does not wait for the resolver's thread */
	SET(CURLOPT_TCP_NODELAY, 1L);
	SET(CURLOPT_PRIVATE, link);
	SET(CURLOPT_VERBOSE, 1L); /* else the debug function is not called */
	SET(CURLOPT_DEBUGFUNCTION, watch);
	SET(CURLOPT_DEBUGDATA, link);
	SET(CURLOPT_HEADERFUNCTION, take_reply);
	SET(CURLOPT_HEADERDATA, link);
	return (set_security(link, options, error));
}

enum la_err
la_link_curl_init(struct la_link_curl *link, const struct la_link_curl_options *options, struct la_error *error)
{
	*link = (struct la_link_curl){.options = *options, .socket = CURL_SOCKET_BAD};
	link->easy = curl_easy_init();
	if (link->easy == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory for a connection"));
	return (set_all(link, options, error));
}
