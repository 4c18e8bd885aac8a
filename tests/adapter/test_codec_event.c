/* Events through encoder and decoder: what is written is read back the same, each field in its own place. */
#include <stdlib.h>

#include "codec_parts.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_event_that_is_written_is_read_back_the_same),
	    cmocka_unit_test(each_field_of_an_event_comes_to_its_own_place),
	    cmocka_unit_test(a_value_may_have_16_mib_and_not_a_byte_more),
	    cmocka_unit_test(a_long_record_is_written_whole_behind_what_is_there),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
