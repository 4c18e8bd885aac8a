/* Configuration: sources and their order, what is refused and how it is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/conf.h"

static struct la_conf *
conf_new(enum la_program program)
{
	struct la_conf *conf;

	assert_int_equal(la_conf_new(&conf, program), LA_OK);
	return (conf);
}

static void
read_text(struct la_conf *conf, const char *text)
{
	assert_int_equal(la_conf_read_text(conf, "x.conf", text, strlen(text)), LA_OK);
}

static void
assert_no_problem(const struct la_conf *conf)
{
	if (la_conf_problem_count(conf) > 0)
		fail_msg("%s", la_conf_problem(conf, 0));
}

/* What each text is told, for the program that reads it. */
struct refusal {
	enum la_program program;
	const char *text, *problem;
};
#define D LA_PROGRAM_DETECTOR
#define M LA_PROGRAM_MAILER

static void
assert_refused(const struct refusal *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct la_conf *conf = conf_new(rows[i].program);

		read_text(conf, rows[i].text);
		if (la_conf_problem_count(conf) != 1)
			fail_msg("%zu problems: %s", la_conf_problem_count(conf), rows[i].text);
		assert_string_equal(la_conf_problem(conf, 0), rows[i].problem);
		la_conf_free(conf);
	}
}

#define URL(schemes) "must be one URL with scheme " schemes ", without user and password"
#define URLS(schemes) \
	"must be one URL, or several with blanks between, each with scheme " schemes ", without user and password"

