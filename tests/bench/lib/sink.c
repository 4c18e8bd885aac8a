#include "bench/lib/sink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/lib/bench.h"

#define CONNECTIONS_MAX 1024
#define IN_BYTES (64 << 10) /* a mail of ours has less than 40 kB */
#define OUT_BYTES 256
#define EVENTS 64
#define END_OF_DATA "\r\n.\r\n"

struct connection {
	int fd; /* -1: free */
	bool is_at_data, is_mail, is_leaving;
	size_t in_size, in_seen; /* seen: no end of data before */
	size_t out_size;         /* a reply that is not out yet */
	int64_t due_ns;
	struct connection *next; /* of those that wait for their time */
	uint64_t bytes;          /* is_mail: of the message */
	char recipient[128];
	char out[OUT_BYTES];
	char in[IN_BYTES];
};

struct la_sink {
	struct la_sink_options options;
	int listener, epoll;
	struct connection *connections[CONNECTIONS_MAX];
	struct connection *first, *last; /* the delay is the same for all: in the order of their times */
};

static void
leave(struct connection *c)
{
	(void)close(c->fd);
	c->fd = -1;
	c->out_size = c->in_size = 0;
}

static void
say(struct connection *c, const char *text)
{
	size_t size = strlen(text);

	if (c->out_size + size > OUT_BYTES)
		return; /* more commands at a time than anybody sends: the client waits for ever */
	memcpy(c->out + c->out_size, text, size);
	c->out_size += size;
}

static void
keep_recipient(struct connection *c, const char *line, size_t size)
{
	const char *open = memchr(line, '<', size);
	const char *close = open == NULL ? NULL : memchr(open, '>', size - (size_t)(open - line));

	c->recipient[0] = '\0';
	if (close != NULL)
		(void)snprintf(c->recipient, sizeof(c->recipient), "%.*s", (int)(close - open - 1), open + 1);
}

static void
obey(const struct la_sink *sink, struct connection *c, const char *line, size_t size)
{
	static const char *const verbs[] = {"EHLO", "HELO", "MAIL", "RSET", "RCPT", "DATA", "QUIT"};
	static const char *const replies[] = {"250-sink.test\r\n250 PIPELINING\r\n", "250 sink.test\r\n", "250 2.1.0 Ok\r\n",
	    "250 2.0.0 Ok\r\n", "250 2.1.5 Ok\r\n", "354 End data with <CR><LF>.<CR><LF>\r\n", "221 2.0.0 Bye\r\n"};
	size_t verb = 0;

	while (verb < 7 && (size < 4 || strncasecmp(line, verbs[verb], 4) != 0))
		verb++;
	if (verb == 4)
		keep_recipient(c, line, size);
	if (verb == 4 && sink->options.is_deferring)
		say(c, "450 4.2.0 Later\r\n");
	else if (verb == 5 && sink->options.is_deferring)
		say(c, "554 5.5.1 No valid recipients\r\n");
	else
		say(c, verb == 7 ? "502 5.5.2 What?\r\n" : replies[verb]);
	c->is_at_data = verb == 5 && !sink->options.is_deferring;
	c->is_leaving = verb == 6;
}

static void
drop_input(struct connection *c, size_t size)
{
	c->in_size -= size;
	c->in_seen = 0;
	memmove(c->in, c->in + size, c->in_size);
}

/* A mail's end, if it is there. */
static bool
take_data(struct connection *c)
{
	size_t from = c->in_seen < sizeof(END_OF_DATA) ? 0 : c->in_seen - sizeof(END_OF_DATA);
	const char *end = memmem(c->in + from, c->in_size - from, END_OF_DATA, sizeof(END_OF_DATA) - 1);

	c->in_seen = c->in_size;
	if (end == NULL)
		return (false);
	c->bytes = (uint64_t)(end - c->in) + 2;
	c->is_mail = true;
	c->is_at_data = false;
	say(c, "250 2.0.0 Ok: taken\r\n");
	drop_input(c, (size_t)(end - c->in) + sizeof(END_OF_DATA) - 1);
	return (true);
}

/* All that is there, up to a DATA or the end of a mail. */
static void
take_input(const struct la_sink *sink, struct connection *c)
{
	const char *end;
	size_t size;

	if (c->is_at_data) {
		(void)take_data(c);
		return;
	}
	while (!c->is_at_data && !c->is_leaving && (end = memchr(c->in, '\n', c->in_size)) != NULL) {
		size = (size_t)(end - c->in) + 1;
		obey(sink, c, c->in, size);
		drop_input(c, size);
	}
}

static void
send_reply(struct la_sink *sink, struct connection *c)
{
	ssize_t sent = send(c->fd, c->out, c->out_size, MSG_NOSIGNAL);

	if (sent != (ssize_t)c->out_size || c->is_leaving) {
		leave(c);
		return;
	}
	c->out_size = 0;
	if (c->is_mail && sink->options.on_mail != NULL)
		sink->options.on_mail(sink->options.cookie, c->recipient, c->bytes);
	c->is_mail = false;
}

