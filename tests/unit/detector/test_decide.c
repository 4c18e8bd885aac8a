/* Rule 1, digests, and the records that follow from a verdict. */
#include "story.h"

#include "detector/digest.h"
#include "detector/ip.h"

#define S(text) la_span_text(text)
#define AT INT64_C(1751328000000)
#define DAY INT64_C(86400000)

static struct la_login_event
an_event(void)
{
	return ((struct la_login_event){.event_id = S("e-1"),
	    .occurred_at_ms = AT,
	    .tenant = S("default"),
	    .member_id = S("123456321"),
	    .device_class = LA_CLASS_UNKNOWN,
	    .device_token = S("cookie"),
	    .user_agent = S("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) CriOS/126.0 Mobile/15E148"),
	    .ip = S("192.0.2.7"),
	    .email = S("taro@example.jp"),
	    .locale = S("ja-JP"),
	    .time_zone = S("Asia/Tokyo")});
}

static struct la_source
a_source(void)
{
	return ((struct la_source){.topic = S("login-events"), .partition = 3, .offset = 42});
}

/* A decider whose one secret is 00 01 02 … 1f. */
static struct la_decider *
a_decider(struct la_decider_options options)
{
	static struct la_policy policy;
	static struct la_keys keys;
	struct la_decider *decider = NULL;

	story_default_policy(&policy);
	policy.cooldown_ms = 1;
	keys = (struct la_keys){.count = 1, .key = {{.epoch = 1}}};
	for (size_t i = 0; i < LA_KEY_BYTES; i++)
		keys.key[0].secret[i] = (unsigned char)i;
	if (options.policy == NULL)
		options.policy = &policy;
	options.keys = &keys;
	options.topic_generation = "g";
	options.cluster_id = "cluster";
	assert_int_equal(la_decider_new(&decider, &options, NULL), LA_OK);
	return (decider);
}

static void
check(struct la_login_event event, struct la_source source, bool passes)
{
	struct la_decider *decider = a_decider((struct la_decider_options){.mask_keep_last = 3});
	struct la_error error = LA_ERROR_INIT;
	struct la_facts facts;

	assert_int_equal(la_decider_facts(decider, &event, &source, &facts, &error), passes ? LA_OK : LA_EDATA);
	assert_true(passes || error.text[0] != '\0');
	la_decider_free(decider);
}

static void
rule_1_identifiers_have_1_to_256_bytes(void **state)
{
	static char long_text[257];
	struct la_span good = la_span_of(long_text, 256), bad = la_span_of(long_text, 257);

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	for (int field = 0; field < 3; field++) {
		struct la_login_event event = an_event();
		struct la_span *at = field == 0 ? &event.tenant : field == 1 ? &event.event_id : &event.member_id;

		*at = good;
		check(event, a_source(), true);
		*at = bad;
		check(event, a_source(), false);
		*at = S("");
		check(event, a_source(), false);
		*at = la_span_of("\xff\x00", 2); /* any bytes */
		check(event, a_source(), true);
	}
}

