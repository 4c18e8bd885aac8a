#include <poll.h>
#include <stdio.h>
#include <string.h>

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

/* A peer's last answer, to CLUSTER SLOTS, which only a server that is alone refuses; or it may not be asked. */
static bool
is_asked_its_kind(const struct la_connection *connection, int left)
{
	return (connection->seeds == NULL && left == 0);
}

/* AUTH's answer is the first; who is one client too many is told the same before anything is read. */
static bool
is_about_login(const struct la_connection *connection, const char *reply, int left)
{
	int behind = (connection->url.db != 0) + (connection->seeds == NULL);

	return (left == behind && !la_redis_text_is_full(reply));
}

enum la_err
la_connection_greeted(
    struct la_connection *connection, const redisReply *reply, int left, struct la_error *error)
{
	enum la_err err;

	if (reply->type != REDIS_REPLY_ERROR ||
	    (is_asked_its_kind(connection, left) && strncmp(reply->str, "NOPERM", 6) == 0))
		return (LA_OK);
	if (is_asked_its_kind(connection, left) && la_redis_text_is_alone(reply->str)) {
		err = la_error_set(error, LA_EUNAVAILABLE, "%s is no cluster's node any more", connection->url.name);
	} else {
		if (is_about_login(connection, reply->str, left))
			la_login_redis_refused(connection->login);
		err = la_redis_text_error(error, connection->url.name, reply->str);
	}
	la_connection_close(connection);
	return (err);
}

static enum la_err
send_words(struct la_connection *connection, const char *const *words, struct la_error *error)
{
	struct la_buf command = LA_BUF_INIT;
	enum la_err err = la_redis_text_command(&command, words);

	err = err == LA_OK ? la_connection_send(connection, la_buf_span(&command), error)
	                   : la_error_set(error, err, "%s: out of memory", connection->url.name);
	la_buf_clear(&command);
	return (err);
}

/*
 * Queues AUTH and SELECT as configured, and a peer is asked what it is: one that was started anew without its cluster
 * would take commands, and know nobody. *count says how many answers there will be.
 */
static enum la_err
send_greeting(struct la_connection *connection, int *count, struct la_error *error)
{
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
		err = send_words(connection, (const char *const[]){"SELECT", db, NULL}, error);
	}
	if (err == LA_OK && connection->seeds == NULL) {
		++*count;
		err = send_words(connection, (const char *const[]){"CLUSTER", "SLOTS", NULL}, error);
	}
	return (err);
}

static enum la_err
greet(struct la_connection *connection, int64_t deadline_ms, struct la_error *error)
{
	redisReply *reply;
	int count;
	enum la_err err = send_greeting(connection, &count, error);

	while (count-- > 0 && err == LA_OK) {
		if ((err = la_connection_reply(connection, deadline_ms, &reply, error)) != LA_OK)
			break;
		err = la_connection_greeted(connection, reply, count, error);
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
