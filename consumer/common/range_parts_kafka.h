/*
 * Between range_open_kafka.c, which connects, range_kafka.c, which reads, and range_bounds_kafka.c, which asks where from and
 * where to, range_beyond_kafka.c.
 */
#ifndef LA_COMMON_RANGE_PARTS_KAFKA_H
#define LA_COMMON_RANGE_PARTS_KAFKA_H

#include "common/parts_kafka.h"
#include "common/range_kafka.h"

#define LA_RANGE_TAKE 512 /* records of a partition taken at a time */

/* A partition as it is read. */
struct la_range_part {
	rd_kafka_message_t *taken[LA_RANGE_TAKE];
	size_t count, at;
	int64_t position; /* behind the last record that was given */
	bool started, ended;
	bool gone; /* what is next is no longer there */
};

struct la_range_kafka {
	struct la_link_kafka link; /* first: librdkafka's opaque pointer; why: what it said of a broker */
	struct la_range_kafka_options options;
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	struct la_span topic_name;
	struct la_range_bounds *bounds;
	struct la_range_part *parts;
	int32_t count;
	rd_kafka_message_t *given; /* valid until the next call */
	char cluster_id[128];
};

/*
 * The bounds of each partition of the topic: *bounds is an array of *count, owned by the caller. Errors: LA_EUNAVAILABLE,
 * LA_ECONFIG, LA_ENOMEM.
 */
LA_MUST_CHECK enum la_err la_range_bounds_ask(rd_kafka_t *rk, const struct la_range_kafka_options *options,
    struct la_range_bounds **bounds, int32_t *count, struct la_error *error);

/*
 * Moves the end of each partition behind the last of its records before to_ms, if such follow it closely; rk is one that
 * nothing is read with yet. Errors: LA_EUNAVAILABLE, LA_ESTOPPED, LA_ENOMEM.
 */
LA_MUST_CHECK enum la_err la_range_beyond_look(rd_kafka_t *rk, const struct la_range_kafka_options *options,
    struct la_range_bounds *bounds, int32_t count, struct la_error *error);

#endif
