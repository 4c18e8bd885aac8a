/* Rule 1 and digests. */
#include "deciding.h"

#include "detector/digest.h"
#include "detector/ip.h"

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
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