static void
send_later(struct la_sink *sink, struct connection *c)
{
	c->due_ns = la_bench_ns(CLOCK_MONOTONIC) + sink->options.delay_ns;
	c->next = NULL;
	if (sink->first == NULL)
		sink->first = c;
	else
		sink->last->next = c;
	sink->last = c;
}

static void
reply(struct la_sink *sink, struct connection *c)
{
	if (sink->options.delay_ns > 0)
		send_later(sink, c);
	else
		send_reply(sink, c);
}

/* False: nothing is there, or the connection is gone. */
static bool
read_more(struct connection *c)
{
	ssize_t got = recv(c->fd, c->in + c->in_size, IN_BYTES - c->in_size, 0);

	if (got < 0 && errno == EAGAIN)
		return (false);
	if (got <= 0) {
		leave(c);
		return (false);
	}
	c->in_size += (size_t)got;
	return (true);
}

/* Until nothing is left, or a reply has to wait for its time. */
static void
go_on(struct la_sink *sink, struct connection *c)
{
	while (c->fd >= 0 && c->out_size == 0) {
		take_input(sink, c);
		if (c->out_size > 0)
			reply(sink, c);
		else if (!read_more(c))
			return;
	}
}

static void
send_due(struct la_sink *sink)
{
	while (sink->first != NULL && sink->first->due_ns <= la_bench_ns(CLOCK_MONOTONIC)) {
		struct connection *c = sink->first;

		sink->first = c->next;
		send_reply(sink, c);
		go_on(sink, c);
	}
}

/* A reply that waits keeps its place: a connection that was lost with one is used again only after its time. */
static struct connection *
free_connection(struct la_sink *sink)
{
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (sink->connections[i] == NULL)
			sink->connections[i] = calloc(1, sizeof(struct connection));
		else if (sink->connections[i]->fd >= 0)
			continue;
		return (sink->connections[i]);
	}
	return (NULL);
}

static void
welcome(struct la_sink *sink, int fd)
{
	const int on = 1;
	struct connection *c = free_connection(sink);
	struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = c};

	if (c == NULL) {
		(void)close(fd);
		return;
	}
	*c = (struct connection){.fd = fd};
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)epoll_ctl(sink->epoll, EPOLL_CTL_ADD, fd, &event);
	say(c, "220 sink.test ESMTP\r\n");
	reply(sink, c);
}

static void
accept_all(struct la_sink *sink)
{
	int fd;

	while ((fd = accept4(sink->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		welcome(sink, fd);
}

void
la_sink_turn(struct la_sink *sink, int64_t wait_ns)
{
	struct epoll_event events[EVENTS];
	struct timespec wait;
	int count;

	if (sink->first != NULL) {
		int64_t left_ns = sink->first->due_ns - la_bench_ns(CLOCK_MONOTONIC);

		wait_ns = left_ns < wait_ns ? left_ns : wait_ns;
	}
	if (wait_ns < 0)
		wait_ns = 0;
	wait = (struct timespec){.tv_sec = wait_ns / 1000000000, .tv_nsec = wait_ns % 1000000000};
	count = epoll_pwait2(sink->epoll, events, EVENTS, &wait, NULL);
	for (int i = 0; i < count; i++) {
		if (events[i].data.ptr == NULL)
			accept_all(sink);
		else
			go_on(sink, events[i].data.ptr);
	}
	send_due(sink);
}

static enum la_err
listen_on(struct la_sink *sink, uint16_t port)
{
	const int on = 1;
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

	sink->epoll = epoll_create1(EPOLL_CLOEXEC);
	sink->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (sink->epoll < 0 || sink->listener < 0 ||
	    setsockopt(sink->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(sink->listener, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(sink->listener, CONNECTIONS_MAX) != 0 ||
	    epoll_ctl(sink->epoll, EPOLL_CTL_ADD, sink->listener, &event) != 0)
		return (LA_EUNAVAILABLE);
	return (LA_OK);
}

enum la_err
la_sink_new(struct la_sink **sink, const struct la_sink_options *options, struct la_error *error)
{
	struct la_sink *made = calloc(1, sizeof(*made));

	if (made == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory for the sink"));
	made->options = *options;
	if (listen_on(made, options->port) != LA_OK) {
		la_sink_free(made);
		return (la_error_set(error, LA_EUNAVAILABLE, "the sink cannot listen: %s", strerror(errno)));
	}
	*sink = made;
	return (LA_OK);
}

void
la_sink_free(struct la_sink *sink)
{
	if (sink == NULL)
		return;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (sink->connections[i] != NULL && sink->connections[i]->fd >= 0)
			leave(sink->connections[i]);
		free(sink->connections[i]);
	}
	(void)close(sink->listener);
	(void)close(sink->epoll);
	free(sink);
}

uint16_t
la_sink_port(const struct la_sink *sink)
{
	struct sockaddr_in address = {0};
	socklen_t size = sizeof(address);

	(void)getsockname(sink->listener, (struct sockaddr *)&address, &size);
	return (ntohs(address.sin_port));
}
