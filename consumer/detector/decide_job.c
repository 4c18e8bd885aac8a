#include <string.h>

#include "detector/decide_internal.h"

#define EMAIL_BYTES_MAX 254 /* RFC 3696 erratum 1690: the longest address a path can carry */

/* The largest suffix of text that starts at a character and has at most count of them; *before counts the others. */
static struct la_span
last_characters(struct la_span text, size_t count, size_t *before)
{
	size_t characters = 0, skip, at = 0;
	uint32_t code_point;

	for (struct la_span rest = text; rest.size > 0; characters++) {
		size_t size = la_utf8_decode(rest, &code_point);

		size = size == 0 ? 1 : size;
		rest = la_span_of(rest.data + size, rest.size - size);
	}
	skip = characters > count ? characters - count : characters; /* not more than what is kept: all is hidden */
	*before = skip;
	for (; skip > 0; skip--) {
		size_t size = la_utf8_decode(la_span_of(text.data + at, text.size - at), &code_point);

		at += size == 0 ? 1 : size;
	}
	return (la_span_of(text.data + at, text.size - at));
}

void
la_decider_mask(const struct la_decider *d, const struct la_login_event *event, struct la_text *out)
{
	struct la_span number = event->member_number.size > 0 ? event->member_number : event->member_id;
	struct la_text tail;
	size_t stars;

	la_text_set(&tail, last_characters(number, d->mask_keep_last, &stars));
	if (stars > (size_t)(LA_TEXT_BYTES - tail.size))
		stars = (size_t)(LA_TEXT_BYTES - tail.size);
	out->present = true;
	out->size = (uint16_t)(stars + tail.size);
	memset(out->bytes, '*', stars);
	memcpy(out->bytes + stars, tail.bytes, tail.size);
	out->bytes[out->size] = '\0';
}

/* In the place of the recipient in clear, of which nothing stays. */
static void
seal_recipient(const struct la_sealer *sealer, struct la_alert_job *job)
{
	struct la_recipient recipient = {job->recipient_email, job->recipient_member_id};

	_Static_assert(LA_SEALED_BYTES_MAX <= sizeof(job->recipient_sealed), "a job has room for what is sealed");
	job->recipient_sealed_size = (uint16_t)la_sealer_seal(sealer, &recipient, job->recipient_sealed);
	job->has_recipient_sealed = true;
	job->has_recipient = false;
	memset(&job->recipient_email, 0, sizeof(job->recipient_email));
	memset(&job->recipient_member_id, 0, sizeof(job->recipient_member_id));
}

/*
 * Sealed by the producer: passed on, and nothing in clear beside it. An address
 * that cannot be passed on as it is, whole, is left out: part of it would be
 * somebody else's.
 */
static void
set_recipient(const struct la_decider *d, const struct la_login_event *event, struct la_alert_job *job)
{
	struct la_span sealed = event->email_sealed, email = event->email;

	if (sealed.size > 0 && sealed.size <= sizeof(job->recipient_sealed)) {
		job->has_recipient_sealed = true;
		job->recipient_sealed_size = (uint16_t)sealed.size;
		memcpy(job->recipient_sealed, sealed.data, sealed.size);
		return;
	}
	job->has_recipient = true;
	la_text_set(&job->recipient_member_id, event->member_id);
	if (email.size > 0 && email.size <= EMAIL_BYTES_MAX && la_utf8_valid(email))
		la_text_set(&job->recipient_email, email);
	if (d->sealer != NULL)
		seal_recipient(d->sealer, job);
}

static int64_t
not_after(int64_t occurred_at_ms, int64_t max_age_ms)
{
	int64_t sum;

	if (max_age_ms == 0)
		return (LA_TIME_MAX_MS);
	return (__builtin_add_overflow(occurred_at_ms, max_age_ms, &sum) ? INT64_MAX : sum);
}

static void
set_labels(const struct la_decider *d, const struct la_login_event *event, struct la_alert_job *job)
{
	const struct la_labels *labels = &la_label_cache_find(d->labels, event)->labels;

	la_text_set(&job->device_label, la_span_text(la_agent_device_label(labels)));
	job->device_class = labels->device_class;
	la_text_set(&job->browser_label, la_span_text(labels->browser));
	la_text_set(&job->app_label, event->client_app_name);
	la_text_set(&job->location_label, event->location);
	la_text_set(&job->locale, event->locale);
	la_text_set(&job->time_zone, event->time_zone);
}

void
la_decider_job(const struct la_decider *decider, const struct la_login_event *event, const struct la_source *source,
    const struct la_facts *facts, const struct la_verdict *verdict, struct la_alert_job *job)
{
	memset(job, 0, sizeof(*job));
	la_digest_job_id(event, job->job_id);
	la_text_set(&job->event_id, event->event_id);
	job->mode = decider->mode;
	job->reason = verdict->reason;
	la_text_set(&job->tenant, event->tenant);
	job->occurred_at_ms = event->occurred_at_ms;
	job->not_after_ms = not_after(event->occurred_at_ms, decider->policy.alert_max_age_ms);
	la_hex(job->member_ref, facts->by_epoch[decider->active].member, LA_MEMBER_DIGEST_BYTES);
	la_decider_mask(decider, event, &job->member_masked);
	set_labels(decider, event, job);
	set_recipient(decider, event, job);
	job->suppressed_before = (int32_t)verdict->suppressed_before;
	la_text_set(&job->policy_rev, la_span_text(decider->policy_rev));
	la_text_set(&job->agent_rev, la_span_text(decider->agent_rev));
	job->key_epoch = decider->digester[decider->active].epoch;
	la_text_set(&job->source_topic, source->topic);
	job->source_partition = source->partition;
	job->source_offset = source->offset;
}

void
la_decider_decision(const struct la_decider *decider, const struct la_login_event *event,
    const struct la_source *source, const struct la_facts *facts, const struct la_verdict *verdict,
    struct la_decision *decision)
{
	static const unsigned char nobody[LA_MEMBER_DIGEST_BYTES];

	memset(decision, 0, sizeof(*decision));
	la_text_set(&decision->event_id, event->event_id);
	la_hex(decision->member_ref, facts == NULL ? nobody : facts->by_epoch[decider->active].member,
	    LA_MEMBER_DIGEST_BYTES);
	decision->occurred_at_ms = event->occurred_at_ms;
	decision->outcome = verdict->outcome;
	decision->has_reason = verdict->has_reason;
	decision->reason = verdict->reason;
	decision->has_job_id = verdict->outcome == LA_OUTCOME_ALERTED;
	if (decision->has_job_id)
		la_digest_job_id(event, decision->job_id);
	la_text_set(&decision->policy_rev, la_span_text(decider->policy_rev));
	la_text_set(&decision->agent_rev, la_span_text(decider->agent_rev));
	decision->key_epoch = decider->digester[decider->active].epoch;
	la_text_set(&decision->source_topic, source->topic);
	decision->source_partition = source->partition;
	decision->source_offset = source->offset;
}
