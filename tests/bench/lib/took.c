#include "bench/lib/took.h"

#include <stdio.h>
#include <stdlib.h>

static int
compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return ((*x > *y) - (*x < *y));
}

void
la_took_print(const char *what, int64_t *took_ns, size_t count)
{
	size_t missing = 0;

	qsort(took_ns, count, sizeof(*took_ns), compare);
	while (missing < count && took_ns[missing] == 0)
		missing++;
	took_ns += missing;
	count -= missing;
	(void)printf("\"%s\": %zu, \"missing\": %zu", what, count, missing);
	if (count > 0)
		(void)printf(", \"p50_ms\": %.2f, \"p99_ms\": %.2f, \"p999_ms\": %.2f, \"max_ms\": %.2f",
		    (double)took_ns[count / 2] / 1e6, (double)took_ns[count * 99 / 100] / 1e6,
		    (double)took_ns[count * 999 / 1000] / 1e6, (double)took_ns[count - 1] / 1e6);
}
