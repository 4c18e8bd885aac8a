#include "common/connection_redis.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/redis_text.h"

#define PASSWORD_BYTES_MAX 4096

/* The AUTH command from the password's file, whose last line end does not count. */
static enum la_err
read_login(struct la_connection *connection, const struct la_conf *conf, struct la_error *error)
{
	const char *path = la_conf_text(conf, "redis.password.file");
	const char *user = la_conf_text(conf, "redis.user");
	struct la_buf password = LA_BUF_INIT;
	struct la_buf *login = &connection->login;
	enum la_err err;

	if (path == NULL) {
		if (user == NULL || *user == '\0')
			return (LA_OK);
		return (la_error_set(error, LA_ECONFIG, "redis.user needs redis.password.file"));
	}
	if ((err = la_file_read(path, PASSWORD_BYTES_MAX, &password, error)) != LA_OK) {
		la_error_prefix(error, "redis.password.file");
		goto out;
	}
	while (password.size > 0 && strchr("\r\n", password.data[password.size - 1]) != NULL)
		password.size--;
	err = LA_ENOMEM;
	/* room for all at once, so that no copy of the secret is left behind by a realloc */
	if (la_buf_reserve(login, password.size + 512) != LA_OK ||
	    la_redis_text_begin(login, user == NULL ? 2 : 3) != LA_OK ||
	    la_redis_text_arg(login, la_span_text("AUTH")) != LA_OK ||
	    (user != NULL && la_redis_text_arg(login, la_span_text(user)) != LA_OK) ||
	    la_redis_text_arg(login, la_buf_span(&password)) != LA_OK)
		goto out;
	err = LA_OK;
out:
	if (password.data != NULL)
		sodium_memzero(password.data, password.cap);
	la_buf_clear(&password);
	return (err);
}

enum la_err
la_connection_init(struct la_connection *connection, const struct la_conf *conf, struct la_error *error)
{
	*connection = (struct la_connection){.login = LA_BUF_INIT};
	if ((connection->seeds = calloc(LA_REDIS_SEEDS_MAX, sizeof(connection->seeds[0]))) == NULL)
		return (LA_ENOMEM);
	if (la_redis_url_parse_list(
	    la_conf_text(conf, "redis.url"), connection->seeds, &connection->seed_count, error) != LA_OK)
		return (LA_ECONFIG);
	connection->url = connection->seeds[0];
	if (connection->url.tls) {
		enum la_err err = la_tls_redis_new(&connection->tls, conf, &connection->url, error);

		if (err != LA_OK)
			return (err);
	}
	return (read_login(connection, conf, error));
}

void
la_connection_clear(struct la_connection *connection)
{
	la_connection_close(connection);
	la_lookup_free(connection->lookup);
	connection->lookup = NULL;
	la_tls_redis_free(connection->tls);
	connection->tls = NULL;
	if (connection->login.data != NULL)
		sodium_memzero(connection->login.data, connection->login.cap);
	la_buf_clear(&connection->login);
	free(connection->seeds);
	connection->seeds = NULL;
}

void
la_connection_close(struct la_connection *connection)
{
	if (connection->redis != NULL)
		redisFree(connection->redis);
	connection->redis = NULL;
	connection->greetings = 0;
	la_tls_redis_forget(connection->tls);
	connection->secured = false;
}

static enum la_err
lost(struct la_connection *connection, struct la_error *error, const char *what)
{
	(void)la_error_set(error, LA_EUNAVAILABLE, "%s: %s", connection->url.name, what);
	la_connection_close(connection);
	return (LA_EUNAVAILABLE);
}

/* hiredis has set its error: closes and says what it was. */
static enum la_err
broken(struct la_connection *connection, struct la_error *error)
{
	return (lost(connection, error, connection->redis->errstr));
}

/* Waits until the socket is ready for events. Errors: LA_EUNAVAILABLE, LA_ETIMEOUT (closed then). */
static enum la_err
wait_socket(struct la_connection *connection, short events, int64_t deadline_ms, struct la_error *error)
{
	struct pollfd fd = {.fd = connection->redis->fd, .events = events};
	int64_t left;
	int ready;

	do {
		left = deadline_ms - la_clock_now_ms(NULL);
		ready = poll(&fd, 1, left < 0 ? 0 : (int)left);
	} while (ready < 0 && errno == EINTR);
	if (ready > 0)
		return (LA_OK);
	if (ready < 0)
		return (lost(connection, error, strerror(errno)));
	(void)la_error_set(error, LA_ETIMEOUT, "%s: no answer in time", connection->url.name);
	la_connection_close(connection);
	return (LA_ETIMEOUT);
}

/* What the socket says of its connecting; LA_OK also while that goes on. */
static enum la_err
check_socket(struct la_connection *connection, struct la_error *error)
{
	int problem = 0;
	socklen_t size = sizeof(problem);

	if (getsockopt(connection->redis->fd, SOL_SOCKET, SO_ERROR, &problem, &size) != 0)
		problem = errno;
	return (problem == 0 ? LA_OK : lost(connection, error, strerror(problem)));
}

