/* schema.registry.url over libcurl against a server that is no registry, or a hostile one: each answer is bounded and said. */
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf_set.h"

#include "common/registry_curl.h"

#define TIMEOUT_MS 30000 /* none takes it */
#define OK "HTTP/1.1 200 OK\r\n"
#define NO_SCHEMA "HTTP 200 without a JSON object that has a schema"
#define SCHEMA "{\"schema\":\"x\"}"

/* gzip: {"schema":"x"}. It must not be unpacked: 2 kB, packed several times, can take libcurl 7.88 minutes in one call. */
#define PACKED \
	"\037\213\010\000\000\000\000\000\002\003\253\126\052\116\316\110\315" \
	"\115\124\262\122\252\120\252\005\000\136\317\355\367\016\000\000\000"

/* What is answered to every question, and then again and again; NULL: nothing more. */
struct row {
	const char *head;
	size_t head_size;
	const char *piece;
	enum la_registry_verdict verdict;
	const char *detail; /* behind "127.0.0.1:port: "; FOUND: the schema; NULL: each libcurl's own words */
};

#define TEXT(text) (text), sizeof(text) - 1
static const struct row rows[] = {
    {TEXT(OK "Content-Length: 14\r\n\r\n" SCHEMA), NULL, LA_REGISTRY_FOUND, "x"},
    /* no bytes behind an answer are another's */
    {TEXT(OK "Content-Length: 14\r\n\r\n" SCHEMA OK "Content-Length: 14\r\n\r\n{\"schema\":\"y\"}"), NULL, LA_REGISTRY_FOUND, "x"},
    {TEXT(OK "Content-Length: 100\r\n\r\n" SCHEMA), NULL, LA_REGISTRY_AWAY, "Transferred a partial file"},
    {TEXT(OK "\r\n{\"schema\":\""), "xxxxxxxxxxxxxxxx", LA_REGISTRY_UNUSABLE, "the schema is longer than 1 MiB"},
    {TEXT(OK "\r\n<html>"), "xxxxxxxxxxxxxxxx", LA_REGISTRY_AWAY, "an answer of more bytes than are read"},
    {TEXT("HTTP/1.1 500 x\r\n\r\n{"), "xxxxxxxxxxxxxxxx", LA_REGISTRY_AWAY, "an answer of more bytes than are read"},
    {TEXT(OK), "A: bbbbbbbbbbbbb\r\n", LA_REGISTRY_AWAY, "an answer of more bytes than are read"},
    {TEXT(OK "A: "), "bbbbbbbbbbbbbbbb", LA_REGISTRY_AWAY, NULL},
    {TEXT(""), "HTTP/1.1 100 x\r\n\r\n", LA_REGISTRY_AWAY, "an answer of more bytes than are read"},
    {TEXT(OK "Transfer-Encoding: chunked\r\n\r\n0\r\n"), "A: bbbbbbbbbbbbb\r\n", LA_REGISTRY_AWAY,
        "an answer of more bytes than are read"},
    {TEXT("HTTP/1.1 302 x\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"), NULL, LA_REGISTRY_AWAY,
        "HTTP 302, and redirects are not followed"},
    {TEXT(OK "Content-Encoding: gzip\r\n\r\n" PACKED), NULL, LA_REGISTRY_AWAY, NO_SCHEMA},
    {TEXT(OK "Transfer-Encoding: gzip\r\n\r\n" PACKED), NULL, LA_REGISTRY_AWAY, NULL},
    {TEXT(SCHEMA), NULL, LA_REGISTRY_AWAY, "Unsupported protocol"},
};

struct server {
	const char *head, *piece;
	size_t head_size;
	int fd, port;
	pthread_t thread;
};

static void
answer_one(const struct server *server, int fd)
{
	char pieces[16384], question[4096];
	size_t size = server->piece == NULL ? 0 : strlen(server->piece), fill = 0;

	(void)!read(fd, question, sizeof(question)); /* it is short */
	if (send(fd, server->head, server->head_size, MSG_NOSIGNAL) < 0 || size == 0)
		return;
	for (; fill + size <= sizeof(pieces); fill += size)
		memcpy(pieces + fill, server->piece, size);
	while (send(fd, pieces, fill, MSG_NOSIGNAL) > 0)
		continue;
}

static void *
serve(void *cookie)
{
	const struct server *server = cookie;
	int fd;

	while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
		answer_one(server, fd);
		(void)close(fd);
	}
	return (NULL);
}

static void
open_server(struct server *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	server->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(server->fd, (struct sockaddr *)(void *)&address, size), 0);
	assert_int_equal(listen(server->fd, 8), 0);
	assert_int_equal(getsockname(server->fd, (struct sockaddr *)(void *)&address, &size), 0);
	server->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void
close_server(struct server *server)
{
	(void)shutdown(server->fd, SHUT_RDWR);
	assert_int_equal(pthread_join(server->thread, NULL), 0);
	(void)close(server->fd);
}

/* Asks twice, over what is kept of a connection. */
static void
ask(struct server *server, const struct row *row)
{
	struct la_registry_curl *registry = NULL;
	const struct la_registry_answer *answer;
	const struct la_registry_port *port;
	struct la_conf *conf = NULL;
	struct la_error error = LA_ERROR_INIT;
	bool done = false;

	open_server(server);
	assert_int_equal(la_conf_new(&conf, LA_PROGRAM_DETECTOR), LA_OK);
	set(conf, "schema.registry.url=http://127.0.0.1:%d", server->port);
	if (la_registry_curl_new(&registry, conf, &error) != LA_OK)
		fail_msg("%s", error.text);
	la_registry_curl_set_timeout(registry, TIMEOUT_MS);
	port = la_registry_curl_port(registry);
	for (int i = 0; i < 2; i++, done = false) {
		assert_int_equal(port->ask(port->self, 7, &error), LA_OK);
		for (int n = 0; !done; n++) {
			assert_in_range(n, 0, 600);
			assert_int_equal(port->work(port->self, 100, &answer, &done, &error), LA_OK);
		}
		assert_int_equal(answer->verdict, row->verdict);
		if (answer->verdict == LA_REGISTRY_FOUND)
			assert_true(la_span_is(la_buf_span(&answer->schema), row->detail));
		else if (row->detail != NULL)
			assert_string_equal(strchr(strchr(answer->detail, ':') + 1, ' ') + 1, row->detail);
	}
	la_registry_curl_free(registry);
	la_conf_free(conf);
	close_server(server);
}

static void
each_answer_that_is_none_is_bounded_and_said(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct server server = {.head = rows[i].head, .piece = rows[i].piece, .head_size = rows[i].head_size};

		ask(&server, &rows[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_answer_that_is_none_is_bounded_and_said),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
