/* What the files of the relay over libcurl share; nobody else includes it. */
#ifndef LA_MAILER_RELAY_INTERNAL_CURL_H
#define LA_MAILER_RELAY_INTERNAL_CURL_H

#include "common/buf.h"
#include "mailer/link_curl.h"
#include "mailer/relay_curl.h"
#include "mailer/relay_url.h"

struct la_relay_curl {
	struct la_relay port;
	CURLM *multi;
	struct la_link_curl *links;
	struct curl_waitfd *fds; /* one more than links */
	size_t link_count, busy;
	int64_t looked_ms; /* when work was last at its end */
	struct la_patience patience;
	char *url;
	char host[LA_RELAY_HOST_BYTES]; /* for records and log */
	struct la_buf password;
};

/* relay_curl.c: room, submit and work of the port. */
extern const struct la_relay la_relay_curl_functions;

#endif
