/*
 * schema.registry.* over libcurl: http or https, one question at a time over a connection that is kept; no redirect, no
 * proxy, an answer of at most LA_REGISTRY_BODY_BYTES within LA_REGISTRY_TIMEOUT_MS. The password goes over TLS only (conf).
 */
#ifndef LA_COMMON_REGISTRY_CURL_H
#define LA_COMMON_REGISTRY_CURL_H

#include "common/conf.h"
#include "common/registry.h"

#define LA_REGISTRY_TIMEOUT_MS 5000
#define LA_REGISTRY_BODY_BYTES ((2u << 20) + (64u << 10)) /* a schema's text of 1 MiB, in JSON */

struct la_registry_curl;

/* Reads schema.registry.* of conf, of which the URL is set. Errors: LA_ECONFIG, LA_ENOMEM, LA_EINTERNAL. */
LA_MUST_CHECK enum la_err la_registry_curl_new(
    struct la_registry_curl **registry, const struct la_conf *conf, struct la_error *error);
void la_registry_curl_free(struct la_registry_curl *registry);
const struct la_registry_port *la_registry_curl_port(struct la_registry_curl *registry);

/* For tests, which cannot wait. */
void la_registry_curl_set_timeout(struct la_registry_curl *registry, int timeout_ms);

/*
 * For those who have nothing else to do: is this schema there for the topic's values, and by which id? *found false: no.
 * register: makes it be there. Errors: LA_ECONFIG (it is refused: how), LA_EUNAVAILABLE (names the server), LA_ENOMEM,
 * LA_EINTERNAL.
 */
LA_MUST_CHECK enum la_err la_registry_curl_look_up(struct la_registry_curl *registry, const char *topic,
    struct la_span schema, bool *found, uint32_t *id, struct la_error *error);
LA_MUST_CHECK enum la_err la_registry_curl_register(struct la_registry_curl *registry, const char *topic,
    struct la_span schema, uint32_t *id, struct la_error *error);

/* For check: does it answer as a registry does? Errors: LA_EUNAVAILABLE (names the server), LA_ENOMEM, LA_EINTERNAL. */
LA_MUST_CHECK enum la_err la_registry_curl_check(struct la_registry_curl *registry, struct la_error *error);

#endif