static void
a_bad_value_is_refused_with_file_line_key_and_what_is_allowed(void **state)
{
	static const struct refusal rows[] = {
	    {D, "\n#x\nbatch.max-events=0", "x.conf:3: batch.max-events: must be a whole number from 1 to 100000"},
	    {D, "batch.max-events=+5", "x.conf:1: batch.max-events: must be a whole number from 1 to 100000"},
	    {D, "batch.max-events=5 000", "x.conf:1: batch.max-events: must be a whole number from 1 to 100000"},
	    {D, "batch.max-events=99999999999999999999",
		"x.conf:1: batch.max-events: must be a whole number from 1 to 100000"},
	    {D, "batch.max-events=", "x.conf:1: batch.max-events: must be a whole number from 1 to 100000"},
	    {D, "batch.max-wait=61s",
		"x.conf:1: batch.max-wait: must be a duration from 0 to 60s, as 10ms, 30s, 5m, 24h or 365d"},
	    {D, "policy.device-ttl=0",
		"x.conf:1: policy.device-ttl: must be a duration from 1ms to 36525d, as 10ms, 30s, 5m, 24h or 365d"},
	    {D, "policy.first-login=grace", "x.conf:1: policy.first-login: must be alert, silent or grace:<duration>"},
	    {D, "policy.first-login=grace:10",
		"x.conf:1: policy.first-login: must be alert, silent or grace:<duration>"},
	    {D, "policy.first-login=Alert", "x.conf:1: policy.first-login: must be alert, silent or grace:<duration>"},
	    {D, "policy.cap=10",
		"x.conf:1: policy.cap: must be a count from 1 to 1000000 and a duration, as 10/1h, or 0"},
	    {D, "policy.cap=10/0",
		"x.conf:1: policy.cap: must be a count from 1 to 1000000 and a duration, as 10/1h, or 0"},
	    {D, "policy.cap=0/1h",
		"x.conf:1: policy.cap: must be a count from 1 to 1000000 and a duration, as 10/1h, or 0"},
	    {D, "policy.seed-until=2025-07-01",
		"x.conf:1: policy.seed-until: must be a time, as 2025-07-01T00:00:00+09:00 or milliseconds since 1970, or none"},
	    {D, "storm.ratio=1.5", "x.conf:1: storm.ratio: must be a number from 0 to 1"},
	    {D, "storm.ratio=.5", "x.conf:1: storm.ratio: must be a number from 0 to 1"},
	    {D, "storm.ratio=5e-1", "x.conf:1: storm.ratio: must be a number from 0 to 1"},
	    {D, "storm.window=1000001", "x.conf:1: storm.window: must be a whole number from 0 to 1000000"},
	    {D, "member.mask=keep-last:65", "x.conf:1: member.mask: must be keep-last:<0..64>"},
	    {D, "member.mask=keep-first:3", "x.conf:1: member.mask: must be keep-last:<0..64>"},
	    {D, "topic.events=a/b", "x.conf:1: topic.events: must be 1 to 249 of A-Z a-z 0-9 . _ -"},
	    {D, "topic.events=..", "x.conf:1: topic.events: must be 1 to 249 of A-Z a-z 0-9 . _ -"},
	    {D, "redis.url=127.0.0.1:6379", "x.conf:1: redis.url: " URLS("redis, rediss or unix")},
	    {D, "redis.url=redis://u:secret@h", "x.conf:1: redis.url: " URLS("redis, rediss or unix")},
	    {D, "redis.url=unix://relative", "x.conf:1: redis.url: " URLS("redis, rediss or unix")},
	    {M, "smtp.url=smtp://a,,http://b", "x.conf:1: smtp.url: " URLS("smtp or smtps")},
	    {M, "smtp.url=http://a", "x.conf:1: smtp.url: " URLS("smtp or smtps")},
	    {M, "smtp.url=smtp://", "x.conf:1: smtp.url: " URLS("smtp or smtps")},
	    {M, "smtp.starttls=yes", "x.conf:1: smtp.starttls: must be required or never"},
	    {M, "smtp.connections=0", "x.conf:1: smtp.connections: must be a whole number from 1 to 1000"},
	    {M, "mail.brand=../x", "x.conf:1: mail.brand: must be 1 to 64 of A-Z a-z 0-9 . _ -"},
	    {M, "mail.brand.acme=a/b", "x.conf:1: mail.brand.acme: must be 1 to 64 of A-Z a-z 0-9 . _ -"},
	    {M, "mail.from=a\x01", "x.conf:1: mail.from: control characters or invalid UTF-8"},
	    {M, "mail.from=\xff", "x.conf:1: mail.from: control characters or invalid UTF-8"},
	    {D, "log.level=trace", "x.conf:1: log.level: must be debug, info, warn or error"},
	    {M, "http.listen=9465", "x.conf:1: http.listen: must be host:port, [address]:port or off"},
	    {M, "http.listen=:9465", "x.conf:1: http.listen: must be host:port, [address]:port or off"},
	    {M, "http.listen=::1:9465", "x.conf:1: http.listen: must be host:port, [address]:port or off"},
	    {D, "http.listen=localhost:70000", "x.conf:1: http.listen: must be host:port, [address]:port or off"},
	    {D, "http.listen=", "x.conf:1: http.listen: must be host:port, [address]:port or off"},
	};

	(void)state;
	assert_refused(rows, sizeof(rows) / sizeof(rows[0]));
}

static void
a_key_that_nothing_reads_yet_is_refused_not_ignored(void **state)
{
	static const struct refusal rows[] = {
	    {D, "avro.framing=Confluent", "x.conf:1: avro.framing: must be none, confluent or single-object"},
	    {D, "schema.registry.url=r:8081", "x.conf:1: schema.registry.url: " URL("http or https")},
	    {M, "retry.schedule=30s,,2m", "x.conf:1: retry.schedule: must be at most 100 durations, as 30s,2m,5m*2"},
	    {M, "retry.schedule=30s*101", "x.conf:1: retry.schedule: must be at most 100 durations, as 30s,2m,5m*2"},
	    {M, "retry.schedule=30s,", "x.conf:1: retry.schedule: must be at most 100 durations, as 30s,2m,5m*2"},
	};

	(void)state;
	assert_refused(rows, sizeof(rows) / sizeof(rows[0]));
}

static void
what_this_version_does_may_be_said(void **state)
{
	struct la_conf *conf = conf_new(D);

	(void)state;
	read_text(conf, "storm.ratio=0.0\ndelivery.guarantee=at_least_once\navro.framing=single-object\n");
	assert_no_problem(conf);
	la_conf_free(conf);
}

