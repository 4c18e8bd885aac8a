/* Events as plain JSON: what is read, with which defaults; what is refused, without a word of the input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"

#define EVENT(rest) "{\"event_id\":\"e1\",\"occurred_at\":1751295600000,\"member_id\":\"m1\"" rest "}"

static void
read_event(const char *text, struct la_json_event *event)
{
	struct la_error error = LA_ERROR_INIT;

	if (la_json_read_event(la_span_text(text), event, &error) != LA_OK)
		fail_msg("%s: %s", text, error.text);
}

static void
every_field_of_an_event_is_read(void **state)
{
	struct la_json_event event;
	const struct la_login_event *e = &event.event;
	static const char text[] =
	    EVENT(",\"kind\":\"THIRD_PARTY_LINK\",\"result\":\"CHALLENGED\",\"tenant\":\"t\",\"member_number\":\"n\","
		  "\"account_created_at\":\"2025-07-01T00:00:00+09:00\",\"device_token\":\"d\",\"device_token_origin\":"
		  "\"ISSUED\","
		  "\"channel\":\"APP\",\"actor\":\"OPERATOR\",\"user_agent\":\"ua\",\"browser\":\"b\",\"os\":\"o\","
		  "\"device_model\":\"dm\",\"device_class\":\"TABLET\",\"ip\":\"192.0.2.1\",\"location\":\"l\","
		  "\"client_app_id\":\"ci\",\"client_app_name\":\"cn\",\"locale\":\"ja\",\"time_zone\":\"Asia/Tokyo\","
		  "\"email\":\"a@example.jp\",\"email_sealed\":\"AAH/\",\"something_new\":{\"x\":[1]},"
		  "\"_topic\":\"t1\",\"_partition\":3,\"_offset\":9000000000,\"_timestamp\":1751295600001");

	(void)state;
	read_event(text, &event);
	assert_true(la_span_is(e->event_id, "e1"));
	assert_int_equal(e->occurred_at_ms, 1751295600000);
	assert_int_equal(e->kind, LA_KIND_THIRD_PARTY_LINK);
	assert_int_equal(e->result, LA_RESULT_CHALLENGED);
	assert_true(la_span_is(e->tenant, "t"));
	assert_true(la_span_is(e->member_id, "m1"));
	assert_true(la_span_is(e->member_number, "n"));
	assert_true(e->has_account_created_at);
	assert_int_equal(e->account_created_at_ms, 1751295600000);
	assert_true(la_span_is(e->device_token, "d"));
	assert_int_equal(e->device_token_origin, LA_ORIGIN_ISSUED);
	assert_int_equal(e->channel, LA_CHANNEL_APP);
	assert_int_equal(e->actor, LA_ACTOR_OPERATOR);
	assert_true(la_span_is(e->user_agent, "ua"));
	assert_true(la_span_is(e->browser, "b"));
	assert_true(la_span_is(e->os, "o"));
	assert_true(la_span_is(e->device_model, "dm"));
	assert_int_equal(e->device_class, LA_CLASS_TABLET);
	assert_true(la_span_is(e->ip, "192.0.2.1"));
	assert_true(la_span_is(e->location, "l"));
	assert_true(la_span_is(e->client_app_id, "ci"));
	assert_true(la_span_is(e->client_app_name, "cn"));
	assert_true(la_span_is(e->locale, "ja"));
	assert_true(la_span_is(e->time_zone, "Asia/Tokyo"));
	assert_true(la_span_is(e->email, "a@example.jp"));
	assert_true(la_span_equal(e->email_sealed, la_span_of("\x00\x01\xff", 3)));
	assert_true(event.has_topic && event.has_partition && event.has_offset && event.source.has_timestamp);
	assert_true(la_span_is(event.source.topic, "t1"));
	assert_int_equal(event.source.partition, 3);
	assert_int_equal(event.source.offset, 9000000000);
	assert_int_equal(event.source.timestamp_ms, 1751295600001);
	la_json_event_clear(&event);
}

static void
assert_defaults(const struct la_json_event *event)
{
	const struct la_login_event *e = &event->event;
	const struct la_span absent[] = {e->member_number, e->device_token, e->user_agent, e->browser, e->os,
	    e->device_model, e->ip, e->location, e->client_app_id, e->client_app_name, e->locale, e->time_zone,
	    e->email, e->email_sealed};

	assert_int_equal(e->kind, LA_KIND_LOGIN);
	assert_int_equal(e->result, LA_RESULT_SUCCESS);
	assert_true(la_span_is(e->tenant, "default"));
	assert_int_equal(e->device_token_origin, LA_ORIGIN_NONE);
	assert_int_equal(e->channel, LA_CHANNEL_WEB);
	assert_int_equal(e->actor, LA_ACTOR_SELF);
	assert_int_equal(e->device_class, LA_CLASS_UNKNOWN);
	assert_false(e->has_account_created_at);
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		assert_false(la_span_present(absent[i]));
	assert_false(event->has_topic || event->has_partition || event->has_offset || event->source.has_timestamp);
}

static void
fields_left_out_or_null_take_the_schemas_defaults(void **state)
{
	struct la_json_event event;

	(void)state;
	read_event(EVENT(""), &event);
	assert_defaults(&event);
	la_json_event_clear(&event);
	read_event(EVENT(",\"kind\":null,\"result\":null,\"tenant\":null,\"device_token\":null,\"channel\":null,"
	                 "\"actor\":null,\"device_class\":null,\"account_created_at\":null,\"email_sealed\":null,"
	                 "\"_topic\":null,\"_timestamp\":null"),
	    &event);
	assert_defaults(&event);
	la_json_event_clear(&event);
}

static void
unknown_symbols_become_the_enums_default(void **state)
{
	struct la_json_event event;

	(void)state;
	read_event(EVENT(",\"kind\":\"NEW\",\"result\":\"login\",\"device_token_origin\":\"\",\"channel\":\"TV\","
	                 "\"actor\":\"ROBOT\",\"device_class\":\"WATCH\""),
	    &event);
	assert_int_equal(event.event.kind, LA_KIND_OTHER);
	assert_int_equal(event.event.result, LA_RESULT_OTHER);
	assert_int_equal(event.event.device_token_origin, LA_ORIGIN_NONE);
	assert_int_equal(event.event.channel, LA_CHANNEL_OTHER);
	assert_int_equal(event.event.actor, LA_ACTOR_SYSTEM);
	assert_int_equal(event.event.device_class, LA_CLASS_UNKNOWN);
	la_json_event_clear(&event);
}

static void
strings_keep_nul_and_empty_stays_empty(void **state)
{
	struct la_json_event event;

	(void)state;
	read_event(EVENT(",\"user_agent\":\"a\\u0000b\",\"device_token\":\"\",\"browser\":\"\\ud83d\\ude00\""), &event);
	assert_true(la_span_equal(event.event.user_agent, la_span_of("a\0b", 3)));
	assert_true(la_span_present(event.event.device_token));
	assert_int_equal(event.event.device_token.size, 0);
	assert_true(la_span_is(event.event.browser, "\xf0\x9f\x98\x80"));
	la_json_event_clear(&event);
}

#define NOT_JSON "no valid JSON object: line 1, column "

/* "SECRET" stands in each text where a member's data would. */
static void
a_line_that_is_no_event_is_refused_with_field_and_rule(void **state)
{
	static const struct {
		const char *line, *cause;
	} rows[] = {
	    {"", NOT_JSON},
	    {"SECRET", NOT_JSON},
	    {"[\"SECRET\"]", "no JSON object"},
	    {"{\"SECRET\":1,\"SECRET\":2}", NOT_JSON},
	    {EVENT("") " SECRET", NOT_JSON},
	    {EVENT(",\"SECRET\xff"), NOT_JSON},
	    {EVENT(",\xff:\"SECRET\""), NOT_JSON},
	    {EVENT(",\"user_agent\":\"SECRET\\ud80\""), NOT_JSON},
	    {"{\"occurred_at\":1,\"member_id\":\"SECRET\"}", "event_id: required"},
	    {"{\"event_id\":null,\"occurred_at\":1,\"member_id\":\"SECRET\"}", "event_id: required"},
	    {"{\"event_id\":\"SECRET\",\"member_id\":\"SECRET\"}", "occurred_at: required"},
	    {"{\"event_id\":\"SECRET\",\"occurred_at\":1}", "member_id: required"},
	    {EVENT(",\"user_agent\":17"), "user_agent: must be a string"},
	    {EVENT(",\"email\":[\"SECRET\"]"), "email: must be a string"},
	    {EVENT(",\"kind\":3"), "kind: must be a string"},
	    {EVENT(",\"account_created_at\":\"SECRET\""),
		"account_created_at: must be milliseconds since 1970 as a number, "
		"or a text as 2025-07-01T00:00:00+09:00"},
	    {EVENT(",\"account_created_at\":1.5"), "account_created_at: must be milliseconds since 1970 as a number, "
						   "or a text as 2025-07-01T00:00:00+09:00"},
	    {EVENT(",\"account_created_at\":\"1751295600000\""),
		"account_created_at: must be milliseconds since 1970 as "
		"a number, or a text as 2025-07-01T00:00:00+09:00"},
	    {EVENT(",\"email_sealed\":\"SECRET!\""), "email_sealed: must be base64 (RFC 4648 section 4, with padding)"},
	    {EVENT(",\"email_sealed\":\"AAH\""), "email_sealed: must be base64 (RFC 4648 section 4, with padding)"},
	    {EVENT(",\"_partition\":-1"), "_partition: must be a whole number from 0 to 2147483647"},
	    {EVENT(",\"_partition\":2147483648"), "_partition: must be a whole number from 0 to 2147483647"},
	    {EVENT(",\"_offset\":\"1\""), "_offset: must be a whole number from 0 to 9223372036854775807"},
	    {EVENT(",\"_topic\":1"), "_topic: must be a string"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_error error = LA_ERROR_INIT;
		struct la_json_event event;

		assert_int_equal(la_json_read_event(la_span_text(rows[i].line), &event, &error), LA_EDATA);
		if (strcmp(rows[i].cause, NOT_JSON) == 0) /* the column follows, and nothing else */
			assert_int_equal(
			    strspn(error.text + strlen(NOT_JSON), "0123456789"), strlen(error.text + strlen(NOT_JSON)));
		else
			assert_string_equal(error.text, rows[i].cause);
		assert_null(strstr(error.text, "SECRET"));
		la_json_event_clear(&event);
	}
}

#define REPLACED "\xef\xbf\xbd"

static void
text_that_is_no_unicode_is_read_with_replacement_characters(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"a\xff", "a" REPLACED},
	    {"\xe3\x81\x82\xe3\x81", "\xe3\x81\x82" REPLACED}, /* cut: one subpart */
	    {"\xc0\x80", REPLACED REPLACED},
	    {"\xed\xa0\x80", REPLACED REPLACED REPLACED},
	    {"\\ud800", REPLACED},
	    {"\\udc00\\ud800", REPLACED REPLACED},
	    {"\\ud83d\\ude00\\uD83D\\n\xff", "\xf0\x9f\x98\x80" REPLACED "\n" REPLACED},
	    {"\\\\ud800\xff", "\\ud800" REPLACED}, /* an escaped backslash */
	    {"\\\"\xff\\\"99999999999999999999", "\"" REPLACED "\"99999999999999999999"},
	};
	char line[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_json_event event;

		(void)snprintf(line, sizeof(line), EVENT(",\"ip\":\"%s\""), rows[i].in);
		read_event(line, &event);
		assert_true(la_span_is(event.event.ip, rows[i].out));
		la_json_event_clear(&event);
	}
}

