#include <stdio.h>

#include "detector/digest.h"
#include "detector/replay_compare_fields.h"
#include "detector/replay_compare_internal.h"

/* One event of the range, while it is compared. */
struct joining {
	struct la_compare *compare;
	const struct la_replay_seen *seen;
	const struct la_verdict *verdict;
	char job_id[LA_ID_HEX];
	struct la_error *error;
};

static struct la_difference
begin(const struct joining *j, enum la_difference_kind kind, enum la_difference_of of)
{
	struct la_difference d = {.kind = kind,
	    .of = of,
	    .partition = j->seen->source.partition,
	    .offset = j->seen->source.offset,
	    .occurred_at_ms = j->seen->event->occurred_at_ms,
	    .event_id = j->seen->decision->event_id,
	    .replayed = "nothing",
	    .recorded = "nothing"};

	memcpy(d.job_id, j->job_id, sizeof(d.job_id));
	memcpy(d.member_ref, j->seen->decision->member_ref, sizeof(d.member_ref));
	if (of == LA_OF_DECISION || j->verdict->outcome == LA_OUTCOME_ALERTED)
		la_compare_words(j->verdict->outcome, j->verdict->has_reason, j->verdict->reason, d.replayed);
	return (d);
}

/* An event that was sent twice is one candidate; which of its places it was recorded at depends on crashes. */
static void
suspect_double(struct la_difference *d, const struct joining *j, enum la_outcome outcome, enum la_reason reason)
{
	d->may_be_double = j->verdict->outcome == LA_OUTCOME_KNOWN && la_outcome_is_candidate(outcome);
	d->outcome = outcome;
	d->reason = reason;
}

static void
count_revisions(
    struct joining *j, struct la_span policy_rev, struct la_span agent_rev)
{
	const struct la_decision *decision = j->seen->decision;

	j->compare->result.other_policy += !la_span_equal(policy_rev, la_text_span(&decision->policy_rev));
	j->compare->result.other_agent += !la_span_equal(agent_rev, la_text_span(&decision->agent_rev));
}

static enum la_err
note_decision(const struct joining *j, const struct la_decision *recorded, const char *fields)
{
	struct la_difference d = begin(j, LA_DIFFERENT, LA_OF_DECISION);

	la_compare_words(recorded->outcome, recorded->has_reason, recorded->reason, d.recorded);
	(void)snprintf(d.fields, sizeof(d.fields), "%s", fields);
	suspect_double(&d, j, recorded->outcome, recorded->reason);
	return (la_compare_note(j->compare, &d, j->error));
}

/* Is a KNOWN beside the decision on a candidate, by an instance that had lost its partition. */
static bool
is_late_known(const struct joining *j, const struct la_decision *recorded)
{
	return (recorded->outcome == LA_OUTCOME_KNOWN && !recorded->has_reason &&
	    la_outcome_is_candidate(j->verdict->outcome));
}

/* Each recorded decision of the place: equal, a late KNOWN beside an equal one, or different. */
static enum la_err
join_decisions(struct joining *j, struct la_recorded *first)
{
	const struct la_recorded_store *store = &j->compare->recorded;
	struct la_compare_result *result = &j->compare->result;
	size_t equal = 0, late = 0;
	struct la_decision recorded, last_late;
	char fields[LA_FIELDS_BYTES], late_fields[LA_FIELDS_BYTES] = "";
	enum la_err err = LA_OK;

	for (struct la_recorded *r = first; r != NULL && err == LA_OK; r = la_recorded_next(store, r)) {
		r->taken = true;
		result->compared[LA_OF_DECISION]++;
		if (la_decoder_decision(j->compare->options.decisions, la_recorded_value(store, r), &recorded,
			j->error) != LA_OK)
			return (la_error_set(j->error, LA_EINTERNAL, "a decision cannot be decoded a second time"));
		count_revisions(j, la_text_span(&recorded.policy_rev), la_text_span(&recorded.agent_rev));
		la_compare_decision_fields(j->seen->decision, &recorded, fields);
		if (fields[0] == '\0') {
			equal++;
		} else if (is_late_known(j, &recorded)) {
			late++;
			last_late = recorded;
			memcpy(late_fields, fields, sizeof(late_fields));
		} else {
			err = note_decision(j, &recorded, fields);
		}
	}
	if (equal > 0)
		result->late_known += late;
	else if (late > 0 && err == LA_OK)
		err = note_decision(j, &last_late, late_fields);
	return (err);
}

static enum la_err
compare_decision(struct joining *j)
{
	const struct la_compare_options *options = &j->compare->options;
	const struct la_source *source = &j->seen->source;
	struct la_recorded *first =
	    la_recorded_find(&j->compare->recorded, LA_RECORDED_DECISION, source->partition, source->offset);
	struct la_difference d;

	if (first != NULL)
		return (join_decisions(j, first));
	if (!la_pipeline_publishes(options->publish, j->verdict->outcome))
		return (LA_OK);
	d = begin(j, LA_MISSING, LA_OF_DECISION);
	return (la_compare_note(j->compare, &d, j->error));
}

