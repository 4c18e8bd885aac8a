/* What a broker can do to us (P1, P3), by librdkafka's mock cluster: the faults here are injected. */
#include "adapter/kafka_fixture.h"

static struct la_message got[64];

static struct la_output
output_of(uint64_t batch, const char *value)
{
	return ((struct la_output){.topic = fixture.out_topic, .value = la_span_text(value), .batch = batch});
}

static void
fail_requests(int16_t api, size_t count, rd_kafka_resp_err_t cause)
{
	rd_kafka_resp_err_t causes[16];
	size_t i;

	for (i = 0; i < count; i++)
		causes[i] = cause;
	rd_kafka_mock_push_request_errors_array(fixture.cluster, api, count, causes);
}

/* As the loops do: produce, await, and again when refused. */
static void
produce_until_acknowledged(const struct la_bus *port, const struct la_output *output)
{
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	struct la_error error = LA_ERROR_INIT;
	enum la_err err;

	for (;;) {
		err = port->produce(port->self, output, 1000, &error);
		if (err == LA_OK)
			err = port->await(port->self, output->batch, PATIENCE_MS, &error);
		if (err == LA_OK)
			return;
		assert_int_not_equal(la_err_action(err), LA_ACTION_FATAL);
		assert_true(la_clock_now_ms(NULL) < until_ms);
		(void)usleep(100 * 1000);
	}
}

