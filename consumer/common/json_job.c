#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/json_read.h"

#define SYMBOL(s) #s,
#define NO_LIMIT_MS INT64_C(4102444800000) /* 2100-01-01: not_after with alert.max-age=0 */

static const char *const mode_symbols[] = {LA_MODE_LIST(SYMBOL)};
static const char *const reason_symbols[] = {LA_REASON_LIST(SYMBOL)};
static const char *const class_symbols[] = {LA_DEVICE_CLASS_LIST(SYMBOL)};
static const struct la_json_enum modes = {mode_symbols, sizeof(mode_symbols) / sizeof(char *), LA_MODE_SHADOW};
static const struct la_json_enum reasons = {
    reason_symbols, sizeof(reason_symbols) / sizeof(char *), LA_REASON_NEW_DEVICE};
static const struct la_json_enum classes = {class_symbols, sizeof(class_symbols) / sizeof(char *), LA_CLASS_UNKNOWN};

/* fallback NULL: an absent text. */
static void
read_text(struct la_json_reader *reader, const char *name, const char *fallback, struct la_text *out)
{
	struct la_span text = la_span_text(fallback);

	(void)la_json_string(reader, name, &text);
	la_text_set(out, text);
}

static void
read_texts(struct la_json_reader *reader, struct la_alert_job *job)
{
	read_text(reader, "event_id", "unknown", &job->event_id);
	read_text(reader, "tenant", "default", &job->tenant);
	read_text(reader, "member_masked", "unknown", &job->member_masked);
	read_text(reader, "device_label", "unknown", &job->device_label);
	read_text(reader, "browser_label", "unknown", &job->browser_label);
	read_text(reader, "app_label", NULL, &job->app_label);
	read_text(reader, "location_label", NULL, &job->location_label);
	read_text(reader, "locale", NULL, &job->locale);
	read_text(reader, "time_zone", NULL, &job->time_zone);
	read_text(reader, "policy_rev", "unknown", &job->policy_rev);
	read_text(reader, "agent_rev", "unknown", &job->agent_rev);
	read_text(reader, "source_topic", "unknown", &job->source_topic);
}

/* 32 hex digits: job_id becomes part of the Message-ID, so that nothing else may pass. */
static void
read_id(struct la_json_reader *reader, const char *name, char out[LA_ID_HEX])
{
	struct la_span text = la_span_text("00000000000000000000000000000000");
	size_t i;

	(void)la_json_string(reader, name, &text);
	for (i = 0; i < text.size && memchr("0123456789abcdef", text.data[i], 16) != NULL; i++)
		;
	if (i != text.size || text.size != LA_ID_HEX - 1) {
		la_json_refuse(reader, name, "32 hex digits in lower case");
		return;
	}
	memcpy(out, text.data, text.size);
	out[text.size] = '\0';
}

static int32_t
read_int(struct la_json_reader *reader, const char *name)
{
	int64_t value = 0;

	(void)la_json_integer(reader, name, 0, INT32_MAX, &value);
	return ((int32_t)value);
}

static void
read_recipient(struct la_json_reader *reader, struct la_alert_job *job)
{
	json_t *object = la_json_field(reader, "recipient");
	struct la_json_reader inner = {object, reader->error, reader->err};

	if (reader->err != LA_OK || object == NULL)
		return;
	if (!json_is_object(object)) {
		la_json_refuse(reader, "recipient", "an object with email and member_id");
		return;
	}
	read_text(&inner, "email", NULL, &job->recipient_email);
	read_text(&inner, "member_id", "unknown", &job->recipient_member_id);
	job->has_recipient = true;
	reader->err = inner.err;
	if (inner.err != LA_OK)
		la_error_prefix(reader->error, "recipient");
}

static void
read_sealed(struct la_json_reader *reader, struct la_alert_job *job)
{
	unsigned char *bytes = NULL;
	size_t size;

	if (!la_json_bytes(reader, "recipient_sealed", &bytes, &size))
		return;
	if (size > sizeof(job->recipient_sealed)) {
		la_json_refuse(reader, "recipient_sealed", "at most 1024 bytes");
	} else {
		memcpy(job->recipient_sealed, bytes, size);
		job->recipient_sealed_size = (uint16_t)size;
		job->has_recipient_sealed = true;
	}
	free(bytes);
}

static void
read_symbols(struct la_json_reader *reader, struct la_alert_job *job)
{
	int mode = LA_MODE_SHADOW, reason = LA_REASON_NEW_DEVICE, device_class = LA_CLASS_UNKNOWN;

	(void)la_json_symbol(reader, "mode", &modes, &mode);
	(void)la_json_symbol(reader, "reason", &reasons, &reason);
	(void)la_json_symbol(reader, "device_class", &classes, &device_class);
	job->mode = (enum la_mode)mode;
	job->reason = (enum la_reason)reason;
	job->device_class = (enum la_device_class)device_class;
}

enum la_err
la_json_read_job(struct la_span text, struct la_alert_job *job, struct la_error *error)
{
	struct la_json_reader reader = {NULL, error, LA_OK};

	memset(job, 0, sizeof(*job));
	job->not_after_ms = NO_LIMIT_MS;
	reader.err = la_json_parse(text, &reader.object, error);
	if (reader.err != LA_OK)
		return (reader.err);
	la_json_require(&reader, "occurred_at");
	la_json_require(&reader, "reason");
	read_id(&reader, "job_id", job->job_id);
	read_id(&reader, "member_ref", job->member_ref);
	read_texts(&reader, job);
	read_symbols(&reader, job);
	(void)la_json_time(&reader, "occurred_at", &job->occurred_at_ms);
	(void)la_json_time(&reader, "not_after", &job->not_after_ms);
	read_recipient(&reader, job);
	read_sealed(&reader, job);
	job->suppressed_before = read_int(&reader, "suppressed_before");
	job->key_epoch = read_int(&reader, "key_epoch");
	job->source_partition = read_int(&reader, "source_partition");
	(void)la_json_integer(&reader, "source_offset", 0, INT64_MAX, &job->source_offset);
	json_decref(reader.object);
	return (reader.err);
}
