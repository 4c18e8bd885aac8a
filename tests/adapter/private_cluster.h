/* Nodes of a Redis Cluster of the test's own: private_redis.h's servers on free loopback ports, joined by hand. */
#ifndef LA_TESTS_PRIVATE_CLUSTER_H
#define LA_TESTS_PRIVATE_CLUSTER_H

#include "private_redis.h"

/*
 * Starts one that has no slots yet, or, started again, those that it had; on its old ports then. One that stands still
 * for some seconds is no reason for another to call the cluster down.
 */
static void
private_cluster_node(struct private_redis *redis)
{
	char port[8], bus_port[8];

	if (redis->port == 0) {
		redis->port = private_redis_port();
		redis->bus_port = private_redis_port();
	}
	(void)snprintf(port, sizeof(port), "%d", redis->port);
	(void)snprintf(bus_port, sizeof(bus_port), "%d", redis->bus_port);
	private_redis_start(redis, (const char *const[]){"--port", port, "--bind", "127.0.0.1", "--cluster-enabled", "yes",
	    "--cluster-port", bus_port, "--cluster-announce-ip", "127.0.0.1", "--cluster-node-timeout", "60000", NULL});
}

/* One command, its answer as text or number in out; an error fails. */
static void
private_cluster_ask(redisContext *client, char *out, size_t cap, const char *format, ...)
{
	va_list arguments;
	redisReply *reply;

	va_start(arguments, format);
	reply = redisvCommand(client, format, arguments);
	va_end(arguments);
	if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
		(void)fprintf(stderr, "%s: %s\n", format, reply == NULL ? client->errstr : reply->str);
		abort();
	}
	if (reply->type == REDIS_REPLY_INTEGER)
		(void)snprintf(out, cap, "%lld", reply->integer);
	else
		(void)snprintf(out, cap, "%s", reply->str == NULL ? "" : reply->str);
	freeReplyObject(reply);
}

/* Until CLUSTER INFO says so, within 60 s. */
static void
private_cluster_await(redisContext *client, const char *line)
{
	char info[4096];

	for (int i = 0; i < 6000; i++) {
		private_cluster_ask(client, info, sizeof(info), "CLUSTER INFO");
		if (strstr(info, line) != NULL)
			return;
		(void)usleep(10000);
	}
	(void)fprintf(stderr, "not within 60 s: %s\n%s", line, info);
	abort();
}

static void
private_cluster_own(redisContext *client, int first, int last)
{
	char out[64];

	private_cluster_ask(client, out, sizeof(out), "CLUSTER ADDSLOTSRANGE %d %d", first, last);
	if (first == 0 && last == 16383)
		private_cluster_await(client, "cluster_state:ok");
}

#endif
