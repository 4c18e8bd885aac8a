/* Decoder and encoder with their files: what is written is read back the same; writers' schemas come from a folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/decoder.h"
#include "common/encoder.h"

#define SCHEMAS LA_TEST_SOURCE_DIR "/schemas"

static const enum la_framing framings[] = {LA_FRAMING_NONE, LA_FRAMING_SINGLE_OBJECT};

static struct la_decoder *
decoder_of(enum la_record_type record, enum la_framing framing, const char *schema_dir)
{
	struct la_decoder_options options = {record, framing, SCHEMAS, schema_dir};
	struct la_decoder *decoder = NULL;
	struct la_error error = LA_ERROR_INIT;

	if (la_decoder_new(&decoder, &options, &error) != LA_OK)
		fail_msg("%s", error.text);
	return (decoder);
}

static struct la_encoder *
encoder_of(enum la_framing framing)
{
	struct la_encoder *encoder = NULL;
	struct la_error error = LA_ERROR_INIT;

	if (la_encoder_new(&encoder, framing, SCHEMAS, &error) != LA_OK)
		fail_msg("%s", error.text);
	return (encoder);
}

static void
fill_event(struct la_login_event *event)
{
	memset(event, 0, sizeof(*event));
	event->event_id = la_span_text("e-1");
	event->occurred_at_ms = 1751295600000;
	event->kind = LA_KIND_THIRD_PARTY_LINK;
	event->result = LA_RESULT_CHALLENGED;
	event->tenant = la_span_text("");
	event->member_id = la_span_text("m\0x\xff" "y"); /* cut by the NUL here, but not below */
	event->member_id.size = 5;
	event->has_account_created_at = true;
	event->account_created_at_ms = -1;
	event->device_token_origin = LA_ORIGIN_NONE;
	event->device_token = la_span_text("");
	event->channel = LA_CHANNEL_OTHER;
	event->actor = LA_ACTOR_SYSTEM;
	event->user_agent = la_span_text("\xff\xfe not UTF-8");
	event->device_class = LA_CLASS_BOT;
	event->email_sealed = la_span_of("\0\1\2", 3);
}

static void
assert_same_span(struct la_span a, struct la_span b)
{
	assert_true(la_span_equal(a, b));
}

static void
an_event_that_is_written_is_read_back_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct la_encoder *encoder = encoder_of(framings[i]);
		struct la_decoder *decoder = decoder_of(LA_RECORD_LOGIN_EVENT, framings[i], NULL);
		struct la_buf out = LA_BUF_INIT;
		struct la_login_event event, back;

		fill_event(&event);
		assert_int_equal(la_encoder_event(encoder, &event, &out, NULL), LA_OK);
		assert_int_equal(la_decoder_event(decoder, la_buf_span(&out), &back, NULL), LA_OK);
		assert_same_span(back.event_id, event.event_id);
		assert_int_equal(back.occurred_at_ms, event.occurred_at_ms);
		assert_int_equal(back.kind, event.kind);
		assert_int_equal(back.result, event.result);
		assert_same_span(back.tenant, event.tenant);
		assert_same_span(back.member_id, event.member_id);
		assert_false(la_span_present(back.member_number));
		assert_true(back.has_account_created_at);
		assert_int_equal(back.account_created_at_ms, -1);
		assert_same_span(back.device_token, event.device_token);
		assert_int_equal(back.device_token_origin, event.device_token_origin);
		assert_int_equal(back.channel, event.channel);
		assert_int_equal(back.actor, event.actor);
		assert_same_span(back.user_agent, event.user_agent);
		assert_false(la_span_present(back.browser));
		assert_int_equal(back.device_class, event.device_class);
		assert_false(la_span_present(back.email));
		assert_same_span(back.email_sealed, event.email_sealed);
		la_buf_clear(&out);
		la_encoder_free(encoder);
		la_decoder_free(decoder);
	}
}

/* One field of an event by hand (Avro specification, binary encoding), each text being its field's name. */
static void
put_text(struct la_buf *out, bool in_union, const char *text)
{
	const unsigned char head[] = {2, (unsigned char)(2 * strlen(text))};

	assert_int_equal(la_buf_add(out, head + !in_union, sizeof(head) - !in_union), LA_OK);
	assert_int_equal(la_buf_add(out, text, strlen(text)), LA_OK);
}

