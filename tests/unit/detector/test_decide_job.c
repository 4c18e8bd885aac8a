/* The records that follow from a verdict, and how long a state is kept. */
#include "deciding.h"

/* The job of an event that is ALERTED as a new device. */
static struct la_alert_job
job_of(struct la_decider_options options, struct la_login_event event)
{
	struct la_verdict verdict = {.outcome = LA_OUTCOME_ALERTED,
	    .has_reason = true,
	    .reason = LA_REASON_NEW_DEVICE,
	    .suppressed_before = 7};
	struct la_decider *decider = a_decider(options);
	struct la_source source = a_source();
	struct la_alert_job job, again;
	struct la_facts facts;

	assert_int_equal(la_decider_facts(decider, &event, &source, &facts, NULL), LA_OK);
	memset(&again, 0xff, sizeof(again));
	la_decider_job(decider, &event, &source, &facts, &verdict, &job);
	la_decider_job(decider, &event, &source, &facts, &verdict, &again);
	assert_memory_equal(&job, &again, sizeof(job)); /* P11: no byte is left over from before */
	la_decider_free(decider);
	return (job);
}

static struct la_alert_job
usual_job(struct la_login_event event)
{
	return (job_of((struct la_decider_options){.mask_keep_last = 3}, event));
}

static void
a_job_says_what_the_mail_needs(void **state)
{
	struct la_login_event event = an_event();
	struct la_alert_job job;

	(void)state;
	event.client_app_name = S("Partner \xff");
	event.location = S("Tokyo");
	job = usual_job(event);
	assert_string_equal(job.job_id, "6cf07678b8c61c65d019f27a21103e1e");
	assert_string_equal(job.member_ref, "87e6b2a6e75d81e7bca8835fbbdc6946");
	assert_string_equal(job.event_id.bytes, "e-1");
	assert_string_equal(job.tenant.bytes, "default");
	assert_int_equal(job.mode, LA_MODE_LIVE);
	assert_int_equal(job.reason, LA_REASON_NEW_DEVICE);
	assert_int_equal(job.occurred_at_ms, AT);
	assert_int_equal(job.not_after_ms, AT + DAY);
	assert_string_equal(job.member_masked.bytes, "******321");
	assert_string_equal(job.device_label.bytes, "iPhone");
	assert_int_equal(job.device_class, LA_CLASS_MOBILE);
	assert_string_equal(job.browser_label.bytes, "chrome");
	assert_string_equal(job.app_label.bytes, "Partner \xef\xbf\xbd");
	assert_string_equal(job.location_label.bytes, "Tokyo");
	assert_string_equal(job.locale.bytes, "ja-JP");
	assert_string_equal(job.time_zone.bytes, "Asia/Tokyo");
	assert_true(job.has_recipient && !job.has_recipient_sealed);
	assert_string_equal(job.recipient_email.bytes, "taro@example.jp");
	assert_string_equal(job.recipient_member_id.bytes, "123456321");
	assert_int_equal(job.suppressed_before, 7);
	assert_int_equal(job.key_epoch, 1);
	assert_string_equal(job.source_topic.bytes, "login-events");
	assert_int_equal(job.source_partition, 3);
	assert_int_equal(job.source_offset, 42);
	assert_int_equal(job.policy_rev.size, 16);
	assert_int_equal(job.agent_rev.size, 16);
	event.client_app_name = S(NULL);
	assert_false(usual_job(event).app_label.present);
}

static void
a_job_in_shadow_mode_says_so(void **state)
{
	(void)state;
	assert_int_equal(job_of((struct la_decider_options){.mode = LA_MODE_SHADOW}, an_event()).mode, LA_MODE_SHADOW);
}

static void
not_after_is_a_sum_that_cannot_overflow_or_no_limit(void **state)
{
	static const struct {
		int64_t max_age, expect;
	} rows[] = {{0, INT64_C(4102444800000)}, {1, AT + 1}, {INT64_MAX, INT64_MAX}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_policy policy;

		story_default_policy(&policy);
		policy.alert_max_age_ms = rows[i].max_age;
		assert_int_equal(
		    job_of((struct la_decider_options){.policy = &policy}, an_event()).not_after_ms, rows[i].expect);
	}
}

