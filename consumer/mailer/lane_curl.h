/* One of the connections' worth of work: an easy handle and the mail it sends. */
#ifndef LA_MAILER_LANE_CURL_H
#define LA_MAILER_LANE_CURL_H

#include <curl/curl.h>

#include "mailer/conversation.h"

struct la_lane_curl {
	CURL *easy;
	struct curl_slist *recipients;
	bool is_busy, is_second_try;
	uint64_t token;
	struct la_span data;
	size_t sent;
	char from[LA_RELAY_PATH_BYTES], to[LA_RELAY_PATH_BYTES];
	struct la_conversation conversation;
	enum la_transport transport; /* of the last transfer */
	uint32_t *mails_by_port; /* shared by the lanes: mails over the connection of this local port */
	uint32_t mails_max;
};

/* Settings that all mails share; what they point at must live as long as the lane. */
struct la_lane_curl_options {
	const char *url; /* its path is the EHLO name */
	bool requires_tls;
	const char *user, *password, *ca_file; /* NULL: none */
	uint32_t *mails_by_port;
	uint32_t mails_max;
};

/* Errors: LA_ENOMEM, LA_EINTERNAL (libcurl refuses an option; which). The lane needs la_lane_curl_clear after any result. */
LA_MUST_CHECK enum la_err la_lane_curl_init(
    struct la_lane_curl *lane, const struct la_lane_curl_options *options, struct la_error *error);
void la_lane_curl_clear(struct la_lane_curl *lane);

/* Makes the handle ready for one mail; from and to are addresses without brackets. */
LA_MUST_CHECK enum la_err la_lane_curl_load(struct la_lane_curl *lane, const char *from, const char *to,
    struct la_span data, struct la_error *error);

/* Makes the handle ready to ask whether the relay would talk to us: all up to MAIL, then NOOP. */
LA_MUST_CHECK enum la_err la_lane_curl_load_probe(struct la_lane_curl *lane, struct la_error *error);

/* The same mail again, over a connection of its own. */
LA_MUST_CHECK enum la_err la_lane_curl_reload_fresh(struct la_lane_curl *lane, struct la_error *error);

/* How the transfer ended, for la_conversation_judge. */
enum la_transport la_lane_curl_transport(CURLcode code);

#endif