static void
put_bytes(struct la_buf *out, const char *bytes, size_t size)
{
	assert_int_equal(la_buf_add(out, bytes, size), LA_OK);
}

/* What the encoder writes cannot tell: it shares the table of fields with the decoder. */
static void
each_field_of_an_event_comes_to_its_own_place(void **state)
{
	static const char *const after_actor[] = {"user_agent", "browser", "os", "device_model"};
	static const char *const after_class[] = {
	    "ip", "location", "client_app_id", "client_app_name", "locale", "time_zone", "email", "email_sealed"};
	struct la_decoder *decoder = decoder_of(LA_RECORD_LOGIN_EVENT, LA_FRAMING_NONE, NULL);
	struct la_buf out = LA_BUF_INIT;
	struct la_login_event event;

	(void)state;
	put_text(&out, false, "event_id");
	put_bytes(&out, "\x01\x02\x04", 3); /* occurred_at -1, THIRD_PARTY_LINK, CHALLENGED */
	put_text(&out, false, "tenant");
	put_text(&out, false, "member_id");
	put_text(&out, true, "member_number");
	put_bytes(&out, "\x02\x05", 2); /* account_created_at -3 */
	put_text(&out, true, "device_token");
	put_bytes(&out, "\x02\x04\x02", 3); /* ISSUED, API, OPERATOR */
	for (size_t i = 0; i < sizeof(after_actor) / sizeof(after_actor[0]); i++)
		put_text(&out, true, after_actor[i]);
	put_bytes(&out, "\x06", 1); /* BOT */
	for (size_t i = 0; i < sizeof(after_class) / sizeof(after_class[0]); i++)
		put_text(&out, true, after_class[i]);
	assert_int_equal(la_decoder_event(decoder, la_buf_span(&out), &event, NULL), LA_OK);
#define ASSERT_IS(field) assert_true(la_span_is(event.field, #field))
	ASSERT_IS(event_id);
	ASSERT_IS(tenant);
	ASSERT_IS(member_id);
	ASSERT_IS(member_number);
	ASSERT_IS(device_token);
	ASSERT_IS(user_agent);
	ASSERT_IS(browser);
	ASSERT_IS(os);
	ASSERT_IS(device_model);
	ASSERT_IS(ip);
	ASSERT_IS(location);
	ASSERT_IS(client_app_id);
	ASSERT_IS(client_app_name);
	ASSERT_IS(locale);
	ASSERT_IS(time_zone);
	ASSERT_IS(email);
	ASSERT_IS(email_sealed);
#undef ASSERT_IS
	assert_int_equal(event.occurred_at_ms, -1);
	assert_true(event.has_account_created_at);
	assert_int_equal(event.account_created_at_ms, -3);
	assert_int_equal(event.kind, LA_KIND_THIRD_PARTY_LINK);
	assert_int_equal(event.result, LA_RESULT_CHALLENGED);
	assert_int_equal(event.device_token_origin, LA_ORIGIN_ISSUED);
	assert_int_equal(event.channel, LA_CHANNEL_API);
	assert_int_equal(event.actor, LA_ACTOR_OPERATOR);
	assert_int_equal(event.device_class, LA_CLASS_BOT);
	la_buf_clear(&out);
	la_decoder_free(decoder);
}

static void
a_value_may_have_16_mib_and_not_a_byte_more(void **state)
{
	const size_t most = (size_t)16 << 20;
	struct la_encoder *encoder = encoder_of(LA_FRAMING_NONE);
	struct la_decoder *decoder = decoder_of(LA_RECORD_LOGIN_EVENT, LA_FRAMING_NONE, NULL);
	struct la_login_event event, back;
	char *agent = calloc(1, most + 1);

	(void)state;
	assert_non_null(agent);
	for (size_t more = 0; more <= 1; more++) {
		struct la_buf out = LA_BUF_INIT;

		fill_event(&event);
		event.user_agent = la_span_of(agent, most - 100);
		assert_int_equal(la_encoder_event(encoder, &event, &out, NULL), LA_OK);
		event.user_agent.size += most - out.size + more;
		la_buf_reset(&out);
		assert_int_equal(la_encoder_event(encoder, &event, &out, NULL), LA_OK);
		assert_int_equal(out.size, most + more);
		assert_int_equal(la_decoder_event(decoder, la_buf_span(&out), &back, NULL), more == 0 ? LA_OK : LA_ETOOLARGE);
		la_buf_clear(&out);
	}
	free(agent);
	la_encoder_free(encoder);
	la_decoder_free(decoder);
}

