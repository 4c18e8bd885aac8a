/* schema.registry.url: http(s)://host[:port][/path], and where in it is what. Pure. */
#ifndef LA_COMMON_REGISTRY_URL_H
#define LA_COMMON_REGISTRY_URL_H

#include <stdint.h>

#include "common/err.h"
#include "common/http_url.h"

#define LA_REGISTRY_BASE_BYTES 1024
#define LA_REGISTRY_TOPIC_MAX 249 /* Kafka's limit */
#define LA_REGISTRY_SUBJECT_MAX 255
#define LA_REGISTRY_URL_BYTES (LA_REGISTRY_BASE_BYTES + 3 * LA_REGISTRY_SUBJECT_MAX + 64)

struct la_registry_url {
	char base[LA_REGISTRY_BASE_BYTES]; /* without "/" at its end */
	char name[LA_HTTP_NAME_BYTES];     /* for messages: "host:port" */
};

/* Errors: LA_ECONFIG: what is wrong and what is allowed. */
LA_MUST_CHECK enum la_err la_registry_url_parse(const char *text, struct la_registry_url *url, struct la_error *error);

void la_registry_url_schema(const struct la_registry_url *url, uint32_t id, char out[LA_REGISTRY_URL_BYTES]);

/* A version of a subject, also one that was deleted: records may still have it. */
void la_registry_url_version(
    const struct la_registry_url *url, const char *subject, int32_t version, char out[LA_REGISTRY_URL_BYTES]);

/* The subject of a topic's values (TopicNameStrategy), or its versions. */
void la_registry_url_subject(
    const struct la_registry_url *url, const char *topic, bool versions, char out[LA_REGISTRY_URL_BYTES]);

#endif
