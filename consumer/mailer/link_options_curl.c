#include "common/easy_curl.h"
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

static enum la_err
set_security(struct la_link_curl *link, const struct la_link_curl_options *options, struct la_error *error)
{
	LA_EASY_SET(link->easy, CURLOPT_USE_SSL, options->requires_tls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_NONE);
	if (options->user != NULL) {
		LA_EASY_SET(link->easy, CURLOPT_USERNAME, options->user);
		LA_EASY_SET(link->easy, CURLOPT_PASSWORD, options->password);
	}
	return (la_easy_curl_set_trust(link->easy, options->ca_file, error));
}

static enum la_err
set_all(struct la_link_curl *link, const struct la_link_curl_options *options, struct la_error *error)
{
	LA_EASY_SET(link->easy, CURLOPT_URL, options->url);
	LA_EASY_SET(link->easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	LA_EASY_SET(link->easy, CURLOPT_CONNECT_ONLY, 1L);
	LA_EASY_SET(link->easy, CURLOPT_NOSIGNAL, 1L);
	LA_EASY_SET(link->easy, CURLOPT_QUICK_EXIT, 1L); /* a connection that is given up does not wait for the resolver's thread */
	LA_EASY_SET(link->easy, CURLOPT_TCP_NODELAY, 1L);
	LA_EASY_SET(link->easy, CURLOPT_PRIVATE, link);
	LA_EASY_SET(link->easy, CURLOPT_VERBOSE, 1L); /* else the debug function is not called */
	LA_EASY_SET(link->easy, CURLOPT_DEBUGFUNCTION, watch);
	LA_EASY_SET(link->easy, CURLOPT_DEBUGDATA, link);
	LA_EASY_SET(link->easy, CURLOPT_HEADERFUNCTION, take_reply);
	LA_EASY_SET(link->easy, CURLOPT_HEADERDATA, link);
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
