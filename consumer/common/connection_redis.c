#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/connection_internal_redis.h"

enum la_err
la_connection_init(struct la_connection *connection, const struct la_conf *conf, struct la_error *error)
{
	*connection = (struct la_connection){.redis = NULL};
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
	return (la_login_redis_new(&connection->login, conf, error));
}

void
la_connection_clear(struct la_connection *connection)
{
	la_connection_close(connection);
	la_lookup_free(connection->lookup);
	connection->lookup = NULL;
	la_tls_redis_free(connection->tls);
	connection->tls = NULL;
	if (connection->seeds != NULL)
		la_login_redis_free(connection->login);
	connection->login = NULL;
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

enum la_err
la_connection_lost(struct la_connection *connection, struct la_error *error, const char *what)
{
	(void)la_error_set(error, LA_EUNAVAILABLE, "%s: %s", connection->url.name, what);
	la_connection_close(connection);
	return (LA_EUNAVAILABLE);
}

enum la_err
la_connection_broken(struct la_connection *connection, struct la_error *error)
{
	return (la_connection_lost(connection, error, connection->redis->errstr));
}

enum la_err
la_connection_wait(struct la_connection *connection, short events, int64_t deadline_ms, struct la_error *error)
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
		return (la_connection_lost(connection, error, strerror(errno)));
	(void)la_error_set(error, LA_ETIMEOUT, "%s: no answer in time", connection->url.name);
	la_connection_close(connection);
	return (LA_ETIMEOUT);
}

enum la_err
la_connection_check(struct la_connection *connection, struct la_error *error)
{
	int problem = 0;
	socklen_t size = sizeof(problem);

	if (getsockopt(connection->redis->fd, SOL_SOCKET, SO_ERROR, &problem, &size) != 0)
		problem = errno;
	return (problem == 0 ? LA_OK : la_connection_lost(connection, error, strerror(problem)));
}

enum la_err
la_connection_secure(struct la_connection *connection, short *events, struct la_error *error)
{
	struct pollfd fd = {.events = POLLOUT};
	enum la_err err;

	if (connection->tls == NULL || connection->secured)
		return (LA_OK);
	fd.fd = connection->redis->fd;
	*events = POLLOUT;
	if (poll(&fd, 1, 0) <= 0)
		return (LA_ETIMEOUT); /* not connected yet */
	if ((err = la_connection_check(connection, error)) != LA_OK)
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
	enum la_err err = la_connection_secure(connection, &events, error);

	if (err != LA_OK)
		return (err == LA_ETIMEOUT ? LA_OK : err); /* it stays queued */
	if (redisBufferWrite(connection->redis, &done) != REDIS_OK)
		return (la_connection_broken(connection, error));
	return (LA_OK);
}

enum la_err
la_connection_send(struct la_connection *connection, struct la_span commands, struct la_error *error)
{
	if (connection->redis == NULL)
		return (la_error_set(error, LA_EUNAVAILABLE, "%s: not connected", connection->url.name));
	if (redisAppendFormattedCommand(connection->redis, (const char *)commands.data, commands.size) != REDIS_OK)
		return (la_connection_broken(connection, error));
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
			return (la_connection_broken(connection, error));
		if (next != NULL)
			break;
		unsent = sdslen(redis->obuf) > 0;
		err = la_connection_wait(connection, unsent ? POLLIN | POLLOUT : POLLIN, deadline_ms, error);
		if (err != LA_OK)
			return (err);
		if (unsent && (err = flush(connection, error)) != LA_OK)
			return (err);
		if (redisBufferRead(redis) != REDIS_OK)
			return (la_connection_broken(connection, error));
	}
	*reply = next;
	return (LA_OK);
}

/* One answer, if one is there; AUTH's too. */
static enum la_err
take_reply(struct la_connection *connection, redisReply **reply, struct la_error *error)
{
	void *next = NULL;

	if (redisGetReplyFromReader(connection->redis, &next) != REDIS_OK)
		return (la_connection_broken(connection, error));
	*reply = next;
	return (LA_OK);
}

/* What has come, without waiting. */
static enum la_err
read_socket(struct la_connection *connection, struct la_error *error)
{
	short events;
	enum la_err err = la_connection_secure(connection, &events, error);

	if (err != LA_OK)
		return (err == LA_ETIMEOUT ? LA_OK : err);
	if (sdslen(connection->redis->obuf) > 0 && flush(connection, error) != LA_OK)
		return (LA_EUNAVAILABLE);
	if (redisBufferRead(connection->redis) != REDIS_OK)
		return (la_connection_broken(connection, error));
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
		err = la_connection_greeted(connection, *reply, connection->greetings, error);
		freeReplyObject(*reply);
		*reply = NULL;
		if (err != LA_OK)
			return (err);
	}
}

