/* Jobs, decisions and deliveries through encoder and decoder: what is written is read back the same. */
#include "codec_parts.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_job_that_is_written_is_read_back_the_same),
	    cmocka_unit_test(decisions_and_deliveries_are_read_back_the_same),
	    cmocka_unit_test(ids_that_are_not_32_hex_digits_are_refused),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
