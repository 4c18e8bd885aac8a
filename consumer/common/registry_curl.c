#include "common/registry_curl.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/easy_curl.h"
#include "common/file.h"
#include "common/http_options_curl.h"
#include "common/registry_url.h"

#define CHECK_ID 1 /* as good as any: that it is not known is an answer too */

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

/* A returned number that is not all of it ends the transfer. */
static size_t
take_body(char *data, size_t size, size_t count, void *cookie)
{
	struct la_registry_curl *registry = cookie;

	registry->is_too_long = size * count > LA_REGISTRY_BODY_BYTES - registry->body.size;
	if (registry->is_too_long)
		return (0);
	return (la_buf_add(&registry->body, data, size * count) == LA_OK ? size * count : 0);
}

/* What was asked and came before is forgotten. */
static void
give_up(struct la_registry_curl *registry)
{
	if (registry->is_busy)
		(void)curl_multi_remove_handle(registry->multi, registry->easy);
	registry->is_busy = registry->is_too_long = false;
	registry->header_bytes = 0;
	la_buf_clear(&registry->body);
	la_buf_clear(&registry->answer.schema);
}

/* post: the question is in registry->question. */
static enum la_err
start(struct la_registry_curl *registry, const char *url, bool post, struct la_error *error)
{
	CURL *easy = registry->easy;
	enum la_err err = la_http_options_curl_ask(easy, url, registry->timeout_ms, error);

	if (err != LA_OK)
		return (err);
	if (post) {
		LA_EASY_SET(easy, CURLOPT_POST, 1L);
		LA_EASY_SET(easy, CURLOPT_POSTFIELDSIZE, (long)registry->question.size);
		LA_EASY_SET(easy, CURLOPT_POSTFIELDS, (const char *)registry->question.data);
	} else {
		LA_EASY_SET(easy, CURLOPT_HTTPGET, 1L);
	}
	if (curl_multi_add_handle(registry->multi, easy) != CURLM_OK)
		return (la_error_set(error, LA_EINTERNAL, "libcurl takes no more questions"));
	registry->is_busy = true;
	return (LA_OK);
}

static enum la_err
registry_ask(void *self, uint32_t id, struct la_error *error)
{
	struct la_registry_curl *registry = self;
	char url[LA_REGISTRY_URL_BYTES];

	give_up(registry);
	la_registry_url_schema(&registry->url, id, url);
	return (start(registry, url, false, error));
}

/* There is no answer, or none that is one. */
static void
fail(struct la_registry_curl *registry, CURLcode code)
{
	const char *why = curl_easy_strerror(code), *name = registry->url.name;
	long status = 0;

	(void)curl_easy_getinfo(registry->easy, CURLINFO_RESPONSE_CODE, &status);
	if (registry->is_too_long && status == 200) {
		la_registry_reply_fail(name, LA_REGISTRY_UNUSABLE, "the schema is longer than 1 MiB", &registry->answer);
		return;
	}
	if (code == CURLE_WRITE_ERROR)
		why = "an answer of more bytes than are read";
	else if (code == CURLE_OPERATION_TIMEDOUT)
		why = "no answer in time";
	la_registry_reply_fail(name, LA_REGISTRY_AWAY, why, &registry->answer);
}

typedef enum la_err read_answer(const char *name, long status, struct la_span body, struct la_registry_answer *answer);