static void
a_long_record_is_written_whole_behind_what_is_there(void **state)
{
	static char agent[100000];
	struct la_encoder *encoder = encoder_of(framings[0]);
	struct la_decoder *decoder = decoder_of(LA_RECORD_LOGIN_EVENT, framings[0], NULL);
	struct la_login_event event, back;

	(void)state;
	fill_event(&event);
	memset(agent, 'x', sizeof(agent));
	for (size_t size = 1900; size <= sizeof(agent); size += size < 2200 ? 1 : 48900) {
		struct la_buf out = LA_BUF_INIT;

		event.user_agent = la_span_of(agent, size);
		assert_int_equal(la_buf_add(&out, "before", 6), LA_OK);
		assert_int_equal(la_encoder_event(encoder, &event, &out, NULL), LA_OK);
		assert_memory_equal(out.data, "before", 6);
		assert_int_equal(
		    la_decoder_event(decoder, la_span_of(out.data + 6, out.size - 6), &back, NULL), LA_OK);
		assert_same_span(back.user_agent, event.user_agent);
		assert_same_span(back.email_sealed, event.email_sealed);
		la_buf_clear(&out);
	}
	la_encoder_free(encoder);
	la_decoder_free(decoder);
}

static void
fill_job(struct la_alert_job *job)
{
	memset(job, 0, sizeof(*job));
	strcpy(job->job_id, "00112233445566778899aabbccddeeff");
	strcpy(job->member_ref, "ffeeddccbbaa99887766554433221100");
	la_text_set(&job->event_id, la_span_text("e-1"));
	job->mode = LA_MODE_REPLAY;
	job->reason = LA_REASON_THIRD_PARTY_LINK;
	la_text_set(&job->tenant, la_span_text("default"));
	job->occurred_at_ms = 1;
	job->not_after_ms = 4102444800000;
	la_text_set(&job->member_masked, la_span_text("******321"));
	la_text_set(&job->device_label, la_span_of("iPhone\0", 7));
	job->device_class = LA_CLASS_MOBILE;
	la_text_set(&job->browser_label, la_span_text("chrome"));
	la_text_set(&job->app_label, la_span_text(""));
	la_text_set(&job->time_zone, la_span_text("Asia/Tokyo"));
	job->has_recipient = true;
	la_text_set(&job->recipient_email, la_span_text("a@example.jp"));
	la_text_set(&job->recipient_member_id, la_span_text("m-1"));
	job->suppressed_before = 7;
	la_text_set(&job->policy_rev, la_span_text("p"));
	la_text_set(&job->agent_rev, la_span_text("a"));
	job->key_epoch = 2147483647;
	la_text_set(&job->source_topic, la_span_text("login-events"));
	job->source_partition = 3;
	job->source_offset = INT64_MAX;
}

static void
a_job_that_is_written_is_read_back_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct la_encoder *encoder = encoder_of(framings[i]);
		struct la_decoder *decoder = decoder_of(LA_RECORD_ALERT_JOB, framings[i], NULL);
		struct la_buf out = LA_BUF_INIT;
		struct la_alert_job job, back;

		for (int sealed = 0; sealed < 2; sealed++) {
			memset(&back, 0, sizeof(back)); /* padding, and what lies behind each text */
			fill_job(&job);
			if (sealed) {
				job.has_recipient = false;
				memset(&job.recipient_email, 0, sizeof(job.recipient_email));
				memset(&job.recipient_member_id, 0, sizeof(job.recipient_member_id));
				job.has_recipient_sealed = true;
				job.recipient_sealed_size = sizeof(job.recipient_sealed);
				memset(job.recipient_sealed, 0xee, sizeof(job.recipient_sealed));
			}
			la_buf_reset(&out);
			assert_int_equal(la_encoder_job(encoder, &job, &out, NULL), LA_OK);
			assert_int_equal(la_decoder_job(decoder, la_buf_span(&out), &back, NULL), LA_OK);
			assert_memory_equal(&back, &job, sizeof(job));
		}
		la_buf_clear(&out);
		la_encoder_free(encoder);
		la_decoder_free(decoder);
	}
}