static void
refused_by_size_locally_is_too_large(void **state)
{
	static const char *const small[] = {"kafka.producer.message.max.bytes=1000", NULL};
	struct la_bus_kafka *bus = la_fixture_bus(small);
	const struct la_bus *port = la_bus_kafka_port(bus);
	struct la_error error = LA_ERROR_INIT;
	static unsigned char large[2000];
	struct la_output output = output_of(1, "");

	(void)state;
	output.value = la_span_of(large, sizeof(large));
	assert_int_equal(port->produce(port->self, &output, 1000, &error), LA_ETOOLARGE);
	assert_non_null(strstr(error.text, fixture.out_topic));
	assert_int_equal(port->await(port->self, 1, PATIENCE_MS, &error), LA_OK); /* nothing is under way */
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
refused_by_size_at_the_broker_is_too_large_and_forgotten(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(NULL);
	const struct la_bus *port = la_bus_kafka_port(bus);
	struct la_error error = LA_ERROR_INIT;
	struct la_output output = output_of(7, "v");

	(void)state;
	fail_requests(API_PRODUCE, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	assert_int_equal(port->produce(port->self, &output, 1000, &error), LA_OK);
	assert_int_equal(port->await(port->self, 7, PATIENCE_MS, &error), LA_ETOOLARGE);
	assert_non_null(strstr(error.text, fixture.out_topic));
	assert_int_equal(port->await(port->self, 7, 0, &error), LA_OK);
	assert_int_equal(port->produce(port->self, &output, 1000, &error), LA_OK);
	assert_int_equal(port->await(port->self, 7, PATIENCE_MS, &error), LA_OK);
	assert_int_equal(la_fixture_records(fixture.out_topic, 0, NULL, NULL), 1);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
refused_for_other_reasons_is_unavailable_and_produced_again(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(NULL);
	const struct la_bus *port = la_bus_kafka_port(bus);
	struct la_error error = LA_ERROR_INIT;
	struct la_output output = output_of(1, "v");

	(void)state;
	fail_requests(API_PRODUCE, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	assert_int_equal(port->produce(port->self, &output, 1000, &error), LA_OK);
	assert_int_equal(port->await(port->self, 1, PATIENCE_MS, &error), LA_EUNAVAILABLE);
	produce_until_acknowledged(port, &output);
	assert_int_equal(la_fixture_records(fixture.out_topic, 0, NULL, NULL), 1);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
retriable_refusal_is_written_once(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(NULL);
	const struct la_bus *port = la_bus_kafka_port(bus);
	struct la_error error = LA_ERROR_INIT;
	struct la_output output = output_of(1, "v");

	(void)state;
	rd_kafka_mock_push_request_errors(fixture.cluster, API_PRODUCE, 3, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
	    RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR__TRANSPORT);
	assert_int_equal(port->produce(port->self, &output, 1000, &error), LA_OK);
	assert_int_equal(port->await(port->self, 1, PATIENCE_MS, &error), LA_OK);
	assert_int_equal(la_fixture_records(fixture.out_topic, 0, NULL, NULL), 1);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
await_covers_lower_numbers_and_not_higher_ones(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(NULL);
	const struct la_bus *port = la_bus_kafka_port(bus);
	struct la_error error = LA_ERROR_INIT;
	struct la_output output = output_of(1, "v");

	(void)state;
	assert_int_equal(port->produce(port->self, &output, 1000, &error), LA_OK);
	output.batch = 2;
	assert_int_equal(port->produce(port->self, &output, 1000, &error), LA_OK);
	assert_int_equal(port->await(port->self, 2, PATIENCE_MS, &error), LA_OK);
	assert_int_equal(rd_kafka_mock_broker_set_down(fixture.cluster, -1), 0);
	output.batch = 3;
	assert_int_equal(port->produce(port->self, &output, 1000, &error), LA_OK);
	assert_int_equal(port->await(port->self, 2, 0, &error), LA_OK);
	assert_int_equal(port->await(port->self, 3, 300, &error), LA_ETIMEOUT);
	assert_int_equal(port->await(port->self, 4, 300, &error), LA_ETIMEOUT);
	assert_int_equal(rd_kafka_mock_broker_set_up(fixture.cluster, -1), 0);
	assert_int_equal(port->await(port->self, 3, PATIENCE_MS, &error), LA_OK);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
full_queue_is_a_timeout_not_a_loss(void **state)
{
	static const char *const tiny[] = {"kafka.producer.queue.buffering.max.messages=2", NULL};
	struct la_bus_kafka *bus = la_fixture_bus(tiny);
	const struct la_bus *port = la_bus_kafka_port(bus);
	struct la_error error = LA_ERROR_INIT;
	struct la_output output = output_of(1, "v");
	int64_t started_ms;

	(void)state;
	assert_int_equal(rd_kafka_mock_broker_set_down(fixture.cluster, -1), 0);
	assert_int_equal(port->produce(port->self, &output, 100, &error), LA_OK);
	assert_int_equal(port->produce(port->self, &output, 100, &error), LA_OK);
	started_ms = la_clock_now_ms(NULL);
	assert_int_equal(port->produce(port->self, &output, 300, &error), LA_ETIMEOUT);
	assert_in_range(la_clock_now_ms(NULL) - started_ms, 290, PATIENCE_MS / 3);
	assert_int_equal(rd_kafka_mock_broker_set_up(fixture.cluster, -1), 0);
	assert_int_equal(port->produce(port->self, &output, PATIENCE_MS, &error), LA_OK);
	assert_int_equal(port->await(port->self, 1, PATIENCE_MS, &error), LA_OK);
	assert_int_equal(la_fixture_records(fixture.out_topic, 0, NULL, NULL), 3);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
producer_given_up_by_librdkafka_is_made_anew(void **state)
{
	struct la_bus_kafka *bus;
	const struct la_bus *port;
	struct la_output output = output_of(1, "v");

	(void)state;
	fail_requests(API_INIT_PRODUCER_ID, 1, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
	bus = la_fixture_bus(NULL);
	port = la_bus_kafka_port(bus);
	produce_until_acknowledged(port, &output);
	assert_int_equal(la_fixture_records(fixture.out_topic, 0, NULL, NULL), 1);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

/* Commits, and is refused for that cause; once more when the answer came too late to be seen, if there is a lease still. */
static void
refuse_commit(
    const struct la_bus *port, const struct la_position_done *done, rd_kafka_resp_err_t cause, enum la_err expected)
{
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	struct la_error error = LA_ERROR_INIT;
	enum la_err err;

	fail_requests(API_OFFSET_COMMIT, 1, cause);
	while ((err = port->commit(port->self, done, 1, &error)) == LA_EUNAVAILABLE &&
	    strstr(error.text, rd_kafka_err2str(cause)) == NULL) {
		assert_true(la_clock_now_ms(NULL) < until_ms);
		if (strstr(error.text, "no answer within") != NULL)
			fail_requests(API_OFFSET_COMMIT, 1, cause);
	}
	rd_kafka_mock_clear_request_errors(fixture.cluster, API_OFFSET_COMMIT);
	if (err != LA_OK || port->holds(port->self, done->topic, done->partition, done->lease))
		assert_int_equal(err, expected);
}

static void
commit_of_an_old_generation_is_revoked_and_read_again(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(NULL);
	const struct la_bus *port = la_bus_kafka_port(bus);
	struct la_message old;
	struct la_position_done done;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, &old, 1);
	done = la_fixture_after(&old);
	refuse_commit(port, &done, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, LA_EREVOKED);
	la_fixture_until_void(port, &old);
	assert_int_equal(la_fixture_commit(port, &done, 1), LA_OK);
	assert_int_equal(la_fixture_committed(0), RD_KAFKA_OFFSET_INVALID);
	la_fixture_read(port, got, 1);
	assert_int_equal(got[0].offset, old.offset);
	done = la_fixture_after(&got[0]);
	assert_int_equal(la_fixture_commit(port, &done, 1), LA_OK);
	assert_int_equal(la_fixture_committed(0), 1);
	port->release(port->self, &old, 1);
	port->release(port->self, got, 1);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
commit_during_a_rebalance_is_tried_again(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(NULL);
	const struct la_bus *port = la_bus_kafka_port(bus);
	struct la_position_done done;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, got, 1);
	done = la_fixture_after(&got[0]);
	refuse_commit(port, &done, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, LA_EUNAVAILABLE);
	assert_int_equal(la_fixture_commit(port, &done, 1), LA_OK);
	assert_int_equal(la_fixture_committed(0), 1);
	port->release(port->self, got, 1);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

/* The broker asks for it again, which librdkafka does later than we are patient; meanwhile more is done. */
static void
commit_that_comes_late_does_not_undo_a_later_one(void **state)
{
	static const char *const slow[] = {"kafka.consumer.retry.backoff.ms=1500", NULL};
	struct la_bus_kafka *bus = la_fixture_bus(slow);
	const struct la_bus *port = la_bus_kafka_port(bus);
	struct la_position_done done[2];
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_write(fixture.topic, 0, NULL, "one");
	la_fixture_read(port, got, 2);
	for (size_t i = 0; i < 2; i++)
		done[i] = la_fixture_after(&got[i]);
	do { /* until it was late: we may have been later */
		assert_true(la_clock_now_ms(NULL) < until_ms);
		fail_requests(API_OFFSET_COMMIT, 1, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
	} while (port->commit(port->self, &done[0], 1, NULL) == LA_OK);
	assert_int_equal(la_fixture_commit(port, &done[1], 1), LA_OK);
	until_ms = la_clock_now_ms(NULL) + 1000; /* the late one would be there */
	do
		assert_int_equal(la_fixture_committed(0), 2);
	while (la_clock_now_ms(NULL) < until_ms);
	port->release(port->self, got, 2);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

/* Its answer is never seen: it comes long after librdkafka has given it up. */
static void
commit_whose_answer_is_swallowed_is_done_again(void **state)
{
	static const char *const quick[] = {"kafka.consumer.socket.timeout.ms=1100", "kafka.consumer.fetch.wait.max.ms=50", NULL};
	struct la_bus_kafka *bus;
	const struct la_bus *port;
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	struct la_error error = LA_ERROR_INIT;
	struct la_position_done done[2];
	bool waited = false;

	(void)state;
	assert_int_equal(rd_kafka_mock_coordinator_set(fixture.cluster, "group", fixture.group, FAULTY_COORDINATOR),
	    RD_KAFKA_RESP_ERR_NO_ERROR);
	bus = la_fixture_bus(quick);
	port = la_bus_kafka_port(bus);
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_write(fixture.topic, 0, NULL, "one");
	la_fixture_read(port, got, 2);
	for (size_t i = 0; i < 2; i++)
		done[i] = la_fixture_after(&got[i]);
	while (!waited) { /* this process may stand still until it has given up the answer */
		assert_int_equal(rd_kafka_mock_broker_push_request_error_rtts(fixture.cluster, FAULTY_COORDINATOR,
				     API_OFFSET_COMMIT, 1, RD_KAFKA_RESP_ERR_NO_ERROR, 60000), RD_KAFKA_RESP_ERR_NO_ERROR);
		assert_int_equal(la_err_action(port->commit(port->self, &done[0], 1, &error)), LA_ACTION_RETRY);
		while (port->commit(port->self, &done[1], 1, &error) != LA_OK) {
			waited = waited || strstr(error.text, "the one before is not answered yet") != NULL;
			assert_int_equal(la_err_action(error.code), LA_ACTION_RETRY);
			assert_true(la_clock_now_ms(NULL) < until_ms);
			(void)usleep(10 * 1000);
		}
	}
	assert_int_equal(la_fixture_committed(0), 2);
	port->release(port->self, got, 2);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
member_whose_name_is_taken_is_told_to_start_again(void **state)
{
	static const char *const named[] = {"kafka.consumer.group.instance.id=one", NULL};
	struct la_bus_kafka *bus = la_fixture_bus(named);
	const struct la_bus *port = la_bus_kafka_port(bus);
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	struct la_error error = LA_ERROR_INIT;
	struct la_position_done done;
	enum la_err err = LA_OK;
	size_t count;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, got, 1);
	done = la_fixture_after(&got[0]);
	port->release(port->self, got, 1);
	while (la_err_action(err) != LA_ACTION_FATAL && la_clock_now_ms(NULL) < until_ms) {
		/* a client of the test before this one, which still closes, can take the answer that is meant for us */
		fail_requests(API_OFFSET_COMMIT, 1, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
		err = port->commit(port->self, &done, 1, NULL);
		assert_true(err == LA_OK || la_err_action(err) == LA_ACTION_RETRY);
		err = port->poll(port->self, 100, got, 8, &count, &error);
		port->release(port->self, got, count);
	}
	assert_int_equal(err, LA_EFENCED);
	assert_int_equal(la_err_exit_code(err), 75);
	assert_non_null(strstr(error.text, "group.instance.id"));
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
brokers_away_is_said_and_work_goes_on_when_they_return(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(NULL);
	const struct la_bus *port = la_bus_kafka_port(bus);
	int64_t until_ms;
	enum la_err err = LA_OK;
	struct la_position_done done;
	size_t count;

	(void)state;
	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, got, 1);
	done = la_fixture_after(&got[0]);
	assert_int_equal(rd_kafka_mock_broker_set_down(fixture.cluster, -1), 0);
	until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	while (err == LA_OK && la_clock_now_ms(NULL) < until_ms)
		err = port->poll(port->self, 100, &got[1], 8, &count, NULL);
	assert_int_equal(err, LA_EUNAVAILABLE);
	/* when the session has ended meanwhile, there is nothing to commit */
	assert_int_equal(port->commit(port->self, &done, 1, NULL),
	    port->holds(port->self, got[0].topic, 0, got[0].lease) ? LA_EUNAVAILABLE : LA_OK);
	assert_int_equal(rd_kafka_mock_broker_set_up(fixture.cluster, -1), 0);
	until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	while (err != LA_OK && la_clock_now_ms(NULL) < until_ms) {
		err = port->poll(port->self, 100, &got[1], 8, &count, NULL);
		port->release(port->self, &got[1], count);
	}
	assert_int_equal(err, LA_OK);
	port->release(port->self, got, 1);
	la_fixture_write(fixture.topic, 1, NULL, "one");
	do { /* "zero" may come again, when the session ended meanwhile */
		la_fixture_read(port, got, 1);
		count = (size_t)la_span_is(got[0].value, "one");
		port->release(port->self, got, 1);
	} while (count == 0);
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
reading_goes_on_when_the_leader_moves(void **state)
{
	struct la_bus_kafka *bus = la_fixture_bus(NULL);
	const struct la_bus *port = la_bus_kafka_port(bus);
	struct la_output output = output_of(1, "v");
	int leader;

	(void)state;
	for (leader = 1; leader <= BROKERS; leader++) {
		assert_int_equal(rd_kafka_mock_partition_set_leader(fixture.cluster, fixture.topic, 0, leader), 0);
		assert_int_equal(rd_kafka_mock_partition_set_leader(fixture.cluster, fixture.out_topic, 0, leader), 0);
		la_fixture_write(fixture.topic, 0, NULL, "x");
		la_fixture_read(port, got, 1);
		assert_int_equal(got[0].offset, leader - 1);
		port->release(port->self, got, 1);
		assert_int_equal(port->produce(port->self, &output, 1000, NULL), LA_OK);
		assert_int_equal(port->await(port->self, 1, PATIENCE_MS, NULL), LA_OK);
	}
	la_bus_kafka_close(bus, PATIENCE_MS);
}

static void
check_names_the_servers_that_do_not_answer(void **state)
{
	static const char *const nowhere[] = {"kafka.bootstrap.servers=127.0.0.1:1", NULL};
	struct la_conf *conf = la_fixture_conf(nowhere);
	struct la_error error = LA_ERROR_INIT;

	(void)state;
	assert_int_equal(la_bus_kafka_check(conf, LA_CONF_KAFKA_PRODUCER, "t", 1500, &error), LA_EUNAVAILABLE);
	assert_non_null(strstr(error.text, "127.0.0.1:1"));
	la_conf_free(conf);
}

static bool
closes_in_time_when_no_broker_answers(void)
{
	struct la_bus_kafka *bus = la_fixture_bus(NULL);
	const struct la_bus *port = la_bus_kafka_port(bus);
	struct la_output output = output_of(1, "v");
	int64_t started_ms;

	la_fixture_write(fixture.topic, 0, NULL, "zero");
	la_fixture_read(port, got, 1);
	port->release(port->self, got, 1);
	assert_int_equal(rd_kafka_mock_broker_set_down(fixture.cluster, -1), 0);
	assert_int_equal(port->produce(port->self, &output, 1000, NULL), LA_OK);
	started_ms = la_clock_now_ms(NULL);
	la_bus_kafka_close(bus, 2000);
	return (la_clock_now_ms(NULL) - started_ms < 4000);
}

/* Of three times once: this process may stand still. */
static void
close_keeps_its_time_when_no_broker_answers(void **state)
{
	int tries = 0;

	while (!closes_in_time_when_no_broker_answers()) {
		assert_in_range(++tries, 1, 2);
		assert_int_equal(la_fixture_next(state), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(refused_by_size_locally_is_too_large, la_fixture_next),
	    cmocka_unit_test_setup(refused_by_size_at_the_broker_is_too_large_and_forgotten, la_fixture_next),
	    cmocka_unit_test_setup(refused_for_other_reasons_is_unavailable_and_produced_again, la_fixture_next),
	    cmocka_unit_test_setup(retriable_refusal_is_written_once, la_fixture_next),
	    cmocka_unit_test_setup(await_covers_lower_numbers_and_not_higher_ones, la_fixture_next),
	    cmocka_unit_test_setup(full_queue_is_a_timeout_not_a_loss, la_fixture_next),
	    cmocka_unit_test_setup(producer_given_up_by_librdkafka_is_made_anew, la_fixture_next),
	    cmocka_unit_test_setup(commit_of_an_old_generation_is_revoked_and_read_again, la_fixture_next),
	    cmocka_unit_test_setup(commit_during_a_rebalance_is_tried_again, la_fixture_next),
	    cmocka_unit_test_setup(commit_that_comes_late_does_not_undo_a_later_one, la_fixture_next),
	    cmocka_unit_test_setup(commit_whose_answer_is_swallowed_is_done_again, la_fixture_next),
	    cmocka_unit_test_setup(member_whose_name_is_taken_is_told_to_start_again, la_fixture_next),
	    cmocka_unit_test_setup(brokers_away_is_said_and_work_goes_on_when_they_return, la_fixture_next),
	    cmocka_unit_test_setup(reading_goes_on_when_the_leader_moves, la_fixture_next),
	    cmocka_unit_test_setup(check_names_the_servers_that_do_not_answer, la_fixture_next),
	    cmocka_unit_test_setup(close_keeps_its_time_when_no_broker_answers, la_fixture_next),
	};

	return (cmocka_run_group_tests_name("bus_kafka_faults", tests, la_fixture_open, la_fixture_close));
}
