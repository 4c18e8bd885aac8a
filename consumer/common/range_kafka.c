#include "common/range_kafka.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/range_parts_kafka.h"

#define WAIT_MS 100 /* then we look whether to stop */

static void
end_part(struct la_range_kafka *range, int32_t p)
{
	struct la_range_part *part = &range->parts[p];

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
	struct la_range_part *part = &range->parts[p];

	for (; part->at < part->count; part->at++) {
		rd_kafka_message_t *message = part->taken[part->at];

		if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset < range->bounds[p].end)
			return (true);
		if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR ||
		    (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && message->offset >= range->bounds[p].end)) {
			end_part(range, p);
			return (true);
		}
		part->gone = part->gone || message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET;
		(void)snprintf(range->link.why, sizeof(range->link.why), "%s", rd_kafka_message_errstr(message));
		rd_kafka_message_destroy(message);
	}
	return (false);
}

/*
 * What was next is not there: retention, or somebody, has deleted it. Goes on where the log begins now, and the bounds say
 * so; but never before what was read, or all of it would be decided upon again.
 */
static enum la_err
follow_log(struct la_range_kafka *range, int32_t p, struct la_error *error)
{
	struct la_range_part *part = &range->parts[p];
	int64_t low = 0, high = 0, from = part->position;
	rd_kafka_resp_err_t cause = rd_kafka_query_watermark_offsets(
	    range->rk, range->options.topic, p, &low, &high, range->options.ask_ms);

	if (cause == RD_KAFKA_RESP_ERR_NO_ERROR && high < from)
		return (la_error_set(error, LA_EUNAVAILABLE, "kafka: topic %s: partition %d ends before what was read of it: it was "
		    "made anew, or has lost records at its end", range->options.topic, (int)p));
	if (low > from)
		from = low;
	if (cause == RD_KAFKA_RESP_ERR_NO_ERROR && rd_kafka_consume_stop(range->topic, p) != 0)
		cause = rd_kafka_last_error();
	if (cause == RD_KAFKA_RESP_ERR_NO_ERROR && rd_kafka_consume_start(range->topic, p, from) != 0)
		cause = rd_kafka_last_error();
	if (cause != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (la_error_set(error, LA_EUNAVAILABLE, "kafka: topic %s: partition %d: its records are gone, and where its "
		    "log begins is not known: %s", range->options.topic, (int)p, rd_kafka_err2str(cause)));
	if (low > part->position)
		la_log(LA_LOG_ERROR, la_msg("records are gone that were not read: by retention, or with a topic made anew"),
		    la_str("topic", range->options.topic), la_int("partition", p), la_int("from", part->position),
		    la_int("to", low));
	range->bounds[p].low = low;
	part->gone = false;
	return (LA_OK);
}

/* Waits until the partition has a record at its front, or has ended. */
static enum la_err
fill(struct la_range_kafka *range, int32_t p, struct la_error *error)
{
	struct la_range_part *part = &range->parts[p];
	int64_t until_ms;

	if (part->ended || settle_front(range, p))
		return (LA_OK);
	until_ms = la_clock_now_ms(NULL) + range->options.timeout_ms;
	while (!part->ended && !settle_front(range, p)) {
		enum la_err err = part->gone ? follow_log(range, p, error) : LA_OK;
		ssize_t got;

		if (err != LA_OK)
			return (err);
		got = rd_kafka_consume_batch(range->topic, p, WAIT_MS, part->taken, LA_RANGE_TAKE);
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
	struct la_range_part *part = &range->parts[p];
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
