/*
 * The floor: what consuming and asking Redis cost when nothing else is done.
 *
 *   bench_floor TOPIC --broker HOST:PORT --events N [--redis-port N] [--mget]
 *
 * Reads the topic from its beginning with the programs' own Kafka properties, in batches of at most 5,000 as the
 * detector has them, and asks for the key "floor:<record's key>" of each record: a GET per event in one pipeline per
 * batch, or MGETs of 256 keys. Prints JSON: seconds from the first record to the last answer, CPU of the whole process
 * in us, and how many keys were there. Without a port Redis is not asked.
 */
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/lib/bench.h"
#include "bench/lib/workload.h"
#include "common/buf.h"

#define BATCH 5000
#define MGET_KEYS 256
#define KEY_PREFIX "floor:"
#define POLL_MS 10

struct floor {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	redisContext *redis; /* NULL: not asked */
	bool mget;
	struct la_buf commands;
	rd_kafka_message_t *messages[BATCH];
	uint64_t found;
};

static enum la_err
add_bulk(struct la_buf *out, const void *prefix, size_t prefix_size, struct la_span text)
{
	char head[24];
	int size = snprintf(head, sizeof(head), "$%zu\r\n", prefix_size + text.size);

	if (la_buf_add(out, head, (size_t)size) != LA_OK || la_buf_add(out, prefix, prefix_size) != LA_OK ||
	    la_buf_add(out, text.data, text.size) != LA_OK || la_buf_add(out, "\r\n", 2) != LA_OK)
		return (LA_ENOMEM);
	return (LA_OK);
}

static enum la_err
add_key(struct floor *floor, const rd_kafka_message_t *message)
{
	return (add_bulk(
	    &floor->commands, KEY_PREFIX, sizeof(KEY_PREFIX) - 1, la_span_of(message->key, message->key_len)));
}

/* One command for the next messages; *taken: for how many. */
static enum la_err
add_command(struct floor *floor, size_t first, size_t count, size_t *taken)
{
	char head[24];
	int size;

	*taken = !floor->mget ? 1 : count - first < MGET_KEYS ? count - first : MGET_KEYS;
	size = snprintf(head, sizeof(head), "*%zu\r\n", *taken + 1);
	if (la_buf_add(&floor->commands, head, (size_t)size) != LA_OK ||
	    add_bulk(&floor->commands, floor->mget ? "M" : "", floor->mget, la_span_text("GET")) != LA_OK)
		return (LA_ENOMEM);
	for (size_t i = first; i < first + *taken; i++) {
		if (add_key(floor, floor->messages[i]) != LA_OK)
			return (LA_ENOMEM);
	}
	return (LA_OK);
}

static enum la_err
take_answer(struct floor *floor, struct la_error *error)
{
	redisReply *reply = NULL;

	if (redisGetReply(floor->redis, (void **)&reply) != REDIS_OK)
		return (la_error_set(error, LA_EUNAVAILABLE, "redis: %s", floor->redis->errstr));
	floor->found += reply->type == REDIS_REPLY_STRING;
	for (size_t i = 0; i < reply->elements; i++)
		floor->found += reply->element[i]->type == REDIS_REPLY_STRING;
	freeReplyObject(reply);
	return (LA_OK);
}

/* All commands of a batch in one write, then all answers. */
static enum la_err
ask(struct floor *floor, size_t count, struct la_error *error)
{
	size_t taken = 0, answers = 0;
	enum la_err err = LA_OK;

	la_buf_reset(&floor->commands);
	for (size_t first = 0; first < count; first += taken, answers++) {
		if (add_command(floor, first, count, &taken) != LA_OK)
			return (la_error_set(error, LA_ENOMEM, "out of memory"));
	}
	if (redisAppendFormattedCommand(
		floor->redis, (const char *)floor->commands.data, floor->commands.size) != REDIS_OK)
		return (la_error_set(error, LA_EUNAVAILABLE, "redis: %s", floor->redis->errstr));
	for (size_t i = 0; i < answers && err == LA_OK; i++)
		err = take_answer(floor, error);
	return (err);
}

