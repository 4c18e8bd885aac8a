#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/crash_point.h"
#include "common/log.h"
#include "common/ops.h"
#include "common/thread.h"

/* All of a client is bounded: how many, what each may send, how long it may take from its connect to the last byte. */
#define CLIENTS_MAX 32
#define CLIENT_BYTES 8192 /* of URL and headers; a body is never read */
#define CLIENT_MS LA_CRASH_NUMBER("LA_CLIENT_MS", 5000)
#define BACKLOG 128

struct client {
	int fd; /* -1: none */
	int64_t until_ms;
};

struct la_ops {
	const struct la_ops_sources *sources;
	char address[LA_OPS_HOST_BYTES], port[NI_MAXSERV];
	int listen_fd, stop_fd;
	struct MHD_Daemon *daemon;
	bool is_served;
	pthread_t thread;
	struct client clients[CLIENTS_MAX];
};

/* ---- listening ---- */

static int
listen_at(const struct addrinfo *at)
{
	static const int yes = 1, no = 0;
	int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol), cause;

	if (fd < 0)
		return (-1);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (at->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)); /* [::] takes IPv4 as well */
	if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return (fd);
	cause = errno;
	(void)close(fd);
	errno = cause;
	return (-1);
}

/* Where it is in the end: port 0 is any that is free. */
static void
note_address(struct la_ops *ops)
{
	struct sockaddr_storage bound;
	socklen_t size = sizeof(bound);

	if (getsockname(ops->listen_fd, (struct sockaddr *)&bound, &size) == 0)
		(void)getnameinfo((struct sockaddr *)&bound, size, ops->address, sizeof(ops->address), ops->port,
		    sizeof(ops->port), NI_NUMERICHOST | NI_NUMERICSERV);
}

static enum la_err
listen_on(struct la_ops *ops, const char *host, const char *port, struct la_error *error)
{
	const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int failed = getaddrinfo(host, port, &hints, &found);

	if (failed != 0)
		return (la_error_set(
		    error, failed == EAI_AGAIN ? LA_EUNAVAILABLE : LA_ECONFIG, "%s", gai_strerror(failed)));
	for (const struct addrinfo *at = found; at != NULL && ops->listen_fd < 0; at = at->ai_next)
		ops->listen_fd = listen_at(at);
	failed = errno;
	freeaddrinfo(found);
	if (ops->listen_fd >= 0) {
		note_address(ops);
		return (LA_OK);
	}
	if (failed == EADDRINUSE)
		return (la_error_set(error, LA_EUNAVAILABLE,
		    "another program listens there, or another instance of this one: each needs a port of its own, or off"));
	return (la_error_set(error, LA_ECONFIG, "%s", strerror(failed)));
}

enum la_err
la_ops_open(struct la_ops **out, const struct la_conf *conf, struct la_error *error)
{
	const char *listen = la_conf_text(conf, "http.listen");
	char host[LA_OPS_HOST_BYTES], port[8];
	struct la_ops *ops;
	enum la_err err;

	*out = NULL;
	if (!la_ops_split(listen, host, port))
		return (LA_OK);
	if ((ops = calloc(1, sizeof(*ops))) == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	ops->listen_fd = ops->stop_fd = -1;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		ops->clients[i].fd = -1;
	if ((err = listen_on(ops, host, port, error)) != LA_OK) {
		la_error_prefix(error, "http.listen=%s", listen);
		la_ops_close(ops);
		return (err);
	}
	*out = ops;
	return (LA_OK);
}

/* ---- serving: everything below runs in the thread ---- */

/* MHD's own limit of time starts anew with each byte; ours does not. */
static void
note_client(void *opaque, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode code)
{
	struct la_ops *ops = opaque;
	struct client *client = *context;
	int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (client != NULL)
			client->fd = -1;
		return;
	}
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (ops->clients[i].fd < 0) {
			ops->clients[i] = (struct client){.fd = fd, .until_ms = la_clock_now_ms(NULL) + CLIENT_MS};
			*context = &ops->clients[i];
			return;
		}
	}
	(void)shutdown(fd, SHUT_RDWR); /* more than MHD was told to take */
}