static void
an_unknown_key_is_refused_with_the_nearest_known_one(void **state)
{
	static const struct refusal rows[] = {
	    {D, "batch.max-event=1", "x.conf:1: batch.max-event: no such key; did you mean batch.max-events?"},
	    {D, "policy.devicettl=1d", "x.conf:1: policy.devicettl: no such key; did you mean policy.device-ttl?"},
	    {D, "Log.Level=info", "x.conf:1: Log.Level: no such key; did you mean log.level?"},
	    {D, "redis.password=secret", "x.conf:1: redis.password: no such key; did you mean redis.password.file?"},
	    {M, "smtp.password=secret", "x.conf:1: smtp.password: no such key; did you mean smtp.password.file?"},
	    {M, "smtp.conections=1", "x.conf:1: smtp.conections: no such key; did you mean smtp.connections?"},
	    {D, "policy.foo=1", "x.conf:1: policy.foo: no such key; check prints those there are"},
	    {D, "policy.cup=1/1h", "x.conf:1: policy.cup: no such key; did you mean policy.cap?"},
	    {D, "policy.no=1", "x.conf:1: policy.no: no such key; check prints those there are"},
	    {D, "polcy.cooldown=1m", "x.conf:1: polcy.cooldown: no such key; did you mean policy.cooldown?"},
	    {M, "mail.form=a@b.example", "x.conf:1: mail.form: no such key; did you mean mail.from?"},
	    {D, "completely.else=1", "x.conf:1: completely.else: no such key; check prints those there are"},
	    {M, "mail.brand.=x", "x.conf:1: mail.brand.: no such key; did you mean mail.brand?"},
	    {D, "kafka.=x", "x.conf:1: kafka.: no such key; check prints those there are"},
	    {D, "a\x1b[31mb=1", "x.conf:1: a?[31mb: no such key; check prints those there are"},
	};

	(void)state;
	assert_refused(rows, sizeof(rows) / sizeof(rows[0]));
}

#define KAFKA_FORM \
	"must be kafka.<property>, kafka.consumer.<property> or kafka.producer.<property>, a property of librdkafka"
#define COMMIT \
	"offsets are committed when everything before them is decided, written and acknowledged, never by a timer"
#define ACKS "always all: an offset is committed only when every in-sync replica has the outputs"
#define IDEMPOTENT "always true: a retry must not write an output twice or out of order"
#define ISOLATION "always read_committed: what a transaction aborted is no login"
#define SECRET_FILE "a secret is given as a file: set the same key with .file at its end"

static void
kafka_properties_that_promises_rest_on_and_literal_secrets_are_refused(void **state)
{
	static const struct refusal rows[] = {
	    {D, "kafka.enable.auto.commit=false", "x.conf:1: kafka.enable.auto.commit: may not be set: " COMMIT},
	    {D, "kafka.auto.commit.enable=false", "x.conf:1: kafka.auto.commit.enable: may not be set: " COMMIT},
	    {D, "kafka.consumer.enable.auto.offset.store=1",
		"x.conf:1: kafka.consumer.enable.auto.offset.store: may not be set: " COMMIT},
	    {M, "kafka.producer.acks=all", "x.conf:1: kafka.producer.acks: may not be set: " ACKS},
	    {M, "kafka.request.required.acks=1", "x.conf:1: kafka.request.required.acks: may not be set: " ACKS},
	    {D, "kafka.enable.idempotence=true", "x.conf:1: kafka.enable.idempotence: may not be set: " IDEMPOTENT},
	    {D, "kafka.isolation.level=read_committed", "x.conf:1: kafka.isolation.level: may not be set: " ISOLATION},
	    {D, "kafka.acks.file=/f", "x.conf:1: kafka.acks.file: may not be set: " ACKS},
	    {D, "kafka.sasl.password=hunter2", "x.conf:1: kafka.sasl.password: may not be set: " SECRET_FILE},
	    {D, "kafka.consumer.ssl.key.password=hunter2",
		"x.conf:1: kafka.consumer.ssl.key.password: may not be set: " SECRET_FILE},
	    {D, "kafka.ssl.key.pem=hunter2", "x.conf:1: kafka.ssl.key.pem: may not be set: " SECRET_FILE},
	    {D, "kafka.ssl.keystore.password=hunter2",
		"x.conf:1: kafka.ssl.keystore.password: may not be set: " SECRET_FILE},
	    {D, "kafka.sasl.oauthbearer.client.secret=hunter2",
		"x.conf:1: kafka.sasl.oauthbearer.client.secret: may not be set: " SECRET_FILE},
	    {D, "kafka.sasl.oauthbearer.token.endpoint.url=https://user:hunter2@idp.example.net/token",
		"x.conf:1: kafka.sasl.oauthbearer.token.endpoint.url: may not be set: " SECRET_FILE},
	    {D, "kafka.consumer.=x", "x.conf:1: kafka.consumer.: " KAFKA_FORM},
	    {D, "kafka.group id=x", "x.conf:1: kafka.group id: " KAFKA_FORM},
	};

	(void)state;
	assert_refused(rows, sizeof(rows) / sizeof(rows[0]));
}

