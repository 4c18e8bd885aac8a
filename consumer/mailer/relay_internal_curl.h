/* What the files of the relay over libcurl share; nobody else includes it. */
#ifndef LA_MAILER_RELAY_INTERNAL_CURL_H
#define LA_MAILER_RELAY_INTERNAL_CURL_H

#include "common/buf.h"
#include "mailer/link_curl.h"
#include "mailer/relay_curl.h"
#include "mailer/relay_url.h"

/* One of the relays. */
struct la_relay_curl_one {
	char *url;
	char name[LA_RELAY_HOST_BYTES]; /* host:port, for records and log */
	struct la_link_curl *links;     /* of la_relay_curl */
	size_t busy;
};

struct la_relay_curl {
	struct la_relay port;
	CURLM *multi;
	struct la_relay_curl_one relays[LA_RELAYS_MAX];
	const char *names[LA_RELAYS_MAX];
	struct la_link_curl *links; /* of all, those of a relay together */
	struct curl_waitfd *fds;    /* some more than links */
	size_t relay_count, links_each, link_count;
	int64_t looked_ms; /* when work was last at its end */
	int64_t until_ms;  /* see trust */
	struct la_patience patience;
	struct la_buf password;
};

/* relay_curl.c: room, submit, trust and work of the port. */
extern const struct la_relay la_relay_curl_functions;

#endif
