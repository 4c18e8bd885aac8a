#include "detector/replay_compare.h"

#include <stdlib.h>
#include <string.h>

#include "detector/replay_compare_fields.h"
#include "detector/replay_compare_internal.h"

const char *
la_difference_kind_name(enum la_difference_kind kind)
{
	static const char *const names[] = {"missing", "unexpected", "different"};

	return (names[kind]);
}

const char *
la_difference_of_name(enum la_difference_of of)
{
	static const char *const names[] = {"decision", "alert", "delivery"};

	return (names[of]);
}

enum la_err
la_compare_new(struct la_compare **out, const struct la_compare_options *options, struct la_error *error)
{
	struct la_compare *compare = calloc(1, sizeof(*compare));

	if (compare == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	compare->options = *options;
	la_recorded_init(&compare->recorded);
	*out = compare;
	return (LA_OK);
}

void
la_compare_free(struct la_compare *compare)
{
	if (compare == NULL)
		return;
	la_recorded_clear(&compare->recorded);
	free(compare->candidates);
	free(compare->result.list);
	free(compare);
}

/* Is it to be compared with an event that will be read? What is not is counted, if it is the range's. */
static bool
is_wanted(struct la_compare *compare, struct la_span topic, int32_t partition, int64_t offset, int64_t occurred_at_ms)
{
	const struct la_compare_options *options = &compare->options;
	bool occurred = occurred_at_ms >= options->from_ms && occurred_at_ms < options->to_ms;
	const struct la_range_bounds *bounds;

	if (!la_span_is(topic, options->topic) || partition < 0 || partition >= options->partitions)
		return (false);
	bounds = &options->bounds[partition];
	if (offset >= bounds->mark && offset >= bounds->start && offset < bounds->end)
		return (true);
	compare->result.gone += occurred && offset < bounds->low;
	compare->result.later += occurred && offset >= bounds->end;
	return (false);
}

static enum la_err
put_decision(struct la_compare *compare, struct la_span value, struct la_error *error)
{
	struct la_recorded record = {.kind = LA_RECORDED_DECISION};
	struct la_decision decision;
	enum la_err err = la_decoder_decision(compare->options.decisions, value, &decision, error);

	if (err != LA_OK)
		return (err);
	record.partition = decision.source_partition;
	record.offset = decision.source_offset;
	if (!is_wanted(compare, la_text_span(&decision.source_topic), record.partition, record.offset,
		decision.occurred_at_ms))
		return (LA_OK);
	return (la_recorded_add(&compare->recorded, &record, value, error));
}

static enum la_err
put_alert(struct la_compare *compare, struct la_span value, struct la_error *error)
{
	struct la_recorded record = {.kind = LA_RECORDED_ALERT};
	struct la_alert_job job;
	enum la_err err = la_decoder_job(compare->options.alerts, value, &job, error);

	if (err != LA_OK)
		return (err);
	record.partition = job.source_partition;
	record.offset = job.source_offset;
	if (!is_wanted(
		compare, la_text_span(&job.source_topic), record.partition, record.offset, job.occurred_at_ms))
		return (LA_OK);
	return (la_recorded_add(&compare->recorded, &record, value, error));
}

static enum la_err
put_delivery(struct la_compare *compare, struct la_span value, struct la_error *error)
{
	struct la_delivery delivery;
	enum la_err err = la_decoder_delivery(compare->options.deliveries, value, &delivery, error);

	return (err != LA_OK ? err : la_recorded_add_delivery(&compare->recorded, &delivery, error));
}

/* A value that is no record of ours is somebody else's. */
enum la_err
la_compare_put(struct la_compare *compare, enum la_difference_of what, struct la_span value, struct la_error *error)
{
	enum la_err err = LA_EDATA;

	if (la_span_present(value) && what == LA_OF_DECISION)
		err = put_decision(compare, value, error);
	else if (la_span_present(value) && what == LA_OF_ALERT)
		err = put_alert(compare, value, error);
	else if (la_span_present(value))
		err = put_delivery(compare, value, error);
	if (la_err_action(err) != LA_ACTION_REJECT)
		return (err);
	compare->result.unreadable++;
	return (LA_OK);
}

enum la_err
la_compare_note(struct la_compare *compare, const struct la_difference *difference, struct la_error *error)
{
	struct la_compare_result *result = &compare->result;

	result->counts[difference->of][difference->kind]++;
	if (result->count == LA_DIFFERENCES_MAX)
		return (LA_OK);
	if (result->count == compare->list_cap) {
		size_t cap = compare->list_cap == 0 ? 16 : 2 * compare->list_cap;
		struct la_difference *list = realloc(result->list, cap * sizeof(*list));

		if (list == NULL)
			return (la_error_set(error, LA_ENOMEM, "no memory for differences"));
		result->list = list;
		compare->list_cap = cap;
	}
	result->list[result->count++] = *difference;
	return (LA_OK);
}

enum la_err
la_compare_remember(
    struct la_compare *compare, const struct la_compare_candidate *candidate, struct la_error *error)
{
	if (compare->candidate_count == compare->candidate_cap) {
		size_t cap = compare->candidate_cap == 0 ? 256 : 2 * compare->candidate_cap;
		struct la_compare_candidate *candidates = realloc(compare->candidates, cap * sizeof(*candidates));

		if (candidates == NULL)
			return (la_error_set(error, LA_ENOMEM, "no memory for candidates"));
		compare->candidates = candidates;
		compare->candidate_cap = cap;
	}
	compare->candidates[compare->candidate_count++] = *candidate;
	return (LA_OK);
}

static int
by_job(const void *a, const void *b)
{
	const struct la_compare_candidate *x = a, *y = b;

	return (strcmp(x->job_id, y->job_id));
}

/* Has the event, at another of its places, become what was recorded here? A delivery tells no reason. */
static bool
is_double(const struct la_compare *compare, const struct la_difference *d)
{
	struct la_compare_candidate key = {.outcome = d->outcome};
	const struct la_compare_candidate *end = compare->candidates + compare->candidate_count, *found;

	if (!d->may_be_double || compare->candidate_count == 0)
		return (false);
	memcpy(key.job_id, d->job_id, sizeof(key.job_id));
	found = bsearch(&key, compare->candidates, compare->candidate_count, sizeof(key), by_job);
	if (found == NULL)
		return (false);
	while (found > compare->candidates && by_job(found - 1, &key) == 0)
		found--;
	for (; found < end && by_job(found, &key) == 0; found++) {
		if (found->outcome == d->outcome && (d->of == LA_OF_DELIVERY || found->reason == d->reason))
			return (true);
	}
	return (false);
}

static void
take_doubles(struct la_compare *compare)
{
	struct la_compare_result *result = &compare->result;
	size_t kept = 0;

	if (compare->candidate_count > 0)
		qsort(compare->candidates, compare->candidate_count, sizeof(*compare->candidates), by_job);
	for (size_t i = 0; i < result->count; i++) {
		if (is_double(compare, &result->list[i])) {
			result->as_double++;
			result->counts[result->list[i].of][result->list[i].kind]--;
		} else {
			result->list[kept++] = result->list[i];
		}
	}
	result->count = kept;
}

/* Its event was not read although it lies within the bounds: the log has lost it. */
static enum la_err
note_orphan(struct la_compare *compare, struct la_recorded *record, struct la_error *error)
{
	struct la_difference d = {.kind = LA_UNEXPECTED,
	    .partition = record->partition,
	    .offset = record->offset,
	    .replayed = "no such event"};
	struct la_span value = la_recorded_value(&compare->recorded, record);
	struct la_decision decision;
	struct la_alert_job job;

	if (record->kind == LA_RECORDED_DECISION &&
	    la_decoder_decision(compare->options.decisions, value, &decision, error) == LA_OK) {
		d.of = LA_OF_DECISION;
		d.occurred_at_ms = decision.occurred_at_ms;
		d.event_id = decision.event_id;
		memcpy(d.member_ref, decision.member_ref, sizeof(d.member_ref));
		memcpy(d.job_id, decision.job_id, sizeof(d.job_id));
		la_compare_words(decision.outcome, decision.has_reason, decision.reason, d.recorded);
	} else if (record->kind == LA_RECORDED_ALERT &&
	    la_decoder_job(compare->options.alerts, value, &job, error) == LA_OK) {
		d.of = LA_OF_ALERT;
		d.occurred_at_ms = job.occurred_at_ms;
		d.event_id = job.event_id;
		memcpy(d.member_ref, job.member_ref, sizeof(d.member_ref));
		memcpy(d.job_id, job.job_id, sizeof(d.job_id));
		la_compare_words(LA_OUTCOME_ALERTED, true, job.reason, d.recorded);
	}
	if (d.occurred_at_ms < compare->options.from_ms || d.occurred_at_ms >= compare->options.to_ms)
		return (LA_OK);
	compare->result.compared[d.of]++;
	return (la_compare_note(compare, &d, error));
}

enum la_err
la_compare_finish(struct la_compare *compare, struct la_error *error)
{
	enum la_err err = LA_OK;

	take_doubles(compare);
	for (size_t i = 0; i < compare->recorded.record_count && err == LA_OK; i++) {
		if (!compare->recorded.records[i].taken)
			err = note_orphan(compare, &compare->recorded.records[i], error);
	}
	compare->result.repeats = compare->recorded.repeats;
	return (err);
}

const struct la_compare_result *
la_compare_result(const struct la_compare *compare)
{
	return (&compare->result);
}

const struct la_recorded_store *
la_compare_recorded(const struct la_compare *compare)
{
	return (&compare->recorded);
}