static void
lines_that_are_no_setting_are_refused(void **state)
{
	static char longest[9000] = "mail.from=";
	static const struct refusal rows[] = {
	    {M, "# c\n  # c\n\nsecret", "x.conf:4: must be key=value, or a comment that starts with #"},
	    {M, "=x", "x.conf:1: must be key=value, or a comment that starts with #"},
	    {M, longest, "x.conf:1: longer than 8192 bytes"},
	};
	struct la_conf *conf = conf_new(M);

	(void)state;
	memset(longest + 10, 'x', 8192);
	assert_refused(rows, sizeof(rows) / sizeof(rows[0]));
	assert_int_equal(la_conf_read_text(conf, "x.conf", "mail.from=a\0b\n", 14), LA_OK);
	assert_int_equal(la_conf_problem_count(conf), 1);
	assert_string_equal(la_conf_problem(conf, 0), "x.conf:1: a NUL byte: this is no text");
	la_conf_free(conf);
}

static void
any_editors_file_is_read(void **state)
{
	struct la_conf *conf = conf_new(M);

	(void)state;
	read_text(conf, "\xef\xbb\xbfmail.from=a@example.jp\r\n\r\n \t smtp.user \t= # no comment here \t\r\n#x=y\r\n"
	                "mail.time-zone=Europe/Paris");
	assert_no_problem(conf);
	assert_string_equal(la_conf_text(conf, "mail.from"), "a@example.jp");
	assert_string_equal(la_conf_text(conf, "smtp.user"), "# no comment here");
	assert_string_equal(la_conf_text(conf, "mail.time-zone"), "Europe/Paris");
	la_conf_free(conf);
}

static void
the_same_key_twice_in_one_file_is_a_warning(void **state)
{
	struct la_conf *conf = conf_new(D);

	(void)state;
	read_text(conf, "batch.max-events=1\n\nbatch.max-events=2\n");
	assert_no_problem(conf);
	assert_int_equal(la_conf_int(conf, "batch.max-events"), 2);
	assert_int_equal(la_conf_warning_count(conf), 1);
	assert_string_equal(
	    la_conf_warning(conf, 0), "x.conf:3: batch.max-events: set before in line 1; this one counts");
	la_conf_free(conf);
}

