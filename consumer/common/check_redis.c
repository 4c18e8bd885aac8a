#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/cluster_map_redis.h"
#include "common/cluster_redis.h"
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

static enum la_err
check_server(struct la_connection *connection, int timeout_ms, const struct la_redis_warnings *warnings,
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

/* Warnings of one of several servers. */
struct of_master {
	const struct la_redis_warnings *warnings;
	const char *name;
};

static void
warn_of_master(void *cookie, const char *line)
{
	const struct of_master *of = cookie;
	char text[640];

	(void)snprintf(text, sizeof(text), "%s: %s", of->name, line);
	of->warnings->warn(of->warnings->cookie, text);
}

static enum la_err
check_masters(struct la_cluster *cluster, int timeout_ms, const struct la_redis_warnings *warnings,
    struct la_error *error)
{
	struct of_master of = {.warnings = warnings};
	const struct la_redis_warnings named = {
	    .warn = warn_of_master, .cookie = &of, .if_evicted = warnings->if_evicted};
	struct la_connection *master;
	size_t count;
	enum la_err err = la_cluster_look(cluster, &count, error);

	for (size_t i = 0; i < count && err == LA_OK; i++) {
		if ((err = la_cluster_master(cluster, i, &master, error)) != LA_OK)
			break;
		of.name = master->url.name;
		err = check_server(master, timeout_ms, &named, error);
	}
	return (err);
}

enum la_err
la_redis_check(struct la_connection *connection, int timeout_ms, const struct la_redis_warnings *warnings,
    struct la_error *error)
{
	struct la_slot_map *map = NULL;
	struct la_cluster *cluster = NULL;
	enum la_err err = la_cluster_map_discover(connection, timeout_ms, &map, error);

	if (err != LA_OK)
		return (err);
	if (map == NULL)
		return (check_server(connection, timeout_ms, warnings, error));
	if ((err = la_cluster_new(&cluster, connection, map, error)) == LA_OK) {
		if (la_slot_map_uncovered(map) > 0)
			warnings->warn(warnings->cookie, "it is a cluster in which some slots have no master");
		err = check_masters(cluster, timeout_ms, warnings, error);
	}
	la_cluster_free(cluster);
	return (err);
}
