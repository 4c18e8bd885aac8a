/*
 * recipient.url over libcurl: GET, several at once over connections that are kept, driven by one epoll descriptor so
 * that the loop waits for nothing. TLS 1.2 or later, its certificate verified; no redirect, no proxy, no cookie; an
 * answer of at most LA_DIRECTORY_REPLY_BYTES within LA_DIRECTORY_TIMEOUT_MS.
 */
#ifndef LA_MAILER_DIRECTORY_CURL_H
#define LA_MAILER_DIRECTORY_CURL_H

#include "common/conf.h"
#include "mailer/directory.h"

#define LA_DIRECTORY_PARALLEL 16
#define LA_DIRECTORY_TIMEOUT_MS 10000

struct la_directory_curl;

/* Reads recipient.* of conf, of which recipient.url is set. Errors: LA_ECONFIG, LA_ENOMEM, LA_EINTERNAL. */
LA_MUST_CHECK enum la_err la_directory_curl_new(
    struct la_directory_curl **directory, const struct la_conf *conf, struct la_error *error);
void la_directory_curl_free(struct la_directory_curl *directory);
const struct la_directory *la_directory_curl_port(struct la_directory_curl *directory);

/* For tests, which cannot wait. */
void la_directory_curl_set_timeout(struct la_directory_curl *directory, int timeout_ms);

/*
 * For one that has nothing else to do: asks and waits for the answer. Errors: LA_EDATA (as ask), LA_ENOMEM,
 * LA_EINTERNAL.
 */
LA_MUST_CHECK enum la_err la_directory_curl_ask(struct la_directory_curl *directory, struct la_span tenant,
    struct la_span member_id, struct la_directory_answer *answer, struct la_error *error);

/*
 * For check: asks for a member that there is not; 404, and whatever else is about a member, says that it works.
 * Errors: LA_EUNAVAILABLE (names the server).
 */
LA_MUST_CHECK enum la_err la_directory_curl_check(struct la_directory_curl *directory, struct la_error *error);

#endif