/*
 * TLS, as far as it goes without waiting; LA_OK: it is done, or not asked for. LA_ETIMEOUT: not yet, *events says what
 * to poll for. Errors: LA_EUNAVAILABLE, LA_ENOMEM (closed then).
 */
static enum la_err
secure(struct la_connection *connection, short *events, struct la_error *error)
{
	struct pollfd fd = {.events = POLLOUT};
	enum la_err err;

	if (connection->tls == NULL || connection->secured)
		return (LA_OK);
	fd.fd = connection->redis->fd;
	*events = POLLOUT;
	if (poll(&fd, 1, 0) <= 0)
		return (LA_ETIMEOUT); /* not connected yet */
	if ((err = check_socket(connection, error)) != LA_OK)
		return (err);
	err = la_tls_redis_step(connection->tls, connection->redis, events, error);
	connection->secured = err == LA_OK;
	if (err != LA_OK && err != LA_ETIMEOUT) {
		la_error_prefix(error, "%s", connection->url.name);
		la_connection_close(connection);
	}
	return (err);
}

/* Writes all that is queued, or what goes without waiting. */
static enum la_err
flush(struct la_connection *connection, struct la_error *error)
{
	int done = 0;
	short events;
	enum la_err err = secure(connection, &events, error);

	if (err != LA_OK)
		return (err == LA_ETIMEOUT ? LA_OK : err); /* it stays queued */
	if (redisBufferWrite(connection->redis, &done) != REDIS_OK)
		return (broken(connection, error));
	return (LA_OK);
}

enum la_err
la_connection_send(struct la_connection *connection, struct la_span commands, struct la_error *error)
{
	if (connection->redis == NULL)
		return (la_error_set(error, LA_EUNAVAILABLE, "%s: not connected", connection->url.name));
	if (redisAppendFormattedCommand(connection->redis, (const char *)commands.data, commands.size) != REDIS_OK)
		return (broken(connection, error));
	return (flush(connection, error));
}

enum la_err
la_connection_reply(
    struct la_connection *connection, int64_t deadline_ms, redisReply **reply, struct la_error *error)
{
	redisContext *redis = connection->redis;
	void *next = NULL;
	bool unsent;
	enum la_err err;

	if (redis == NULL)
		return (la_error_set(error, LA_EUNAVAILABLE, "%s: not connected", connection->url.name));
	for (;;) {
		if (redisGetReplyFromReader(redis, &next) != REDIS_OK)
			return (broken(connection, error));
		if (next != NULL)
			break;
		unsent = sdslen(redis->obuf) > 0;
		err = wait_socket(connection, unsent ? POLLIN | POLLOUT : POLLIN, deadline_ms, error);
		if (err != LA_OK)
			return (err);
		if (unsent && (err = flush(connection, error)) != LA_OK)
			return (err);
		if (redisBufferRead(redis) != REDIS_OK)
			return (broken(connection, error));
	}
	*reply = next;
	return (LA_OK);
}

/* The socket, connected or not yet. where: a path or an address; hiredis would look up a name in our thread. */
static enum la_err
connect_to(struct la_connection *connection, const char *where, struct la_error *error)
{
	const struct la_redis_url *url = &connection->url;

	connection->redis = url->is_unix ? redisConnectUnixNonBlock(where) : redisConnectNonBlock(where, url->port);
	if (connection->redis == NULL)
		return (la_error_set(error, LA_ENOMEM, "%s: out of memory", url->name));
	if (connection->redis->err != 0)
		return (broken(connection, error));
	return (LA_OK);
}

/* A name is looked up first. LA_ETIMEOUT: that goes on, the next call takes what it finds. */
static enum la_err
start_connect(struct la_connection *connection, int wait_ms, struct la_error *error)
{
	const struct la_redis_url *url = &connection->url;
	char address[LA_LOOKUP_ADDRESS_BYTES];
	enum la_err err = LA_OK;

	if (url->is_unix || la_lookup_is_address(url->where))
		return (connect_to(connection, url->where, error));
	if (connection->lookup == NULL)
		err = la_lookup_start(&connection->lookup, url->where, error);
	if (err == LA_OK)
		err = la_lookup_take(connection->lookup, wait_ms, address, error);
	if (err != LA_OK)
		la_error_prefix(error, "%s", url->name);
	if (err == LA_ETIMEOUT)
		return (err);
	la_lookup_free(connection->lookup);
	connection->lookup = NULL;
	return (err == LA_OK ? connect_to(connection, address, error) : err);
}

