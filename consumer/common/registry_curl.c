#include "common/clock.h"
#include "common/easy_curl.h"
#include "common/http_options_curl.h"
#include "common/registry_internal_curl.h"

size_t
la_registry_curl_take_body(char *data, size_t size, size_t count, void *cookie)
{
	struct la_registry_curl *registry = cookie;

	registry->is_too_long = size * count > LA_REGISTRY_BODY_BYTES - registry->body.size;
	if (registry->is_too_long)
		return (0);
	return (la_buf_add(&registry->body, data, size * count) == LA_OK ? size * count : 0);
}

void
la_registry_curl_give_up(struct la_registry_curl *registry)
{
	if (registry->is_busy)
		(void)curl_multi_remove_handle(registry->multi, registry->easy);
	registry->is_busy = registry->is_too_long = false;
	registry->header_bytes = 0;
	la_buf_clear(&registry->body);
	la_buf_clear(&registry->answer.schema);
}

enum la_err
la_registry_curl_start(struct la_registry_curl *registry, const char *url, bool post, struct la_error *error)
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

enum la_err
la_registry_curl_ask(void *self, uint32_t id, struct la_error *error)
{
	struct la_registry_curl *registry = self;
	char url[LA_REGISTRY_URL_BYTES];

	la_registry_curl_give_up(registry);
	la_registry_url_schema(&registry->url, id, url);
	return (la_registry_curl_start(registry, url, false, error));
}

enum la_err
la_registry_curl_ask_version(void *self, const struct la_registry_reference *reference, struct la_error *error)
{
	struct la_registry_curl *registry = self;
	char url[LA_REGISTRY_URL_BYTES];

	la_registry_curl_give_up(registry);
	la_registry_url_version(&registry->url, reference->subject, reference->version, url);
	return (la_registry_curl_start(registry, url, false, error));
}

/* There is no answer, or none that is one. */
static void
fail(struct la_registry_curl *registry, CURLcode code)
{
	const char *why = curl_easy_strerror(code), *name = registry->url.name;
	long status = 0;

	registry->answer.status = 0;
	(void)curl_easy_getinfo(registry->easy, CURLINFO_RESPONSE_CODE, &status);
	if (registry->is_too_long && status == 200 && la_registry_reply_may_be(la_buf_span(&registry->body))) {
		la_registry_reply_fail(name, LA_REGISTRY_UNUSABLE, "the schema is longer than 1 MiB", &registry->answer);
		return;
	}
	if (code == CURLE_WRITE_ERROR || (code == CURLE_OUT_OF_MEMORY && registry->header_bytes > 0))
		why = "an answer of more bytes than are read"; /* the latter: a header's line, before 8.7 */
	else if (code == CURLE_OPERATION_TIMEDOUT)
		why = "no answer in time";
	la_registry_reply_fail(name, LA_REGISTRY_AWAY, why, &registry->answer);
}

/* Works until libcurl is through, or wait_ms are over; *done: registry->answer is there. */
static enum la_err
work(struct la_registry_curl *registry, int wait_ms, la_registry_read *read, bool *done, struct la_error *error)
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

enum la_err
la_registry_curl_work(void *self, int wait_ms, const struct la_registry_answer **answer, bool *done, struct la_error *error)
{
	struct la_registry_curl *registry = self;

	*answer = &registry->answer;
	return (work(registry, wait_ms, la_registry_reply_schema, done, error));
}

enum la_err
la_registry_curl_wait_for(struct la_registry_curl *registry, la_registry_read *read, struct la_error *error)
{
	bool done = false;
	enum la_err err = LA_OK;

	while (err == LA_OK && !done)
		err = work(registry, registry->timeout_ms, read, &done, error);
	return (err);
}
