#include "common/range_kafka.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/range_parts_kafka.h"

#define TAKE 512     /* records of a partition taken at a time */
#define WAIT_MS 100  /* then we look whether to stop */

/* A partition as it is read. */
struct part {
	rd_kafka_message_t *taken[TAKE];
	size_t count, at;
	int64_t position; /* behind the last record that was given */
	bool started, ended;
};

struct la_range_kafka {
	struct la_link_kafka link; /* first: librdkafka's opaque pointer; why: what it said of a broker */
	struct la_range_kafka_options options;
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	struct la_span topic_name;
	struct la_range_bounds *bounds;
	struct part *parts;
	int32_t count;
	rd_kafka_message_t *given; /* valid until the next call */
	char cluster_id[128];
};

static void
remember_reason(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
	struct la_range_kafka *range = opaque;

	(void)rk;
	if (err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
		la_reason_kafka_print(range->link.why, sizeof(range->link.why), (rd_kafka_resp_err_t)err, reason,
		    atomic_load(&range->link.certificate));
}

static enum la_err
set(rd_kafka_conf_t *conf, const char *name, const char *value, struct la_error *error)
{
	char reason[256];

	if (rd_kafka_conf_set(conf, name, value, reason, sizeof(reason)) != RD_KAFKA_CONF_OK)
		return (la_error_set(error, LA_ECONFIG, "kafka property %s: %s", name, reason));
	return (LA_OK);
}

/* No group, and the ends of partitions are told. The queue's limits are per partition here: shared out. */
static enum la_err
make_conf(rd_kafka_conf_t **out, struct la_range_kafka *range, int32_t partitions, struct la_error *error)
{
	int messages = 200000 / partitions, kbytes = 65536 / partitions;
	char number[2][16];
	rd_kafka_conf_t *conf = NULL;
	enum la_err err = la_conf_kafka_make(&conf, range->options.conf, LA_CONF_KAFKA_CONSUMER, "replay", error);

	if (err != LA_OK)
		return (err);
	(void)snprintf(number[0], sizeof(number[0]), "%d", messages < 1000 ? 1000 : messages);
	(void)snprintf(number[1], sizeof(number[1]), "%d", kbytes < 1024 ? 1024 : kbytes);
	(void)rd_kafka_conf_set(conf, "group.id", NULL, NULL, 0);
	(void)rd_kafka_conf_set(conf, "group.instance.id", NULL, NULL, 0);
	if ((err = set(conf, "enable.partition.eof", "true", error)) != LA_OK ||
	    (err = set(conf, "auto.offset.reset", "earliest", error)) != LA_OK ||
	    (err = set(conf, "queued.min.messages", number[0], error)) != LA_OK ||
	    (err = set(conf, "queued.max.messages.kbytes", number[1], error)) != LA_OK) {
		rd_kafka_conf_destroy(conf);
		return (err);
	}
	la_link_kafka_watch(conf, range);
	rd_kafka_conf_set_error_cb(conf, remember_reason);
	*out = conf;
	return (LA_OK);
}

static enum la_err
connect_with(struct la_range_kafka *range, rd_kafka_t **rk, int32_t partitions, struct la_error *error)
{
	rd_kafka_conf_t *conf = NULL;
	enum la_err err = make_conf(&conf, range, partitions, error);

	if (err != LA_OK)
		return (err);
	err = la_conf_kafka_client(rk, RD_KAFKA_CONSUMER, conf, error);
	rd_kafka_conf_destroy(conf);
	return (err);
}

/* A leader that moves, or of a topic that was just made, is asked again as long as ask_ms lasts. */
static enum la_err
ask_bounds(struct la_range_kafka *range, rd_kafka_t *rk, struct la_error *error)
{
	int64_t until_ms = la_clock_now_ms(NULL) + range->options.ask_ms;
	enum la_err err;

	for (;;) {
		err = la_range_bounds_ask(rk, &range->options, &range->bounds, &range->count, error);
		if (err != LA_EUNAVAILABLE || la_clock_now_ms(NULL) >= until_ms || *range->options.stopping)
			return (err);
		(void)rd_kafka_poll(rk, WAIT_MS);
	}
}

/* By a client of its own: the one that reads is made for the number of partitions. */
static enum la_err
ask(struct la_range_kafka *range, struct la_error *error)
{
	rd_kafka_t *rk = NULL;
	char *id;
	enum la_err err = connect_with(range, &rk, 1, error);

	if (err != LA_OK)
		return (err);
	err = ask_bounds(range, rk, error);
	if (err == LA_OK)
		err = la_range_beyond_look(rk, &range->options, range->bounds, range->count, error);
	(void)rd_kafka_poll(rk, 0); /* serves remember_reason */
	if (err == LA_EUNAVAILABLE && range->link.why[0] != '\0')
		(void)la_error_set(error, err, "%s", range->link.why);
	if (err == LA_EUNAVAILABLE)
		la_error_prefix(error, "kafka");
	if (err == LA_OK && (id = rd_kafka_clusterid(rk, range->options.ask_ms)) != NULL) {
		(void)snprintf(range->cluster_id, sizeof(range->cluster_id), "%s", id);
		rd_kafka_mem_free(rk, id);
	}
	rd_kafka_destroy(rk);
	return (err);
}

static enum la_err
start(struct la_range_kafka *range, struct la_error *error)
{
	enum la_err err = connect_with(range, &range->rk, range->count, error);

	if (err != LA_OK)
		return (err);
	range->topic = rd_kafka_topic_new(range->rk, range->options.topic, NULL);
	range->parts = calloc((size_t)range->count, sizeof(*range->parts));
	if (range->topic == NULL || range->parts == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	for (int32_t p = 0; p < range->count; p++) {
		struct part *part = &range->parts[p];

		part->position = range->bounds[p].start;
		part->ended = range->bounds[p].start >= range->bounds[p].end;
		if (part->ended)
			continue;
		if (rd_kafka_consume_start(range->topic, p, range->bounds[p].start) != 0)
			return (la_error_set(error, LA_EUNAVAILABLE, "topic %s: %s", range->options.topic,
			    rd_kafka_err2str(rd_kafka_last_error())));
		part->started = true;
	}
	return (LA_OK);
}

enum la_err
la_range_kafka_open(struct la_range_kafka **out, const struct la_range_kafka_options *options, struct la_error *error)
{
	struct la_range_kafka *range = calloc(1, sizeof(*range));
	enum la_err err;

	if (range == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	range->options = *options;
	range->topic_name = la_span_text(options->topic);
	if ((err = ask(range, error)) == LA_OK && (err = start(range, error)) == LA_OK) {
		*out = range;
		range = NULL;
	}
	la_range_kafka_close(range);
	return (err);
}

static void
end_part(struct la_range_kafka *range, int32_t p)
{
	struct part *part = &range->parts[p];

	for (; part->at < part->count; part->at++)
		rd_kafka_message_destroy(part->taken[part->at]);
	if (part->started)
		(void)rd_kafka_consume_stop(range->topic, p);
	part->started = false;
	part->ended = true;
}

void
la_range_kafka_close(struct la_range_kafka *range)
{
	if (range == NULL)
		return;
	if (range->given != NULL)
		rd_kafka_message_destroy(range->given);
	for (int32_t p = 0; range->parts != NULL && p < range->count; p++)
		end_part(range, p);
	if (range->topic != NULL)
		rd_kafka_topic_destroy(range->topic);
	if (range->rk != NULL)
		rd_kafka_destroy(range->rk);
	free(range->parts);
	free(range->bounds);
	free(range);
}

/*
 * Drops what is no record of the range until there is one at the front. Behind the last record there may be only marks
 * of transactions, or nothing after a compaction: then the end of the partition is told, and that is the end as well. An
 * end that is told before ours is that of a broker that lags (client.rack: followers): there is more to come.
 */
static bool
settle_front(struct la_range_kafka *range, int32_t p)
{
	struct part *part = &range->parts[p];

	for (; part->at < part->count; part->at++) {
		rd_kafka_message_t *message = part->taken[part->at];

		if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset < range->bounds[p].end)
			return (true);
		if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR ||
		    (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && message->offset >= range->bounds[p].end)) {
			end_part(range, p);
			return (true);
		}
		(void)snprintf(range->link.why, sizeof(range->link.why), "%s", rd_kafka_message_errstr(message));
		rd_kafka_message_destroy(message);
	}
	return (false);
}

/* Waits until the partition has a record at its front, or has ended. */
static enum la_err
fill(struct la_range_kafka *range, int32_t p, struct la_error *error)
{
	struct part *part = &range->parts[p];
	int64_t until_ms;

	if (part->ended || settle_front(range, p))
		return (LA_OK);
	until_ms = la_clock_now_ms(NULL) + range->options.timeout_ms;
	while (!part->ended && !settle_front(range, p)) {
		ssize_t got = rd_kafka_consume_batch(range->topic, p, WAIT_MS, part->taken, TAKE);

		part->at = 0;
		part->count = got > 0 ? (size_t)got : 0;
		(void)rd_kafka_poll(range->rk, 0);
		if (*range->options.stopping)
			return (la_error_set(error, LA_ESTOPPED, "stopped"));
		if (got > 0)
			until_ms = la_clock_now_ms(NULL) + range->options.timeout_ms;
		else if (la_clock_now_ms(NULL) >= until_ms)
			return (la_error_set(error, LA_EUNAVAILABLE, "kafka: topic %s: partition %d gives no record: %s",
			    range->options.topic, (int)p, range->link.why));
	}
	return (LA_OK);
}

static int64_t
timestamp_of(const rd_kafka_message_t *message)
{
	rd_kafka_timestamp_type_t type;
	int64_t ms = rd_kafka_message_timestamp(message, &type);

	return (type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : ms);
}

static void
give(struct la_range_kafka *range, int32_t p, struct la_message *out)
{
	struct part *part = &range->parts[p];
	rd_kafka_message_t *message = part->taken[part->at++];

	range->given = message;
	part->position = message->offset + 1;
	*out = (struct la_message){.topic = range->topic_name,
	    .partition = p,
	    .offset = message->offset,
	    .timestamp_ms = timestamp_of(message),
	    .key = la_span_of(message->key, message->key_len),
	    .value = la_span_of(message->payload, message->len)};
	out->has_timestamp = out->timestamp_ms >= 0;
}

enum la_err
la_range_kafka_next(struct la_range_kafka *range, struct la_message *message, bool *found, struct la_error *error)
{
	int32_t first = -1;
	int64_t first_ms = 0;

	if (range->given != NULL)
		rd_kafka_message_destroy(range->given);
	range->given = NULL;
	*found = false;
	for (int32_t p = 0; p < range->count; p++) {
		enum la_err err = fill(range, p, error);
		int64_t ms;

		if (err != LA_OK)
			return (err);
		if (range->parts[p].ended)
			continue;
		ms = timestamp_of(range->parts[p].taken[range->parts[p].at]);
		if (first < 0 || ms < first_ms) {
			first = p;
			first_ms = ms;
		}
	}
	*found = first >= 0;
	if (*found)
		give(range, first, message);
	return (LA_OK);
}

int32_t
la_range_kafka_partitions(const struct la_range_kafka *range)
{
	return (range->count);
}

const struct la_range_bounds *
la_range_kafka_bounds(const struct la_range_kafka *range, int32_t partition)
{
	return (partition >= 0 && partition < range->count ? &range->bounds[partition] : NULL);
}

int64_t
la_range_kafka_total(const struct la_range_kafka *range)
{
	int64_t total = 0;

	for (int32_t p = 0; p < range->count; p++)
		total += range->bounds[p].end - range->bounds[p].start;
	return (total);
}

int64_t
la_range_kafka_done(const struct la_range_kafka *range)
{
	int64_t done = 0;

	for (int32_t p = 0; p < range->count; p++)
		done += (range->parts[p].ended ? range->bounds[p].end : range->parts[p].position) - range->bounds[p].start;
	return (done);
}

const char *
la_range_kafka_cluster_id(const struct la_range_kafka *range)
{
	return (range->cluster_id);
}
