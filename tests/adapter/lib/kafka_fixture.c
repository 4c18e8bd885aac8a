#include "adapter/kafka_fixture.h"

struct la_fixture fixture;

static rd_kafka_t *
plain_client(rd_kafka_type_t type, const char *group)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char reason[256];
	rd_kafka_t *rk;

	assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", fixture.servers, reason, sizeof(reason)), 0);
	assert_int_equal(rd_kafka_conf_set(conf, "log_level", "2", reason, sizeof(reason)), 0);
	if (type == RD_KAFKA_CONSUMER) {
		assert_int_equal(rd_kafka_conf_set(conf, "group.id", group, reason, sizeof(reason)), 0);
		assert_int_equal(rd_kafka_conf_set(conf, "enable.auto.commit", "false", reason, sizeof(reason)), 0);
		assert_int_equal(rd_kafka_conf_set(conf, "enable.partition.eof", "true", reason, sizeof(reason)), 0);
	}
	rk = rd_kafka_new(type, conf, reason, sizeof(reason));
	if (rk == NULL)
		fail_msg("%s", reason);
	return (rk);
}

int
la_fixture_open(void **state)
{
	const char *real = getenv("LA_TEST_KAFKA");
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char reason[256];

	(void)state;
	if (real != NULL) {
		rd_kafka_conf_destroy(conf);
		(void)snprintf(fixture.servers, sizeof(fixture.servers), "%s", real);
		return (0);
	}
	assert_int_equal(rd_kafka_conf_set(conf, "log_level", "2", reason, sizeof(reason)), 0);
	fixture.mock_client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
	assert_non_null(fixture.mock_client);
	fixture.cluster = rd_kafka_mock_cluster_new(fixture.mock_client, BROKERS);
	assert_non_null(fixture.cluster);
	(void)snprintf(
	    fixture.servers, sizeof(fixture.servers), "%s", rd_kafka_mock_cluster_bootstraps(fixture.cluster));
	return (0);
}

int
la_fixture_close(void **state)
{
	(void)state;
	if (fixture.cluster != NULL)
		rd_kafka_mock_cluster_destroy(fixture.cluster);
	if (fixture.mock_client != NULL)
		rd_kafka_destroy(fixture.mock_client);
	return (0);
}