/* Errors among the messages are none of ours: librdkafka tries again. */
static enum la_err
read_all(struct floor *floor, uint64_t events, struct la_error *error)
{
	uint64_t done = 0;
	int64_t start_ns = 0;
	enum la_err err = LA_OK;

	while (done < events && err == LA_OK) {
		size_t want = events - done < BATCH ? (size_t)(events - done) : BATCH;
		ssize_t got = rd_kafka_consume_batch_queue(floor->queue, POLL_MS, floor->messages, want);

		if (got <= 0)
			continue;
		if (start_ns == 0)
			start_ns = la_bench_ns(CLOCK_MONOTONIC);
		if (floor->redis != NULL)
			err = ask(floor, (size_t)got, error);
		for (ssize_t i = 0; i < got; i++) {
			done += floor->messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR;
			rd_kafka_message_destroy(floor->messages[i]);
		}
	}
	if (err == LA_OK)
		(void)printf("{\"events\": %" PRIu64 ", \"seconds\": %.6f, \"cpu_us\": %.0f, \"found\": %" PRIu64 "}\n",
		    done, (double)(la_bench_ns(CLOCK_MONOTONIC) - start_ns) / 1e9,
		    (double)la_bench_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e3, floor->found);
	return (err);
}

/* The whole topic fits: nobody wakes this client's fetcher, which before librdkafka 2.2 sleeps when its queue is full. */
static void
queue_all(rd_kafka_conf_t *conf, void *cookie)
{
	(void)cookie;
	(void)rd_kafka_conf_set(conf, "queued.min.messages", "10000000", NULL, 0);
	(void)rd_kafka_conf_set(conf, "queued.max.messages.kbytes", "2097151", NULL, 0);
}

static enum la_err
open_all(struct floor *floor, struct la_tool *tool, const char *topic, uint64_t redis_port, struct la_error *error)
{
	enum la_err err;

	if (redis_port > 0) {
		floor->redis = redisConnect("127.0.0.1", (int)redis_port);
		if (floor->redis == NULL || floor->redis->err != 0)
			return (la_error_set(error, LA_EUNAVAILABLE, "redis: cannot connect"));
	}
	if ((err = la_tool_client(tool, "bench-floor", queue_all, NULL, &floor->rk, error)) != LA_OK)
		return (err);
	(void)rd_kafka_poll_set_consumer(floor->rk);
	floor->queue = rd_kafka_queue_get_consumer(floor->rk);
	return (la_bench_assign(floor->rk, topic, false, error));
}

static enum la_err
run(struct la_tool *tool, struct la_error *error)
{
	struct floor *floor = calloc(1, sizeof(*floor));
	uint64_t events = 0, redis_port = 0;
	const char *topic;
	enum la_err err;

	if (floor == NULL)
		return (LA_ENOMEM);
	floor->mget = la_cli_flag(&tool->args, "--mget");
	if ((err = la_workload_number(&tool->args, "--events", &events, error)) == LA_OK &&
	    (err = la_workload_number(&tool->args, "--redis-port", &redis_port, error)) == LA_OK &&
	    (err = la_tool_need(topic = la_cli_operand(&tool->args), "TOPIC", error)) == LA_OK &&
	    (err = la_cli_args_end(&tool->args, error)) == LA_OK &&
	    (err = open_all(floor, tool, topic, redis_port, error)) == LA_OK)
		err = read_all(floor, events, error);
	if (floor->queue != NULL)
		rd_kafka_queue_destroy(floor->queue);
	if (floor->rk != NULL)
		rd_kafka_destroy(floor->rk);
	if (floor->redis != NULL)
		redisFree(floor->redis);
	la_buf_clear(&floor->commands);
	free(floor);
	return (err);
}

int
main(int argc, char **argv)
{
	return (la_bench_main("bench_floor", argc, argv, run));
}
