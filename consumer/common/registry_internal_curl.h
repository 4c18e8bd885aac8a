/* What an adapter of three files consists of: registry_curl.c (questions), registry_setup_curl.c, registry_subjects_curl.c. */
#ifndef LA_COMMON_REGISTRY_INTERNAL_CURL_H
#define LA_COMMON_REGISTRY_INTERNAL_CURL_H

#include <curl/curl.h>

#include "common/registry_curl.h"
#include "common/registry_url.h"

struct la_registry_curl {
	struct la_registry_port port;
	struct la_registry_url url;
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	int timeout_ms;
	bool is_busy, is_too_long;
	size_t header_bytes;
	struct la_buf question, body;
	struct la_registry_answer answer;
};

/* What was asked and came before is forgotten. */
void la_registry_curl_give_up(struct la_registry_curl *registry);

/* Asks. post: the question is in registry->question. Errors: LA_ENOMEM, LA_EINTERNAL. */
LA_MUST_CHECK enum la_err la_registry_curl_start(
    struct la_registry_curl *registry, const char *url, bool post, struct la_error *error);

/* Waits for the answer to what was started: registry->answer. Errors: LA_ENOMEM, LA_EINTERNAL. */
typedef enum la_err la_registry_read(const char *name, long status, struct la_span body, struct la_registry_answer *answer);
LA_MUST_CHECK enum la_err la_registry_curl_wait_for(
    struct la_registry_curl *registry, la_registry_read *read, struct la_error *error);

/* For libcurl: a returned number that is not all of it ends the transfer. */
size_t la_registry_curl_take_body(char *data, size_t size, size_t count, void *cookie);

/* The port's. */
enum la_err la_registry_curl_ask(void *self, uint32_t id, struct la_error *error);
enum la_err la_registry_curl_ask_version(
    void *self, const struct la_registry_reference *reference, struct la_error *error);
enum la_err la_registry_curl_work(
    void *self, int wait_ms, const struct la_registry_answer **answer, bool *done, struct la_error *error);

#endif
