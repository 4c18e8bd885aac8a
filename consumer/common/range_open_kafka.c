#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/range_parts_kafka.h"

#define WAIT_MS 100 /* then we look whether to stop */

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

/* No group, and the ends of partitions are told; reset: what comes of an offset that is gone. The queue's limits are per partition here: shared out. */
static enum la_err
make_conf(rd_kafka_conf_t **out, struct la_range_kafka *range, int32_t partitions, const char *reset,
    struct la_error *error)
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
	    (err = set(conf, "auto.offset.reset", reset, error)) != LA_OK ||
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
connect_with(
    struct la_range_kafka *range, rd_kafka_t **rk, int32_t partitions, const char *reset, struct la_error *error)
{
	rd_kafka_conf_t *conf = NULL;
	enum la_err err = make_conf(&conf, range, partitions, reset, error);

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
	enum la_err err = connect_with(range, &rk, 1, "earliest", error);

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
	enum la_err err = connect_with(range, &range->rk, range->count, "error", error);

	if (err != LA_OK)
		return (err);
	range->topic = rd_kafka_topic_new(range->rk, range->options.topic, NULL);
	range->parts = calloc((size_t)range->count, sizeof(*range->parts));
	if (range->topic == NULL || range->parts == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	for (int32_t p = 0; p < range->count; p++) {
		struct la_range_part *part = &range->parts[p];

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