static void
later_sources_win(void **state)
{
	char from_environment[] = "LOGIN_ALERT_BATCH_MAX_EVENTS=2", other[] = "LOGIN_ALERT_BATCH_MAX_WAIT=20ms";
	char *environment[] = {from_environment, other, NULL};
	struct la_conf *conf = conf_new(D);

	(void)state;
	assert_int_equal(la_conf_int(conf, "batch.max-events"), 5000);
	assert_false(la_conf_is_set(conf, "batch.max-events"));
	read_text(conf, "batch.max-events=1\nbatch.max-wait=1ms\nshutdown.timeout=1s\n");
	assert_int_equal(la_conf_int(conf, "batch.max-events"), 1);
	assert_int_equal(la_conf_read_environment(conf, environment), LA_OK);
	assert_int_equal(la_conf_set(conf, "batch.max-events=3"), LA_OK);
	assert_no_problem(conf);
	assert_int_equal(la_conf_warning_count(conf), 0);
	assert_int_equal(la_conf_int(conf, "batch.max-events"), 3);
	assert_int_equal(la_conf_ms(conf, "batch.max-wait"), 20);
	assert_int_equal(la_conf_ms(conf, "shutdown.timeout"), 1000);
	assert_true(la_conf_is_set(conf, "batch.max-events"));
	la_conf_free(conf);
}

static void
a_bad_value_leaves_the_one_before(void **state)
{
	struct la_conf *conf = conf_new(D);

	(void)state;
	assert_int_equal(la_conf_set(conf, "batch.max-events=3"), LA_OK);
	assert_int_equal(la_conf_set(conf, "batch.max-events=x"), LA_OK);
	assert_int_equal(la_conf_set(conf, "no-equals"), LA_OK);
	assert_int_equal(la_conf_problem_count(conf), 2);
	assert_string_equal(
	    la_conf_problem(conf, 0), "--set: batch.max-events: must be a whole number from 1 to 100000");
	assert_string_equal(la_conf_problem(conf, 1), "--set: must be key=value");
	assert_int_equal(la_conf_int(conf, "batch.max-events"), 3);
	la_conf_free(conf);
}

static void
keys_of_the_other_program_are_known_and_ignored(void **state)
{
	char from_environment[] = "LOGIN_ALERT_SMTP_URL=nonsense";
	char *environment[] = {from_environment, NULL};
	struct la_conf *conf = conf_new(D);

	(void)state;
	read_text(conf, "smtp.rate=7\nsmtp.url=nonsense\nmail.brand.acme=acme\nretry.schedule=x\n");
	assert_int_equal(la_conf_read_environment(conf, environment), LA_OK);
	assert_no_problem(conf);
	assert_int_equal(la_conf_warning_count(conf), 0);
	la_conf_free(conf);
	conf = conf_new(M);
	read_text(conf, "batch.max-events=x\nhash.keys.file=/nowhere\nstorm.ratio=0.5\n");
	assert_no_problem(conf);
	la_conf_free(conf);
}

static void
an_empty_value_unsets_what_has_no_default(void **state)
{
	struct la_conf *conf = conf_new(M);

	(void)state;
	read_text(conf, "smtp.user=u\nsmtp.user=\nmail.brand.acme=x\nschema.registry.url=\ntopic.generation=\n");
	assert_no_problem(conf);
	assert_null(la_conf_text(conf, "smtp.user"));
	assert_string_equal(la_conf_text(conf, "topic.generation"), "");
	la_conf_free(conf);
}

static void
an_unknown_variable_with_the_prefix_is_a_warning(void **state)
{
	char a[] = "LOGIN_ALERT_DETECTOR_SERVICE_HOST=10.0.0.1", b[] = "LOGIN_ALERT_DATA=/x", c[] = "PATH=/bin";
	char d[] = "LOGIN_ALERT_KAFKA_SERVICE_PORT=9092", e[] = "LOGIN_ALERT_KAFKA_PORT_9092_TCP=tcp://10.0.0.1:9092";
	char *environment[] = {a, b, c, d, e, NULL};
	struct la_conf *conf = conf_new(D);

	(void)state;
	assert_int_equal(la_conf_read_environment(conf, environment), LA_OK);
	assert_no_problem(conf);
	assert_int_equal(la_conf_warning_count(conf), 3);
	assert_string_equal(la_conf_warning(conf, 0),
	    "environment variable LOGIN_ALERT_DETECTOR_SERVICE_HOST: no such key; it is ignored");
	la_conf_free(conf);
}

