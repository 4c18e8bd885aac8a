/* Configuration: what values mean, what is in force, what is handed on and printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/conf.h"
#include "common/conf_keys.h"
#include "common/conf_value.h"

static struct la_conf *
conf_of(enum la_program program, const char *text)
{
	struct la_conf *conf;

	assert_int_equal(la_conf_new(&conf, program), LA_OK);
	assert_int_equal(la_conf_read_text(conf, "x.conf", text, strlen(text)), LA_OK);
	if (la_conf_problem_count(conf) > 0)
		fail_msg("%s", la_conf_problem(conf, 0));
	return (conf);
}

static void
durations_have_a_unit_and_end_at_100_years(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: refused */
	} rows[] = {
	    {"0", 0}, {"10ms", 10}, {"30s", 30000}, {"5m", 300000}, {"24h", 86400000}, {"365d", 31536000000},
	    {"0s", 0}, {"007s", 7000}, {"36525d", 3155760000000}, {"876600h", 3155760000000},
	    {"52596000m", 3155760000000}, {"3155760000s", 3155760000000}, {"3155760000000ms", 3155760000000},
	    {"36526d", -1}, {"876601h", -1}, {"3155760000001ms", -1}, {"9223372036854775807d", -1},
	    {"99999999999999999999999999s", -1}, {"", -1}, {"5", -1}, {"s", -1}, {"-5s", -1}, {"+5s", -1}, {"5 s", -1},
	    {"5s ", -1}, {" 5s", -1}, {"5S", -1}, {"1h30m", -1}, {"1.5h", -1}, {"5w", -1}, {"5y", -1}, {"00", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t ms = -1;

		if ((la_conf_parse_duration(rows[i].text, &ms) == LA_OK) != (rows[i].ms >= 0))
			fail_msg("%s", rows[i].text);
		assert_int_equal(ms, rows[i].ms);
	}
}

static void
times_are_iso_8601_or_milliseconds(void **state)
{
	static const char *const refused[] = {"", "-", "1.5", "9223372036854775808", "-9223372036854775808",
	    "yesterday", "2025-07-01", "2025-07-01T00:00:00", "1751295600000 "};
	int64_t ms;

	(void)state;
	assert_int_equal(la_conf_parse_time("2025-07-01T00:00:00+09:00", &ms), LA_OK);
	assert_int_equal(ms, 1751295600000);
	assert_int_equal(la_conf_parse_time("1751295600000", &ms), LA_OK);
	assert_int_equal(ms, 1751295600000);
	assert_int_equal(la_conf_parse_time("-1", &ms), LA_OK);
	assert_int_equal(ms, -1);
	assert_int_equal(la_conf_parse_time("9223372036854775807", &ms), LA_OK);
	assert_int_equal(ms, INT64_MAX);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(la_conf_parse_time(refused[i], &ms), LA_EDATA);
}

