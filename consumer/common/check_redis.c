#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/connection_redis.h"
#include "common/redis_text.h"

/* The value of "name:" in INFO's text; false: it is not there. */
static bool
info_field(const redisReply *info, const char *name, char *value, size_t cap)
{
	size_t size = strlen(name), length;
	const char *line = info->str;

	while (strncmp(line, name, size) != 0 || line[size] != ':') {
		if ((line = strchr(line, '\n')) == NULL)
			return (false);
		line++;
	}
	length = strcspn(line + size + 1, "\r\n");
	(void)snprintf(value, cap, "%.*s", (int)length, line + size + 1);
	return (true);
}

static void
look(const redisReply *info, const struct la_redis_warnings *warnings)
{
	char value[64], line[256];

	if (info_field(info, "role", value, sizeof(value)) && strcmp(value, "master") != 0)
		warnings->warn(warnings->cookie, "it is a replica: it refuses writes; redis.url must name the master");
	if (info_field(info, "maxmemory_policy", value, sizeof(value)) && strcmp(value, "noeviction") != 0) {
		(void)snprintf(line, sizeof(line), "its maxmemory-policy is not noeviction: %s", warnings->if_evicted);
		warnings->warn(warnings->cookie, line);
	}
	if (info_field(info, "aof_enabled", value, sizeof(value)) && strcmp(value, "1") != 0)
		warnings->warn(warnings->cookie,
		    "its append-only file is off (appendonly no): a restart loses what was acknowledged");
	if (info_field(info, "cluster_enabled", value, sizeof(value)) && strcmp(value, "0") != 0)
		warnings->warn(warnings->cookie, "it is a cluster node: clusters are not supported yet");
}

/* The next reply; an error reply becomes *error, and the connection is closed. */
static enum la_err
good_reply(struct la_connection *connection, int64_t deadline_ms, redisReply **reply, struct la_error *error)
{
	enum la_err err = la_connection_reply(connection, deadline_ms, reply, error);

	if (err != LA_OK || (*reply)->type != REDIS_REPLY_ERROR)
		return (err);
	err = la_redis_text_error(error, connection->url.name, (*reply)->str);
	la_connection_close(connection);
	return (err);
}

enum la_err
la_connection_check(struct la_connection *connection, int timeout_ms, const struct la_redis_warnings *warnings,
    struct la_error *error)
{
	int64_t deadline_ms = la_clock_now_ms(NULL) + timeout_ms;
	struct la_buf commands = LA_BUF_INIT;
	redisReply *pong = NULL, *info = NULL;
	enum la_err err;

	if (la_redis_text_command(&commands, (const char *const[]){"PING", NULL}) != LA_OK ||
	    la_redis_text_command(&commands, (const char *const[]){"INFO", NULL}) != LA_OK) {
		err = la_error_set(error, LA_ENOMEM, "out of memory");
		goto out;
	}
	if ((err = la_connection_open(connection, timeout_ms, error)) != LA_OK ||
	    (err = la_connection_send(connection, la_buf_span(&commands), error)) != LA_OK ||
	    (err = good_reply(connection, deadline_ms, &pong, error)) != LA_OK ||
	    (err = la_connection_reply(connection, deadline_ms, &info, error)) != LA_OK)
		goto out;
	if (info->type == REDIS_REPLY_STRING)
		look(info, warnings);
	else
		warnings->warn(warnings->cookie, "it does not answer INFO: whether it may forget is not known");
out:
	freeReplyObject(pong);
	freeReplyObject(info);
	la_buf_clear(&commands);
	return (err);
}
