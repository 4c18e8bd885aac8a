/* Jobs, decisions and deliveries as plain JSON: what is written is read again; what is refused, with field and rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"

#define JOB(rest) "{\"occurred_at\":1751295600000,\"reason\":\"NEW_DEVICE\"" rest "}"

static void
a_minimal_job_is_complete(void **state)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_alert_job job;

	(void)state;
	assert_int_equal(la_json_read_job(la_span_text(JOB("")), &job, &error), LA_OK);
	assert_string_equal(job.job_id, "00000000000000000000000000000000");
	assert_string_equal(job.member_ref, "00000000000000000000000000000000");
	assert_int_equal(job.mode, LA_MODE_SHADOW);
	assert_int_equal(job.reason, LA_REASON_NEW_DEVICE);
	assert_string_equal(job.tenant.bytes, "default");
	assert_int_equal(job.not_after_ms, 4102444800000);
	assert_string_equal(job.device_label.bytes, "unknown");
	assert_int_equal(job.device_class, LA_CLASS_UNKNOWN);
	assert_false(
	    job.app_label.present || job.location_label.present || job.locale.present || job.time_zone.present);
	assert_false(job.has_recipient || job.has_recipient_sealed);
	assert_int_equal(job.suppressed_before, 0);
}

static const char full_job[] =
    "{\"job_id\":\"0123456789abcdef0123456789abcdef\",\"event_id\":\"e\\u0000\",\"mode\":\"LIVE\","
    "\"reason\":\"THIRD_PARTY_LINK\",\"tenant\":\"t\",\"occurred_at\":1751295600000,\"not_after\":1751295600001,"
    "\"member_ref\":\"fedcba9876543210fedcba9876543210\",\"member_masked\":\"******321\",\"device_label\":\"iPhone\","
    "\"device_class\":\"MOBILE\",\"browser_label\":\"chrome\",\"app_label\":\"App\",\"location_label\":\"Tokyo\","
    "\"locale\":\"ja\",\"time_zone\":\"Asia/Tokyo\",\"recipient\":{\"email\":\"a@example.jp\",\"member_id\":\"m\"},"
    "\"recipient_sealed\":\"AAH/\",\"suppressed_before\":2,\"policy_rev\":\"p\",\"agent_rev\":\"a\",\"key_epoch\":7,"
    "\"source_topic\":\"s\",\"source_partition\":5,\"source_offset\":9000000000}";

static void
a_job_reads_back_as_it_was_written(void **state)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_alert_job job;
	json_t *json;
	char *text;

	(void)state;
	assert_int_equal(la_json_read_job(la_span_text(full_job), &job, &error), LA_OK);
	json = la_json_write_job(&job);
	assert_non_null(json);
	text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(text, full_job);
	free(text);
	json_decref(json);
}

static void
a_bad_job_is_refused_with_field_and_rule(void **state)
{
	static const struct {
		const char *text, *cause;
	} rows[] = {
	    {"{\"reason\":\"NEW_DEVICE\"}", "occurred_at: required"},
	    {"{\"occurred_at\":0}", "reason: required"},
	    {JOB(",\"job_id\":\"SECRET\""), "job_id: must be 32 hex digits in lower case"},
	    {JOB(",\"job_id\":\"0123456789ABCDEF0123456789abcdef\""), "job_id: must be 32 hex digits in lower case"},
	    {JOB(",\"job_id\":\"0123456789abcdef0123456789abcde\\u0000\""),
		"job_id: must be 32 hex digits in lower case"},
	    {JOB(",\"recipient\":\"SECRET\""), "recipient: must be an object with email and member_id"},
	    {JOB(",\"recipient\":{\"email\":1}"), "recipient: email: must be a string"},
	    {JOB(",\"suppressed_before\":-1"), "suppressed_before: must be a whole number from 0 to 2147483647"},
	    {JOB(",\"key_epoch\":4294967296"), "key_epoch: must be a whole number from 0 to 2147483647"},
	    {JOB(",\"device_label\":{}"), "device_label: must be a string"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_error error = LA_ERROR_INIT;
		struct la_alert_job job;

		assert_int_equal(la_json_read_job(la_span_text(rows[i].text), &job, &error), LA_EDATA);
		assert_string_equal(error.text, rows[i].cause);
	}
}

static void
a_sealed_recipient_over_1024_bytes_is_refused(void **state)
{
	static char text[2000] = "{\"occurred_at\":0,\"reason\":\"NEW_DEVICE\",\"recipient_sealed\":\"";
	struct la_error error = LA_ERROR_INIT;
	size_t start = strlen(text);
	struct la_alert_job job;

	(void)state;
	memset(text + start, 'A', 1368); /* 1026 bytes */
	strcpy(text + start + 1368, "\"}");
	assert_int_equal(la_json_read_job(la_span_text(text), &job, &error), LA_EDATA);
	assert_string_equal(error.text, "recipient_sealed: must be at most 1024 bytes");
}

