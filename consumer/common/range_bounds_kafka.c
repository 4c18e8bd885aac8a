#include <stdlib.h>

#include "common/range_parts_kafka.h"

struct asking {
	rd_kafka_t *rk;
	const struct la_range_kafka_options *options;
	struct la_error *error;
};

static enum la_err
refuse(const struct asking *asking, rd_kafka_resp_err_t cause)
{
	bool is_wrong = cause == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
	    cause == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || cause == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
	    cause == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || cause == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION;

	return (la_error_set(asking->error, is_wrong ? LA_ECONFIG : LA_EUNAVAILABLE, "topic %s: %s",
	    asking->options->topic, rd_kafka_err2str(cause)));
}

static enum la_err
count_partitions(const struct asking *asking, int32_t *count)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_topic_t *topic = rd_kafka_topic_new(asking->rk, asking->options->topic, NULL);
	rd_kafka_resp_err_t cause;

	if (topic == NULL)
		return (la_error_set(asking->error, LA_ECONFIG, "topic %s: %s", asking->options->topic,
		    rd_kafka_err2str(rd_kafka_last_error())));
	cause = rd_kafka_metadata(asking->rk, 0, topic, &metadata, asking->options->ask_ms);
	rd_kafka_topic_destroy(topic);
	if (cause != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (refuse(asking, cause));
	cause = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	*count = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
	if (cause == RD_KAFKA_RESP_ERR_NO_ERROR && *count == 0)
		cause = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	rd_kafka_metadata_destroy(metadata);
	return (cause == RD_KAFKA_RESP_ERR_NO_ERROR ? LA_OK : refuse(asking, cause));
}

/* With isolation.level=read_committed the high one is the first offset of an open transaction. */
static enum la_err
ask_watermarks(const struct asking *asking, struct la_range_bounds *bounds, int32_t count)
{
	for (int32_t p = 0; p < count; p++) {
		rd_kafka_resp_err_t cause = rd_kafka_query_watermark_offsets(
		    asking->rk, asking->options->topic, p, &bounds[p].low, &bounds[p].end, asking->options->ask_ms);

		if (cause != RD_KAFKA_RESP_ERR_NO_ERROR)
			return (refuse(asking, cause));
		bounds[p].start = bounds[p].mark = bounds[p].low;
		bounds[p].high = bounds[p].end;
	}
	return (LA_OK);
}

/* offsets[p]: the partition's first offset at or after the time; -1: none. */
static enum la_err
ask_times(const struct asking *asking, int64_t time_ms, int64_t *offsets, int32_t count)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
	rd_kafka_resp_err_t cause;

	if (list == NULL)
		return (la_error_set(asking->error, LA_ENOMEM, "out of memory"));
	for (int32_t p = 0; p < count; p++)
		rd_kafka_topic_partition_list_add(list, asking->options->topic, p)->offset = time_ms;
	cause = rd_kafka_offsets_for_times(asking->rk, list, asking->options->ask_ms);
	for (int32_t p = 0; p < count && cause == RD_KAFKA_RESP_ERR_NO_ERROR; p++) {
		const rd_kafka_topic_partition_t *answer =
		    rd_kafka_topic_partition_list_find(list, asking->options->topic, p);

		cause = answer == NULL ? RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION : answer->err;
		offsets[p] = answer == NULL || answer->offset < 0 ? -1 : answer->offset;
	}
	rd_kafka_topic_partition_list_destroy(list);
	return (cause == RD_KAFKA_RESP_ERR_NO_ERROR ? LA_OK : refuse(asking, cause));
}

/* Times -> offsets, within the watermarks. */
static enum la_err
ask_bounds(const struct asking *asking, struct la_range_bounds *bounds, int64_t *offsets, int32_t count)
{
	const struct la_range_kafka_options *options = asking->options;
	enum la_err err = ask_watermarks(asking, bounds, count);

	if (err == LA_OK && options->from_ms > 0) {
		err = ask_times(asking, options->from_ms, offsets, count);
		for (int32_t p = 0; p < count && err == LA_OK; p++)
			bounds[p].start = offsets[p] < 0 ? bounds[p].end : offsets[p];
	}
	if (err == LA_OK && options->mark_ms > 0) {
		err = ask_times(asking, options->mark_ms, offsets, count);
		for (int32_t p = 0; p < count && err == LA_OK; p++)
			bounds[p].mark = offsets[p] < 0 ? bounds[p].end : offsets[p];
	}
	if (err == LA_OK && options->to_ms < INT64_MAX) {
		err = ask_times(asking, options->to_ms, offsets, count);
		for (int32_t p = 0; p < count && err == LA_OK; p++) {
			if (offsets[p] >= 0 && offsets[p] < bounds[p].end)
				bounds[p].end = offsets[p];
		}
	}
	for (int32_t p = 0; p < count; p++) {
		if (bounds[p].start > bounds[p].end)
			bounds[p].start = bounds[p].end;
	}
	return (err);
}

enum la_err
la_range_bounds_ask(rd_kafka_t *rk, const struct la_range_kafka_options *options, struct la_range_bounds **out,
    int32_t *count, struct la_error *error)
{
	const struct asking asking = {rk, options, error};
	struct la_range_bounds *bounds = NULL;
	int64_t *offsets = NULL;
	enum la_err err = count_partitions(&asking, count);

	if (err != LA_OK)
		return (err);
	bounds = calloc((size_t)*count, sizeof(*bounds));
	offsets = calloc((size_t)*count, sizeof(*offsets));
	if (bounds == NULL || offsets == NULL)
		err = la_error_set(error, LA_ENOMEM, "out of memory");
	else
		err = ask_bounds(&asking, bounds, offsets, *count);
	free(offsets);
	if (err != LA_OK) {
		free(bounds);
		return (err);
	}
	*out = bounds;
	return (LA_OK);
}
