/* Decoders and encoders as a program opens them, and records to put through them. */
#ifndef LA_TESTS_CODEC_PARTS_H
#define LA_TESTS_CODEC_PARTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/decoder.h"
#include "common/encoder.h"

#define SCHEMAS LA_TEST_SOURCE_DIR "/schemas"

static const enum la_framing framings[] = {LA_FRAMING_NONE, LA_FRAMING_SINGLE_OBJECT};

static inline struct la_decoder *
decoder_of(enum la_record_type record, enum la_framing framing, const char *schema_dir)
{
	struct la_decoder_options options = {record, framing, SCHEMAS, schema_dir};
	struct la_decoder *decoder = NULL;
	struct la_error error = LA_ERROR_INIT;

	if (la_decoder_new(&decoder, &options, &error) != LA_OK)
		fail_msg("%s", error.text);
	return (decoder);
}

static inline struct la_encoder *
encoder_of(enum la_framing framing)
{
	struct la_encoder *encoder = NULL;
	struct la_error error = LA_ERROR_INIT;

	if (la_encoder_new(&encoder, framing, SCHEMAS, &error) != LA_OK)
		fail_msg("%s", error.text);
	return (encoder);
}

static inline void
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

#endif