/* What is just inside, and just outside. %N stands for N zeros. */
static void
values_end_where_the_table_says(void **state)
{
	static const struct {
		enum la_program program;
		const char *key, *accepted, *refused; /* NULL: nothing is */
	} rows[] = {
	    {LA_PROGRAM_DETECTOR, "topic.events", "%249", "%250"},
	    {LA_PROGRAM_DETECTOR, "topic.events-dlq", "a.b_c-D9", "a b"},
	    {LA_PROGRAM_DETECTOR, "redis.prefix", "%64", "%65"},
	    {LA_PROGRAM_DETECTOR, "redis.prefix", "..a", "."},
	    {LA_PROGRAM_DETECTOR, "topic.generation", "", NULL},
	    {LA_PROGRAM_DETECTOR, "http.listen", "off", "of"},
	    {LA_PROGRAM_DETECTOR, "http.listen", "[::1]:0", "[]:0"},
	    {LA_PROGRAM_DETECTOR, "http.listen", "h:65535", "h:65536"},
	    {LA_PROGRAM_DETECTOR, "shutdown.timeout", "1h", "3600001ms"},
	    {LA_PROGRAM_DETECTOR, "shutdown.timeout", "0", "-1s"},
	    {LA_PROGRAM_DETECTOR, "batch.max-events", "1", "0"},
	    {LA_PROGRAM_DETECTOR, "batch.max-events", "100000", "100001"},
	    {LA_PROGRAM_DETECTOR, "batch.max-wait", "60s", "60001ms"},
	    {LA_PROGRAM_DETECTOR, "batch.max-wait", "0", "0d1"},
	    {LA_PROGRAM_DETECTOR, "policy.device-ttl", "1ms", "0"},
	    {LA_PROGRAM_DETECTOR, "policy.device-ttl", "36525d", "36526d"},
	    {LA_PROGRAM_DETECTOR, "policy.first-login", "grace:36525d", "grace:36526d"},
	    {LA_PROGRAM_DETECTOR, "policy.first-login", "grace:0", "silent:1m"},
	    {LA_PROGRAM_DETECTOR, "policy.no-token", "environment", "silent"},
	    {LA_PROGRAM_DETECTOR, "policy.cooldown", "876600h", "876601h"},
	    {LA_PROGRAM_DETECTOR, "policy.cap", "1/1ms", "1/0"},
	    {LA_PROGRAM_DETECTOR, "policy.cap", "1000000/36525d", "1000001/1h"},
	    {LA_PROGRAM_DETECTOR, "policy.cap", "0", "0/0"},
	    {LA_PROGRAM_DETECTOR, "policy.cap", "1/1h", "1/1h/1h"},
	    {LA_PROGRAM_DETECTOR, "policy.seed-until", "none", "never"},
	    {LA_PROGRAM_DETECTOR, "policy.seed-until", "-1", "2025-07-01T00:00:00"},
	    {LA_PROGRAM_DETECTOR, "alert.max-age", "52596000m", "52596001m"},
	    {LA_PROGRAM_DETECTOR, "storm.ratio", "1", "1.000000001"},
	    {LA_PROGRAM_DETECTOR, "storm.ratio", "0.123456789", "0.1234567891"},
	    {LA_PROGRAM_DETECTOR, "storm.ratio", "001", "0001"},
	    {LA_PROGRAM_DETECTOR, "storm.ratio", "0", "0."},
	    {LA_PROGRAM_DETECTOR, "storm.window", "0", "-1"},
	    {LA_PROGRAM_DETECTOR, "storm.window", "1000000", "1000001"},
	    {LA_PROGRAM_DETECTOR, "member.mask", "keep-last:0", "keep-last:"},
	    {LA_PROGRAM_DETECTOR, "member.mask", "keep-last:64", "keep-last:65"},
	    {LA_PROGRAM_DETECTOR, "member.mask", "keep-last:4", "keep-last:4 "},
	    {LA_PROGRAM_DETECTOR, "redis.url", "redis://a rediss://b:1", " "},
	    {LA_PROGRAM_DETECTOR, "schema.registry.url", "https://r/x", "https://r, https://s"},
	    {LA_PROGRAM_MAILER, "retry.schedule", "1ms*100", "1ms*100,1ms"},
	    {LA_PROGRAM_MAILER, "retry.schedule", "30s,2m,5m*2,15m,1h*4", "30s*0"},
	    {LA_PROGRAM_MAILER, "mail.brand", "%64", "%65"},
	};
	struct la_conf_value value;
	char text[300];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct la_conf_key *key = la_conf_key_find(rows[i].key, rows[i].program);

		for (int refused = 0; refused <= (rows[i].refused != NULL); refused++) {
			const char *given = refused ? rows[i].refused : rows[i].accepted;

			(void)snprintf(text, sizeof(text), "%s", given);
			if (given[0] == '%')
				(void)snprintf(text, sizeof(text), "%0*d", atoi(given + 1), 0);
			if (la_conf_value_parse(key, text, &value) != !refused)
				fail_msg("%s=%s", key->name, given);
		}
	}
}

static void
every_row_of_the_table_accepts_its_own_default(void **state)
{
	(void)state;
	for (size_t i = 0; i < la_conf_key_count; i++) {
		const struct la_conf_key *key = &la_conf_keys[i];
		char allowed[LA_CONF_ALLOWED_BYTES];
		struct la_conf_value value;

		la_conf_value_allowed(key, allowed);
		if (key->type != LA_CONF_KAFKA)
			assert_int_not_equal(allowed[0], '\0');
		if (key->fallback != NULL && !la_conf_value_parse(key, key->fallback, &value))
			fail_msg("%s=%s", key->name, key->fallback);
	}
}

