/*
 * A range whose records are not there when it comes to them: deleted as by retention (on a real broker only,
 * test_bus_on_kafka.py), or refused for a moment, as by a broker that has just become the leader.
 */
#include "adapter/kafka_fixture.h"
#include "common/range_kafka.h"

/* What is in hand of one of many partitions, LA_RANGE_TAKE records and then 1 MiB, is less than these and the next fetch. */
#define MANY 64
#define RECORDS 1500
#define SMALL_RECORDS 2300 /* for the mock cluster, which keeps 5 MiB of a partition */
#define SMALL_RECORD_BYTES 2000
#define RECORD_BYTES 10000
#define API_FETCH 1

static rd_kafka_t *
make_producer(void)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char reason[256];
	rd_kafka_t *rk;

	assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", fixture.servers, reason, sizeof(reason)), 0);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
	assert_non_null(rk);
	return (rk);
}

static void
fill_topic(rd_kafka_t *rk, const char *topic, int count, size_t bytes)
{
	static char value[RECORD_BYTES];

	for (int i = 0; i < count; i++)
		assert_int_equal(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
				     RD_KAFKA_V_VALUE(value, bytes), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
		    0);
	assert_int_equal(rd_kafka_flush(rk, PATIENCE_MS), 0);
}

static void
delete_before(rd_kafka_t *rk, const char *topic, int64_t offset)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_DeleteRecords_t *request;
	rd_kafka_event_t *answer;

	rd_kafka_topic_partition_list_add(list, topic, 0)->offset = offset;
	request = rd_kafka_DeleteRecords_new(list);
	rd_kafka_DeleteRecords(rk, &request, 1, NULL, queue);
	answer = rd_kafka_queue_poll(queue, PATIENCE_MS);
	assert_non_null(answer);
	assert_int_equal(rd_kafka_event_error(answer), 0);
	rd_kafka_event_destroy(answer);
	rd_kafka_DeleteRecords_destroy(request);
	rd_kafka_queue_destroy(queue);
	rd_kafka_topic_partition_list_destroy(list);
}

/* The range is all of the topic. */
static struct la_range_kafka *
open_range(const struct la_conf *conf)
{
	static const atomic_int never;
	const struct la_range_kafka_options options = {.conf = conf,
	    .topic = fixture.topic,
	    .to_ms = INT64_MAX,
	    .ask_ms = PATIENCE_MS,
	    .timeout_ms = PATIENCE_MS,
	    .stopping = &never};
	struct la_range_kafka *range = NULL;
	struct la_error error = LA_ERROR_INIT;

	if (la_range_kafka_open(&range, &options, &error) != LA_OK)
		fail_msg("%s", error.text);
	return (range);
}

/* The first is read, then all before `gone` is deleted. Those that are there are read, and what is not is told. */
static void
read_while_deleting(int64_t gone)
{
	struct la_conf *conf = la_fixture_conf(NULL);
	rd_kafka_t *rk = make_producer();
	struct la_error error = LA_ERROR_INIT;
	struct la_range_kafka *range;
	struct la_message message;
	int64_t expected = 0, skipped = 0;
	bool found;

	(void)snprintf(fixture.topic, sizeof(fixture.topic), "range-%d-%d", (int)getpid(), (int)gone);
	la_fixture_make_topic(fixture.topic, MANY);
	fill_topic(rk, fixture.topic, RECORDS, RECORD_BYTES);
	range = open_range(conf);
	for (found = true; found;) {
		if (la_range_kafka_next(range, &message, &found, &error) != LA_OK)
			fail_msg("%s", error.text);
		if (!found)
			break;
		if (message.offset == 0)
			delete_before(rk, fixture.topic, gone);
		if (message.offset != expected) {
			assert_int_equal(message.offset, gone);
			skipped += gone - expected;
		}
		expected = message.offset + 1;
	}
	assert_true(gone == RECORDS ? expected < RECORDS : expected == RECORDS && skipped > 0);
	assert_int_equal(la_range_kafka_bounds(range, 0)->low, gone);
	assert_int_equal(la_range_kafka_done(range), la_range_kafka_total(range));
	la_range_kafka_close(range);
	rd_kafka_destroy(rk);
	la_conf_free(conf);
}

static void
records_that_go_while_a_range_is_read_are_told_and_the_next_ones_are_read(void **state)
{
	(void)state;
	read_while_deleting(RECORDS - 10);
}

static void
a_range_whose_last_records_go_while_it_is_read_ends(void **state)
{
	(void)state;
	read_while_deleting(RECORDS);
}

static void
a_moment_at_which_the_next_record_is_refused_makes_none_come_twice(void **state)
{
	struct la_conf *conf = la_fixture_conf(NULL);
	rd_kafka_t *rk = make_producer();
	struct la_error error = LA_ERROR_INIT;
	struct la_range_kafka *range;
	struct la_message message;
	bool found = true;

	(void)state;
	(void)snprintf(fixture.topic, sizeof(fixture.topic), "range-moment");
	la_fixture_make_topic(fixture.topic, MANY);
	fill_topic(rk, fixture.topic, SMALL_RECORDS, SMALL_RECORD_BYTES);
	range = open_range(conf);
	for (int64_t offset = 0; offset < SMALL_RECORDS; offset++) {
		if (la_range_kafka_next(range, &message, &found, &error) != LA_OK)
			fail_msg("%s", error.text);
		assert_true(found);
		assert_int_equal(message.offset, offset);
		if (offset == 0)
			rd_kafka_mock_push_request_errors(fixture.cluster, API_FETCH, 1, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
	}
	assert_int_equal(la_range_kafka_next(range, &message, &found, &error), LA_OK);
	assert_false(found);
	la_range_kafka_close(range);
	rd_kafka_destroy(rk);
	la_conf_free(conf);
}

int
main(void)
{
	const struct CMUnitTest mock[] = {
	    cmocka_unit_test(a_moment_at_which_the_next_record_is_refused_makes_none_come_twice),
	};
	const struct CMUnitTest real[] = {
	    cmocka_unit_test(records_that_go_while_a_range_is_read_are_told_and_the_next_ones_are_read),
	    cmocka_unit_test(a_range_whose_last_records_go_while_it_is_read_ends),
	};

	if (getenv("LA_TEST_KAFKA") == NULL)
		return (cmocka_run_group_tests_name("on the mock cluster", mock, la_fixture_open, la_fixture_close));
	return (cmocka_run_group_tests_name("on a broker", real, la_fixture_open, la_fixture_close));
}
