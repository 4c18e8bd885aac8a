/* Between range_kafka.c, which reads, and range_bounds_kafka.c, which asks where from and where to, range_beyond_kafka.c. */
#ifndef LA_COMMON_RANGE_PARTS_KAFKA_H
#define LA_COMMON_RANGE_PARTS_KAFKA_H

#include "common/parts_kafka.h"
#include "common/range_kafka.h"

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