static void
decisions_and_deliveries_are_read_back_the_same(void **state)
{
	struct la_encoder *encoder = encoder_of(LA_FRAMING_NONE);
	struct la_decoder *decisions = decoder_of(LA_RECORD_DECISION, LA_FRAMING_NONE, NULL);
	struct la_decoder *deliveries = decoder_of(LA_RECORD_DELIVERY, LA_FRAMING_NONE, NULL);
	struct la_buf out = LA_BUF_INIT;
	struct la_decision decision, decision_back;
	struct la_delivery delivery, delivery_back;

	(void)state;
	for (int full = 0; full < 2; full++) {
		memset(&decision, 0, sizeof(decision));
		memset(&decision_back, 0, sizeof(decision_back));
		strcpy(decision.member_ref, "00112233445566778899aabbccddeeff");
		la_text_set(&decision.event_id, la_span_text("e"));
		la_text_set(&decision.policy_rev, la_span_text("p"));
		la_text_set(&decision.agent_rev, la_span_text("a"));
		la_text_set(&decision.source_topic, la_span_text("t"));
		decision.outcome = full ? LA_OUTCOME_ALERTED : LA_OUTCOME_KNOWN;
		decision.has_reason = decision.has_job_id = full;
		if (full) {
			decision.reason = LA_REASON_COOKIES_CLEARED;
			strcpy(decision.job_id, "00112233445566778899aabbccddeeff");
		}
		la_buf_reset(&out);
		assert_int_equal(la_encoder_decision(encoder, &decision, &out, NULL), LA_OK);
		assert_int_equal(la_decoder_decision(decisions, la_buf_span(&out), &decision_back, NULL), LA_OK);
		assert_memory_equal(&decision_back, &decision, sizeof(decision));

		memset(&delivery, 0, sizeof(delivery));
		memset(&delivery_back, 0, sizeof(delivery_back));
		strcpy(delivery.job_id, "00112233445566778899aabbccddeeff");
		strcpy(delivery.member_ref, "00112233445566778899aabbccddeeff");
		la_text_set(&delivery.event_id, la_span_text("e"));
		la_text_set(&delivery.template_rev, la_span_text("r"));
		delivery.outcome = LA_DELIVERED_NOT_LIVE;
		delivery.at_ms = 5;
		delivery.has_smtp_code = full;
		if (full) {
			delivery.smtp_code = 550;
			la_text_set(&delivery.relay, la_span_text("127.0.0.1:25"));
		}
		la_buf_reset(&out);
		assert_int_equal(la_encoder_delivery(encoder, &delivery, &out, NULL), LA_OK);
		assert_int_equal(la_decoder_delivery(deliveries, la_buf_span(&out), &delivery_back, NULL), LA_OK);
		assert_memory_equal(&delivery_back, &delivery, sizeof(delivery));
	}
	la_buf_clear(&out);
	la_encoder_free(encoder);
	la_decoder_free(decisions);
	la_decoder_free(deliveries);
}

static void
ids_that_are_not_32_hex_digits_are_refused(void **state)
{
	static const char *const bad[] = {
	    "", "00112233445566778899aabbccddeef", "00112233445566778899AABBCCDDEEFF", "0011223344556677g899aabbccddeeff"};
	struct la_encoder *encoder = encoder_of(LA_FRAMING_NONE);
	struct la_decoder *decoder = decoder_of(LA_RECORD_ALERT_JOB, LA_FRAMING_NONE, NULL);
	struct la_buf out = LA_BUF_INIT;
	struct la_alert_job job, back;
	struct la_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fill_job(&job);
		strcpy(job.member_ref, bad[i]);
		la_buf_reset(&out);
		assert_int_equal(la_encoder_job(encoder, &job, &out, NULL), LA_OK);
		assert_int_equal(la_decoder_job(decoder, la_buf_span(&out), &back, &error), LA_EDATA);
		assert_string_equal(error.text, "field member_ref: not 32 lower-case hex digits");
	}
	la_buf_clear(&out);
	la_encoder_free(encoder);
	la_decoder_free(decoder);
}

/* A folder of its own for a test; removed with what the test put there. */
struct folder {
	char path[64];
	char file[96];
};