static enum MHD_Result
respond(struct MHD_Connection *connection, unsigned status, const char *type, struct la_buf *body)
{
	/* MHD frees the body, also when it fails */
	struct MHD_Response *response = MHD_create_response_from_buffer(body->size, body->data, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result result = MHD_NO;

	if (response == NULL) {
		la_buf_clear(body);
		return (MHD_NO);
	}
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES &&
	    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") == MHD_YES &&
	    MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES &&
	    (status != MHD_HTTP_METHOD_NOT_ALLOWED ||
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD") == MHD_YES))
		result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return (result);
}

/* Called when the headers are there. An answer then means that no body is read. */
static enum MHD_Result
answer(void *opaque, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
    const char *upload, size_t *upload_size, void **state)
{
	struct la_ops *ops = opaque;
	struct la_buf body = LA_BUF_INIT;
	const char *type = "text/plain; charset=utf-8";
	unsigned status = MHD_HTTP_METHOD_NOT_ALLOWED;

	(void)version, (void)upload, (void)upload_size, (void)state;
	if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
		status = la_ops_page(ops->sources, url, &body, &type);
	if (status == MHD_HTTP_INTERNAL_SERVER_ERROR)
		la_buf_reset(&body);
	return (respond(connection, status, type, &body));
}

/* Cuts off who is too slow; returns when the next one's time is over, at most in a second. */
static int
drop_slow(struct la_ops *ops)
{
	int64_t now_ms = la_clock_now_ms(NULL), wait_ms = 1000;

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &ops->clients[i];

		if (client->fd >= 0 && client->until_ms <= now_ms)
			(void)shutdown(client->fd, SHUT_RDWR); /* MHD finds it closed */
		else if (client->fd >= 0 && client->until_ms - now_ms < wait_ms)
			wait_ms = client->until_ms - now_ms;
	}
	return ((int)wait_ms);
}

static void *
serve(void *opaque)
{
	struct la_ops *ops = opaque;
	struct pollfd waited[2] = {
	    {MHD_get_daemon_info(ops->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, POLLIN, 0}, {ops->stop_fd, POLLIN, 0}};
	MHD_UNSIGNED_LONG_LONG soon;

	while (waited[1].revents == 0) {
		int wait_ms = drop_slow(ops);

		(void)MHD_run(ops->daemon);
		if (MHD_get_timeout(ops->daemon, &soon) == MHD_YES && soon < (unsigned)wait_ms)
			wait_ms = (int)soon;
		(void)poll(waited, 2, wait_ms);
	}
	return (NULL);
}

/* ---- from outside ---- */

enum la_err
la_ops_serve(struct la_ops *ops, const struct la_ops_sources *sources, struct la_error *error)
{
	if (ops == NULL)
		return (LA_OK);
	ops->sources = sources;
	if ((ops->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) < 0)
		return (la_error_set(error, LA_EINTERNAL, "eventfd: %s", strerror(errno)));
	ops->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, answer, ops, MHD_OPTION_LISTEN_SOCKET,
	    ops->listen_fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CLIENTS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    (size_t)CLIENT_BYTES, MHD_OPTION_NOTIFY_CONNECTION, note_client, ops, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
	    MHD_OPTION_END);
	if (ops->daemon == NULL)
		return (la_error_set(error, LA_EINTERNAL, "http.listen: libmicrohttpd does not start"));
	ops->listen_fd = -1; /* the daemon closes it */
	if (la_thread_start(&ops->thread, NULL, serve, ops) != 0)
		return (la_error_set(error, LA_EINTERNAL, "http.listen: no thread"));
	ops->is_served = true;
	la_log(LA_LOG_INFO, la_msg("http listens"), la_str("address", ops->address), la_str("port", ops->port));
	return (LA_OK);
}

void
la_ops_close(struct la_ops *ops)
{
	static const uint64_t one = 1;

	if (ops == NULL)
		return;
	if (ops->is_served && write(ops->stop_fd, &one, sizeof(one)) == sizeof(one))
		(void)pthread_join(ops->thread, NULL);
	if (ops->daemon != NULL)
		MHD_stop_daemon(ops->daemon);
	if (ops->listen_fd >= 0)
		(void)close(ops->listen_fd);
	if (ops->stop_fd >= 0)
		(void)close(ops->stop_fd);
	free(ops);
}

const char *
la_ops_library_version(void)
{
	return (MHD_get_version());
}
