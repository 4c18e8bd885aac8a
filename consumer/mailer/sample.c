#include "mailer/sample.h"

struct la_alert_job
la_sample_job(enum la_reason reason)
{
	struct la_alert_job job = {.job_id = "00000000000000000000000000000000", .reason = reason,
	    .occurred_at_ms = 1751295600000, /* 2025-07-01T00:00:00+09:00 */
	    .device_class = LA_CLASS_MOBILE, .has_recipient = true};

	la_text_set(&job.tenant, la_span_text("default"));
	la_text_set(&job.member_masked, la_span_text("******321"));
	la_text_set(&job.device_label, la_span_text("iPhone"));
	la_text_set(&job.browser_label, la_span_text("chrome"));
	la_text_set(&job.recipient_email, la_span_text("member@example.com"));
	if (reason == LA_REASON_THIRD_PARTY_LINK)
		la_text_set(&job.app_label, la_span_text("Sample App"));
	return (job);
}