static void
long_texts_of_a_job_are_cut_at_256_bytes(void **state)
{
	static char text[2000] = "{\"occurred_at\":0,\"reason\":\"NEW_DEVICE\",\"device_label\":\"";
	struct la_error error = LA_ERROR_INIT;
	size_t start = strlen(text);
	struct la_alert_job job;

	(void)state;
	memset(text + start, 'x', 1000);
	strcpy(text + start + 1000, "\"}");
	assert_int_equal(la_json_read_job(la_span_text(text), &job, &error), LA_OK);
	assert_int_equal(job.device_label.size, 256);
}

static void
a_decision_is_written_with_its_nulls(void **state)
{
	struct la_decision decision = {.member_ref = "fedcba9876543210fedcba9876543210", .occurred_at_ms = 5,
	    .outcome = LA_OUTCOME_KNOWN, .key_epoch = 1, .source_partition = 2, .source_offset = 3};
	json_t *json;
	char *text;

	(void)state;
	la_text_set(&decision.event_id, la_span_text("e"));
	la_text_set(&decision.policy_rev, la_span_text("p"));
	la_text_set(&decision.agent_rev, la_span_text("a"));
	la_text_set(&decision.source_topic, la_span_text("t"));
	json = la_json_write_decision(&decision);
	text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(text, "{\"event_id\":\"e\",\"member_ref\":\"fedcba9876543210fedcba9876543210\",\"occurred_"
				  "at\":5,\"outcome\":\"KNOWN\","
				  "\"reason\":null,\"job_id\":null,\"policy_rev\":\"p\",\"agent_rev\":\"a\",\"key_"
				  "epoch\":1,\"source_topic\":\"t\","
				  "\"source_partition\":2,\"source_offset\":3}");
	free(text);
	json_decref(json);
}

static void
a_delivery_is_written_with_its_nulls(void **state)
{
	struct la_delivery delivery = {.job_id = "0123456789abcdef0123456789abcdef",
	    .member_ref = "fedcba9876543210fedcba9876543210", .outcome = LA_DELIVERED_SENT, .has_smtp_code = true,
	    .smtp_code = 250, .attempts = 1, .at_ms = 9};
	json_t *json;
	char *text;

	(void)state;
	la_text_set(&delivery.event_id, la_span_text("e"));
	la_text_set(&delivery.template_rev, la_span_text("r"));
	json = la_json_write_delivery(&delivery);
	text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(text,
	    "{\"job_id\":\"0123456789abcdef0123456789abcdef\",\"event_id\":\"e\","
	    "\"member_ref\":\"fedcba9876543210fedcba9876543210\",\"outcome\":\"SENT\",\"smtp_code\":250,"
	    "\"enhanced_code\":null,\"attempts\":1,\"message_id\":null,\"template_rev\":\"r\",\"relay\":null,\"at\":"
	    "9}");
	free(text);
	json_decref(json);
}

/* jansson's allocations fail from the k-th on, for every k. */
static size_t allocations_left;

static void *
failing_malloc(size_t size)
{
	if (allocations_left == 0)
		return (NULL);
	allocations_left--;
	return (malloc(size));
}

static void
running_out_of_memory_is_an_error_and_leaks_nothing(void **state)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_alert_job job;
	size_t failures = 0;
	json_t *json = NULL;

	(void)state;
	assert_int_equal(la_json_read_job(la_span_text(full_job), &job, &error), LA_OK);
	json_set_alloc_funcs(failing_malloc, free);
	for (size_t k = 0; json == NULL; k++, failures++) {
		allocations_left = k;
		json = la_json_write_job(&job);
		assert_true(k < 1000);
	}
	assert_true(failures > 20);
	json_decref(json);
	for (size_t k = 0; k < 20; k++) {
		allocations_left = k;
		assert_int_not_equal(la_json_read_job(la_span_text(full_job), &job, &error), LA_OK);
	}
	json_set_alloc_funcs(malloc, free);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_minimal_job_is_complete),
	    cmocka_unit_test(a_job_reads_back_as_it_was_written),
	    cmocka_unit_test(a_bad_job_is_refused_with_field_and_rule),
	    cmocka_unit_test(a_sealed_recipient_over_1024_bytes_is_refused),
	    cmocka_unit_test(long_texts_of_a_job_are_cut_at_256_bytes),
	    cmocka_unit_test(a_decision_is_written_with_its_nulls),
	    cmocka_unit_test(a_delivery_is_written_with_its_nulls),
	    cmocka_unit_test(running_out_of_memory_is_an_error_and_leaks_nothing),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
