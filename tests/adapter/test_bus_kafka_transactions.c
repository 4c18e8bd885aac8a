/*
 * exactly_once: outputs and offsets together or not at all. Against a real broker (LA_TEST_KAFKA, see
 * test_bus_on_kafka.py) all of it; librdkafka's mock cluster has neither markers nor offsets of transactions and fences
 * nobody, so there it is only what the bus answers after a discard, or to answers that no real broker gives when asked to.
 */
#include "adapter/kafka_fixture.h"

/* A broker ends what is open for longer: no test that is slow may be. */
#define EXACTLY_ONCE "delivery.guarantee=exactly_once", "kafka.producer.transaction.timeout.ms=60000"
static const char *const exactly_once[] = {EXACTLY_ONCE, NULL};

/* A bus whose transactional.id is known, and nobody else's. */
static struct la_bus_kafka *
named_bus(void)
{
	char id[96];
	const char *const extra[] = {EXACTLY_ONCE, id, NULL};

	(void)snprintf(id, sizeof(id), "kafka.producer.transactional.id=%s", fixture.group);
	return (la_fixture_bus(extra));
}

static void
expect_committed(int32_t partition, int64_t offset)
{
	if (fixture.cluster == NULL)
		assert_int_equal(la_fixture_committed(partition), offset);
}

/* Of the records that a reader of what is committed sees, the values in order. */
static void
collect_value(const rd_kafka_message_t *message, void *cookie)
{
	char *seen = cookie;
	size_t used = strlen(seen);

	(void)snprintf(seen + used, 64 - used, "%.*s ", (int)message->len, (const char *)message->payload);
}

static void
expect_seen(const char *values)
{
	char seen[64] = "";

	(void)la_fixture_records(fixture.out_topic, 0, collect_value, seen);
	if (fixture.cluster == NULL)
		assert_string_equal(seen, values);
}

/* Serves the bus for a moment, as the pipeline does while it waits. */
static void
wait_a_moment(const struct la_bus *port)
{
	struct la_message none;
	size_t count;

	port->pause(port->self, true);
	(void)port->poll(port->self, 50, &none, 1, &count, NULL);
	assert_int_equal(count, 0);
	port->pause(port->self, false);
}

static enum la_err
try(const struct la_bus *port, const char *value, size_t size, struct la_error *error)
{
	const struct la_output output = {.topic = fixture.out_topic, .value = la_span_of(value, size), .batch = 1};
	enum la_err err = port->produce(port->self, &output, PATIENCE_MS, error);

	return (err == LA_OK ? port->await(port->self, 1, PATIENCE_MS, error) : err);
}

static void
put(const struct la_bus *port, const char *value)
{
	struct la_error error = LA_ERROR_INIT;

	if (try(port, value, strlen(value), &error) != LA_OK)
		fail_msg("%s", error.text);
}

/* After a loss: all that the transaction holds is this, however often the bus has to begin anew. */
static void
put_again(const struct la_bus *port, const char *value)
{
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	struct la_error error = LA_ERROR_INIT;

	port->discard(port->self);
	while (try(port, value, strlen(value), &error) != LA_OK) {
		if (la_clock_now_ms(NULL) > until_ms)
			fail_msg("%s", error.text);
		wait_a_moment(port);
		port->discard(port->self);
	}
}

static enum la_err
commit(const struct la_bus *port, const struct la_message *last)
{
	const struct la_position_done done = la_fixture_after(last);
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	struct la_error error = LA_ERROR_INIT;
	enum la_err err;

	do
		err = port->commit(port->self, &done, 1, &error);
	while (err == LA_EUNAVAILABLE && la_clock_now_ms(NULL) < until_ms);
	if (err != LA_OK && err != LA_EREVOKED)
		fail_msg("%s", error.text);
	return (err);
}

static void
outputs_and_offsets_are_seen_together(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(exactly_once);
	const struct la_bus *port = la_bus_kafka_port(bus);
	struct la_message got;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, &got, 1);
	put(port, "one");
	put(port, "two");
	expect_seen("");
	expect_committed(0, RD_KAFKA_OFFSET_INVALID);
	assert_int_equal(commit(port, &got), LA_OK);
	expect_seen("one two ");
	expect_committed(0, 1);
	port->release(port->self, &got, 1);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
