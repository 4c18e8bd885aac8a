/* The bus over Kafka before it is opened: its configuration, and what check says of brokers and topics. */
#include "adapter/kafka_fixture.h"

#include "common/parts_kafka.h"

static void
check_names_what_is_missing(void **state)
{
	struct la_conf *conf = la_fixture_conf(NULL);
	struct la_error error = LA_ERROR_INIT;

	(void)state;
	if (fixture.cluster != NULL) /* the mock makes a topic that is asked for */
		rd_kafka_mock_topic_set_error(fixture.cluster, "nobody-made-this", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	assert_int_equal(la_bus_kafka_check(conf, LA_CONF_KAFKA_CONSUMER, fixture.topic, PATIENCE_MS, &error), LA_OK);
	assert_int_equal(la_bus_kafka_check(conf, LA_CONF_KAFKA_PRODUCER, fixture.out_topic, PATIENCE_MS, &error), LA_OK);
	assert_int_equal(la_bus_kafka_check(conf, LA_CONF_KAFKA_PRODUCER, "nobody-made-this", PATIENCE_MS, &error), LA_ECONFIG);
	assert_non_null(strstr(error.text, "nobody-made-this"));
	la_conf_free(conf);
}

static void
check_asks_as_the_side_that_uses_the_topic(void **state)
{
	static const char *const apart[] = {"kafka.producer.bootstrap.servers=127.0.0.1:1", NULL};
	struct la_conf *conf = la_fixture_conf(apart);
	struct la_error error = LA_ERROR_INIT;

	(void)state;
	assert_int_equal(la_bus_kafka_check(conf, LA_CONF_KAFKA_CONSUMER, fixture.topic, PATIENCE_MS, &error), LA_OK);
	assert_int_equal(la_bus_kafka_check(conf, LA_CONF_KAFKA_PRODUCER, fixture.topic, 500, &error), LA_EUNAVAILABLE);
	la_conf_free(conf);
}

static void
property_that_librdkafka_does_not_take_is_named_with_its_place(void **state)
{
	static const char unknown[] = "# x\nkafka.consumer.no.such.property=1\n";
	static const char *const bad[] = {"kafka.producer.linger.ms=soon", NULL};
	struct la_conf *conf = la_fixture_conf(NULL);
	struct la_error error = LA_ERROR_INIT;

	(void)state;
	assert_int_equal(la_bus_kafka_check_conf(conf, &error), LA_OK);
	la_conf_free(conf);
	conf = la_fixture_conf(NULL);
	assert_int_equal(la_conf_read_text(conf, "some.conf", unknown, strlen(unknown)), LA_OK);
	assert_int_equal(la_bus_kafka_check_conf(conf, &error), LA_ECONFIG);
	assert_non_null(strstr(error.text, "some.conf:2: kafka.consumer.no.such.property: must be a property of librdkafka"));
	la_conf_free(conf);
	conf = la_fixture_conf(bad);
	assert_int_equal(la_bus_kafka_check_conf(conf, &error), LA_ECONFIG);
	assert_non_null(strstr(error.text, "--set: kafka.producer.linger.ms: "));
	la_conf_free(conf);
}

static void
heartbeat_fits_into_the_session_or_is_refused(void **state)
{
	static const char *const late[] = {
	    "kafka.consumer.session.timeout.ms=1500", "kafka.consumer.heartbeat.interval.ms=1500", NULL};
	static const char short_session[] = "kafka.bootstrap.servers=127.0.0.1:1\nkafka.session.timeout.ms=1500\n";
	struct la_error error = LA_ERROR_INIT;
	rd_kafka_conf_t *made = NULL;
	struct la_conf *conf = NULL;
	char value[16] = "";
	size_t size = sizeof(value);

	(void)state;
	assert_int_equal(la_conf_new(&conf, LA_PROGRAM_DETECTOR), LA_OK);
	assert_int_equal(la_conf_read_text(conf, "some.conf", short_session, strlen(short_session)), LA_OK);
	assert_int_equal(la_conf_kafka_make(&made, conf, LA_CONF_KAFKA_CONSUMER, "g", &error), LA_OK);
	assert_int_equal(rd_kafka_conf_get(made, "heartbeat.interval.ms", value, &size), RD_KAFKA_CONF_OK);
	assert_string_equal(value, "500");
	rd_kafka_conf_destroy(made);
	la_conf_free(conf);
	conf = la_fixture_conf(late);
	assert_int_equal(la_bus_kafka_check_conf(conf, &error), LA_ECONFIG);
	assert_non_null(strstr(error.text, "--set: kafka.consumer.heartbeat.interval.ms: must be less than session.timeout.ms"));
	la_conf_free(conf);
}

static void
what_a_broker_had_long_ago_is_not_why_none_answers_now(void **state)
{
	struct la_link_kafka link = {.side = "consumer"};
	struct la_error error = LA_ERROR_INIT;

	(void)state;
	la_link_kafka_note(&link, NULL, RD_KAFKA_RESP_ERR__SSL, "b1: SSL handshake failed");
	la_link_kafka_note(&link, NULL, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "2/2 brokers are down");
	assert_int_equal(la_link_kafka_absent(&link, &error), LA_EUNAVAILABLE);
	assert_string_equal(error.text, "no kafka broker answers: b1: SSL handshake failed");
	link.down = false;
	link.why_at_ms -= 24 * 3600 * 1000;
	la_link_kafka_note(&link, NULL, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "2/2 brokers are down");
	assert_int_equal(la_link_kafka_absent(&link, &error), LA_EUNAVAILABLE);
	assert_string_equal(error.text, "no kafka broker answers");
}

static enum la_err
check_kerberos(const char *more, struct la_error *error)
{
	const char *const extra[] = {"kafka.security.protocol=SASL_PLAINTEXT", "kafka.sasl.mechanism=GSSAPI", more, NULL};
	struct la_conf *conf = la_fixture_conf(extra);
	enum la_err err = la_bus_kafka_check_conf(conf, error);

	la_conf_free(conf);
	return (err);
}

static void
kerberos_needs_a_keytab_unless_the_tickets_come_in_another_way(void **state)
{
	struct la_error error = LA_ERROR_INIT;

	(void)state;
	assert_int_equal(check_kerberos(NULL, &error), LA_ECONFIG);
	assert_non_null(strstr(error.text, "needs kafka.sasl.kerberos.keytab"));
	assert_int_equal(check_kerberos("kafka.sasl.kerberos.principal=login-alert", &error), LA_ECONFIG);
	assert_int_equal(check_kerberos("kafka.sasl.kerberos.keytab=/etc/login-alert/keytab", &error), LA_OK);
	assert_int_equal(check_kerberos("kafka.sasl.kerberos.min.time.before.relogin=0", &error), LA_OK);
	assert_int_equal(check_kerberos("kafka.sasl.kerberos.kinit.cmd=kinit -k %{sasl.kerberos.principal}", &error), LA_OK);
}

/* Either side may be told to log in by it. */
static void
scram_is_warned_of_whichever_side_uses_it(void **state)
{
	static const char *const sides[] = {"kafka.", "kafka.consumer.", "kafka.producer."};
	static const char *const mechanisms[] = {"SCRAM-SHA-512", "PLAIN"};
	char lines[4][96], warning[200], path[] = "/tmp/la-password-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0 && write(fd, "sesame", 6) == 6 && close(fd) == 0);
	for (size_t i = 0; i < 6; i++) {
		const char *const extra[] = {lines[0], lines[1], lines[2], lines[3], NULL};
		const char *side = sides[i / 2];
		struct la_conf *conf;

		(void)snprintf(lines[0], sizeof(lines[0]), "%ssecurity.protocol=SASL_PLAINTEXT", side);
		(void)snprintf(lines[1], sizeof(lines[1]), "%ssasl.mechanism=%s", side, mechanisms[i % 2]);
		(void)snprintf(lines[2], sizeof(lines[2]), "%ssasl.username=login-alert", side);
		(void)snprintf(lines[3], sizeof(lines[3]), "%ssasl.password.file=%s", side, path);
		conf = la_fixture_conf(extra);
		assert_int_equal(la_conf_load_files(conf), LA_OK);
		assert_int_equal(la_bus_kafka_warning(conf, warning, sizeof(warning)), i % 2 == 0 && !la_login_kafka_has_scram());
		la_conf_free(conf);
	}
	(void)unlink(path);
}

static void
client_rack_is_passed_on(void **state)
{
	static const char *const extra[] = {"kafka.consumer.client.rack=rack-7", NULL};
	struct la_conf *conf = la_fixture_conf(extra);
	rd_kafka_conf_t *made = NULL;
	char value[16] = "";
	size_t size = sizeof(value);

	(void)state;
	assert_int_equal(la_conf_kafka_make(&made, conf, LA_CONF_KAFKA_CONSUMER, "g", NULL), LA_OK);
	assert_int_equal(rd_kafka_conf_get(made, "client.rack", value, &size), RD_KAFKA_CONF_OK);
	assert_string_equal(value, "rack-7");
	rd_kafka_conf_destroy(made);
	la_conf_free(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(check_names_what_is_missing, la_fixture_next),
	    cmocka_unit_test_setup(check_asks_as_the_side_that_uses_the_topic, la_fixture_next),
	    cmocka_unit_test_setup(property_that_librdkafka_does_not_take_is_named_with_its_place, la_fixture_next),
	    cmocka_unit_test_setup(what_a_broker_had_long_ago_is_not_why_none_answers_now, la_fixture_next),
	    cmocka_unit_test_setup(kerberos_needs_a_keytab_unless_the_tickets_come_in_another_way, la_fixture_next),
	    cmocka_unit_test_setup(scram_is_warned_of_whichever_side_uses_it, la_fixture_next),
	    cmocka_unit_test_setup(client_rack_is_passed_on, la_fixture_next),
	    cmocka_unit_test_setup(heartbeat_fits_into_the_session_or_is_refused, la_fixture_next),
	};

	return (cmocka_run_group_tests_name("bus_kafka_check", tests, la_fixture_open, la_fixture_close));
}
