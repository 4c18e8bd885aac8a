#include "mailer/directory_curl.h"

#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/clock.h"
#include "mailer/directory_request_curl.h"

#define EVENTS 32 /* sockets looked at a time */
#define CHECK_TENANT "default"
#define CHECK_MEMBER_ID "login-alert-check"

struct la_directory_curl {
	struct la_directory port;
	struct la_directory_url url;
	CURLM *multi;
	int epoll;
	int64_t due_ms; /* when libcurl wants to go on by itself; INT64_MAX: it does not */
	int timeout_ms;
	struct curl_slist *headers;
	struct la_directory_request *requests; /* in memory that no core dump has */
	size_t busy;
	bool has_more; /* answers that did not fit */
};

static size_t
directory_room(void *self)
{
	const struct la_directory_curl *directory = self;

	return (LA_DIRECTORY_PARALLEL - directory->busy);
}

static struct la_directory_request *
free_request(struct la_directory_curl *directory)
{
	for (size_t i = 0; i < LA_DIRECTORY_PARALLEL; i++) {
		if (!directory->requests[i].is_busy)
			return (&directory->requests[i]);
	}
	return (NULL);
}

static enum la_err
directory_ask(void *self, uint64_t token, struct la_span tenant, struct la_span member_id, struct la_error *error)
{
	struct la_directory_curl *directory = self;
	struct la_directory_request *request = free_request(directory);
	enum la_err err;

	if (request == NULL)
		return (la_error_set(error, LA_EUNAVAILABLE, "all %d questions are under way", LA_DIRECTORY_PARALLEL));
	if ((err = la_directory_url_make(&directory->url, tenant, member_id, request->url, error)) != LA_OK ||
	    (err = la_directory_request_start(request, directory->timeout_ms, error)) != LA_OK)
		return (err);
	if (curl_multi_add_handle(directory->multi, request->easy) != CURLM_OK)
		return (la_error_set(error, LA_EINTERNAL, "libcurl takes no more questions"));
	request->token = token;
	request->is_busy = true;
	directory->busy++;
	return (LA_OK);
}

/* libcurl says what to wait for. */
static int
watch_socket(CURL *easy, curl_socket_t socket, int what, void *cookie, void *of_socket)
{
	struct la_directory_curl *directory = cookie;
	struct epoll_event event = {.data = {.fd = socket}};

	(void)easy;
	(void)of_socket;
	if (what == CURL_POLL_REMOVE) {
		(void)epoll_ctl(directory->epoll, EPOLL_CTL_DEL, socket, NULL);
		return (0);
	}
	event.events = ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0u) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0u);
	if (epoll_ctl(directory->epoll, EPOLL_CTL_ADD, socket, &event) != 0)
		(void)epoll_ctl(directory->epoll, EPOLL_CTL_MOD, socket, &event);
	return (0);
}

static int
watch_time(CURLM *multi, long timeout_ms, void *cookie)
{
	struct la_directory_curl *directory = cookie;

	(void)multi;
	directory->due_ms = timeout_ms < 0 ? INT64_MAX : la_clock_now_ms(NULL) + timeout_ms;
	return (0);
}

static enum la_err
act(struct la_directory_curl *directory, curl_socket_t socket, int events, struct la_error *error)
{
	int running;
	CURLMcode code = curl_multi_socket_action(directory->multi, socket, events, &running);

	return (code == CURLM_OK ? LA_OK : la_error_set(error, LA_EINTERNAL, "libcurl: %s", curl_multi_strerror(code)));
}