what_is_discarded_is_never_seen(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(exactly_once);
	const struct la_bus *port = la_bus_kafka_port(bus);
	struct la_message got;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, &got, 1);
	put(port, "not this");
	port->discard(port->self);
	put_again(port, "this");
	assert_true(port->holds(port->self, got.topic, 0, got.lease));
	assert_int_equal(commit(port, &got), LA_OK);
	expect_seen("this ");
	expect_committed(0, 1);
	put(port, "left open");
	port->release(port->self, &got, 1);
	la_bus_kafka_close(bus, PATIENCE_MS);
	expect_seen("this "); /* the reader is not held up either */
}

static void
without_outputs_the_offsets_are_committed_alone(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(exactly_once);
	const struct la_bus *port = la_bus_kafka_port(bus);
	struct la_message got[2];

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, &got[0], 1);
	put(port, "with");
	assert_int_equal(commit(port, &got[0]), LA_OK);
	la_fixture_write(fixture.topic, 0, NULL, "one");
	la_fixture_read(port, &got[1], 1);
	assert_int_equal(commit(port, &got[1]), LA_OK);
	expect_committed(0, 2);
	port->release(port->self, got, 2);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

/* Else they could arrive behind its own, and set the group back. */
static void
a_transaction_waits_for_offsets_that_were_committed_alone(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(exactly_once);
	const struct la_bus *port = la_bus_kafka_port(bus);
	struct la_position_done alone;
	struct la_message got[2];
	enum la_err err;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_write(fixture.topic, 0, NULL, "one");
	la_fixture_read(port, got, 2);
	alone = la_fixture_after(&got[0]);
	assert_int_equal(port->commit_begin(port->self, &alone, 1, NULL), LA_OK);
	put(port, "with");
	alone = la_fixture_after(&got[1]);
	assert_int_equal(port->commit(port->self, &alone, 1, NULL), LA_EUNAVAILABLE);
	while ((err = port->commit_end(port->self, 1000, NULL)) == LA_ETIMEOUT)
		continue;
	assert_int_equal(err, LA_OK);
	expect_committed(0, 1);
	assert_int_equal(commit(port, &got[1]), LA_OK);
	expect_seen("with ");
	expect_committed(0, 2);
	port->release(port->self, got, 2);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

/* Another client under the same transactional.id: what a second instance, or the broker's time-out, does to ours. */
static void
fence(void)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_error_t *error;
	char reason[256];
	rd_kafka_t *rk;

	assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", fixture.servers, reason, sizeof(reason)), 0);
	assert_int_equal(rd_kafka_conf_set(conf, "transactional.id", fixture.group, reason, sizeof(reason)), 0);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
	assert_non_null(rk);
	error = rd_kafka_init_transactions(rk, PATIENCE_MS);
	if (error != NULL)
		fail_msg("%s", rd_kafka_error_string(error));
	rd_kafka_destroy(rk);
}

static void
fenced_at_its_commit_a_batch_is_read_and_written_again(void **state)
{
	struct la_bus_kafka *bus = named_bus();
	const struct la_bus *port = la_bus_kafka_port(bus);
	struct la_message old[3], again[3];

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, &old[0], 1);
	put(port, "first");
	assert_int_equal(commit(port, &old[0]), LA_OK);
	port->release(port->self, old, 1);
	la_fixture_write(fixture.topic, 0, NULL, "one");
	la_fixture_write(fixture.topic, 0, NULL, "two");
	la_fixture_write(fixture.topic, 1, NULL, "other");
	la_fixture_read(port, old, 3);
	put(port, "second");
	fence();
	assert_int_equal(commit(port, &old[0]), LA_EREVOKED);
	port->discard(port->self);
	for (size_t i = 0; i < 3; i++)
		assert_false(port->holds(port->self, old[i].topic, old[i].partition, old[i].lease));
	la_fixture_read(port, again, 3); /* from the committed offset on; from where it was first read, without one */
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(again[i].offset, again[i].partition == 1 ? 0 : i == 0 || again[i - 1].partition == 1 ? 1 : 2);
		assert_true(port->holds(port->self, again[i].topic, again[i].partition, again[i].lease));
	}
	put_again(port, "again");
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(commit(port, &again[i]), LA_OK);
	expect_seen("first again ");
	expect_committed(1, 1);
	port->release(port->self, again, 3);
	port->release(port->self, old, 3);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
