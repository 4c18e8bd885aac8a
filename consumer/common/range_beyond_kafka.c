/*
 * Is there more of a range behind its end? The broker tells only where a time is reached first: that may be a record of a
 * host whose clock is wrong, or the mark of a transaction that copied old records, whose time is that of the copying.
 */
#include "common/clock.h"
#include "common/range_parts_kafka.h"

#define LOOK_BEYOND 10000 /* records in a row that came after the range, before its end is believed */
#define TAKE 512
#define WAIT_MS 100

struct looking {
	rd_kafka_topic_t *topic;
	const struct la_range_kafka_options *options;
	struct la_error *error;
};

/* One record behind the end. True: that is enough of this partition. */
static bool
look_at(const struct looking *looking, const rd_kafka_message_t *message, struct la_range_bounds *bounds, int *beyond)
{
	rd_kafka_timestamp_type_t type;
	int64_t ms;

	if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
		return (message->offset >= bounds->high);
	if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (false);
	if (message->offset >= bounds->high)
		return (true);
	ms = rd_kafka_message_timestamp(message, &type);
	++*beyond;
	if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && ms < looking->options->to_ms) {
		bounds->end = message->offset + 1;
		*beyond = 0;
	}
	return (*beyond >= LOOK_BEYOND);
}

static enum la_err
look_behind(const struct looking *looking, int32_t p, struct la_range_bounds *bounds)
{
	const struct la_range_kafka_options *options = looking->options;
	int64_t until_ms = la_clock_now_ms(NULL) + options->timeout_ms;
	rd_kafka_message_t *taken[TAKE];
	bool enough = false;
	int beyond = 0;

	while (!enough) {
		ssize_t got = rd_kafka_consume_batch(looking->topic, p, WAIT_MS, taken, TAKE);

		for (ssize_t i = 0; i < got; i++) {
			enough = enough || look_at(looking, taken[i], bounds, &beyond);
			rd_kafka_message_destroy(taken[i]);
		}
		if (*options->stopping)
			return (la_error_set(looking->error, LA_ESTOPPED, "stopped"));
		if (got > 0)
			until_ms = la_clock_now_ms(NULL) + options->timeout_ms;
		else if (la_clock_now_ms(NULL) >= until_ms)
			return (la_error_set(looking->error, LA_EUNAVAILABLE, "topic %s: partition %d gives no record",
			    options->topic, (int)p));
	}
	return (LA_OK);
}

enum la_err
la_range_beyond_look(rd_kafka_t *rk, const struct la_range_kafka_options *options, struct la_range_bounds *bounds,
    int32_t count, struct la_error *error)
{
	struct looking looking = {rd_kafka_topic_new(rk, options->topic, NULL), options, error};
	enum la_err err = LA_OK;

	if (looking.topic == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	for (int32_t p = 0; p < count && err == LA_OK; p++) {
		if (bounds[p].end >= bounds[p].high)
			continue;
		if (rd_kafka_consume_start(looking.topic, p, bounds[p].end) != 0) {
			err = la_error_set(error, LA_EUNAVAILABLE, "topic %s: %s", options->topic,
			    rd_kafka_err2str(rd_kafka_last_error()));
			break;
		}
		err = look_behind(&looking, p, &bounds[p]);
		(void)rd_kafka_consume_stop(looking.topic, p);
	}
	rd_kafka_topic_destroy(looking.topic);
	return (err);
}