static void
rule_1_occurred_at_lies_in_2000_to_2100(void **state)
{
	static const struct {
		int64_t at;
		bool passes;
	} rows[] = {{INT64_C(946684800000), true}, {INT64_C(946684799999), false}, {INT64_C(4102444800000), true},
	    {INT64_C(4102444800001), false}, {INT64_MIN, false}, {INT64_MAX, false}, {0, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_login_event event = an_event();

		event.occurred_at_ms = rows[i].at;
		check(event, a_source(), rows[i].passes);
	}
}

static void
rule_1_occurred_at_is_at_most_24_h_after_the_timestamp_if_there_is_one(void **state)
{
	static const struct {
		bool has;
		int64_t timestamp;
		bool passes;
	} rows[] = {{true, AT - DAY, true}, {true, AT - DAY - 1, false}, {true, AT + 9000 * DAY, true},
	    {true, INT64_MAX, true}, {true, INT64_MIN, false}, {true, -1, false}, {false, INT64_MIN, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_source source = a_source();

		source.has_timestamp = rows[i].has;
		source.timestamp_ms = rows[i].timestamp;
		check(an_event(), source, rows[i].passes);
	}
}

/* P10: each of these fields with each of these values. */
static void
nothing_that_a_client_controls_is_refused(void **state)
{
	size_t size = 1 << 20;
	char *long_text = malloc(size);

	(void)state;
	assert_non_null(long_text);
	memset(long_text, 0xc3, size);
	for (int field = 0; field < 12; field++) {
		struct la_span values[] = {S(""), la_span_of("\0\r\n", 3), S("\xed\xa0\x80\xff"), la_span_of(long_text, size)};

		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			struct la_login_event event = an_event();
			struct la_span *const fields[] = {&event.user_agent, &event.device_token, &event.client_app_id,
			    &event.client_app_name, &event.ip, &event.browser, &event.os, &event.device_model, &event.location,
			    &event.locale, &event.time_zone, &event.email};

			*fields[field] = values[v];
			check(event, a_source(), true);
		}
	}
	free(long_text);
}

/* The same numbers come from Python's hashlib and a SipHash written from its paper; see README.md. */
static void
digests_are_those_of_the_documentation(void **state)
{
	static const unsigned char member[] = {
	    0x87, 0xe6, 0xb2, 0xa6, 0xe7, 0x5d, 0x81, 0xe7, 0xbc, 0xa8, 0x83, 0x5f, 0xbb, 0xdc, 0x69, 0x46};
	struct la_decider *decider = a_decider((struct la_decider_options){.mask_keep_last = 3});
	struct la_login_event event = an_event();
	struct la_source source = a_source();
	struct la_facts facts;
	char job_id[LA_ID_HEX];

	(void)state;
	assert_int_equal(la_decider_facts(decider, &event, &source, &facts, NULL), LA_OK);
	assert_int_equal(facts.epoch_count, 1);
	assert_int_equal(facts.by_epoch[0].epoch, 1);
	assert_memory_equal(facts.by_epoch[0].member, member, sizeof(member));
	assert_int_equal(facts.by_epoch[0].event, UINT64_C(0x301ef90ce5659fa2));
	assert_int_equal(facts.by_epoch[0].token, UINT64_C(0xf8878a7e2355cd81));
	assert_int_equal(facts.by_epoch[0].platform, UINT64_C(0xfeb03b0f34ce9210));
	assert_int_equal(facts.by_epoch[0].browser, UINT64_C(0x520b4353bc4dd3f5));
	assert_int_equal(facts.by_epoch[0].app, UINT64_C(0x64f1c45a346cadd4));
	assert_int_equal(facts.by_epoch[0].ip_prefix, UINT64_C(0xbeedec10bfb027e4));
	assert_int_equal(facts.by_epoch[0].log, UINT64_C(0x9f389ad16f1c182c));
	la_digest_job_id(&event, job_id);
	assert_string_equal(job_id, "6cf07678b8c61c65d019f27a21103e1e");
	la_decider_free(decider);
}

static uint64_t
log_of(struct la_decider *decider, struct la_source source)
{
	struct la_login_event event = an_event();
	struct la_facts facts;

	assert_int_equal(la_decider_facts(decider, &event, &source, &facts, NULL), LA_OK);
	return (facts.by_epoch[0].log);
}

static void
a_log_is_told_by_cluster_and_topic_not_by_partition(void **state)
{
	struct la_decider *decider = a_decider((struct la_decider_options){.mask_keep_last = 3});
	struct la_source source = a_source(), other = a_source();
	uint64_t first = log_of(decider, source);

	(void)state;
	other.topic = S("login-events2");
	assert_true(log_of(decider, other) != first);
	other.topic = S("login-event"); /* part of the one before */
	assert_true(log_of(decider, other) != first);
	source.partition = 7;
	assert_int_equal(log_of(decider, source), first);
	la_decider_set_cluster_id(decider, "clusters");
	assert_true(log_of(decider, source) != first);
	la_decider_set_cluster_id(decider, "cluster");
	assert_int_equal(log_of(decider, source), first);
	la_decider_free(decider);
}

static void
the_token_digest_covers_every_byte(void **state)
{
	struct la_decider *decider = a_decider((struct la_decider_options){.mask_keep_last = 3});
	struct la_login_event event = an_event();
	struct la_source source = a_source();
	struct la_facts facts;
	char token[100000];
	uint64_t first;

	(void)state;
	memset(token, 'x', sizeof(token));
	event.device_token = la_span_of(token, sizeof(token));
	assert_int_equal(la_decider_facts(decider, &event, &source, &facts, NULL), LA_OK);
	first = facts.by_epoch[0].token;
	token[sizeof(token) - 1] = '\0';
	assert_int_equal(la_decider_facts(decider, &event, &source, &facts, NULL), LA_OK);
	assert_true(facts.by_epoch[0].token != first);
	la_decider_free(decider);
}

static void
digests_do_not_depend_on_what_was_seen_before(void **state)
{
	struct la_decider *used = a_decider((struct la_decider_options){.mask_keep_last = 3});
	struct la_login_event event = an_event();
	struct la_source source = a_source();
	char agent[64], topic[300];
	struct la_facts a, b;

	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	for (int i = 0; i < 3000; i++) {
		struct la_decider *fresh;

		snprintf(agent, sizeof(agent), "Mozilla/5.0 (iPhone) CriOS/%d", i % 1500);
		memset(topic, 't', sizeof(topic));
		snprintf(topic + 280, 20, "%d", i % 3);
		event.user_agent = S(agent);
		event.channel = i % 7 == 0 ? LA_CHANNEL_APP : LA_CHANNEL_WEB;
		event.os = i % 5 == 0 ? S("Fuchsia") : S(NULL);
		event.device_model = i % 5 == 1 ? S("Fuchsia") : S(NULL);
		source.topic = i % 2 == 0 ? S(topic) : S("short");
		assert_int_equal(la_decider_facts(used, &event, &source, &a, NULL), LA_OK);
		if (i % 10 != 0)
			continue;
		fresh = a_decider((struct la_decider_options){.mask_keep_last = 3});
		assert_int_equal(la_decider_facts(fresh, &event, &source, &b, NULL), LA_OK);
		assert_memory_equal(&a.by_epoch, &b.by_epoch, sizeof(a.by_epoch[0]));
		la_decider_free(fresh);
	}
	la_decider_free(used);
}

static void
an_address_counts_when_it_is_one(void **state)
{
	static const struct {
		const char *text;
		size_t size, expect;
		const char *prefix;
	} rows[] = {
	    {"192.0.2.7", 9, 4, "4\xc0\x00\x02"},
	    {"::ffff:192.0.2.7", 16, 4, "4\xc0\x00\x02"},
	    {"::ffff:c000:207", 15, 4, "4\xc0\x00\x02"},
	    {"2001:db8:1:2::3", 15, 7, "6\x20\x01\x0d\xb8\x00\x01"},
	    {"2001:DB8:1:ffff:0:0:0:1", 23, 7, "6\x20\x01\x0d\xb8\x00\x01"},
	    {"::1", 3, 7, "6\x00\x00\x00\x00\x00\x00"},
	    {"::192.0.2.7", 11, 7, "6\x00\x00\x00\x00\x00\x00"},
	    {"192.0.2.7\0", 10, 0, ""},
	    {"192.0.2.7 ", 10, 0, ""},
	    {" 192.0.2.7", 10, 0, ""},
	    {"192.0.2.7:80", 12, 0, ""},
	    {"192.0.2.256", 11, 0, ""},
	    {"192.0.2", 7, 0, ""},
	    {"fe80::1%eth0", 12, 0, ""},
	    {"[::1]", 5, 0, ""},
	    {"", 0, 0, ""},
	    {"0000:0000:0000:0000:0000:ffff:192.000.002.0070", 46, 0, ""},
	};
	unsigned char out[LA_IP_PREFIX_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(la_ip_prefix(la_span_of(rows[i].text, rows[i].size), out), rows[i].expect);
		assert_memory_equal(out, rows[i].prefix, rows[i].expect);
	}
	assert_int_equal(la_ip_prefix(la_span_of(NULL, 0), out), 0);
}

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
	    cmocka_unit_test(rule_1_identifiers_have_1_to_256_bytes),
	    cmocka_unit_test(rule_1_occurred_at_lies_in_2000_to_2100),
	    cmocka_unit_test(rule_1_occurred_at_is_at_most_24_h_after_the_timestamp_if_there_is_one),
	    cmocka_unit_test(nothing_that_a_client_controls_is_refused),
	    cmocka_unit_test(digests_are_those_of_the_documentation),
	    cmocka_unit_test(a_log_is_told_by_cluster_and_topic_not_by_partition),
	    cmocka_unit_test(the_token_digest_covers_every_byte),
	    cmocka_unit_test(digests_do_not_depend_on_what_was_seen_before),
	    cmocka_unit_test(an_address_counts_when_it_is_one),
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