static enum la_err
finish_connect(struct la_connection *connection, int64_t deadline_ms, struct la_error *error)
{
	enum la_err err = wait_socket(connection, POLLOUT, deadline_ms, error);
	short events;

	if (err != LA_OK || (err = check_socket(connection, error)) != LA_OK)
		return (err);
	if (!connection->url.is_unix && redisEnableKeepAlive(connection->redis) != REDIS_OK)
		return (broken(connection, error));
	while ((err = secure(connection, &events, error)) == LA_ETIMEOUT) {
		if ((err = wait_socket(connection, events, deadline_ms, error)) != LA_OK)
			return (err);
	}
	return (err);
}

/* Takes count replies that must not be errors. */
static enum la_err
expect_ok(struct la_connection *connection, int count, int64_t deadline_ms, struct la_error *error)
{
	redisReply *reply;
	enum la_err err = LA_OK;

	for (; count > 0 && err == LA_OK; count--) {
		if ((err = la_connection_reply(connection, deadline_ms, &reply, error)) != LA_OK)
			return (err);
		if (reply->type == REDIS_REPLY_ERROR) {
			err = la_redis_text_error(error, connection->url.name, reply->str);
			la_connection_close(connection);
		}
		freeReplyObject(reply);
	}
	return (err);
}

/* Queues AUTH and SELECT as configured; *count says how many answers they will have. */
static enum la_err
send_greeting(struct la_connection *connection, int *count, struct la_error *error)
{
	struct la_buf select = LA_BUF_INIT;
	char db[16];
	enum la_err err = LA_OK;

	*count = 0;
	if (connection->login.size > 0) {
		++*count;
		err = la_connection_send(connection, la_buf_span(&connection->login), error);
	}
	if (err == LA_OK && connection->url.db != 0) {
		++*count;
		(void)snprintf(db, sizeof(db), "%d", connection->url.db);
		err = la_redis_text_command(&select, (const char *const[]){"SELECT", db, NULL});
		if (err == LA_OK)
			err = la_connection_send(connection, la_buf_span(&select), error);
	}
	la_buf_clear(&select);
	return (err);
}

static enum la_err
greet(struct la_connection *connection, int64_t deadline_ms, struct la_error *error)
{
	int count;
	enum la_err err = send_greeting(connection, &count, error);

	return (err != LA_OK ? err : expect_ok(connection, count, deadline_ms, error));
}

enum la_err
la_connection_begin(struct la_connection *connection, struct la_error *error)
{
	enum la_err err;

	if (connection->redis != NULL)
		return (LA_OK);
	if ((err = start_connect(connection, 0, error)) != LA_OK ||
	    (err = send_greeting(connection, &connection->greetings, error)) != LA_OK)
		la_connection_close(connection);
	return (err);
}

/* One answer, if one is there; AUTH's too. */
static enum la_err
take_reply(struct la_connection *connection, redisReply **reply, struct la_error *error)
{
	void *next = NULL;

	if (redisGetReplyFromReader(connection->redis, &next) != REDIS_OK)
		return (broken(connection, error));
	*reply = next;
	return (LA_OK);
}

/* What has come, without waiting. */
static enum la_err
read_socket(struct la_connection *connection, struct la_error *error)
{
	short events;
	enum la_err err = secure(connection, &events, error);

	if (err != LA_OK)
		return (err == LA_ETIMEOUT ? LA_OK : err);
	if (sdslen(connection->redis->obuf) > 0 && flush(connection, error) != LA_OK)
		return (LA_EUNAVAILABLE);
	if (redisBufferRead(connection->redis) != REDIS_OK)
		return (broken(connection, error));
	return (LA_OK);
}

enum la_err
la_connection_try_reply(struct la_connection *connection, redisReply **reply, struct la_error *error)
{
	enum la_err err;

	*reply = NULL;
	if (connection->redis == NULL)
		return (la_error_set(error, LA_EUNAVAILABLE, "%s: not connected", connection->url.name));
	for (;;) {
		if ((err = take_reply(connection, reply, error)) != LA_OK)
			return (err);
		if (*reply == NULL && ((err = read_socket(connection, error)) != LA_OK ||
		    (err = take_reply(connection, reply, error)) != LA_OK))
			return (err);
		if (*reply == NULL || connection->greetings == 0)
			return (LA_OK);
		connection->greetings--;
		if ((*reply)->type == REDIS_REPLY_ERROR)
			err = la_redis_text_error(error, connection->url.name, (*reply)->str);
		freeReplyObject(*reply);
		*reply = NULL;
		if (err != LA_OK) {
			la_connection_close(connection);
			return (err);
		}
	}
}

enum la_err
la_connection_open(struct la_connection *connection, int timeout_ms, struct la_error *error)
{
	int64_t deadline_ms = la_clock_now_ms(NULL) + timeout_ms;
	enum la_err err;

	if (connection->redis != NULL)
		return (LA_OK);
	if ((err = start_connect(connection, timeout_ms, error)) != LA_OK ||
	    (err = finish_connect(connection, deadline_ms, error)) != LA_OK ||
	    (err = greet(connection, deadline_ms, error)) != LA_OK)
		la_connection_close(connection);
	return (err);
}