/* The environment's spelling must tell keys apart. */
static void
no_two_keys_have_the_same_variable(void **state)
{
	char a[64], b[64];

	(void)state;
	for (size_t i = 0; i < la_conf_key_count; i++) {
		for (size_t j = 0; j < i; j++) {
			(void)snprintf(a, sizeof(a), "%s", la_conf_keys[i].name);
			(void)snprintf(b, sizeof(b), "%s", la_conf_keys[j].name);
			if (strcmp(a, b) == 0)
				continue; /* one key, a default for each program */
			for (size_t k = 0; k < sizeof(a); k++) {
				a[k] = a[k] == '-' ? '.' : a[k];
				b[k] = b[k] == '-' ? '.' : b[k];
			}
			assert_string_not_equal(a, b);
		}
	}
}

static void
every_fixed_key_can_be_set_by_its_variable(void **state)
{
	(void)state;
	for (size_t i = 0; i < la_conf_key_count; i++) {
		const struct la_conf_key *key = &la_conf_keys[i];
		enum la_program program = key->owner == LA_CONF_MAILER ? LA_PROGRAM_MAILER : LA_PROGRAM_DETECTOR;
		char variable[160] = "LOGIN_ALERT_";
		char *environment[] = {variable, NULL};
		struct la_conf *conf;
		size_t used = strlen(variable);

		if (la_conf_key_is_family(key) || key->fallback == NULL || key->today != NULL)
			continue;
		for (const char *p = key->name; *p != '\0'; p++)
			variable[used++] = (char)(*p == '.' || *p == '-' ? '_' : *p - ('a' - 'A'));
		(void)snprintf(variable + used, sizeof(variable) - used, "=%s", key->fallback);
		conf = conf_of(program, "");
		assert_int_equal(la_conf_read_environment(conf, environment), LA_OK);
		assert_int_equal(la_conf_problem_count(conf) + la_conf_warning_count(conf), 0);
		assert_true(la_conf_is_set(conf, key->name) || key->fallback[0] == '\0');
		la_conf_free(conf);
	}
}

static void
defaults_are_those_of_the_contract_or_what_works_today(void **state)
{
	struct la_conf *conf = conf_of(LA_PROGRAM_DETECTOR, "");

	(void)state;
	assert_string_equal(la_conf_text(conf, "topic.events"), "login-events");
	assert_string_equal(la_conf_text(conf, "redis.url"), "redis://127.0.0.1:6379");
	assert_int_equal(la_conf_int(conf, "batch.max-events"), 5000);
	assert_int_equal(la_conf_ms(conf, "batch.max-wait"), 10);
	assert_int_equal(la_conf_ms(conf, "policy.device-ttl"), INT64_C(365) * 86400000);
	assert_int_equal(la_conf_int(conf, "policy.cap"), 10);
	assert_int_equal(la_conf_ms(conf, "policy.cap"), 3600000);
	assert_int_equal(la_conf_int(conf, "member.mask"), 3);
	assert_true(la_conf_ratio(conf, "storm.ratio") > 0.499 && la_conf_ratio(conf, "storm.ratio") < 0.501);
	assert_int_equal(la_conf_int(conf, "storm.window"), 1000);
	assert_string_equal(la_conf_text(conf, "http.listen"), "127.0.0.1:9464");
	assert_null(la_conf_text(conf, "hash.keys.file"));
	assert_false(la_conf_is_set(conf, "policy.seed-until"));
	la_conf_free(conf);
}