/* Works until libcurl is through, or wait_ms are over; *done: registry->answer is there. */
static enum la_err
work(struct la_registry_curl *registry, int wait_ms, read_answer *read, bool *done, struct la_error *error)
{
	int64_t until_ms = la_clock_now_ms(NULL) + wait_ms, left_ms = wait_ms;
	CURLMsg *message;
	CURLcode result;
	long status = 0;
	int running = 0, queued;

	*done = false;
	do {
		if (curl_multi_perform(registry->multi, &running) != CURLM_OK)
			return (la_error_set(error, LA_EINTERNAL, "libcurl does not work on the registry's answer"));
		left_ms = until_ms - la_clock_now_ms(NULL);
		if (running > 0 && left_ms > 0)
			(void)curl_multi_poll(registry->multi, NULL, 0, (int)left_ms, NULL);
	} while (running > 0 && left_ms > 0);
	message = curl_multi_info_read(registry->multi, &queued);
	if (message == NULL || message->msg != CURLMSG_DONE)
		return (LA_OK);
	result = message->data.result; /* gone with the handle's removal */
	(void)curl_easy_getinfo(registry->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_multi_remove_handle(registry->multi, registry->easy);
	registry->is_busy = false;
	*done = true;
	if (result != CURLE_OK) {
		fail(registry, result);
		return (LA_OK);
	}
	if (read(registry->url.name, status, la_buf_span(&registry->body), &registry->answer) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory for the registry's answer"));
	return (LA_OK);
}

static enum la_err
registry_work(void *self, int wait_ms, const struct la_registry_answer **answer, bool *done, struct la_error *error)
{
	struct la_registry_curl *registry = self;

	*answer = &registry->answer;
	return (work(registry, wait_ms, la_registry_reply_schema, done, error));
}

/* Waits for the answer to what was started. */
static enum la_err
wait_for(struct la_registry_curl *registry, read_answer *read, struct la_error *error)
{
	bool done = false;
	enum la_err err = LA_OK;

	while (err == LA_OK && !done)
		err = work(registry, registry->timeout_ms, read, &done, error);
	return (err);
}

static enum la_err
post(struct la_registry_curl *registry, const char *topic, bool versions, struct la_span schema, struct la_error *error)
{
	char url[LA_REGISTRY_URL_BYTES];
	enum la_err err;

	give_up(registry);
	la_buf_reset(&registry->question);
	la_registry_url_subject(&registry->url, topic, versions, url);
	if (la_registry_reply_question(schema, &registry->question) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory for the schema registry"));
	if ((err = start(registry, url, true, error)) != LA_OK)
		return (err);
	return (wait_for(registry, la_registry_reply_id, error));
}

enum la_err
la_registry_curl_look_up(struct la_registry_curl *registry, const char *topic, struct la_span schema, bool *found,
    uint32_t *id, struct la_error *error)
{
	const struct la_registry_answer *answer = &registry->answer;
	enum la_err err = post(registry, topic, false, schema, error);

	if (err != LA_OK)
		return (err);
	*found = answer->verdict == LA_REGISTRY_FOUND;
	*id = answer->id;
	if (answer->verdict == LA_REGISTRY_FOUND || answer->verdict == LA_REGISTRY_UNKNOWN)
		return (LA_OK);
	return (la_error_set(error, answer->verdict == LA_REGISTRY_AWAY ? LA_EUNAVAILABLE : LA_ECONFIG,
	    "%s (subject %s-value)", answer->detail, topic));
}

enum la_err
la_registry_curl_register(
    struct la_registry_curl *registry, const char *topic, struct la_span schema, uint32_t *id, struct la_error *error)
{
	const struct la_registry_answer *answer = &registry->answer;
	enum la_err err = post(registry, topic, true, schema, error);

	if (err != LA_OK)
		return (err);
	*id = answer->id;
	if (answer->verdict == LA_REGISTRY_FOUND)
		return (LA_OK);
	return (la_error_set(error, answer->verdict == LA_REGISTRY_REFUSED ? LA_ECONFIG : LA_EUNAVAILABLE,
	    "%s (registering a schema for subject %s-value)", answer->detail, topic));
}

enum la_err
la_registry_curl_check(struct la_registry_curl *registry, struct la_error *error)
{
	enum la_err err = registry_ask(registry, CHECK_ID, error);

	if (err == LA_OK)
		err = wait_for(registry, la_registry_reply_schema, error);
	if (err == LA_OK && registry->answer.verdict == LA_REGISTRY_AWAY)
		err = la_error_set(error, LA_EUNAVAILABLE, "%s", registry->answer.detail);
	return (err);
}

static enum la_err
add_header(struct la_registry_curl *registry, const char *line, struct la_error *error)
{
	struct curl_slist *longer = curl_slist_append(registry->headers, line);

	if (longer == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory for the schema registry"));
	registry->headers = longer;
	return (LA_OK);
}

/* libcurl takes copies. */
static enum la_err
set_user(CURL *easy, const char *user, const char *password, struct la_error *error)
{
	LA_EASY_SET(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	LA_EASY_SET(easy, CURLOPT_USERNAME, user);
	LA_EASY_SET(easy, CURLOPT_PASSWORD, password);
	return (LA_OK);
}

static enum la_err
set_login(struct la_registry_curl *registry, const struct la_conf *conf, struct la_error *error)
{
	const char *user = la_conf_text(conf, "schema.registry.user");
	struct la_buf password = LA_BUF_INIT;
	enum la_err err;

	if (user == NULL)
		return (LA_OK);
	err = la_file_read_secret(la_conf_text(conf, "schema.registry.password.file"), &password, error);
	if (err != LA_OK)
		la_error_prefix(error, "schema.registry.password.file");
	else
		err = set_user(registry->easy, user, (const char *)password.data, error);
	la_file_wipe(&password);
	return (err);
}

static enum la_err
set_all(struct la_registry_curl *registry, const struct la_conf *conf, struct la_error *error)
{
	struct la_http_options_curl options = {.protocols = "http,https",
	    .ca_file = la_conf_text(conf, "schema.registry.ca.file"),
	    .agent = "login-alert",
	    .header_bytes = &registry->header_bytes};
	enum la_err err;

	if ((err = add_header(registry, "Accept: application/vnd.schemaregistry.v1+json, application/json", error)) != LA_OK ||
	    (err = add_header(registry, "Content-Type: application/vnd.schemaregistry.v1+json", error)) != LA_OK ||
	    (err = add_header(registry, "Expect:", error)) != LA_OK) /* a second of waiting for nothing */
		return (err);
	options.headers = registry->headers;
	if ((err = la_http_options_curl_set(registry->easy, &options, error)) != LA_OK ||
	    (err = set_login(registry, conf, error)) != LA_OK)
		return (err);
	LA_EASY_SET(registry->easy, CURLOPT_WRITEFUNCTION, take_body);
	LA_EASY_SET(registry->easy, CURLOPT_WRITEDATA, registry);
	return (LA_OK);
}

static enum la_err
open_all(struct la_registry_curl *registry, const struct la_conf *conf, struct la_error *error)
{
	enum la_err err = la_registry_url_parse(la_conf_text(conf, "schema.registry.url"), &registry->url, error);

	if (err != LA_OK)
		return (err);
	registry->multi = curl_multi_init();
	registry->easy = curl_easy_init();
	if (registry->multi == NULL || registry->easy == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory for the schema registry"));
	return (set_all(registry, conf, error));
}

enum la_err
la_registry_curl_new(struct la_registry_curl **out, const struct la_conf *conf, struct la_error *error)
{
	struct la_registry_curl *registry = calloc(1, sizeof(*registry));
	enum la_err err;

	if (registry == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(registry);
		return (la_error_set(error, LA_ENOMEM, "out of memory for the schema registry"));
	}
	registry->timeout_ms = LA_REGISTRY_TIMEOUT_MS;
	if ((err = open_all(registry, conf, error)) != LA_OK) {
		la_registry_curl_free(registry);
		return (err);
	}
	registry->port = (struct la_registry_port){registry, registry->url.name, registry_ask, registry_work};
	*out = registry;
	return (LA_OK);
}

void
la_registry_curl_free(struct la_registry_curl *registry)
{
	if (registry == NULL)
		return;
	give_up(registry);
	curl_easy_cleanup(registry->easy);
	(void)curl_multi_cleanup(registry->multi);
	curl_slist_free_all(registry->headers);
	la_buf_clear(&registry->question);
	free(registry);
	curl_global_cleanup();
}

const struct la_registry_port *
la_registry_curl_port(struct la_registry_curl *registry)
{
	return (&registry->port);
}

void
la_registry_curl_set_timeout(struct la_registry_curl *registry, int timeout_ms)
{
	registry->timeout_ms = timeout_ms;
}
