/* Between range_kafka.c, which reads, and range_bounds_kafka.c, which asks where from and where to. */
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

#endif
