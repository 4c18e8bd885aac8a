#include <poll.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/connection_internal_redis.h"
#include "common/redis_text.h"

/* The socket, connected or not yet. where: a path or an address; hiredis would look up a name in our thread. */
static enum la_err
connect_to(struct la_connection *connection, const char *where, struct la_error *error)
{
	const struct la_redis_url *url = &connection->url;

	connection->redis = url->is_unix ? redisConnectUnixNonBlock(where) : redisConnectNonBlock(where, url->port);
	if (connection->redis == NULL)
		return (la_error_set(error, LA_ENOMEM, "%s: out of memory", url->name));
	if (connection->redis->err != 0)
		return (la_connection_broken(connection, error));
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
	enum la_err err = la_connection_wait(connection, POLLOUT, deadline_ms, error);
	short events;

	if (err != LA_OK || (err = la_connection_check(connection, error)) != LA_OK)
		return (err);
	if (!connection->url.is_unix && redisEnableKeepAlive(connection->redis) != REDIS_OK)
		return (la_connection_broken(connection, error));
	while ((err = la_connection_secure(connection, &events, error)) == LA_ETIMEOUT) {
		if ((err = la_connection_wait(connection, events, deadline_ms, error)) != LA_OK)
			return (err);
	}
	return (err);
}

enum la_err
la_connection_greeted(struct la_connection *connection, const redisReply *reply, struct la_error *error)
{
	enum la_err err;

	if (reply->type != REDIS_REPLY_ERROR)
		return (LA_OK);
	la_login_redis_refused(connection->login);
	err = la_redis_text_error(error, connection->url.name, reply->str);
	la_connection_close(connection);
	return (err);
}

/* Queues AUTH and SELECT as configured; *count says how many answers they will have. */
static enum la_err
send_greeting(struct la_connection *connection, int *count, struct la_error *error)
{
	struct la_buf select = LA_BUF_INIT;
	struct la_span login;
	char db[16];
	enum la_err err = LA_OK;

	*count = 0;
	if (connection->login != NULL) {
		++*count;
		if ((err = la_login_redis_command(connection->login, &login, error)) == LA_OK)
			err = la_connection_send(connection, login, error);
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
	redisReply *reply;
	int count;
	enum la_err err = send_greeting(connection, &count, error);

	for (; count > 0 && err == LA_OK; count--) {
		if ((err = la_connection_reply(connection, deadline_ms, &reply, error)) != LA_OK)
			break;
		err = la_connection_greeted(connection, reply, error);
		freeReplyObject(reply);
	}
	return (err);
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