static void
folder_open(struct folder *folder)
{
	strcpy(folder->path, "/tmp/la-codec-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
	(void)snprintf(folder->file, sizeof(folder->file), "%s/future.avsc", folder->path);
}

static void
folder_put(const struct folder *folder, const char *text)
{
	FILE *f = fopen(folder->file, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
folder_close(const struct folder *folder)
{
	(void)unlink(folder->file);
	(void)rmdir(folder->path);
}

/* A LoginEvent of another version: other order, other fields, a kind that we do not know. */
static const char future[] =
    "{\"type\":\"record\",\"name\":\"LoginEvent\",\"namespace\":\"loginalert.v1\",\"fields\":["
    "{\"name\":\"added\",\"type\":{\"type\":\"array\",\"items\":\"string\"}},"
    "{\"name\":\"member_id\",\"type\":\"string\"},{\"name\":\"occurred_at\",\"type\":\"long\"},"
    "{\"name\":\"kind\",\"type\":{\"type\":\"enum\",\"name\":\"EventKind\",\"symbols\":[\"PASSKEY\",\"LOGIN\"]}},"
    "{\"name\":\"event_id\",\"type\":\"bytes\"}]}";
#define FUTURE_FINGERPRINT "\x9e\x0e\x59\x19\xd0\x5d\xb0\xe7"
#define FUTURE_VALUE "\x02\x02x\x00" "\x06m-1" "\x02" "\x00" "\x06" "e-1"

/* The value behind the header of that schema, whose fingerprint fastavro gives. */
static const unsigned char future_value[] = "\xc3\x01" FUTURE_FINGERPRINT FUTURE_VALUE;

static void
check_future(const struct la_login_event *event)
{
	assert_true(la_span_is(event->member_id, "m-1"));
	assert_true(la_span_is(event->event_id, "e-1"));
	assert_int_equal(event->occurred_at_ms, 1);
	assert_int_equal(event->kind, LA_KIND_OTHER);
	assert_true(la_span_is(event->tenant, "default"));
	assert_int_equal(event->device_class, LA_CLASS_UNKNOWN);
	assert_false(la_span_present(event->email));
	assert_false(event->has_account_created_at);
}

static void
a_schema_that_is_put_there_later_is_found(void **state)
{
	struct la_span value = la_span_of(future_value, sizeof(future_value) - 1);
	struct folder folder;
	struct la_decoder *decoder;
	struct la_login_event event;
	struct la_error error;

	(void)state;
	folder_open(&folder);
	decoder = decoder_of(LA_RECORD_LOGIN_EVENT, LA_FRAMING_SINGLE_OBJECT, folder.path);
	assert_int_equal(la_decoder_event(decoder, value, &event, &error), LA_ENOSCHEMA);
	assert_non_null(strstr(error.text, "fingerprint"));
	usleep(20000); /* more than a time stamp's step */
	folder_put(&folder, future);
	assert_int_equal(la_decoder_event(decoder, value, &event, &error), LA_OK);
	check_future(&event);
	la_decoder_free(decoder);
	folder_close(&folder);
}

static void
a_schema_file_that_was_read_half_written_is_read_again(void **state)
{
	struct la_span value = la_span_of(future_value, sizeof(future_value) - 1);
	struct folder folder;
	struct la_decoder *decoder;
	struct la_login_event event;

	(void)state;
	folder_open(&folder);
	decoder = decoder_of(LA_RECORD_LOGIN_EVENT, LA_FRAMING_SINGLE_OBJECT, folder.path);
	usleep(20000);
	folder_put(&folder, "{\"type\":");
	assert_int_equal(la_decoder_event(decoder, value, &event, NULL), LA_ENOSCHEMA);
	folder_put(&folder, future);
	usleep(1100000); /* at most one look a second while the folder's time stamp stays */
	assert_int_equal(la_decoder_event(decoder, value, &event, NULL), LA_OK);
	check_future(&event);
	la_decoder_free(decoder);
	folder_close(&folder);
}

/* What is written to stderr from now on goes to a file; gives what stderr was. */
static int
divert_stderr(FILE *to)
{
	int kept;

	(void)fflush(stderr);
	kept = dup(STDERR_FILENO);
	assert_true(kept >= 0 && dup2(fileno(to), STDERR_FILENO) >= 0);
	return (kept);
}

static void
a_later_schema_that_does_not_fit_is_said_once(void **state)
{
	static const char bad[] = "{\"type\":\"record\",\"name\":\"LoginEvent\",\"fields\":["
	                          "{\"name\":\"event_id\",\"type\":\"int\"}]}";
	struct la_span value = la_span_of(future_value, sizeof(future_value) - 1);
	FILE *log = tmpfile();
	char text[2048] = "", *first;
	struct folder folder;
	struct la_decoder *decoder;
	struct la_login_event event;
	int kept;

	(void)state;
	assert_non_null(log);
	folder_open(&folder);
	decoder = decoder_of(LA_RECORD_LOGIN_EVENT, LA_FRAMING_SINGLE_OBJECT, folder.path);
	usleep(20000); /* more than a time stamp's step */
	folder_put(&folder, bad);
	kept = divert_stderr(log);
	assert_int_equal(la_decoder_event(decoder, value, &event, NULL), LA_ENOSCHEMA);
	usleep(1100000); /* at most one look a second while the folder's time stamp stays */
	assert_int_equal(la_decoder_event(decoder, value, &event, NULL), LA_ENOSCHEMA);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	(void)close(kept);
	rewind(log);
	text[fread(text, 1, sizeof(text) - 1, log)] = '\0';
	(void)fclose(log);
	assert_non_null(first = strstr(text, "future.avsc: field event_id: int does not fit string"));
	assert_null(strstr(first + 1, "future.avsc"));
	la_decoder_free(decoder);
	folder_close(&folder);
}

static void
a_schema_that_does_not_fit_stops_the_start_and_names_file_and_field(void **state)
{
	struct folder folder;
	struct la_decoder *decoder = NULL;
	struct la_error error;
	struct la_decoder_options options = {LA_RECORD_LOGIN_EVENT, LA_FRAMING_SINGLE_OBJECT, SCHEMAS, NULL};

	(void)state;
	folder_open(&folder);
	options.schema_dir = folder.path;
	folder_put(&folder, "{\"type\":\"record\",\"name\":\"LoginEvent\",\"fields\":["
	                    "{\"name\":\"event_id\",\"type\":\"int\"}]}");
	assert_int_equal(la_decoder_new(&decoder, &options, &error), LA_ECONFIG);
	assert_non_null(strstr(error.text, "/future.avsc: field event_id: int does not fit string"));
	assert_null(decoder);
	folder_close(&folder);
}

static void
a_record_of_another_name_is_refused_and_stops_nothing(void **state)
{
	struct la_encoder *encoder = encoder_of(LA_FRAMING_SINGLE_OBJECT);
	struct la_decoder *decoder = decoder_of(LA_RECORD_LOGIN_EVENT, LA_FRAMING_SINGLE_OBJECT, SCHEMAS);
	struct la_buf out = LA_BUF_INIT;
	struct la_alert_job job;
	struct la_login_event event;
	struct la_error error;

	(void)state;
	fill_job(&job);
	assert_int_equal(la_encoder_job(encoder, &job, &out, NULL), LA_OK);
	assert_int_equal(la_decoder_event(decoder, la_buf_span(&out), &event, &error), LA_EDATA);
	assert_string_equal(error.text, "byte 2: the schema is no LoginEvent");
	la_buf_clear(&out);
	la_encoder_free(encoder);
	la_decoder_free(decoder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_event_that_is_written_is_read_back_the_same),
	    cmocka_unit_test(each_field_of_an_event_comes_to_its_own_place),
	    cmocka_unit_test(a_value_may_have_16_mib_and_not_a_byte_more),
	    cmocka_unit_test(a_long_record_is_written_whole_behind_what_is_there),
	    cmocka_unit_test(a_job_that_is_written_is_read_back_the_same),
	    cmocka_unit_test(decisions_and_deliveries_are_read_back_the_same),
	    cmocka_unit_test(ids_that_are_not_32_hex_digits_are_refused),
	    cmocka_unit_test(a_schema_that_is_put_there_later_is_found),
	    cmocka_unit_test(a_schema_file_that_was_read_half_written_is_read_again),
	    cmocka_unit_test(a_later_schema_that_does_not_fit_is_said_once),
	    cmocka_unit_test(a_schema_that_does_not_fit_stops_the_start_and_names_file_and_field),
	    cmocka_unit_test(a_record_of_another_name_is_refused_and_stops_nothing),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
