#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "detector/redis_text.h"
#include "detector/store_redis_internal.h"

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
look(const redisReply *info, void (*warn)(void *cookie, const char *line), void *cookie)
{
	char value[64];

	if (info_field(info, "role", value, sizeof(value)) && strcmp(value, "master") != 0)
		warn(cookie, "it is a replica: it refuses writes; redis.url must name the master");
	if (info_field(info, "maxmemory_policy", value, sizeof(value)) && strcmp(value, "noeviction") != 0)
		warn(cookie, "its maxmemory-policy is not noeviction: a member's state can vanish, "
			     "which makes an extra alert or mutes one");
	if (info_field(info, "aof_enabled", value, sizeof(value)) && strcmp(value, "1") != 0)
		warn(cookie, "its append-only file is off (appendonly no): a restart loses what was acknowledged");
	if (info_field(info, "cluster_enabled", value, sizeof(value)) && strcmp(value, "0") != 0)
		warn(cookie, "it is a cluster node: clusters are not supported yet");
}

enum la_err
la_store_redis_check(struct la_store_redis *store, int timeout_ms, void (*warn)(void *cookie, const char *line),
    void *cookie, struct la_error *error)
{
	int64_t deadline_ms = la_clock_now_ms(NULL) + timeout_ms;
	redisReply *pong = NULL, *info = NULL;
	enum la_err err;

	la_buf_reset(&store->commands);
	if (la_redis_text_command(&store->commands, (const char *const[]){"PING", NULL}) != LA_OK ||
	    la_redis_text_command(&store->commands, (const char *const[]){"INFO", NULL}) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	if ((err = la_connection_open(&store->connection, timeout_ms, error)) != LA_OK ||
	    (err = la_connection_send(&store->connection, la_buf_span(&store->commands), error)) != LA_OK ||
	    (err = la_store_redis_reply(store, deadline_ms, &pong, error)) != LA_OK ||
	    (err = la_connection_reply(&store->connection, deadline_ms, &info, error)) != LA_OK)
		goto out;
	if (info->type == REDIS_REPLY_STRING)
		look(info, warn, cookie);
	else
		warn(cookie, "it does not answer INFO: whether it may forget is not known");
out:
	freeReplyObject(pong);
	freeReplyObject(info);
	return (err);
}