fenced_while_it_writes_a_batch_is_written_again(void **state)
{
	struct la_bus_kafka *bus = named_bus();
	const struct la_bus *port = la_bus_kafka_port(bus);
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	struct la_message got;
	enum la_err err = LA_OK;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, &got, 1);
	put(port, "not this");
	fence();
	while (err == LA_OK) {
		assert_true(la_clock_now_ms(NULL) < until_ms);
		err = try(port, "lost", 4, NULL);
	}
	assert_int_equal(err, LA_EUNAVAILABLE);
	assert_int_equal(try(port, "lost", 4, NULL), LA_EUNAVAILABLE); /* nothing more goes into it until we know */
	put_again(port, "this");
	assert_true(port->holds(port->self, got.topic, 0, got.lease)); /* nothing was committed: the batch in hand stands */
	assert_int_equal(commit(port, &got), LA_OK);
	expect_seen("this ");
	expect_committed(0, 1);
	port->release(port->self, &got, 1);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
output_too_large_voids_its_transaction_only(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(exactly_once);
	const struct la_bus *port = la_bus_kafka_port(bus);
	size_t size = 1200000;
	char *large = calloc(1, size);
	struct la_message got;

	(void)state;
	assert_non_null(large);
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, &got, 1);
	put(port, "not this");
	if (fixture.cluster != NULL)
		rd_kafka_mock_push_request_errors(
		    fixture.cluster, API_PRODUCE, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	assert_int_equal(try(port, large, size, NULL), LA_ETOOLARGE);
	/* 2.0.2 goes on counting behind what was refused: the next transaction is refused for that, the one after it is not */
	put_again(port, "this");
	assert_int_equal(commit(port, &got), LA_OK);
	expect_seen("this ");
	expect_committed(0, 1);
	port->release(port->self, &got, 1);
	free(large);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

/* The broker answers while more is being produced, which fails then: that is not why. */
static void
output_too_large_is_told_also_when_others_failed_after_it(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(exactly_once);
	const struct la_bus *port = la_bus_kafka_port(bus);
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	struct la_output output = {.topic = fixture.out_topic, .batch = 1};
	size_t size = 1200000;
	char *large = calloc(1, size);
	struct la_message got;
	enum la_err err;

	(void)state;
	assert_non_null(large);
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, &got, 1);
	if (fixture.cluster != NULL)
		rd_kafka_mock_push_request_errors(
		    fixture.cluster, API_PRODUCE, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	output.value = la_span_of(large, size);
	assert_int_equal(port->produce(port->self, &output, PATIENCE_MS, NULL), LA_OK);
	output.value = la_span_text("small");
	while ((err = port->produce(port->self, &output, PATIENCE_MS, NULL)) == LA_OK) {
		assert_true(la_clock_now_ms(NULL) < until_ms);
		wait_a_moment(port);
	}
	assert_int_equal(err, LA_EUNAVAILABLE);
	while ((err = port->await(port->self, 1, 0, NULL)) != LA_ETOOLARGE)
		assert_true(la_clock_now_ms(NULL) < until_ms); /* its report comes a moment later */
	port->discard(port->self); /* what comes then: output_too_large_voids_its_transaction_only */
	port->release(port->self, &got, 1);
	free(large);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

/* What the broker answers when the offsets are handed to the transaction, and what the bus makes of it. */
static const struct {
	int16_t api;
	rd_kafka_resp_err_t cause;
	bool is_passing; /* librdkafka asks again, until our time is over */
} refusals[] = {
    {API_ADD_OFFSETS_TO_TXN, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, true},
    {API_TXN_OFFSET_COMMIT, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, false}, /* it asks three times again */
    {API_TXN_OFFSET_COMMIT, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, false},
    {API_ADD_OFFSETS_TO_TXN, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, false},
    {API_TXN_OFFSET_COMMIT, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, false},
};

/* Two batches are in hand, the later one only read. Either it goes with the first, or both are void and read again. */
static void
refuse_offsets(const struct la_bus *port, size_t row)
{
	size_t count = refusals[row].is_passing ? 1000 : 10;
	struct la_message old[2], again[2];
	struct la_error error = LA_ERROR_INIT;
	struct la_position_done done;
	enum la_err err;

	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_write(fixture.topic, 0, NULL, "one");
	la_fixture_read(port, old, 2);
	put(port, "first");
	for (size_t i = 0; i < count; i++)
		rd_kafka_mock_push_request_errors(fixture.cluster, refusals[row].api, 1, refusals[row].cause);
	done = la_fixture_after(&old[0]);
	err = port->commit(port->self, &done, 1, &error);
	print_message("%s: %s\n", rd_kafka_err2name(refusals[row].cause), error.text);
	rd_kafka_mock_clear_request_errors(fixture.cluster, refusals[row].api);
	for (size_t i = 0; i < 2; i++)
		assert_true(port->holds(port->self, old[i].topic, 0, old[i].lease) == refusals[row].is_passing);
	if (refusals[row].is_passing) {
		assert_int_equal(err, LA_EUNAVAILABLE);
		put(port, "second");
		assert_int_equal(commit(port, &old[1]), LA_OK);
	} else {
		assert_int_equal(err, LA_EREVOKED);
		put_again(port, "again");
		la_fixture_read(port, again, 2);
		for (size_t i = 0; i < 2; i++)
			assert_int_equal(again[i].offset, old[i].offset);
		assert_int_equal(commit(port, &again[1]), LA_OK);
		port->release(port->self, again, 2);
	}
	port->release(port->self, old, 2);
	/* the mock keeps offsets that are committed alone: the next row goes back to this */
	la_fixture_write(fixture.topic, 0, NULL, "end");
	la_fixture_read(port, old, 1);
	assert_int_equal(commit(port, &old[0]), LA_OK);
	port->release(port->self, old, 1);
}

static void
offsets_that_are_refused_go_later_or_void_what_was_read_meanwhile(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(exactly_once);

	(void)state;
	for (size_t row = 0; row < sizeof(refusals) / sizeof(refusals[0]); row++)
		refuse_offsets(la_bus_kafka_port(bus), row);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
partition_given_away_voids_the_transaction(void **state)
{
	struct la_bus_kafka *first = la_fixture_bus(exactly_once), *second;
	const struct la_bus *port = la_bus_kafka_port(first), *other;
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	struct la_message old, got[8];
	size_t count, seen = 0;
	const struct la_bus *both[2];

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, &old, 1);
	put(port, "not this");
	second = la_fixture_bus(exactly_once);
	other = la_bus_kafka_port(second);
	both[0] = port;
	both[1] = other;
	port->pause(port->self, true);
	la_fixture_until_void(port, &old);
	assert_int_equal(commit(port, &old), LA_EREVOKED);
	port->discard(port->self);
	port->release(port->self, &old, 1);
	wait_a_moment(port); /* the abort */
	/* Whoever has the partition now, or has it again, reads it again. */
	while (seen == 0) {
		assert_true(la_clock_now_ms(NULL) < until_ms);
		for (size_t i = 0; i < 2; i++) {
			(void)both[i]->poll(both[i]->self, 50, got, 8, &count, NULL);
			if (count == 0)
				continue;
			assert_int_equal(count, 1);
			put_again(both[i], "this");
			assert_int_equal(commit(both[i], &got[0]), LA_OK);
			both[i]->release(both[i]->self, got, count);
			seen += count;
		}
	}
	expect_seen("this ");
	expect_committed(0, 1);
	la_bus_kafka_close(second, PATIENCE_MS);
	la_bus_kafka_close(first, PATIENCE_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(what_is_discarded_is_never_seen, la_fixture_next),
	    cmocka_unit_test_setup(output_too_large_voids_its_transaction_only, la_fixture_next),
	    cmocka_unit_test_setup(output_too_large_is_told_also_when_others_failed_after_it, la_fixture_next),
	};
	const struct CMUnitTest mock[] = {
	    cmocka_unit_test_setup(
	        offsets_that_are_refused_go_later_or_void_what_was_read_meanwhile, la_fixture_next),
	};
	const struct CMUnitTest real[] = {
	    cmocka_unit_test_setup(outputs_and_offsets_are_seen_together, la_fixture_next),
	    cmocka_unit_test_setup(without_outputs_the_offsets_are_committed_alone, la_fixture_next),
	    cmocka_unit_test_setup(a_transaction_waits_for_offsets_that_were_committed_alone, la_fixture_next),
	    cmocka_unit_test_setup(fenced_at_its_commit_a_batch_is_read_and_written_again, la_fixture_next),
	    cmocka_unit_test_setup(fenced_while_it_writes_a_batch_is_written_again, la_fixture_next),
	    cmocka_unit_test_setup(partition_given_away_voids_the_transaction, la_fixture_next),
	};
	int failed = cmocka_run_group_tests_name("bus_kafka_transactions", tests, la_fixture_open, la_fixture_close);

	if (getenv("LA_TEST_KAFKA") == NULL)
		failed += cmocka_run_group_tests_name("refused by a mock", mock, la_fixture_open, la_fixture_close);
	else
		failed += cmocka_run_group_tests_name("on a broker", real, la_fixture_open, la_fixture_close);
	return (failed);
}