static void
a_number_is_masked_by_characters(void **state)
{
	static const struct {
		const char *number, *id;
		int keep;
		const char *expect;
	} rows[] = {
	    {NULL, "123456321", 3, "******321"},
	    {"987654321", "m", 3, "******321"},
	    {"", "123456", 3, "***456"},
	    {"4321", "m", 3, "*321"},
	    {"321", "m", 3, "***"}, /* not longer than what would be shown: nothing is */
	    {"1", "m", 3, "*"},
	    {"987654321", "m", 0, "*********"},
	    {"987654321", "m", 100, "*********"},
	    {"\xe4\xbc\x9a\xe5\x93\xa1\xe7\x95\xaa\xe5\x8f\xb7", "m", 2, "**\xe7\x95\xaa\xe5\x8f\xb7"},
	    {"a\xff\xff\xff", "m", 1, "***\xef\xbf\xbd"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_login_event event = an_event();

		event.member_number = S(rows[i].number);
		event.member_id = S(rows[i].id);
		assert_string_equal(
		    job_of((struct la_decider_options){.mask_keep_last = rows[i].keep}, event).member_masked.bytes,
		    rows[i].expect);
	}
}

static void
a_long_number_still_shows_its_own_end(void **state)
{
	struct la_login_event event = an_event();
	struct la_alert_job job;
	char number[1000];

	(void)state;
	memset(number, '1', sizeof(number));
	memcpy(number + sizeof(number) - 3, "789", 3);
	event.member_number = la_span_of(number, sizeof(number));
	job = usual_job(event);
	assert_int_equal(job.member_masked.size, LA_TEXT_BYTES);
	assert_string_equal(job.member_masked.bytes + LA_TEXT_BYTES - 4, "*789");
}

static void
an_address_is_passed_on_whole_or_not_at_all(void **state)
{
	struct la_login_event event = an_event();
	struct la_alert_job job;
	char email[400];

	(void)state;
	memset(email, 'x', sizeof(email));
	memcpy(email, "taro@", 5);
	event.email = la_span_of(email, 254);
	assert_int_equal(usual_job(event).recipient_email.size, 254);
	event.email = la_span_of(email, 255);
	job = usual_job(event);
	assert_true(job.has_recipient && !job.recipient_email.present);
	event.email = S("t\xff@example.jp"); /* U+FFFD instead would be another address */
	assert_false(usual_job(event).recipient_email.present);
	event.email = S("");
	assert_false(usual_job(event).recipient_email.present);
	event.email = S(NULL);
	job = usual_job(event);
	assert_true(job.has_recipient && !job.recipient_email.present);
	assert_string_equal(job.recipient_member_id.bytes, "123456321");
}

static void
a_sealed_recipient_passes_through_alone(void **state)
{
	static unsigned char sealed[1025];
	struct la_login_event event = an_event();
	struct la_alert_job job;

	(void)state;
	memset(sealed, 0x5a, sizeof(sealed));
	event.email_sealed = la_span_of(sealed, 1024);
	job = usual_job(event);
	assert_true(job.has_recipient_sealed && !job.has_recipient);
	assert_int_equal(job.recipient_sealed_size, 1024);
	assert_memory_equal(job.recipient_sealed, sealed, 1024);
	assert_false(job.recipient_email.present || job.recipient_member_id.present);
	event.email_sealed = la_span_of(sealed, 1025); /* cannot be carried: one of the two is always there */
	job = usual_job(event);
	assert_true(!job.has_recipient_sealed && job.has_recipient);
	event.email_sealed = la_span_of(sealed, 0);
	assert_true(usual_job(event).has_recipient);
}

static void
every_text_of_a_job_is_valid_and_at_most_256_bytes(void **state)
{
	struct la_login_event event = an_event();
	struct la_alert_job job;
	char wild[1000];

	(void)state;
	memset(wild, 0xe3, sizeof(wild));
	event.client_app_name = event.location = event.locale = event.time_zone = event.member_number =
	    la_span_of(wild, sizeof(wild));
	event.event_id = event.member_id = event.tenant = la_span_of(wild, 256);
	job = usual_job(event);
	const struct la_text *const texts[] = {&job.app_label, &job.location_label, &job.locale, &job.time_zone,
	    &job.event_id, &job.tenant, &job.member_masked, &job.recipient_member_id};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_true(texts[i]->size <= LA_TEXT_BYTES);
		assert_true(la_utf8_valid(la_text_span(texts[i])));
	}
}