static enum la_err
join_alert(struct joining *j, const struct la_alert_job *recorded)
{
	bool is_expected = j->verdict->outcome == LA_OUTCOME_ALERTED;
	struct la_difference d = begin(j, is_expected ? LA_DIFFERENT : LA_UNEXPECTED, LA_OF_ALERT);
	struct la_alert_job job;

	count_revisions(j, la_text_span(&recorded->policy_rev), la_text_span(&recorded->agent_rev));
	if (is_expected) {
		la_decider_job(j->compare->options.decider, j->seen->event, &j->seen->source, j->seen->facts,
		    j->verdict, &job);
		job.mode = j->compare->options.shadow ? LA_MODE_SHADOW : LA_MODE_LIVE;
		la_compare_job_fields(&job, recorded, d.fields);
		if (d.fields[0] == '\0')
			return (LA_OK);
	}
	la_compare_words(LA_OUTCOME_ALERTED, true, recorded->reason, d.recorded);
	suspect_double(&d, j, LA_OUTCOME_ALERTED, recorded->reason);
	return (la_compare_note(j->compare, &d, j->error));
}

static enum la_err
compare_alert(struct joining *j)
{
	const struct la_recorded_store *store = &j->compare->recorded;
	const struct la_source *source = &j->seen->source;
	struct la_recorded *r = la_recorded_find(store, LA_RECORDED_ALERT, source->partition, source->offset);
	struct la_alert_job recorded;
	struct la_difference d;
	enum la_err err = LA_OK;

	if (r == NULL && j->verdict->outcome == LA_OUTCOME_ALERTED) {
		d = begin(j, LA_MISSING, LA_OF_ALERT);
		return (la_compare_note(j->compare, &d, j->error));
	}
	for (; r != NULL && err == LA_OK; r = la_recorded_next(store, r)) {
		r->taken = true;
		j->compare->result.compared[LA_OF_ALERT]++;
		if (la_decoder_job(j->compare->options.alerts, la_recorded_value(store, r), &recorded, j->error) !=
		    LA_OK)
			return (la_error_set(j->error, LA_EINTERNAL, "an alert cannot be decoded a second time"));
		err = join_alert(j, &recorded);
	}
	return (err);
}

/* Sent more than once: the gap of P2, or the same alert to two members' worth of mails; told in any case. */
static enum la_err
compare_delivery(struct joining *j)
{
	const struct la_recorded_store *store = &j->compare->recorded;
	const struct la_recorded_delivery *delivery = la_recorded_find_delivery(store, j->job_id);
	bool is_expected = j->verdict->outcome == LA_OUTCOME_ALERTED;
	enum la_delivered best = delivery == NULL ? LA_DELIVERED_OTHER : delivery->outcome;
	struct la_difference d = begin(j, LA_MISSING, LA_OF_DELIVERY);
	size_t sent = 0;

	if (is_expected && j->verdict->redelivered)
		return (LA_OK); /* the same job as before, looked at there */
	if (delivery == NULL)
		return (is_expected && !j->compare->options.shadow ? la_compare_note(j->compare, &d, j->error) : LA_OK);
	for (; delivery != NULL; delivery = la_recorded_next_delivery(store, delivery)) {
		sent += delivery->outcome == LA_DELIVERED_SENT;
		if (delivery->outcome < best)
			best = delivery->outcome;
		j->compare->result.compared[LA_OF_DELIVERY]++;
	}
	(void)snprintf(d.recorded, sizeof(d.recorded), "%s", la_delivered_name(best));
	if (is_expected)
		j->compare->result.delivered[best]++;
	if (is_expected && sent <= 1)
		return (LA_OK);
	d.kind = is_expected ? LA_DIFFERENT : LA_UNEXPECTED;
	if (is_expected)
		(void)snprintf(d.recorded, sizeof(d.recorded), "SENT %zu times", sent);
	suspect_double(&d, j, LA_OUTCOME_ALERTED, LA_REASON_FIRST_LOGIN);
	return (la_compare_note(j->compare, &d, j->error));
}

/* Of an event that is not the range's: nothing to compare. */
static void
pass_over(struct la_compare *compare, const struct la_source *source)
{
	for (int kind = LA_RECORDED_DECISION; kind <= LA_RECORDED_ALERT; kind++) {
		struct la_recorded *r = la_recorded_find(
		    &compare->recorded, (enum la_recorded_kind)kind, source->partition, source->offset);

		for (; r != NULL; r = la_recorded_next(&compare->recorded, r))
			r->taken = true;
	}
}

enum la_err
la_compare_seen(struct la_compare *compare, const struct la_replay_seen *seen, struct la_error *error)
{
	struct joining j = {compare, seen, &seen->verdict[0], "", error};
	enum la_err err = LA_OK;

	if (!seen->in_range) {
		pass_over(compare, &seen->source);
		return (LA_OK);
	}
	if (seen->facts != NULL)
		la_digest_job_id(seen->event, j.job_id);
	if (seen->facts != NULL && la_outcome_is_candidate(j.verdict->outcome)) {
		struct la_compare_candidate candidate = {.outcome = j.verdict->outcome, .reason = j.verdict->reason};

		memcpy(candidate.job_id, j.job_id, sizeof(candidate.job_id));
		err = la_compare_remember(compare, &candidate, error);
	}
	if (err == LA_OK)
		err = compare_decision(&j);
	if (err == LA_OK)
		err = compare_alert(&j);
	if (err == LA_OK && seen->facts != NULL)
		err = compare_delivery(&j);
	return (err);
}
