/*
 * SMTP over libcurl to one or more relays: several connections at once (link_curl.h), reused; the stage
 * and the reply code are read from the conversation, never guessed from CURLcode.
 */
#ifndef LA_MAILER_RELAY_CURL_H
#define LA_MAILER_RELAY_CURL_H

#include "common/conf.h"
#include "mailer/relay.h"

struct la_relay_curl;

/* Reads smtp.* of conf. Errors: LA_ECONFIG, LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_relay_curl_new(
    struct la_relay_curl **relay, const struct la_conf *conf, struct la_error *error);
void la_relay_curl_free(struct la_relay_curl *relay); /* closes with QUIT where idle */
const struct la_relay *la_relay_curl_port(struct la_relay_curl *relay);

/* For tests, which cannot wait for minutes. */
struct la_patience;
void la_relay_curl_set_patience(struct la_relay_curl *relay, const struct la_patience *patience);

/*
 * For check, of one relay: connects, EHLO, STARTTLS and AUTH as configured, QUIT. Errors: LA_EUNAVAILABLE, LA_ETIMEOUT; names the
 * relay and what it said at which stage.
 */
LA_MUST_CHECK enum la_err la_relay_curl_check(
    struct la_relay_curl *relay, size_t which, int timeout_ms, struct la_error *error);

#endif
