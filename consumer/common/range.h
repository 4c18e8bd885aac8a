/* Which part of a topic's partition is read: between two times, as offsets. */
#ifndef LA_COMMON_RANGE_H
#define LA_COMMON_RANGE_H

#include <stdint.h>

struct la_range_bounds {
	int64_t low;        /* the log's own beginning: what was before it is gone */
	int64_t high;       /* its end when the range was opened */
	int64_t start, end; /* read: start <= offset < end */
	int64_t mark;       /* the first record at or after a third time */
};

#endif