static void
a_decision_has_reason_and_job_id_only_where_they_belong(void **state)
{
	struct la_decider *decider = a_decider((struct la_decider_options){.mask_keep_last = 3});
	struct la_verdict verdict = {.outcome = LA_OUTCOME_ALERTED, .has_reason = true, .reason = LA_REASON_NEW_BROWSER};
	struct la_login_event event = an_event();
	struct la_source source = a_source();
	struct la_decision decision;
	struct la_facts facts;

	(void)state;
	assert_int_equal(la_decider_facts(decider, &event, &source, &facts, NULL), LA_OK);
	la_decider_decision(decider, &event, &source, &facts, &verdict, &decision);
	assert_string_equal(decision.job_id, "6cf07678b8c61c65d019f27a21103e1e");
	assert_string_equal(decision.member_ref, "87e6b2a6e75d81e7bca8835fbbdc6946");
	assert_true(decision.has_job_id && decision.has_reason && decision.reason == LA_REASON_NEW_BROWSER);
	assert_int_equal(decision.source_offset, 42);
	verdict = (struct la_verdict){.outcome = LA_OUTCOME_KNOWN};
	la_decider_decision(decider, &event, &source, &facts, &verdict, &decision);
	assert_false(decision.has_job_id || decision.has_reason);
	verdict = (struct la_verdict){.outcome = LA_OUTCOME_REJECTED};
	la_decider_decision(decider, &event, &source, NULL, &verdict, &decision);
	assert_string_equal(decision.member_ref, "00000000000000000000000000000000");
	la_decider_free(decider);
}

static void
the_policy_revision_covers_every_field(void **state)
{
	struct la_policy policy;
	char revs[12][17];
	size_t count = 0;

	(void)state;
	story_default_policy(&policy);
	la_policy_rev(&policy, revs[count++]);
#define CHANGE(field, value)                    \
	do {                                     \
		policy.field = (value);          \
		la_policy_rev(&policy, revs[count++]); \
	} while (0)
	CHANGE(device_ttl_ms, 5);
	CHANGE(first_login, LA_FIRST_GRACE);
	CHANGE(grace_ms, 5);
	CHANGE(no_token_environment, true);
	CHANGE(cooldown_ms, 5);
	CHANGE(cap_count, 5);
	CHANGE(cap_window_ms, 5);
	CHANGE(has_seed_until, true);
	CHANGE(seed_until_ms, 5);
	CHANGE(alert_max_age_ms, 5);
#undef CHANGE
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(revs[i], revs[k]);
	}
}

static void
keys_live_as_long_as_any_device_and_tombstones_as_their_own_rule_says(void **state)
{
	static const struct {
		const char *ttl, *max_age;
		bool tombstone;
		int64_t expect_s;
	} rows[] = {
	    {"365d", "24h", false, INT64_C(365) * 86400 + INT64_C(365) * 86400 / 16},
	    {"10d", "24h", false, 18 * 86400},
	    {"1ms", "24h", false, 8 * 86400 + 1},
	    {"365d", "24h", true, 48 * 3600},
	    {"365d", "0", true, 48 * 3600},
	    {"365d", "72h", true, 96 * 3600},
	};
	struct la_member_state member;
	struct la_policy policy;

	(void)state;
	la_state_init(&member);
	story_default_policy(&policy);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		policy.device_ttl_ms = story_ms(rows[i].ttl);
		policy.alert_max_age_ms = story_ms(rows[i].max_age);
		member.tombstone = rows[i].tombstone;
		assert_int_equal(la_policy_key_ttl_s(&policy, &member), rows[i].expect_s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_job_says_what_the_mail_needs),
	    cmocka_unit_test(a_job_in_shadow_mode_says_so),
	    cmocka_unit_test(not_after_is_a_sum_that_cannot_overflow_or_no_limit),
	    cmocka_unit_test(a_number_is_masked_by_characters),
	    cmocka_unit_test(a_long_number_still_shows_its_own_end),
	    cmocka_unit_test(an_address_is_passed_on_whole_or_not_at_all),
	    cmocka_unit_test(a_sealed_recipient_passes_through_alone),
	    cmocka_unit_test(every_text_of_a_job_is_valid_and_at_most_256_bytes),
	    cmocka_unit_test(a_decision_has_reason_and_job_id_only_where_they_belong),
	    cmocka_unit_test(the_policy_revision_covers_every_field),
	    cmocka_unit_test(keys_live_as_long_as_any_device_and_tombstones_as_their_own_rule_says),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
