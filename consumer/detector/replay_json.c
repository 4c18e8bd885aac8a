#include "common/json.h"
#include "detector/replay_report.h"
#include "detector/replay_time.h"

/* Takes value over; remembers a failure in *failed. */
static void
put(json_t *object, bool *failed, const char *name, json_t *value)
{
	*failed |= json_object_set_new(object, name, value) != 0;
}

static void
put_count(json_t *object, bool *failed, const char *name, uint64_t count)
{
	put(object, failed, name, json_integer((json_int_t)count));
}

static void
put_time(json_t *object, bool *failed, const char *name, const struct la_replay_report *report, int64_t ms)
{
	char text[LA_REPLAY_TIME_BYTES];

	la_replay_time_print(ms, report->offset_ms, text);
	put(object, failed, name, json_string(text));
}

/* The object, or NULL when something failed. */
static json_t *
finish(json_t *object, bool failed)
{
	if (!failed && object != NULL)
		return (object);
	json_decref(object);
	return (NULL);
}

static json_t *
verdict_of(const struct la_verdict *verdict)
{
	bool failed = false;
	json_t *object = json_object();

	put(object, &failed, "outcome", json_string(la_outcome_name(verdict->outcome)));
	put(object, &failed, "reason", verdict->has_reason ? json_string(la_reason_name(verdict->reason)) : json_null());
	return (finish(object, failed));
}

json_t *
la_replay_json_line(const struct la_replay_seen *seen, size_t sides, const struct la_text *masked)
{
	bool failed = false;
	json_t *line = la_json_write_decision(seen->decision);

	put(line, &failed, "member_masked",
	    masked->present ? json_stringn(masked->bytes, masked->size) : json_null());
	put(line, &failed, "timestamp", seen->source.has_timestamp ? json_integer(seen->source.timestamp_ms) : json_null());
	if (seen->verdict[0].outcome == LA_OUTCOME_ALERTED)
		put(line, &failed, "suppressed_before", json_integer(seen->verdict[0].suppressed_before));
	if (seen->verdict[0].redelivered)
		put(line, &failed, "again", json_true());
	if (seen->cause != NULL)
		put(line, &failed, "cause", json_string(seen->cause));
	if (sides == 2)
		put(line, &failed, "other_policy", verdict_of(&seen->verdict[1]));
	return (finish(line, failed));
}

static json_t *
settings_of(const struct la_replay_report *report, size_t side)
{
	bool failed = false;
	json_t *object = json_object();

	for (size_t i = 0; i < LA_REPLAY_SETTINGS && report->settings[side][i] != NULL; i++) {
		const char *setting = report->settings[side][i], *equals = strchr(setting, '=');
		size_t size = equals == NULL ? strlen(setting) : (size_t)(equals - setting);
		char name[64];

		(void)snprintf(name, sizeof(name), "%.*s", (int)size, setting);
		put(object, &failed, name, json_string(equals == NULL ? "" : equals + 1));
	}
	return (finish(object, failed));
}

static json_t *
outcomes_of(const struct la_replay_tally *tally, size_t side)
{
	bool failed = false;
	json_t *object = json_object();

	for (int i = 0; i < LA_REPLAY_OUTCOMES; i++) {
		if (tally->outcomes[side][i] > 0)
			put_count(object, &failed, la_outcome_name((enum la_outcome)i), tally->outcomes[side][i]);
	}
	return (finish(object, failed));
}

static json_t *
alerts_of(const struct la_replay_tally *tally, size_t side)
{
	bool failed = false;
	json_t *object = json_object();

	for (int i = 0; i < LA_REPLAY_REASONS; i++) {
		if (tally->alerts[side][i] > 0)
			put_count(object, &failed, la_reason_name((enum la_reason)i), tally->alerts[side][i]);
	}
	return (finish(object, failed));
}

static json_t *
mails_per_day_of(const struct la_replay_tally *tally, size_t side)
{
	bool failed = false;
	json_t *object = json_object();

	for (size_t i = 0; i < tally->day_count; i++) {
		char day[LA_REPLAY_TIME_BYTES];

		la_replay_time_day(tally->days[i].day, day);
		put_count(object, &failed, day, tally->days[i].mails[side]);
	}
	return (finish(object, failed));
}

static json_t *
side_of(const struct la_replay_report *report, size_t side)
{
	const struct la_replay_tally *tally = report->tally;
	bool failed = false;
	json_t *object = json_object();

	put(object, &failed, "policy_rev", json_string(report->policy_rev[side]));
	put(object, &failed, "settings", settings_of(report, side));
	put(object, &failed, "outcomes", outcomes_of(tally, side));
	put(object, &failed, "alerts", alerts_of(tally, side));
	put_count(object, &failed, "mails", tally->mails[side]);
	put_count(object, &failed, "alerts_again", tally->repeats[side]);
	put_count(object, &failed, "alerts_too_late", tally->late[side]);
	put(object, &failed, "mails_per_day", mails_per_day_of(tally, side));
	return (finish(object, failed));
}

