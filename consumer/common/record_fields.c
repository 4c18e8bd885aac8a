#include "common/record_fields.h"

#include <stddef.h>
#include <string.h>

#include "common/avro_names.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SYMBOL(s) #s,
#define SYMBOLS(variable, list) \
	static const char *const variable##_names[] = {list(SYMBOL)}; \
	static const struct la_field_symbols variable = {variable##_names, COUNT(variable##_names)}

SYMBOLS(kinds, LA_EVENT_KIND_LIST);
SYMBOLS(results, LA_EVENT_RESULT_LIST);
SYMBOLS(origins, LA_TOKEN_ORIGIN_LIST);
SYMBOLS(channels, LA_CHANNEL_LIST);
SYMBOLS(actors, LA_ACTOR_LIST);
SYMBOLS(classes, LA_DEVICE_CLASS_LIST);
SYMBOLS(modes, LA_MODE_LIST);
SYMBOLS(reasons, LA_REASON_LIST);
SYMBOLS(outcomes, LA_OUTCOME_LIST);
SYMBOLS(delivered, LA_DELIVERED_LIST);

#define AT(record, member) (uint16_t)offsetof(struct record, member)
#define TEXT_ROW(record, member) {#member, LA_FIELD_TEXT, LA_AVRO_STRING, false, AT(record, member), 0, NULL}
#define OPT_TEXT_ROW(record, member) {#member, LA_FIELD_TEXT, LA_AVRO_STRING, true, AT(record, member), 0, NULL}
#define TIME_ROW(record, member) {#member, LA_FIELD_LONG, LA_AVRO_LONG, false, AT(record, member##_ms), 0, NULL}
#define HEX_ROW(record, member) {#member, LA_FIELD_HEX, LA_AVRO_STRING, false, AT(record, member), 0, NULL}
#define INT_ROW(record, member) {#member, LA_FIELD_INT, LA_AVRO_INT, false, AT(record, member), 0, NULL}
#define LONG_ROW(record, member) {#member, LA_FIELD_LONG, LA_AVRO_LONG, false, AT(record, member), 0, NULL}
#define ENUM_ROW(record, member, symbols) \
	{#member, LA_FIELD_ENUM, LA_AVRO_ENUM, false, AT(record, member), 0, &(symbols)}
#define SPAN_ROW(member) {#member, LA_FIELD_SPAN, LA_AVRO_STRING, false, AT(la_login_event, member), 0, NULL}
#define OPT_SPAN_ROW(member) {#member, LA_FIELD_SPAN, LA_AVRO_STRING, true, AT(la_login_event, member), 0, NULL}

static const struct la_field_row event_rows[] = {
    SPAN_ROW(event_id),
    TIME_ROW(la_login_event, occurred_at),
    ENUM_ROW(la_login_event, kind, kinds),
    ENUM_ROW(la_login_event, result, results),
    SPAN_ROW(tenant),
    SPAN_ROW(member_id),
    OPT_SPAN_ROW(member_number),
    {"account_created_at", LA_FIELD_LONG, LA_AVRO_LONG, true, AT(la_login_event, account_created_at_ms),
        AT(la_login_event, has_account_created_at), NULL},
    OPT_SPAN_ROW(device_token),
    ENUM_ROW(la_login_event, device_token_origin, origins),
    ENUM_ROW(la_login_event, channel, channels),
    ENUM_ROW(la_login_event, actor, actors),
    OPT_SPAN_ROW(user_agent),
    OPT_SPAN_ROW(browser),
    OPT_SPAN_ROW(os),
    OPT_SPAN_ROW(device_model),
    ENUM_ROW(la_login_event, device_class, classes),
    OPT_SPAN_ROW(ip),
    OPT_SPAN_ROW(location),
    OPT_SPAN_ROW(client_app_id),
    OPT_SPAN_ROW(client_app_name),
    OPT_SPAN_ROW(locale),
    OPT_SPAN_ROW(time_zone),
    OPT_SPAN_ROW(email),
    {"email_sealed", LA_FIELD_SPAN, LA_AVRO_BYTES, true, AT(la_login_event, email_sealed), 0, NULL},
};

static const struct la_field_row job_rows[] = {
    HEX_ROW(la_alert_job, job_id),
    TEXT_ROW(la_alert_job, event_id),
    ENUM_ROW(la_alert_job, mode, modes),
    ENUM_ROW(la_alert_job, reason, reasons),
    TEXT_ROW(la_alert_job, tenant),
    TIME_ROW(la_alert_job, occurred_at),
    TIME_ROW(la_alert_job, not_after),
    HEX_ROW(la_alert_job, member_ref),
    TEXT_ROW(la_alert_job, member_masked),
    TEXT_ROW(la_alert_job, device_label),
    ENUM_ROW(la_alert_job, device_class, classes),
    TEXT_ROW(la_alert_job, browser_label),
    OPT_TEXT_ROW(la_alert_job, app_label),
    OPT_TEXT_ROW(la_alert_job, location_label),
    OPT_TEXT_ROW(la_alert_job, locale),
    OPT_TEXT_ROW(la_alert_job, time_zone),
    {"recipient", LA_FIELD_RECIPIENT, LA_AVRO_RECORD, true, 0, AT(la_alert_job, has_recipient), NULL},
    {"recipient.email", LA_FIELD_TEXT, LA_AVRO_STRING, true, AT(la_alert_job, recipient_email), 0, NULL},
    {"recipient.member_id", LA_FIELD_TEXT, LA_AVRO_STRING, false, AT(la_alert_job, recipient_member_id), 0, NULL},
    {"recipient_sealed", LA_FIELD_SEALED, LA_AVRO_BYTES, true, 0, AT(la_alert_job, has_recipient_sealed), NULL},
    INT_ROW(la_alert_job, suppressed_before),
    TEXT_ROW(la_alert_job, policy_rev),
    TEXT_ROW(la_alert_job, agent_rev),
    INT_ROW(la_alert_job, key_epoch),
    TEXT_ROW(la_alert_job, source_topic),
    INT_ROW(la_alert_job, source_partition),
    LONG_ROW(la_alert_job, source_offset),
};

static const struct la_field_row decision_rows[] = {
    TEXT_ROW(la_decision, event_id),
    HEX_ROW(la_decision, member_ref),
    TIME_ROW(la_decision, occurred_at),
    ENUM_ROW(la_decision, outcome, outcomes),
    {"reason", LA_FIELD_ENUM, LA_AVRO_ENUM, true, AT(la_decision, reason), AT(la_decision, has_reason), &reasons},
    {"job_id", LA_FIELD_HEX, LA_AVRO_STRING, true, AT(la_decision, job_id), AT(la_decision, has_job_id), NULL},
    TEXT_ROW(la_decision, policy_rev),
    TEXT_ROW(la_decision, agent_rev),
    INT_ROW(la_decision, key_epoch),
    TEXT_ROW(la_decision, source_topic),
    INT_ROW(la_decision, source_partition),
    LONG_ROW(la_decision, source_offset),
};

static const struct la_field_row delivery_rows[] = {
    HEX_ROW(la_delivery, job_id),
    TEXT_ROW(la_delivery, event_id),
    HEX_ROW(la_delivery, member_ref),
    ENUM_ROW(la_delivery, outcome, delivered),
    {"smtp_code", LA_FIELD_INT, LA_AVRO_INT, true, AT(la_delivery, smtp_code), AT(la_delivery, has_smtp_code), NULL},
    OPT_TEXT_ROW(la_delivery, enhanced_code),
    INT_ROW(la_delivery, attempts),
    OPT_TEXT_ROW(la_delivery, message_id),
    TEXT_ROW(la_delivery, template_rev),
    OPT_TEXT_ROW(la_delivery, relay),
    TIME_ROW(la_delivery, at),
};

#define ROWS(rows) rows, COUNT(rows)

static const struct {
	const char *name;
	const struct la_field_row *rows;
	size_t count;
} records[] = {
    [LA_RECORD_LOGIN_EVENT] = {"LoginEvent", ROWS(event_rows)},
    [LA_RECORD_ALERT_JOB] = {"AlertJob", ROWS(job_rows)},
    [LA_RECORD_DECISION] = {"Decision", ROWS(decision_rows)},
    [LA_RECORD_DELIVERY] = {"Delivery", ROWS(delivery_rows)},
};

const char *
la_record_fields_name(enum la_record_type record)
{
	return (records[record].name);
}

const char *
la_record_fields_inner(const struct la_field_row *row)
{
	static const char prefix[] = "recipient.";

	return (strncmp(row->name, prefix, sizeof(prefix) - 1) == 0 ? row->name + sizeof(prefix) - 1 : NULL);
}

static bool
same_symbols(const struct la_avro_node *node, const struct la_field_symbols *symbols)
{
	size_t i;

	if (node->count != symbols->count)
		return (false);
	for (i = 0; i < node->count; i++) {
		if (strcmp(node->symbols[i], symbols->names[i]) != 0)
			return (false);
	}
	return (true);
}

/* The target of a row's name; for one in the recipient, that union's branch is the guard. */
static const struct la_avro_target *
find_target(const struct la_avro_target *root, const struct la_field_row *row, struct la_field_bound *bound)
{
	const char *inner = la_record_fields_inner(row);
	const struct la_avro_target *target, *record;
	size_t branch;

	if (inner == NULL)
		return (la_avro_layout_field(root, row->name));
	target = la_avro_layout_field(root, "recipient");
	record = target == NULL ? NULL : la_avro_layout_optional(target, &branch);
	if (record == NULL)
		return (NULL);
	bound->guarded = true;
	bound->guard = target->slot;
	bound->guard_branch = (int64_t)branch;
	return (la_avro_layout_field(record, inner));
}

static uint8_t
plain_bytes(const struct la_field_bound *bound)
{
	if (bound->guarded)
		return (0);
	switch (bound->row->kind) {
	case LA_FIELD_SPAN:
		return (sizeof(struct la_span));
	case LA_FIELD_LONG:
		return (sizeof(int64_t));
	case LA_FIELD_INT:
	case LA_FIELD_ENUM:
		return (sizeof(int32_t));
	default:
		return (0);
	}
}

static bool
bind_row(struct la_field_bound *bound, const struct la_field_row *row, const struct la_avro_target *root)
{
	const struct la_avro_target *target = find_target(root, row, bound), *value = target;

	if (target != NULL && row->optional)
		value = la_avro_layout_optional(target, &bound->branch);
	if (value == NULL || value->node->type != row->type)
		return (false);
	bound->row = row;
	bound->slot = value->slot;
	bound->member = row->member;
	if (row->optional && row->has != 0) { /* absent spans and texts need no guard: the slot itself says it */
		bound->guarded = true;
		bound->guard = target->slot;
		bound->guard_branch = (int64_t)bound->branch;
	}
	bound->plain = plain_bytes(bound);
	return (row->symbols == NULL || same_symbols(value->node, row->symbols));
}

enum la_err
la_record_fields_bind(struct la_fields *fields, enum la_record_type record, const char *name,
    const struct la_avro_layout *layout, struct la_error *error)
{
	const struct la_field_row *rows = records[record].rows;
	size_t i;

	_Static_assert(COUNT(job_rows) <= LA_FIELDS_MAX, "the longest table");
	memset(fields, 0, sizeof(*fields));
	fields->count = records[record].count;
	for (i = 0; i < fields->count; i++) {
		if (!bind_row(&fields->bound[i], &rows[i], layout->root))
			return (la_error_set(error, LA_ECONFIG,
			    "%s: field %s: not there, or not the %s%s of this version",
			    name, rows[i].name, rows[i].optional ? "optional " : "",
			        la_avro_names_of_type(rows[i].type)));
	}
	return (LA_OK);
}
