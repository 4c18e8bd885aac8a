/*
 * What goes out: alert job, decision, delivery (schemas/), as plain values
 * that own their bytes.
 */
#ifndef LA_COMMON_JOB_H
#define LA_COMMON_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "common/event.h"
#include "common/text.h"

#define LA_ID_HEX 33 /* 128 bits as 32 hex digits and a NUL */

#define LA_MODE_LIST(X) X(LIVE) X(REPLAY) X(SHADOW)
#define LA_REASON_LIST(X) X(FIRST_LOGIN) X(NEW_DEVICE) X(NEW_BROWSER) X(COOKIES_CLEARED) X(THIRD_PARTY_LINK)
#define LA_OUTCOME_LIST(X) \
	X(KNOWN) X(ALERTED) X(SEEDED) X(SUPPRESSED_COOLDOWN) X(SUPPRESSED_CAP) X(IGNORED_KIND) X(IGNORED_RESULT) \
	X(IGNORED_ACTOR) X(FORGOTTEN) X(REJECTED) X(OTHER)
#define LA_DELIVERED_LIST(X) X(SENT) X(DUPLICATE) X(EXPIRED) X(REFUSED) X(UNKNOWN) X(REJECTED) X(NOT_LIVE) X(OTHER)

#define LA_ENUM_MODE(s) LA_MODE_##s,
#define LA_ENUM_REASON(s) LA_REASON_##s,
#define LA_ENUM_OUTCOME(s) LA_OUTCOME_##s,
#define LA_ENUM_DELIVERED(s) LA_DELIVERED_##s,
enum la_mode { LA_MODE_LIST(LA_ENUM_MODE) };
enum la_reason { LA_REASON_LIST(LA_ENUM_REASON) };
enum la_outcome { LA_OUTCOME_LIST(LA_ENUM_OUTCOME) };
enum la_delivered { LA_DELIVERED_LIST(LA_ENUM_DELIVERED) };
#undef LA_ENUM_MODE
#undef LA_ENUM_REASON
#undef LA_ENUM_OUTCOME
#undef LA_ENUM_DELIVERED

/* The Avro symbol, e.g. "NEW_DEVICE"; a static string. job.c */
const char *la_mode_name(enum la_mode mode);
const char *la_reason_name(enum la_reason reason);
const char *la_outcome_name(enum la_outcome outcome);
const char *la_delivered_name(enum la_delivered delivered);
const char *la_device_class_name(enum la_device_class device_class);

struct la_alert_job {
	char job_id[LA_ID_HEX];
	struct la_text event_id;
	enum la_mode mode;
	enum la_reason reason;
	struct la_text tenant;
	int64_t occurred_at_ms;
	int64_t not_after_ms;
	char member_ref[LA_ID_HEX];
	struct la_text member_masked;
	struct la_text device_label;
	enum la_device_class device_class;
	struct la_text browser_label;
	struct la_text app_label;      /* may be absent, as all that follow with a ? in schemas/README.md */
	struct la_text location_label;
	struct la_text locale;
	struct la_text time_zone;
	bool has_recipient;
	struct la_text recipient_email;     /* absent: ask recipient.url */
	struct la_text recipient_member_id;
	bool has_recipient_sealed;
	uint16_t recipient_sealed_size;
	unsigned char recipient_sealed[1024];
	int32_t suppressed_before;
	struct la_text policy_rev;
	struct la_text agent_rev;
	int32_t key_epoch;
	struct la_text source_topic;
	int32_t source_partition;
	int64_t source_offset;
};

struct la_decision {
	struct la_text event_id;
	char member_ref[LA_ID_HEX];
	int64_t occurred_at_ms;
	enum la_outcome outcome;
	bool has_reason;
	enum la_reason reason;
	bool has_job_id;
	char job_id[LA_ID_HEX];
	struct la_text policy_rev;
	struct la_text agent_rev;
	int32_t key_epoch;
	struct la_text source_topic;
	int32_t source_partition;
	int64_t source_offset;
};

struct la_delivery {
	char job_id[LA_ID_HEX];
	struct la_text event_id;
	char member_ref[LA_ID_HEX];
	enum la_delivered outcome;
	bool has_smtp_code;
	int32_t smtp_code;
	struct la_text enhanced_code;
	int32_t attempts;
	struct la_text message_id;
	struct la_text template_rev;
	struct la_text relay;
	int64_t at_ms; /* wall clock: the only one in any record of ours */
};

#endif
