/* Records in, records out: the bus over Kafka when nothing is wrong. */
#include "adapter/kafka_fixture.h"

#include <poll.h>

static struct la_message got[64];

static void
record_arrives_as_it_was_written(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(NULL);
	const struct la_bus *port = la_bus_kafka_port(bus);
	int64_t now_ms = la_clock_wall_ms(NULL);

	(void)state;
	la_fixture_write(fixture.topic, 1, "key", "value");
	la_fixture_write(fixture.topic, 1, NULL, NULL);
	la_fixture_write(fixture.topic, 1, "", "");
	la_fixture_read(port, got, 3);
	assert_true(la_span_is(got[0].topic, fixture.topic));
	assert_int_equal(got[0].partition, 1);
	assert_int_equal(got[0].offset, 0);
	assert_true(got[0].has_timestamp && got[0].timestamp_ms >= now_ms - 1000 &&
		    got[0].timestamp_ms <= la_clock_wall_ms(NULL) + 1000);
	assert_true(la_span_is(got[0].key, "key"));
	assert_true(la_span_is(got[0].value, "value"));
	assert_false(la_span_present(got[1].key));
	assert_false(la_span_present(got[1].value));
	assert_true(la_span_is(got[2].key, ""));
	assert_true(la_span_is(got[2].value, ""));
	assert_true(port->holds(port->self, got[0].topic, 1, got[0].lease));
	assert_false(port->holds(port->self, got[0].topic, 1, got[0].lease + 1000));
	assert_false(port->holds(port->self, la_span_text("other"), 1, got[0].lease));
	assert_string_not_equal(port->cluster_id(port->self), "");
	port->release(port->self, got, 3);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

/* Key, value and headers of a record as text: "key=value|name:value|…"; null is "-". */
static void
describe(const rd_kafka_message_t *message, void *cookie)
{
	char *out = cookie;
	rd_kafka_headers_t *headers = NULL;
	const char *name;
	const void *value;
	size_t i, size, used;

	(void)snprintf(out, 512, "%.*s=%.*s", message->key == NULL ? 1 : (int)message->key_len,
	    message->key == NULL ? "-" : (const char *)message->key, message->payload == NULL ? 1 : (int)message->len,
	    message->payload == NULL ? "-" : (const char *)message->payload);
	if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	for (i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
		used = strlen(out);
		(void)snprintf(out + used, 512 - used, "|%s:%.*s", name, value == NULL ? 1 : (int)size,
		    value == NULL ? "-" : (const char *)value);
	}
}

static void
assert_passed_on(const struct la_output *output, const struct la_bus *port, const char *expected)
{
	struct la_error error = LA_ERROR_INIT;
	char seen[512] = "";

	assert_int_equal(port->produce(port->self, output, 1000, &error), LA_OK);
	assert_int_equal(port->await(port->self, output->batch, PATIENCE_MS, &error), LA_OK);
	assert_true(la_fixture_records(output->topic, 0, describe, seen) > 0);
	assert_string_equal(seen, expected);
}

static void
write_with_headers(void)
{
	struct la_bus_kafka *bus = la_fixture_bus(NULL);
	const struct la_bus *port = la_bus_kafka_port(bus);
	const struct la_header headers[] = {{"a", la_span_text("1")}, {"b", {NULL, 0}}, {"a", la_span_text("")}};
	struct la_output output = {
	    .topic = fixture.topic, .value = la_span_text("v"), .headers = headers, .header_count = 3, .batch = 1};

	assert_int_equal(port->produce(port->self, &output, 1000, NULL), LA_OK);
	assert_int_equal(port->await(port->self, 1, PATIENCE_MS, NULL), LA_OK);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
headers_are_passed_on_byte_for_byte(void **state)
{
	static const char *const only_a[] = {"a", NULL}, *const none[] = {"c", NULL};
	const struct la_header added = {"x", la_span_text("9")};
	struct la_bus_kafka *bus;
	const struct la_bus *port;
	struct la_output output = {.topic = fixture.out_topic, .headers_of = got, .batch = 1};

	(void)state;
	write_with_headers();
	bus = la_fixture_bus(NULL);
	port = la_bus_kafka_port(bus);
	la_fixture_read(port, got, 1);
	assert_passed_on(&output, port, "-=-|a:1|b:-|a:");
	output.only_headers = only_a;
	output.key = la_span_text("");
	output.value = la_span_text("");
	assert_passed_on(&output, port, "=|a:1|a:");
	output.only_headers = none;
	output.key = la_span_text("k");
	output.value = la_span_text("v");
	assert_passed_on(&output, port, "k=v");
	output.only_headers = NULL;
	output.headers = &added;
	output.header_count = 1;
	assert_passed_on(&output, port, "k=v|a:1|b:-|a:|x:9");
	output.headers_of = NULL;
	assert_passed_on(&output, port, "k=v|x:9");
	port->release(port->self, got, 1);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
restart_goes_on_behind_what_was_committed(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(NULL);
	const struct la_bus *port = la_bus_kafka_port(bus);
	struct la_position_done done;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "one");
	la_fixture_write(fixture.topic, 0, NULL, "two");
	la_fixture_read(port, got, 2);
	done = la_fixture_after(&got[0]);
	assert_int_equal(la_fixture_commit(port, &done, 1), LA_OK);
	assert_int_equal(la_fixture_committed(0), 1);
	port->release(port->self, got, 2);
	la_bus_kafka_close(bus, PATIENCE_MS);

	bus = la_fixture_bus(NULL);
	port = la_bus_kafka_port(bus);
	la_fixture_read(port, got, 1);
	assert_true(la_span_is(got[0].value, "two"));
	port->release(port->self, got, 1);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
poll_takes_at_most_what_fits_and_loses_none(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(NULL);
	const struct la_bus *port = la_bus_kafka_port(bus);
	int64_t until_ms;
	size_t i, count;

	(void)state;
	for (i = 0; i < 5; i++)
		la_fixture_write(fixture.topic, 0, NULL, "x");
	until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	for (i = 0; i < 5; i += count) {
		assert_true(la_clock_now_ms(NULL) < until_ms);
		count = la_fixture_poll(port, 1000, got, 2);
		assert_true(count <= 2);
		if (count > 0)
			assert_int_equal(got[0].offset, i);
		port->release(port->self, got, count);
	}
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static bool
readable(struct la_bus_kafka *bus, int wait_ms)
{
	struct pollfd waited = {la_bus_kafka_fd(bus), POLLIN, 0};

	return (poll(&waited, 1, wait_ms) == 1);
}

static void
descriptor_is_readable_while_records_wait(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(NULL);
	const struct la_bus *port = la_bus_kafka_port(bus);
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "one");
	la_fixture_read(port, got, 1);
	port->release(port->self, got, 1);
	while (readable(bus, 500)) { /* what else the group had to say */
		assert_true(la_clock_now_ms(NULL) < until_ms);
		port->release(port->self, got, la_fixture_poll(port, 0, got, 64));
	}
	la_fixture_write(fixture.topic, 0, NULL, "two");
	la_fixture_write(fixture.topic, 0, NULL, "three");
	assert_true(readable(bus, PATIENCE_MS));
	la_fixture_read(port, got, 1);
	port->release(port->self, got, 1);
	assert_true(readable(bus, PATIENCE_MS)); /* for the third, which this poll left behind */
	la_fixture_read(port, got, 1);
	port->release(port->self, got, 1);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
paused_bus_gives_nothing_and_loses_nothing(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(NULL);
	const struct la_bus *port = la_bus_kafka_port(bus);
	struct la_message first;
	int i;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "one");
	la_fixture_read(port, &first, 1);
	port->pause(port->self, true);
	la_fixture_write(fixture.topic, 0, NULL, "two");
	for (i = 0; i < 10; i++)
		assert_int_equal(la_fixture_poll(port, 100, got, 64), 0);
	assert_true(port->holds(port->self, first.topic, 0, first.lease));
	port->pause(port->self, false);
	la_fixture_read(port, got, 1);
	assert_true(la_span_is(got[0].value, "two"));
	assert_int_equal(got[0].lease, first.lease);
	port->release(port->self, got, 1);
	port->release(port->self, &first, 1);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
pause_before_the_first_assignment_holds(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(NULL);
	const struct la_bus *port = la_bus_kafka_port(bus);
	int64_t until_ms = la_clock_now_ms(NULL) + 6000; /* a mock group takes 3 s to form */

	(void)state;
	port->pause(port->self, true);
	la_fixture_write(fixture.topic, 0, NULL, "one");
	while (la_clock_now_ms(NULL) < until_ms)
		assert_int_equal(la_fixture_poll(port, 100, got, 64), 0);
	port->pause(port->self, false);
	la_fixture_read(port, got, 1);
	port->release(port->self, got, 1);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

/* Until it is there, or its error is gone, as the broker at hand can show it. */
static void
set_missing(bool missing)
{
	if (fixture.cluster != NULL)
		rd_kafka_mock_topic_set_error(fixture.cluster, fixture.topic,
		    missing ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART : RD_KAFKA_RESP_ERR_NO_ERROR);
	else if (!missing)
		la_fixture_make_topic(fixture.topic, 1);
}

static void
topic_made_later_is_read(void **state)
{
	struct la_bus_kafka *bus;
	const struct la_bus *port;
	struct la_error error = LA_ERROR_INIT;
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	enum la_err err = LA_OK;
	size_t count;

	(void)state;
	(void)snprintf(fixture.topic, sizeof(fixture.topic), "made-later-%d", (int)getpid());
	set_missing(true);
	bus = la_fixture_bus(NULL);
	port = la_bus_kafka_port(bus);
	while (err == LA_OK) {
		assert_true(la_clock_now_ms(NULL) < until_ms);
		err = port->poll(port->self, 100, got, 64, &count, &error);
		assert_int_equal(count, 0);
	}
	assert_int_equal(err, LA_EUNAVAILABLE);
	assert_non_null(strstr(error.text, "topic made-later"));
	set_missing(false);
	la_fixture_write(fixture.topic, 0, NULL, "one");
	la_fixture_read(port, got, 1);
	port->release(port->self, got, 1);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

/* The mock takes any size. */
static void
real_broker_refuses_by_size_what_we_let_pass(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(NULL);
	const struct la_bus *port = la_bus_kafka_port(bus);
	static unsigned char large[2000000];
	struct la_error error = LA_ERROR_INIT;
	struct la_output output = {.topic = fixture.out_topic, .value = {large, sizeof(large)}, .batch = 1};

	(void)state;
	assert_int_equal(port->produce(port->self, &output, 1000, &error), LA_OK);
	assert_int_equal(port->await(port->self, 1, PATIENCE_MS, &error), LA_ETOOLARGE);
	output.value = la_span_text("left out");
	assert_int_equal(port->produce(port->self, &output, 1000, &error), LA_OK);
	assert_int_equal(port->await(port->self, 1, PATIENCE_MS, &error), LA_OK);
	assert_int_equal(la_fixture_records(fixture.out_topic, 0, NULL, NULL), 1);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

int
main(void)
{
	const struct CMUnitTest real_only[] = {
	    cmocka_unit_test_setup(real_broker_refuses_by_size_what_we_let_pass, la_fixture_next),
	};
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(record_arrives_as_it_was_written, la_fixture_next),
	    cmocka_unit_test_setup(headers_are_passed_on_byte_for_byte, la_fixture_next),
	    cmocka_unit_test_setup(restart_goes_on_behind_what_was_committed, la_fixture_next),
	    cmocka_unit_test_setup(poll_takes_at_most_what_fits_and_loses_none, la_fixture_next),
	    cmocka_unit_test_setup(descriptor_is_readable_while_records_wait, la_fixture_next),
	    cmocka_unit_test_setup(paused_bus_gives_nothing_and_loses_nothing, la_fixture_next),
	    cmocka_unit_test_setup(pause_before_the_first_assignment_holds, la_fixture_next),
	    cmocka_unit_test_setup(topic_made_later_is_read, la_fixture_next),
	};

	if (getenv("LA_TEST_KAFKA") != NULL &&
	    cmocka_run_group_tests_name("bus_kafka_real", real_only, la_fixture_open, la_fixture_close) != 0)
		return (EXIT_FAILURE);
	return (cmocka_run_group_tests_name("bus_kafka", tests, la_fixture_open, la_fixture_close));
}