static void
numbers_of_any_size_in_unknown_fields_are_ignored(void **state)
{
	static const char *const numbers[] = {"18446744073709551615", "-9223372036854775809", "1e999", "-1.5E+999",
	    "[0,-0,9223372036854775807,-9223372036854775808,9223372036854775808]"};
	static const char *const no_numbers[] = {"099999999999999999999", "1e999e5", "5-99999999999999999999",
	    "99999999999999999999.", ".99999999999999999999", "1e999.5", "+99999999999999999999", "1e+-999"};
	char line[256];
	struct la_json_event event;
	struct la_error error = LA_ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		(void)snprintf(line, sizeof(line), EVENT(",\"x\":%s,\"_offset\":9223372036854775807"), numbers[i]);
		read_event(line, &event);
		assert_int_equal(event.source.offset, INT64_MAX);
		la_json_event_clear(&event);
	}
	for (size_t i = 0; i < sizeof(no_numbers) / sizeof(no_numbers[0]); i++) {
		(void)snprintf(line, sizeof(line), EVENT(",\"x\":%s"), no_numbers[i]);
		assert_int_equal(la_json_read_event(la_span_text(line), &event, &error), LA_EDATA);
		la_json_event_clear(&event);
	}
}

static void
a_line_refused_for_another_field_has_its_place(void **state)
{
	static const char line[] = "{\"event_id\":5,\"_topic\":\"t\",\"_partition\":3,\"_offset\":7}";
	struct la_json_event event;
	struct la_error error = LA_ERROR_INIT;

	(void)state;
	assert_int_equal(la_json_read_event(la_span_text(line), &event, &error), LA_EDATA);
	assert_true(event.has_topic && event.has_partition && event.has_offset);
	assert_true(la_span_is(event.source.topic, "t"));
	assert_int_equal(event.source.partition, 3);
	assert_int_equal(event.source.offset, 7);
	la_json_event_clear(&event);
}

