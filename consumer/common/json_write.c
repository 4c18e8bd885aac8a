#include <sodium.h>

#include "common/json.h"

/* An object that grows; once something fails it stays failed. */
struct writer {
	json_t *object;
	bool failed;
};

/* Takes value over. */
static void
put(struct writer *writer, const char *name, json_t *value)
{
	if (writer->failed)
		json_decref(value);
	else if (json_object_set_new(writer->object, name, value) != 0)
		writer->failed = true; /* value is gone too */
}

static void
put_text(struct writer *writer, const char *name, const struct la_text *text)
{
	put(writer, name, text->present ? json_stringn(text->bytes, text->size) : json_null());
}

static void
put_string(struct writer *writer, const char *name, const char *text)
{
	put(writer, name, text == NULL ? json_null() : json_string(text));
}

static void
put_integer(struct writer *writer, const char *name, int64_t number)
{
	put(writer, name, json_integer(number));
}

/* The object, or NULL when something failed. */
static json_t *
finish(struct writer *writer)
{
	if (!writer->failed && writer->object != NULL)
		return (writer->object);
	json_decref(writer->object);
	return (NULL);
}

static json_t *
recipient_of(const struct la_alert_job *job)
{
	struct writer writer = {json_object(), false};

	put_text(&writer, "email", &job->recipient_email);
	put_text(&writer, "member_id", &job->recipient_member_id);
	return (finish(&writer));
}

static json_t *
sealed_of(const struct la_alert_job *job)
{
	char text[sodium_base64_ENCODED_LEN(sizeof(job->recipient_sealed), sodium_base64_VARIANT_ORIGINAL)];

	(void)sodium_bin2base64(text, sizeof(text), job->recipient_sealed, job->recipient_sealed_size,
	    sodium_base64_VARIANT_ORIGINAL);
	return (json_string(text));
}

static void
put_labels(struct writer *writer, const struct la_alert_job *job)
{
	put_text(writer, "member_masked", &job->member_masked);
	put_text(writer, "device_label", &job->device_label);
	put_string(writer, "device_class", la_device_class_name(job->device_class));
	put_text(writer, "browser_label", &job->browser_label);
	put_text(writer, "app_label", &job->app_label);
	put_text(writer, "location_label", &job->location_label);
	put_text(writer, "locale", &job->locale);
	put_text(writer, "time_zone", &job->time_zone);
}

json_t *
la_json_write_job(const struct la_alert_job *job)
{
	struct writer writer = {json_object(), false};

	put_string(&writer, "job_id", job->job_id);
	put_text(&writer, "event_id", &job->event_id);
	put_string(&writer, "mode", la_mode_name(job->mode));
	put_string(&writer, "reason", la_reason_name(job->reason));
	put_text(&writer, "tenant", &job->tenant);
	put_integer(&writer, "occurred_at", job->occurred_at_ms);
	put_integer(&writer, "not_after", job->not_after_ms);
	put_string(&writer, "member_ref", job->member_ref);
	put_labels(&writer, job);
	put(&writer, "recipient", job->has_recipient ? recipient_of(job) : json_null());
	put(&writer, "recipient_sealed", job->has_recipient_sealed ? sealed_of(job) : json_null());
	put_integer(&writer, "suppressed_before", job->suppressed_before);
	put_text(&writer, "policy_rev", &job->policy_rev);
	put_text(&writer, "agent_rev", &job->agent_rev);
	put_integer(&writer, "key_epoch", job->key_epoch);
	put_text(&writer, "source_topic", &job->source_topic);
	put_integer(&writer, "source_partition", job->source_partition);
	put_integer(&writer, "source_offset", job->source_offset);
	return (finish(&writer));
}

json_t *
la_json_write_decision(const struct la_decision *decision)
{
	struct writer writer = {json_object(), false};

	put_text(&writer, "event_id", &decision->event_id);
	put_string(&writer, "member_ref", decision->member_ref);
	put_integer(&writer, "occurred_at", decision->occurred_at_ms);
	put_string(&writer, "outcome", la_outcome_name(decision->outcome));
	put_string(&writer, "reason", decision->has_reason ? la_reason_name(decision->reason) : NULL);
	put_string(&writer, "job_id", decision->has_job_id ? decision->job_id : NULL);
	put_text(&writer, "policy_rev", &decision->policy_rev);
	put_text(&writer, "agent_rev", &decision->agent_rev);
	put_integer(&writer, "key_epoch", decision->key_epoch);
	put_text(&writer, "source_topic", &decision->source_topic);
	put_integer(&writer, "source_partition", decision->source_partition);
	put_integer(&writer, "source_offset", decision->source_offset);
	return (finish(&writer));
}

json_t *
la_json_write_delivery(const struct la_delivery *delivery)
{
	struct writer writer = {json_object(), false};

	put_string(&writer, "job_id", delivery->job_id);
	put_text(&writer, "event_id", &delivery->event_id);
	put_string(&writer, "member_ref", delivery->member_ref);
	put_string(&writer, "outcome", la_delivered_name(delivery->outcome));
	put(&writer, "smtp_code", delivery->has_smtp_code ? json_integer(delivery->smtp_code) : json_null());
	put_text(&writer, "enhanced_code", &delivery->enhanced_code);
	put_integer(&writer, "attempts", delivery->attempts);
	put_text(&writer, "message_id", &delivery->message_id);
	put_text(&writer, "template_rev", &delivery->template_rev);
	put_text(&writer, "relay", &delivery->relay);
	put_integer(&writer, "at", delivery->at_ms);
	return (finish(&writer));
}