static void
choices_are_numbered_as_the_enums_are(void **state)
{
	struct la_conf *conf = conf_of(LA_PROGRAM_DETECTOR,
	    "policy.first-login=grace:10m\navro.framing=single-object\ndecisions.publish=all\nlog.level=error\n"
	    "log.format=json\npolicy.no-token=environment\npolicy.mode=shadow\npolicy.cap=0\nmember.mask=keep-last:0\n"
	    "policy.seed-until=2025-07-01T00:00:00+09:00\n");

	(void)state;
	assert_int_equal(la_conf_int(conf, "policy.first-login"), 2);
	assert_int_equal(la_conf_ms(conf, "policy.first-login"), 600000);
	assert_string_equal(la_conf_text(conf, "policy.first-login"), "grace:10m");
	assert_int_equal(la_conf_int(conf, "avro.framing"), 2);
	assert_int_equal(la_conf_int(conf, "decisions.publish"), 2);
	assert_int_equal(la_conf_int(conf, "log.level"), 3);
	assert_int_equal(la_conf_int(conf, "log.format"), 1);
	assert_int_equal(la_conf_int(conf, "policy.no-token"), 1);
	assert_int_equal(la_conf_int(conf, "policy.mode"), 1);
	assert_int_equal(la_conf_int(conf, "policy.cap"), 0);
	assert_int_equal(la_conf_int(conf, "member.mask"), 0);
	assert_int_equal(la_conf_ms(conf, "policy.seed-until"), 1751295600000);
	la_conf_free(conf);
}

/* "property=value;" of everything handed out. */
static void
collect(void *cookie, const struct la_conf_kafka_property *property)
{
	char *text = cookie;

	(void)snprintf(text + strlen(text), 512 - strlen(text), "%s=%s;", property->name, property->value);
}

static void
kafka_properties_are_handed_on_verbatim_the_special_after_the_general(void **state)
{
	char a[] = "LOGIN_ALERT_KAFKA_CONSUMER_FETCH_MIN_BYTES=5", b[] = "LOGIN_ALERT_KAFKA_LOG_LEVEL=7";
	char c[] = "LOGIN_ALERT_KAFKA_SSL_CA_PEM=line 1\nline 2";
	char *environment[] = {a, b, c, NULL};
	struct la_conf *conf = conf_of(LA_PROGRAM_DETECTOR,
	    "kafka.consumer.client.id=c\nkafka.producer.client.id=p\nkafka.client.id=both\n"
	    "kafka.bootstrap.servers = a:1,b:2 # x\nkafka.debug=\nkafka.ssl.key.password.file=/not/read\n");
	char text[512] = "";

	(void)state;
	assert_int_equal(la_conf_read_environment(conf, environment), LA_OK);
	assert_int_equal(la_conf_problem_count(conf), 0);
	la_conf_each_kafka(conf, LA_CONF_KAFKA_CONSUMER, collect, text);
	assert_string_equal(text, "bootstrap.servers=a:1,b:2 # x;client.id=both;debug=;log_level=7;"
	                          "ssl.ca.pem=line 1\nline 2;client.id=c;fetch.min.bytes=5;");
	text[0] = '\0';
	la_conf_each_kafka(conf, LA_CONF_KAFKA_PRODUCER, collect, text);
	assert_string_equal(text, "bootstrap.servers=a:1,b:2 # x;client.id=both;debug=;log_level=7;"
	                          "ssl.ca.pem=line 1\nline 2;client.id=p;");
	la_conf_free(conf);
}

static void
a_tenants_brand_is_found_by_its_name(void **state)
{
	char a[] = "LOGIN_ALERT_MAIL_BRAND_OTHER=o", b[] = "LOGIN_ALERT_MAIL_BRAND=all";
	char *environment[] = {a, b, NULL};
	struct la_conf *conf = conf_of(LA_PROGRAM_MAILER, "mail.brand.acme=a\nmail.brand.acme.jp=b\n");

	(void)state;
	assert_int_equal(la_conf_read_environment(conf, environment), LA_OK);
	assert_string_equal(la_conf_text_for(conf, "mail.brand.", "acme", 4), "a");
	assert_string_equal(la_conf_text_for(conf, "mail.brand.", "acme.jp", 7), "b");
	assert_string_equal(la_conf_text_for(conf, "mail.brand.", "other", 5), "o");
	assert_string_equal(la_conf_text(conf, "mail.brand"), "all");
	assert_null(la_conf_text_for(conf, "mail.brand.", "acm", 3));
	assert_null(la_conf_text_for(conf, "mail.brand.", "acme\0x", 6));
	assert_null(la_conf_text_for(conf, "mail.brand.", "", 0));
	la_conf_free(conf);
}

