/* How long things took: percentiles. */
#ifndef LA_BENCH_TOOK_H
#define LA_BENCH_TOOK_H

#include <stddef.h>
#include <stdint.h>

/* Prints JSON members: how many `what` there are, how many are missing (0 ns), percentiles in ms. Sorts took_ns. */
void la_took_print(const char *what, int64_t *took_ns, size_t count);

#endif
