/*
 * Records that are all malformed, in many ways, through the real decoder and pipeline: each becomes a dead letter, and the
 * process does not grow. LA_MALFORMED_RECORDS says how many (default 40,000: seconds).
 */
#include "pipeline_world.h"

#define ROUND 64 /* records in the bus at once: it looks for each among all */
#define WARM_UP 6400
#define GROWTH_KIB_MAX 1024

/* So that what is freed is used again, as without AddressSanitizer. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return ("quarantine_size_mb=1:thread_local_quarantine_size_kb=64");
}

static uint64_t seed = 4;

static size_t
random_below(size_t limit)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return ((size_t)(seed >> 33) % limit);
}

/* A whole event whose values break rule 1. */
static void
encode_bad_values(struct world *world, struct la_buf *out)
{
	struct la_login_event event = login("e-1", "m-1", "t-1", random_below(2) == 0 ? -1 : T0 * 3);
	struct la_error error = LA_ERROR_INIT;

	if (random_below(2) == 0) {
		event.occurred_at_ms = T0;
		event.event_id = la_span_text("");
	}
	assert_int_equal(la_encoder_event(world->encoder, &event, out, &error), LA_OK);
}

/* Bytes that no plan accepts. */
static void
encode_bad_bytes(struct world *world, struct la_buf *out)
{
	static const unsigned char endless[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	static const unsigned char longer[] = {0xfe, 0x7f}; /* a string of 8191 bytes */
	struct la_login_event event = login("e-1", "m-1", "t-1", T0);
	struct la_error error = LA_ERROR_INIT;

	assert_int_equal(la_encoder_event(world->encoder, &event, out, &error), LA_OK);
	switch (random_below(4)) {
	case 0: /* cut short */
		out->size = random_below(out->size);
		return;
	case 1: /* more than a record */
		for (size_t more = 1 + random_below(300); more > 0; more--)
			assert_int_equal(la_buf_add(out, &(unsigned char){(unsigned char)random_below(256)}, 1), LA_OK);
		return;
	case 2:
		memcpy(out->data, endless, sizeof(endless));
		return;
	default: /* noise behind a length that it does not have */
		memcpy(out->data, longer, sizeof(longer));
		for (size_t i = sizeof(longer); i < out->size; i++)
			out->data[i] = (unsigned char)random_below(256);
	}
}

static void
add_malformed(struct world *world, int32_t partition)
{
	struct la_buf value = LA_BUF_INIT;
	struct memory_record *record;

	if (random_below(16) == 0) {
		(void)memory_bus_add(&world->bus, partition, NULL, 0, T0);
		return;
	}
	if (random_below(3) == 0)
		encode_bad_values(world, &value);
	else
		encode_bad_bytes(world, &value);
	record = memory_bus_add(&world->bus, partition, value.data, value.size, T0);
	assert_non_null(record);
}

/* The bus forgets what is done, so that only the detector could grow. */
static void
forget(struct memory_bus *bus)
{
	for (size_t i = 0; i < bus->record_count; i++)
		free(bus->records[i].value);
	for (size_t i = 0; i < bus->output_count; i++)
		free(bus->outputs[i].value);
	bus->record_count = bus->output_count = 0;
	memset(bus->next, 0, sizeof(bus->next));
	memset(bus->committed, 0, sizeof(bus->committed));
}

static void
run_records(struct world *world, size_t count)
{
	for (size_t done = 0; done < count; done += ROUND) {
		for (int i = 0; i < ROUND; i++)
			add_malformed(world, i % MEMORY_PARTITIONS);
		turn_until_done(world);
		assert_int_equal(count_outputs(world, "login-events-dlq"), ROUND);
		assert_int_equal(count_outputs(world, "login-alerts"), 0);
		forget(&world->bus);
		log_lines[0] = '\0';
	}
}

static long
rss_kib(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];
	long kib = 0;

	assert_non_null(status);
	while (kib == 0 && fgets(line, sizeof(line), status) != NULL)
		(void)sscanf(line, "VmRSS: %ld", &kib);
	(void)fclose(status);
	assert_true(kib > 0);
	return (kib);
}

static void
malformed_records_leave_the_memory_as_it_was(void **state)
{
	const char *asked = getenv("LA_MALFORMED_RECORDS");
	size_t count = asked == NULL ? 40000 : strtoul(asked, NULL, 10);
	long before, after;

	run_records(*state, WARM_UP);
	before = rss_kib();
	run_records(*state, count);
	after = rss_kib();
	print_message("%zu malformed records: %ld KiB before, %ld KiB after\n", count, before, after);
	assert_in_range(after - before + GROWTH_KIB_MAX, 0, 2 * GROWTH_KIB_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    PROMISE(malformed_records_leave_the_memory_as_it_was),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