static void
a_bad_variable_is_refused_by_its_name(void **state)
{
	char a[] = "LOGIN_ALERT_LOG_LEVEL=loud";
	char *environment[] = {a, NULL};
	struct la_conf *conf = conf_new(D);

	(void)state;
	assert_int_equal(la_conf_read_environment(conf, environment), LA_OK);
	assert_int_equal(la_conf_problem_count(conf), 1);
	assert_string_equal(la_conf_problem(conf, 0),
	    "environment variable LOGIN_ALERT_LOG_LEVEL: log.level: must be debug, info, warn or error");
	la_conf_free(conf);
}

static void
what_is_required_or_belongs_together_is_told_at_the_end(void **state)
{
	static const char *const required[] = {"hash.keys.file"};
	struct la_conf *conf = conf_new(D);

	(void)state;
	read_text(conf, "redis.user=u\n");
	la_conf_finish(conf, required, 1);
	assert_int_equal(la_conf_problem_count(conf), 2);
	assert_string_equal(
	    la_conf_problem(conf, 0), "hash.keys.file: required, and not set; it must be the path of a file");
	assert_string_equal(
	    la_conf_problem(conf, 1), "redis.user: is set without redis.password.file; set both or neither");
	la_conf_free(conf);
	conf = conf_new(D);
	read_text(conf, "avro.framing=confluent\navro.output-framing=confluent\n");
	la_conf_finish(conf, NULL, 0);
	assert_int_equal(la_conf_problem_count(conf), 2);
	assert_string_equal(
	    la_conf_problem(conf, 0), "avro.framing: confluent needs schema.registry.url, which is not set");
	assert_string_equal(
	    la_conf_problem(conf, 1), "avro.output-framing: confluent needs schema.registry.url, which is not set");
	la_conf_free(conf);
	conf = conf_new(D);
	read_text(conf, "schema.registry.url=http://r\nschema.registry.user=u\nschema.registry.password.file=/f\n");
	la_conf_finish(conf, NULL, 0);
	assert_int_equal(la_conf_problem_count(conf), 1);
	assert_string_equal(la_conf_problem(conf, 0),
	    "schema.registry.user: a password goes over TLS only; schema.registry.url must be https:");
	la_conf_free(conf);
	conf = conf_new(M);
	read_text(conf, "smtp.user=u\nsmtp.starttls=never\n");
	la_conf_finish(conf, NULL, 0);
	assert_int_equal(la_conf_problem_count(conf), 2);
	assert_string_equal(
	    la_conf_problem(conf, 0), "smtp.user: is set without smtp.password.file; set both or neither");
	assert_string_equal(la_conf_problem(conf, 1),
	    "smtp.user: a password goes over TLS only; set smtp.starttls=required or an smtps: URL");
	la_conf_free(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_bad_value_is_refused_with_file_line_key_and_what_is_allowed),
	    cmocka_unit_test(a_key_that_nothing_reads_yet_is_refused_not_ignored),
	    cmocka_unit_test(what_this_version_does_may_be_said),
	    cmocka_unit_test(an_unknown_key_is_refused_with_the_nearest_known_one),
	    cmocka_unit_test(kafka_properties_that_promises_rest_on_and_literal_secrets_are_refused),
	    cmocka_unit_test(lines_that_are_no_setting_are_refused),
	    cmocka_unit_test(any_editors_file_is_read),
	    cmocka_unit_test(the_same_key_twice_in_one_file_is_a_warning),
	    cmocka_unit_test(later_sources_win),
	    cmocka_unit_test(a_bad_value_leaves_the_one_before),
	    cmocka_unit_test(keys_of_the_other_program_are_known_and_ignored),
	    cmocka_unit_test(an_empty_value_unsets_what_has_no_default),
	    cmocka_unit_test(an_unknown_variable_with_the_prefix_is_a_warning),
	    cmocka_unit_test(a_bad_variable_is_refused_by_its_name),
	    cmocka_unit_test(what_is_required_or_belongs_together_is_told_at_the_end),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
