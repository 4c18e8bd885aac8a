#include "mailer/lane_curl.h"

#include <stdio.h>

#define CONNECT_MS 10000L  /* TCP, TLS and login */
#define RESPONSE_S 60L     /* for one reply */
#define TRANSFER_MS 300000L

static size_t
read_body(char *out, size_t size, size_t count, void *cookie)
{
	struct la_lane_curl *lane = cookie;
	size_t left = lane->data.size - lane->sent, some = size * count;

	if (some > left)
		some = left;
	if (some > 0)
		memcpy(out, lane->data.data + lane->sent, some);
	lane->sent += some;
	if (some == 0) /* what came before is with the kernel: libcurl writes the final dot next */
		la_conversation_body_ended(&lane->conversation);
	return (some);
}

/* Passwords and payload pass here; only verbs and reply codes are kept. */
static int
watch(CURL *easy, curl_infotype type, char *data, size_t size, void *cookie)
{
	struct la_lane_curl *lane = cookie;

	(void)easy;
	if (type == CURLINFO_HEADER_OUT)
		la_conversation_command(&lane->conversation, la_span_of(data, size));
	else if (type == CURLINFO_HEADER_IN)
		la_conversation_reply(&lane->conversation, la_span_of(data, size));
	return (0);
}

/*
 * Called when the connection is there, new or used before, and the mail not begun. The last mail that a connection
 * may carry closes it. A local port names a connection while it lives.
 */
static int
count_mail(void *cookie, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
	struct la_lane_curl *lane = cookie;
	uint32_t *mails = &lane->mails_by_port[local_port & 0xffff];

	(void)remote_ip, (void)local_ip, (void)remote_port;
	*mails = lane->conversation.is_new ? 1 : *mails + 1;
	(void)curl_easy_setopt(lane->easy, CURLOPT_FORBID_REUSE, *mails >= lane->mails_max ? 1L : 0L);
	return (CURL_PREREQFUNC_OK);
}

#define SET(option, value)                                                                      \
	do {                                                                                    \
		CURLcode set_code = curl_easy_setopt(lane->easy, option, value);                \
		if (set_code != CURLE_OK)                                                       \
			return (la_error_set(error, LA_EINTERNAL, "libcurl refuses %s: %s", #option, \
			    curl_easy_strerror(set_code)));                                     \
	} while (false)

static enum la_err
set_security(struct la_lane_curl *lane, const struct la_lane_curl_options *options, struct la_error *error)
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
set_all(struct la_lane_curl *lane, const struct la_lane_curl_options *options, struct la_error *error)
{
	SET(CURLOPT_URL, options->url);
	SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TCP_NODELAY, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	SET(CURLOPT_SERVER_RESPONSE_TIMEOUT, RESPONSE_S);
	SET(CURLOPT_TIMEOUT_MS, TRANSFER_MS);
	SET(CURLOPT_PRIVATE, lane);
	SET(CURLOPT_VERBOSE, 1L);
	SET(CURLOPT_DEBUGFUNCTION, watch);
	SET(CURLOPT_DEBUGDATA, lane);
	SET(CURLOPT_READFUNCTION, read_body);
	SET(CURLOPT_READDATA, lane);
	SET(CURLOPT_PREREQFUNCTION, count_mail);
	SET(CURLOPT_PREREQDATA, lane);
	return (set_security(lane, options, error));
}

enum la_err
la_lane_curl_init(struct la_lane_curl *lane, const struct la_lane_curl_options *options, struct la_error *error)
{
	*lane = (struct la_lane_curl){.mails_by_port = options->mails_by_port, .mails_max = options->mails_max};
	lane->easy = curl_easy_init();
	if (lane->easy == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory for a connection"));
	return (set_all(lane, options, error));
}

void
la_lane_curl_clear(struct la_lane_curl *lane)
{
	curl_easy_cleanup(lane->easy);
	curl_slist_free_all(lane->recipients);
	lane->easy = NULL;
	lane->recipients = NULL;
}

static enum la_err
restart(struct la_lane_curl *lane, bool fresh, struct la_error *error)
{
	la_conversation_init(&lane->conversation);
	lane->sent = 0;
	lane->is_second_try = fresh;
	SET(CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L);
	SET(CURLOPT_FORBID_REUSE, 0L);
	return (LA_OK);
}

enum la_err
la_lane_curl_load(
    struct la_lane_curl *lane, const char *from, const char *to, struct la_span data, struct la_error *error)
{
	(void)snprintf(lane->from, sizeof(lane->from), "<%s>", from);
	(void)snprintf(lane->to, sizeof(lane->to), "<%s>", to);
	curl_slist_free_all(lane->recipients);
	lane->recipients = curl_slist_append(NULL, lane->to);
	if (lane->recipients == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory for a mail"));
	lane->data = data;
	SET(CURLOPT_MAIL_FROM, lane->from);
	SET(CURLOPT_MAIL_RCPT, lane->recipients);
	SET(CURLOPT_CUSTOMREQUEST, NULL);
	SET(CURLOPT_UPLOAD, 1L);
	return (restart(lane, false, error));
}

enum la_err
la_lane_curl_load_probe(struct la_lane_curl *lane, struct la_error *error)
{
	SET(CURLOPT_CUSTOMREQUEST, "NOOP");
	SET(CURLOPT_NOBODY, 1L);
	return (restart(lane, true, error));
}

enum la_err
la_lane_curl_reload_fresh(struct la_lane_curl *lane, struct la_error *error)
{
	return (restart(lane, true, error));
}

enum la_transport
la_lane_curl_transport(CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return (LA_TRANSPORT_DONE);
	case CURLE_USE_SSL_FAILED:
	case CURLE_SSL_ENGINE_NOTFOUND:
		return (LA_TRANSPORT_NO_TLS);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CERTPROBLEM:
		return (LA_TRANSPORT_CERTIFICATE);
	case CURLE_LOGIN_DENIED:
	case CURLE_AUTH_ERROR:
		return (LA_TRANSPORT_NO_AUTH);
	default:
		return (LA_TRANSPORT_CUT);
	}
}
