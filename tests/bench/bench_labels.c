/* Microseconds for reading a user agent, without the cache, and for what the cache does instead. CPU time of one thread. */
#include <stdio.h>

#include "bench/lib/bench.h"
#include "detector/label_cache.h"

#define ROUNDS 2000

static const struct {
	const char *agent, *browser, *os, *model, *class;
} rows[] = {
#include "unit/detector/user_agents.h"
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void
print(const char *what, int64_t start_ns)
{
	(void)printf("%-24s %6.3f us\n", what,
	    (double)(la_bench_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns) / 1e3 / (double)(ROUNDS * ROWS));
}

int
main(void)
{
	const struct la_key key = {.epoch = 1, .secret = {7}};
	struct la_login_event events[ROWS];
	struct la_label_cache *cache = NULL;
	struct la_digester digester;
	struct la_labels labels;
	size_t sum = 0;
	int64_t start;

	for (size_t i = 0; i < ROWS; i++)
		events[i] = (struct la_login_event){
		    .user_agent = la_span_text(rows[i].agent), .device_class = LA_CLASS_UNKNOWN};
	la_digester_init(&digester, &key);
	if (la_label_cache_new(&cache, &digester, 1) != LA_OK)
		return (1);
	start = la_bench_ns(CLOCK_THREAD_CPUTIME_ID);
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < ROWS; i++) {
			la_agent_labels(&events[i], &labels);
			sum += (unsigned char)labels.browser[0];
		}
	}
	print("labels of a user agent", start);
	start = la_bench_ns(CLOCK_THREAD_CPUTIME_ID);
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < ROWS; i++)
			sum += la_label_cache_find(cache, &events[i])->browser[0] != 0;
	}
	print("from the cache", start);
	la_label_cache_free(cache);
	return (sum == 0);
}