static void
numbers_beyond_64_bits_and_endless_nesting_are_refused(void **state)
{
	static char deep[400000];
	struct la_json_event event;
	struct la_error error = LA_ERROR_INIT;

	(void)state;
	assert_int_equal(
	    la_json_read_event(la_span_text(EVENT(",\"_offset\":99999999999999999999")), &event, &error), LA_EDATA);
	assert_string_equal(error.text, "_offset: must be a whole number from 0 to 9223372036854775807");
	la_json_event_clear(&event);
	memset(deep, '[', sizeof(deep));
	assert_int_equal(la_json_read_event(la_span_of(deep, sizeof(deep)), &event, &error), LA_EDATA);
	la_json_event_clear(&event);
}

static void
a_line_over_16_mib_is_refused(void **state)
{
	size_t size = (16u << 20) + 1;
	char *line = calloc(1, size);
	struct la_json_event event;
	struct la_error error = LA_ERROR_INIT;

	(void)state;
	assert_non_null(line);
	memset(line, ' ', size);
	assert_int_equal(la_json_read_event(la_span_of(line, size), &event, &error), LA_EDATA);
	assert_string_equal(error.text, "larger than 16777216 bytes");
	la_json_event_clear(&event);
	free(line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_field_of_an_event_is_read),
	    cmocka_unit_test(fields_left_out_or_null_take_the_schemas_defaults),
	    cmocka_unit_test(unknown_symbols_become_the_enums_default),
	    cmocka_unit_test(strings_keep_nul_and_empty_stays_empty),
	    cmocka_unit_test(a_line_that_is_no_event_is_refused_with_field_and_rule),
	    cmocka_unit_test(text_that_is_no_unicode_is_read_with_replacement_characters),
	    cmocka_unit_test(numbers_of_any_size_in_unknown_fields_are_ignored),
	    cmocka_unit_test(a_line_refused_for_another_field_has_its_place),
	    cmocka_unit_test(numbers_beyond_64_bits_and_endless_nesting_are_refused),
	    cmocka_unit_test(a_line_over_16_mib_is_refused),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