/* A broker may answer that a topic was made before it knows of it itself. */
static void
wait_until_known(rd_kafka_t *rk, const char *name)
{
	rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
	const struct rd_kafka_metadata *metadata;
	bool is_known = false;
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;

	while (!is_known && la_clock_now_ms(NULL) < until_ms) {
		if (rd_kafka_metadata(rk, 0, topic, &metadata, PATIENCE_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
			continue;
		is_known = metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR;
		rd_kafka_metadata_destroy(metadata);
	}
	rd_kafka_topic_destroy(topic);
	assert_true(is_known);
}

static void
create_really(const char *name, int partitions)
{
	rd_kafka_t *rk = plain_client(RD_KAFKA_PRODUCER, NULL);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	char reason[256];
	rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, partitions, 1, reason, sizeof(reason));
	rd_kafka_event_t *event;
	const rd_kafka_topic_result_t **results;
	size_t count;

	rd_kafka_CreateTopics(rk, &topic, 1, NULL, queue);
	event = rd_kafka_queue_poll(queue, PATIENCE_MS);
	assert_non_null(event);
	results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
	assert_int_equal(count, 1);
	assert_int_equal(rd_kafka_topic_result_error(results[0]), 0);
	rd_kafka_event_destroy(event);
	rd_kafka_NewTopic_destroy(topic);
	rd_kafka_queue_destroy(queue);
	wait_until_known(rk, name);
	rd_kafka_destroy(rk);
}

void
la_fixture_make_topic(const char *name, int partitions)
{
	if (fixture.cluster == NULL)
		create_really(name, partitions);
	else
		assert_int_equal(rd_kafka_mock_topic_create(fixture.cluster, name, partitions, BROKERS), 0);
}

int
la_fixture_next(void **state)
{
	(void)state;
	fixture.number++;
	(void)snprintf(fixture.topic, sizeof(fixture.topic), "in-%d-%u", (int)getpid(), fixture.number);
	(void)snprintf(fixture.out_topic, sizeof(fixture.out_topic), "out-%d-%u", (int)getpid(), fixture.number);
	(void)snprintf(fixture.group, sizeof(fixture.group), "group-%d-%u", (int)getpid(), fixture.number);
	if (fixture.cluster != NULL) {
		rd_kafka_mock_clear_request_errors(fixture.cluster, API_PRODUCE);
		rd_kafka_mock_clear_request_errors(fixture.cluster, API_OFFSET_COMMIT);
		rd_kafka_mock_clear_request_errors(fixture.cluster, API_INIT_PRODUCER_ID);
		(void)rd_kafka_mock_broker_set_up(fixture.cluster, -1);
		(void)rd_kafka_mock_coordinator_set(fixture.cluster, "group", fixture.group, COORDINATOR);
	}
	la_fixture_make_topic(fixture.topic, PARTITIONS);
	la_fixture_make_topic(fixture.out_topic, 1);
	return (0);
}

struct la_conf *
la_fixture_conf(const char *const *extra)
{
	struct la_conf *conf = NULL;
	char servers[sizeof(fixture.servers) + 32];

	assert_int_equal(la_conf_new(&conf, LA_PROGRAM_DETECTOR), LA_OK);
	(void)snprintf(servers, sizeof(servers), "kafka.bootstrap.servers=%s", fixture.servers);
	assert_int_equal(la_conf_set(conf, servers), LA_OK);
	/* Who stands still for some seconds stays in the group. The mock forms one for almost as long, at each change. */
	assert_int_equal(la_conf_set(conf, "kafka.consumer.session.timeout.ms=6000"), LA_OK);
	/*
	 * The mock throws out who stands still for 1 s while a group forms, and answers that join no more: librdkafka waits
	 * for it for this long.
	 */
	if (fixture.cluster != NULL)
		assert_int_equal(la_conf_set(conf, "kafka.consumer.max.poll.interval.ms=15000"), LA_OK);
	assert_int_equal(la_conf_set(conf, "kafka.consumer.heartbeat.interval.ms=200"), LA_OK);
	for (; extra != NULL && *extra != NULL; extra++)
		assert_int_equal(la_conf_set(conf, *extra), LA_OK);
	assert_int_equal(la_conf_problem_count(conf), 0);
	return (conf);
}

struct la_bus_kafka *
la_fixture_bus(const char *const *extra)
{
	struct la_conf *conf = la_fixture_conf(extra);
	struct la_bus_kafka_options options = {.conf = conf,
	    .group_id = fixture.group,
	    .input_topic = fixture.topic,
	    .exactly_once = la_conf_int(conf, "delivery.guarantee") != 0};
	struct la_error error = LA_ERROR_INIT;
	struct la_bus_kafka *bus = NULL;

	if (la_bus_kafka_new(&bus, &options, &error) != LA_OK)
		fail_msg("%s", error.text);
	la_conf_free(conf);
	return (bus);
}

void
la_fixture_write(const char *topic, int32_t partition, const char *key, const char *value)
{
	rd_kafka_t *rk = plain_client(RD_KAFKA_PRODUCER, NULL);
	size_t key_size = key == NULL ? 0 : strlen(key), value_size = value == NULL ? 0 : strlen(value);

	assert_int_equal(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
			     RD_KAFKA_V_KEY(key, key_size), RD_KAFKA_V_VALUE((void *)(uintptr_t)value, value_size),
			     RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
	    0);
	assert_int_equal(rd_kafka_flush(rk, PATIENCE_MS), 0);
	rd_kafka_destroy(rk);
}

size_t
la_fixture_poll(const struct la_bus *bus, int wait_ms, struct la_message *out, size_t cap)
{
	struct la_error error = LA_ERROR_INIT;
	size_t count = 0;

	if (la_err_action(bus->poll(bus->self, wait_ms, out, cap, &count, &error)) == LA_ACTION_FATAL)
		fail_msg("%s", error.text);
	return (count);
}

enum la_err
la_fixture_commit(const struct la_bus *bus, const struct la_position_done *positions, size_t count)
{
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	enum la_err err;

	while ((err = bus->commit(bus->self, positions, count, NULL)) == LA_EUNAVAILABLE) {
		assert_true(la_clock_now_ms(NULL) < until_ms);
		(void)usleep(10 * 1000);
	}
	return (err);
}

void
la_fixture_read(const struct la_bus *bus, struct la_message *out, size_t count)
{
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	struct la_error error = LA_ERROR_INIT;
	size_t total = 0, got;

	while (total < count && la_clock_now_ms(NULL) < until_ms) {
		enum la_err err = bus->poll(bus->self, 200, out + total, count - total, &got, &error);

		if (la_err_action(err) == LA_ACTION_FATAL)
			fail_msg("%s", error.text);
		total += got;
	}
	if (total != count)
		fail_msg("%zu records of %zu; said last: %s", total, count, error.text);
}

void
la_fixture_until_void(const struct la_bus *bus, const struct la_message *message)
{
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	struct la_message out[64];

	while (bus->holds(bus->self, message->topic, message->partition, message->lease)) {
		assert_true(la_clock_now_ms(NULL) < until_ms);
		bus->release(bus->self, out, la_fixture_poll(bus, 100, out, 64));
	}
}

int64_t
la_fixture_committed(int32_t partition)
{
	rd_kafka_t *rk = plain_client(RD_KAFKA_CONSUMER, fixture.group);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	int64_t offset;

	(void)rd_kafka_topic_partition_list_add(list, fixture.topic, partition);
	assert_int_equal(rd_kafka_committed(rk, list, PATIENCE_MS), 0);
	offset = list->elems[0].offset;
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_destroy(rk);
	return (offset);
}

size_t
la_fixture_records(
    const char *topic, int32_t partition, void (*fn)(const rd_kafka_message_t *message, void *cookie), void *cookie)
{
	rd_kafka_t *rk = plain_client(RD_KAFKA_CONSUMER, "reader");
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_message_t *message;
	bool at_end = false;
	size_t count = 0;

	rd_kafka_topic_partition_list_add(list, topic, partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
	assert_int_equal(rd_kafka_assign(rk, list), 0);
	while (!at_end) {
		message = rd_kafka_consumer_poll(rk, PATIENCE_MS);
		assert_non_null(message);
		at_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
		if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
			count++;
			if (fn != NULL)
				fn(message, cookie);
		}
		rd_kafka_message_destroy(message);
	}
	rd_kafka_topic_partition_list_destroy(list);
	(void)rd_kafka_consumer_close(rk);
	rd_kafka_destroy(rk);
	return (count);
}
