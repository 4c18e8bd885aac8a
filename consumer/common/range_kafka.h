/*
 * A topic from one time to another, read once, without a group and without a
 * commit: for replay.
 *
 * The start of each partition is its first record with a Kafka timestamp at or after from_ms. The end is taken when the
 * range is opened: the first record at or after to_ms, else what is committed by then; but if records from before to_ms
 * follow it closely, it is behind the last of those. Records come in the order of their Kafka timestamps between
 * partitions, and of their offsets within one.
 */
#ifndef LA_COMMON_RANGE_KAFKA_H
#define LA_COMMON_RANGE_KAFKA_H

#include <stdatomic.h>

#include "common/bus.h"
#include "common/conf.h"
#include "common/err.h"
#include "common/range.h"

struct la_range_kafka;

struct la_range_kafka_options {
	const struct la_conf *conf;
	const char *topic;
	int64_t from_ms; /* <= 0: all that is there */
	int64_t mark_ms; /* bounds.mark is the first record at or after it */
	int64_t to_ms;   /* INT64_MAX: up to now */
	int ask_ms;      /* for each answer to what is asked first */
	int timeout_ms;  /* for the next record */
	const atomic_int *stopping; /* ends a wait */
};

/*
 * Errors: LA_EUNAVAILABLE (no broker answers), LA_ECONFIG (the topic is missing, may not be read; a property that
 * librdkafka refuses), LA_ENOMEM. *range is untouched then.
 */
LA_MUST_CHECK enum la_err la_range_kafka_open(
    struct la_range_kafka **range, const struct la_range_kafka_options *options, struct la_error *error);
void la_range_kafka_close(struct la_range_kafka *range);

/*
 * The next record, valid until the next call; *found is false at the end.
 * Errors: LA_EUNAVAILABLE (nothing came for timeout_ms), LA_ESTOPPED, LA_EINTERNAL.
 */
LA_MUST_CHECK enum la_err la_range_kafka_next(
    struct la_range_kafka *range, struct la_message *message, bool *found, struct la_error *error);

int32_t la_range_kafka_partitions(const struct la_range_kafka *range);
/* NULL: no such partition. Valid as long as range. low grows when records are deleted before they are read. */
const struct la_range_bounds *la_range_kafka_bounds(const struct la_range_kafka *range, int32_t partition);

/* Offsets from all starts to all ends, and how many of them are behind us. */
int64_t la_range_kafka_total(const struct la_range_kafka *range);
int64_t la_range_kafka_done(const struct la_range_kafka *range);

const char *la_range_kafka_cluster_id(const struct la_range_kafka *range);

#endif