static char *
print(const struct la_conf *conf)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	la_conf_print(conf, out);
	assert_int_equal(fclose(out), 0);
	return (text);
}

static void
what_is_in_force_is_printed_and_reads_back_without_a_problem(void **state)
{
	struct la_conf *conf = conf_of(LA_PROGRAM_MAILER,
	    "kafka.sasl.password.file=/p\nkafka.bootstrap.servers=a:1\nmail.brand.acme=x\nsmtp.connections=7\n"
	    "smtp.password.file=/q\nsmtp.user=u\n");
	char *text, *again;
	struct la_conf *back;

	(void)state;
	assert_int_equal(la_conf_set_host(conf, "mail.example.jp"), LA_OK);
	text = print(conf);
	assert_ptr_equal(text, strstr(text, "kafka.bootstrap.servers=a:1\nkafka.sasl.password.file=/p\ntopic.events="));
	assert_non_null(strstr(text, "\nsmtp.url=smtp://127.0.0.1:25/mail.example.jp\n"));
	assert_non_null(strstr(text, "\nsmtp.connections=7\n"));
	assert_non_null(strstr(text, "\nmail.brand=jmb\nmail.brand.acme=x\n"));
	assert_non_null(strstr(text, "\nretry.schedule=30s,2m,5m*2,15m,1h*4\n"));
	assert_non_null(strstr(text, "\n# recipient.url: not set\n"));
	assert_non_null(strstr(text, "\n# mail.from: not set\n"));
	back = conf_of(LA_PROGRAM_MAILER, text);
	again = print(back);
	assert_string_equal(again, text);
	free(text);
	free(again);
	la_conf_free(conf);
	la_conf_free(back);
}

static void
defaults_are_printed_as_they_are_in_force(void **state)
{
	struct la_conf *conf = conf_of(LA_PROGRAM_DETECTOR, "");
	char *text = print(conf);

	(void)state;
	assert_non_null(strstr(text, "\nstorm.ratio=0.5\nstorm.window=1000\n"));
	assert_non_null(strstr(text, "\ndelivery.guarantee=at_least_once\n"));
	assert_non_null(strstr(text, "\npolicy.seed-until=none\n"));
	free(text);
	la_conf_free(conf);
}

static void
a_value_with_line_ends_prints_as_one_line(void **state)
{
	char a[] = "LOGIN_ALERT_KAFKA_SSL_CA_PEM=x\nredis.url=y";
	char *environment[] = {a, NULL};
	struct la_conf *conf = conf_of(LA_PROGRAM_DETECTOR, "");
	char *text;

	(void)state;
	assert_int_equal(la_conf_read_environment(conf, environment), LA_OK);
	text = print(conf);
	assert_ptr_equal(text, strstr(text, "kafka.ssl.ca.pem=x?redis.url=y\n"));
	free(text);
	la_conf_free(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(durations_have_a_unit_and_end_at_100_years),
	    cmocka_unit_test(times_are_iso_8601_or_milliseconds),
	    cmocka_unit_test(values_end_where_the_table_says),
	    cmocka_unit_test(every_row_of_the_table_accepts_its_own_default),
	    cmocka_unit_test(no_two_keys_have_the_same_variable),
	    cmocka_unit_test(every_fixed_key_can_be_set_by_its_variable),
	    cmocka_unit_test(defaults_are_those_of_the_contract_or_what_works_today),
	    cmocka_unit_test(choices_are_numbered_as_the_enums_are),
	    cmocka_unit_test(kafka_properties_are_handed_on_verbatim_the_special_after_the_general),
	    cmocka_unit_test(a_tenants_brand_is_found_by_its_name),
	    cmocka_unit_test(what_is_in_force_is_printed_and_reads_back_without_a_problem),
	    cmocka_unit_test(defaults_are_printed_as_they_are_in_force),
	    cmocka_unit_test(a_value_with_line_ends_prints_as_one_line),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
