#include "detector/replay_compare_fields.h"

#include <stdio.h>

static void
note(char *out, const char *name, bool same)
{
	size_t size = strlen(out);

	if (!same)
		(void)snprintf(out + size, LA_FIELDS_BYTES - size, "%s%s", size == 0 ? "" : " ", name);
}

static void
note_text(char *out, const char *name, const struct la_text *a, const struct la_text *b)
{
	note(out, name, la_span_equal(la_text_span(a), la_text_span(b)));
}

void
la_compare_job_fields(const struct la_alert_job *a, const struct la_alert_job *b, char *out)
{
	out[0] = '\0';
	note_text(out, "event_id", &a->event_id, &b->event_id);
	note(out, "job_id", strcmp(a->job_id, b->job_id) == 0);
	note(out, "mode", (a->mode == LA_MODE_SHADOW) == (b->mode == LA_MODE_SHADOW)); /* whether it is mailed */
	note(out, "reason", a->reason == b->reason);
	note_text(out, "tenant", &a->tenant, &b->tenant);
	note(out, "occurred_at", a->occurred_at_ms == b->occurred_at_ms);
	note(out, "not_after", a->not_after_ms == b->not_after_ms);
	note_text(out, "member_masked", &a->member_masked, &b->member_masked);
	note_text(out, "device_label", &a->device_label, &b->device_label);
	note(out, "device_class", a->device_class == b->device_class);
	note_text(out, "browser_label", &a->browser_label, &b->browser_label);
	note_text(out, "app_label", &a->app_label, &b->app_label);
	note_text(out, "location_label", &a->location_label, &b->location_label);
	note_text(out, "locale", &a->locale, &b->locale);
	note_text(out, "time_zone", &a->time_zone, &b->time_zone);
	note(out, "suppressed_before", a->suppressed_before == b->suppressed_before);
	if (a->has_recipient && b->has_recipient)
		note(out, "recipient",
		    la_span_equal(la_text_span(&a->recipient_email), la_text_span(&b->recipient_email)) &&
			la_span_equal(la_text_span(&a->recipient_member_id), la_text_span(&b->recipient_member_id)));
}

void
la_compare_decision_fields(const struct la_decision *a, const struct la_decision *b, char *out)
{
	out[0] = '\0';
	note_text(out, "event_id", &a->event_id, &b->event_id);
	note(out, "outcome", a->outcome == b->outcome);
	note(out, "reason", a->has_reason == b->has_reason && (!a->has_reason || a->reason == b->reason));
	note(out, "job_id", a->has_job_id == b->has_job_id && (!a->has_job_id || strcmp(a->job_id, b->job_id) == 0));
	note(out, "occurred_at", a->occurred_at_ms == b->occurred_at_ms);
}

void
la_compare_words(enum la_outcome outcome, bool has_reason, enum la_reason reason, char out[64])
{
	(void)snprintf(out, 64, "%s%s%s", la_outcome_name(outcome), has_reason ? " " : "",
	    has_reason ? la_reason_name(reason) : "");
}

bool
la_outcome_is_candidate(enum la_outcome outcome)
{
	return (outcome == LA_OUTCOME_ALERTED || outcome == LA_OUTCOME_SEEDED ||
	    outcome == LA_OUTCOME_SUPPRESSED_COOLDOWN || outcome == LA_OUTCOME_SUPPRESSED_CAP);
}