static enum la_err
serve(struct la_directory_curl *directory, struct la_error *error)
{
	struct epoll_event events[EVENTS];
	int count = epoll_wait(directory->epoll, events, EVENTS, 0);
	enum la_err err = LA_OK;

	for (int i = 0; i < count && err == LA_OK; i++) {
		unsigned ready = events[i].events;
		int flags = ((ready & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) | ((ready & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
		    ((ready & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);

		err = act(directory, events[i].data.fd, flags, error);
	}
	if (err == LA_OK && la_clock_now_ms(NULL) >= directory->due_ms) {
		/* libcurl says nothing when it finds that the time was not over yet, to the microsecond. */
		directory->due_ms = la_clock_now_ms(NULL) + 1;
		err = act(directory, CURL_SOCKET_TIMEOUT, 0, error);
	}
	return (err);
}

static enum la_err
directory_work(void *self, struct la_directory_answer *out, size_t cap, size_t *count, struct la_error *error)
{
	struct la_directory_curl *directory = self;
	struct la_directory_request *request;
	CURLMsg *message;
	CURLcode result;
	int left = 0;
	enum la_err err = serve(directory, error); /* also without a question: libcurl 8.10 ends idle connections so */

	*count = 0;
	while (err == LA_OK && *count < cap && (message = curl_multi_info_read(directory->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		result = message->data.result; /* gone with the handle's removal */
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&request);
		(void)curl_multi_remove_handle(directory->multi, request->easy);
		directory->busy--;
		if (la_directory_request_finish(request, result, directory->url.name, &out[*count]) != LA_OK)
			err = la_error_set(error, LA_ENOMEM, "out of memory for an answer");
		++*count;
	}
	directory->has_more = left > 0;
	return (err);
}

static int
directory_fd(void *self)
{
	return (((const struct la_directory_curl *)self)->epoll);
}

static int64_t
directory_wait_ms(void *self)
{
	const struct la_directory_curl *directory = self;
	int64_t left_ms;

	if (directory->has_more)
		return (0);
	if (directory->due_ms == INT64_MAX)
		return (INT64_MAX);
	left_ms = directory->due_ms - la_clock_now_ms(NULL);
	return (left_ms > 0 ? left_ms : 0);
}

static enum la_err
make_requests(struct la_directory_curl *directory, const struct la_conf *conf, struct la_error *error)
{
	const struct la_directory_request_options options = {
	    .ca_file = la_conf_text(conf, "recipient.ca.file"), .headers = directory->headers};
	enum la_err err = LA_OK;

	directory->requests = sodium_allocarray(LA_DIRECTORY_PARALLEL, sizeof(directory->requests[0]));
	if (directory->requests == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory for %d questions", LA_DIRECTORY_PARALLEL));
	sodium_memzero(directory->requests, LA_DIRECTORY_PARALLEL * sizeof(directory->requests[0]));
	for (size_t i = 0; i < LA_DIRECTORY_PARALLEL && err == LA_OK; i++)
		err = la_directory_request_init(&directory->requests[i], &options, error);
	return (err);
}

static enum la_err
open_all(struct la_directory_curl *directory, const struct la_conf *conf, struct la_error *error)
{
	const char *token_path = la_conf_text(conf, "recipient.token.file");
	enum la_err err;

	if ((err = la_directory_url_parse(la_conf_text(conf, "recipient.url"), &directory->url, error)) != LA_OK ||
	    (err = la_directory_headers_make(&directory->headers, token_path, error)) != LA_OK)
		return (err);
	directory->multi = curl_multi_init();
	directory->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (directory->multi == NULL || directory->epoll < 0)
		return (la_error_set(error, LA_ENOMEM, "out of memory for recipient.url"));
	(void)curl_multi_setopt(directory->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	(void)curl_multi_setopt(directory->multi, CURLMOPT_SOCKETDATA, directory);
	(void)curl_multi_setopt(directory->multi, CURLMOPT_TIMERFUNCTION, watch_time);
	(void)curl_multi_setopt(directory->multi, CURLMOPT_TIMERDATA, directory);
	(void)curl_multi_setopt(directory->multi, CURLMOPT_MAXCONNECTS, (long)LA_DIRECTORY_PARALLEL);
	return (make_requests(directory, conf, error));
}

enum la_err
la_directory_curl_new(struct la_directory_curl **out, const struct la_conf *conf, struct la_error *error)
{
	struct la_directory_curl *directory = calloc(1, sizeof(*directory));
	enum la_err err;

	if (directory == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(directory);
		return (la_error_set(error, LA_ENOMEM, "out of memory for recipient.url"));
	}
	directory->epoll = -1;
	directory->due_ms = INT64_MAX;
	directory->timeout_ms = LA_DIRECTORY_TIMEOUT_MS;
	if ((err = open_all(directory, conf, error)) != LA_OK) {
		la_directory_curl_free(directory);
		return (err);
	}
	directory->port = (struct la_directory){
	    directory, directory_room, directory_ask, directory_work, directory_fd, directory_wait_ms};
	*out = directory;
	return (LA_OK);
}

void
la_directory_curl_free(struct la_directory_curl *directory)
{
	if (directory == NULL)
		return;
	for (size_t i = 0; directory->requests != NULL && i < LA_DIRECTORY_PARALLEL; i++) {
		if (directory->requests[i].is_busy)
			(void)curl_multi_remove_handle(directory->multi, directory->requests[i].easy);
		la_directory_request_clear(&directory->requests[i]);
	}
	sodium_free(directory->requests);
	(void)curl_multi_cleanup(directory->multi);
	la_directory_headers_free(directory->headers);
	if (directory->epoll >= 0)
		(void)close(directory->epoll);
	free(directory);
	curl_global_cleanup();
}

const struct la_directory *
la_directory_curl_port(struct la_directory_curl *directory)
{
	return (&directory->port);
}

void
la_directory_curl_set_timeout(struct la_directory_curl *directory, int timeout_ms)
{
	directory->timeout_ms = timeout_ms;
}

enum la_err
la_directory_curl_ask(struct la_directory_curl *directory, struct la_span tenant, struct la_span member_id,
    struct la_directory_answer *answer, struct la_error *error)
{
	struct pollfd fd = {.fd = directory->epoll, .events = POLLIN};
	size_t count = 0;
	enum la_err err = directory_ask(directory, 0, tenant, member_id, error);

	while (err == LA_OK && (err = directory_work(directory, answer, 1, &count, error)) == LA_OK && count == 0) {
		int64_t wait_ms = directory_wait_ms(directory);

		(void)poll(&fd, 1, wait_ms < directory->timeout_ms ? (int)wait_ms : directory->timeout_ms);
	}
	return (err);
}

enum la_err
la_directory_curl_check(struct la_directory_curl *directory, struct la_error *error)
{
	struct la_directory_answer answer;
	struct la_span tenant = la_span_text(CHECK_TENANT), member_id = la_span_text(CHECK_MEMBER_ID);
	enum la_err err = la_directory_curl_ask(directory, tenant, member_id, &answer, error);

	if (err != LA_OK)
		return (err);
	if (answer.verdict == LA_DIRECTORY_FOUND || answer.verdict == LA_DIRECTORY_NONE)
		return (LA_OK);
	return (la_error_set(error, LA_EUNAVAILABLE, "%s", answer.detail));
}