static json_t *
partitions_of(const struct la_replay_report *report)
{
	bool failed = false;
	json_t *list = json_array();

	for (int32_t p = 0; p < report->partitions; p++) {
		json_t *object = json_object();

		put_count(object, &failed, "partition", (uint64_t)p);
		put_count(object, &failed, "log_begins", (uint64_t)report->bounds[p].low);
		put_count(object, &failed, "from_offset", (uint64_t)report->bounds[p].start);
		put_count(object, &failed, "to_offset", (uint64_t)report->bounds[p].end);
		failed |= json_array_append_new(list, object) != 0;
	}
	return (finish(list, failed));
}

static json_t *
difference_of(const struct la_replay_report *report, const struct la_difference *d)
{
	bool failed = false;
	json_t *object = json_object();

	put(object, &failed, "kind", json_string(la_difference_kind_name(d->kind)));
	put(object, &failed, "record", json_string(la_difference_of_name(d->of)));
	put(object, &failed, "event_id", json_stringn(d->event_id.bytes, d->event_id.size));
	put_time(object, &failed, "occurred_at", report, d->occurred_at_ms);
	put(object, &failed, "member_ref", json_string(d->member_ref));
	put(object, &failed, "job_id", d->job_id[0] == '\0' ? json_null() : json_string(d->job_id));
	put_count(object, &failed, "source_partition", (uint64_t)d->partition);
	put_count(object, &failed, "source_offset", (uint64_t)d->offset);
	put(object, &failed, "replayed", json_string(d->replayed));
	put(object, &failed, "recorded", json_string(d->recorded));
	put(object, &failed, "fields", json_string(d->fields));
	return (finish(object, failed));
}

static json_t *
counts_of(const struct la_compare_result *result, enum la_difference_of of)
{
	bool failed = false;
	json_t *object = json_object();

	put_count(object, &failed, "compared", result->compared[of]);
	for (int kind = 0; kind < LA_DIFFERENCE_KINDS; kind++)
		put_count(object, &failed, la_difference_kind_name((enum la_difference_kind)kind), result->counts[of][kind]);
	return (finish(object, failed));
}

static json_t *
delivered_of(const struct la_compare_result *result)
{
	bool failed = false;
	json_t *object = json_object();

	for (int i = 0; i <= LA_DELIVERED_OTHER; i++) {
		if (result->delivered[i] > 0)
			put_count(object, &failed, la_delivered_name((enum la_delivered)i), result->delivered[i]);
	}
	return (finish(object, failed));
}

static json_t *
compare_of(const struct la_replay_report *report)
{
	const struct la_compare_result *result = report->compare;
	bool failed = false;
	json_t *object = json_object(), *list = json_array();

	for (int kind = 0; kind < LA_DIFFERENCE_KINDS; kind++)
		put_count(object, &failed, la_difference_kind_name((enum la_difference_kind)kind),
		    la_replay_report_count(result, (enum la_difference_kind)kind));
	put(object, &failed, "decisions", counts_of(result, LA_OF_DECISION));
	put(object, &failed, "alerts", counts_of(result, LA_OF_ALERT));
	put(object, &failed, "deliveries", counts_of(result, LA_OF_DELIVERY));
	put(object, &failed, "delivered", delivered_of(result));
	put_count(object, &failed, "recorded_again", result->repeats);
	put_count(object, &failed, "late_known", result->late_known);
	put_count(object, &failed, "events_sent_twice", result->as_double);
	put_count(object, &failed, "other_policy_rev", result->other_policy);
	put_count(object, &failed, "other_agent_rev", result->other_agent);
	put_count(object, &failed, "events_gone", result->gone);
	put_count(object, &failed, "events_later", result->later);
	put_count(object, &failed, "unreadable", result->unreadable);
	for (size_t i = 0; i < result->count; i++)
		failed |= json_array_append_new(list, difference_of(report, &result->list[i])) != 0;
	put(object, &failed, "differences", list);
	return (finish(object, failed));
}

json_t *
la_replay_json_summary(const struct la_replay_report *report)
{
	bool failed = false;
	json_t *object = json_object();

	put(object, &failed, "topic", json_string(report->topic));
	put(object, &failed, "cluster_id", json_string(report->cluster_id));
	put_time(object, &failed, "from", report, report->from_ms);
	put_time(object, &failed, "to", report, report->to_ms);
	put_count(object, &failed, "warm_up_ms", (uint64_t)report->warm_up_ms);
	put(object, &failed, "partitions", partitions_of(report));
	put_count(object, &failed, "partitions_cut", (uint64_t)la_replay_report_cut(report));
	put(object, &failed, "agent_rev", json_string(report->agent_rev));
	put_count(object, &failed, "events_read", report->tally->read);
	put_count(object, &failed, "events", report->tally->in_range);
	put(object, &failed, "policy", side_of(report, 0));
	if (report->sides == 2) {
		put(object, &failed, "other_policy", side_of(report, 1));
		put_count(object, &failed, "events_decided_otherwise", report->tally->changed);
	}
	if (report->compare != NULL)
		put(object, &failed, "compare", compare_of(report));
	return (finish(object, failed));
}
