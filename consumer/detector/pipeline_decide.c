#include "detector/lookup.h"
#include "detector/pipeline_internal.h"

static enum la_err
fetch(struct la_pipeline *pipeline, struct la_error *error)
{
	const struct la_store *store = pipeline->options.store;
	struct la_batch *batch = &pipeline->batch;
	enum la_err err;

	for (size_t m = 0; m < batch->pending_count; m++)
		la_lookup_init(&batch->reads[m], &batch->items[batch->members[batch->pending[m]].first].facts);
	err = store->fetch_begin(store->self, batch->reads, batch->pending_count, error);
	if (err != LA_OK)
		return (err);
	err = store->fetch_end(store->self, pipeline->options.store_timeout_ms, error);
	LA_CRASH_POINT("fetched");
	return (err);
}

/*
 * Decides a member's events that are in the batch and ours. *cut becomes the index of the event that would be one
 * candidate too many. The state after is in pipeline->state.
 */
static bool
decide_events(struct la_pipeline *pipeline, struct la_batch_member *member, size_t *cut)
{
	const struct la_policy *policy = la_decider_policy(pipeline->options.decider);
	struct la_batch *batch = &pipeline->batch;
	size_t candidates = 0;
	bool changed = false;

	for (uint32_t i = member->first; i != LA_BATCH_NONE && i < batch->count; i = batch->items[i].next) {
		struct la_item *item = &batch->items[i];

		if (!la_batch_holds(batch, i)) {
			item->kind = LA_ITEM_VOID;
			continue;
		}
		la_policy_decide(policy, &item->facts, &pipeline->state, &item->verdict);
		if (item->verdict.candidate && ++candidates > LA_BATCH_CANDIDATES_MAX) {
			*cut = i;
			return (false);
		}
		item->storm = la_storm_judge(policy, &item->facts, &item->verdict);
		changed = changed || item->verdict.applied;
		member->erases = member->erases || item->verdict.erased;
	}
	return (changed);
}

/* Keeps what is to be written: copies, since the store's own are gone with the next fetch. */
static enum la_err
keep_write(struct la_pipeline *pipeline, struct la_batch_member *member, const struct la_store_read *read)
{
	struct la_buf *records = &pipeline->batch.records;
	const struct la_member_key *key, *old_key;

	old_key = la_lookup_key(read, &pipeline->batch.items[member->first].facts, &key);
	member->key = *key;
	member->moves = old_key != NULL;
	if (member->moves)
		member->old_key = *old_key;
	member->has_before = read->found >= 0;
	member->before_at = records->size;
	member->before_size = read->record.size;
	if (la_buf_add(records, read->record.data, read->record.size) != LA_OK ||
	    la_buf_reserve(records, LA_STATE_RECORD_MAX) != LA_OK)
		return (LA_ENOMEM);
	member->after_at = records->size;
	member->after_size = la_state_encode(&pipeline->state, records->data + records->size);
	records->size += member->after_size;
	member->ttl_s =
	    la_policy_key_ttl_s(la_decider_policy(pipeline->options.decider), &pipeline->state);
	return (LA_OK);
}

/* Decides one fetched member. Errors: LA_EUNAVAILABLE: its record cannot be read, and is left as it is; LA_ENOMEM. */
static enum la_err
decide_member(struct la_pipeline *pipeline, size_t pending, size_t *cut, struct la_error *error)
{
	struct la_batch *batch = &pipeline->batch;
	struct la_batch_member *member = &batch->members[batch->pending[pending]];
	const struct la_store_read *read = &batch->reads[pending];
	const struct la_message *message = &batch->messages[member->first];

	member->changed = member->erases = false;
	if (member->first >= batch->count)
		return (LA_OK);
	if (read->found < 0) {
		la_state_init(&pipeline->state);
	} else if (la_state_decode(read->record, &pipeline->state, error) != LA_OK) {
		la_error_prefix(error, "the state of the member of partition %d offset %lld", (int)message->partition,
		    (long long)message->offset);
		return (LA_EUNAVAILABLE);
	}
	member->changed = decide_events(pipeline, member, cut);
	if (member->changed && keep_write(pipeline, member, read) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory for a batch of %zu", batch->count));
	return (LA_OK);
}

/*
 * Decides all pending members. A candidate too many cuts the batch before it (rule 2), and all are decided once more,
 * now without what lies behind. A cut leaves at least 32 events, so this ends, and the batch makes headway.
 */
static enum la_err
decide_pending(struct la_pipeline *pipeline, struct la_error *error)
{
	struct la_batch *batch = &pipeline->batch;
	size_t cut;
	enum la_err err;

	do {
		cut = batch->count;
		la_buf_reset(&batch->records);
		for (size_t m = 0; m < batch->pending_count; m++) {
			if ((err = decide_member(pipeline, m, &cut, error)) != LA_OK)
				return (err);
			if (cut < batch->count)
				break;
		}
		if (cut == batch->count)
			return (LA_OK);
		batch->count = cut;
	} while (true);
}

static void
collect_writes(struct la_batch *batch)
{
	batch->write_count = 0;
	for (size_t m = 0; m < batch->pending_count; m++) {
		struct la_batch_member *member = &batch->members[batch->pending[m]];
		const unsigned char *records = batch->records.data;

		if (!member->changed)
			continue;
		batch->write_members[batch->write_count] = batch->pending[m];
		batch->writes[batch->write_count++] = (struct la_store_write){.key = member->key,
		    .before = member->has_before ? la_span_of(records + member->before_at, member->before_size)
		                                 : la_span_of(NULL, 0),
		    .after = la_span_of(records + member->after_at, member->after_size),
		    .ttl_s = member->ttl_s,
		    .move_from = member->moves ? &member->old_key : NULL,
		    .keys = batch->reads[m].key,
		    .key_count = batch->reads[m].key_count,
		    .erases = member->erases};
	}
}

static enum la_err
write_states(struct la_pipeline *pipeline, struct la_error *error)
{
	const struct la_store *store = pipeline->options.store;
	struct la_batch *batch = &pipeline->batch;
	enum la_err err;

	LA_CRASH_POINT("before-write");
	err = store->write_begin(store->self, batch->writes, batch->write_count, error);
	if (err != LA_OK)
		return (err);
	LA_CRASH_POINT("write-sent");
	err = store->write_end(store->self, pipeline->options.store_timeout_ms, error);
	LA_CRASH_POINT("written");
	return (err);
}

/* Members that another writer changed in between stay pending. */
static void
keep_conflicts(struct la_batch *batch)
{
	batch->pending_count = 0;
	for (size_t w = 0; w < batch->write_count; w++) {
		if (batch->writes[w].result == LA_WRITE_CONFLICT)
			batch->pending[batch->pending_count++] = batch->write_members[w];
	}
}

/* Repeats a step of the store until it works, waiting in between. */
static enum la_err
until_done(struct la_pipeline *pipeline, enum la_err (*step)(struct la_pipeline *, struct la_error *),
    struct la_error *error)
{
	enum la_err err;

	while ((err = step(pipeline, error)) != LA_OK) {
		if ((err = la_pipeline_wait(pipeline, "redis", err, error)) != LA_OK)
			return (err);
	}
	return (LA_OK);
}

/* Fetch and decide go together: a record that could not be read may be repaired by the next fetch. */
static enum la_err
fetch_and_decide(struct la_pipeline *pipeline, struct la_error *error)
{
	enum la_err err = fetch(pipeline, error);

	return (err != LA_OK ? err : decide_pending(pipeline, error));
}

enum la_err
la_pipeline_decide(struct la_pipeline *pipeline, struct la_error *error)
{
	struct la_batch *batch = &pipeline->batch;
	bool guarded = false;
	enum la_err err;

	while (batch->pending_count > 0) {
		if ((err = until_done(pipeline, fetch_and_decide, error)) != LA_OK)
			return (err);
		if (!guarded && (err = la_pipeline_guard(pipeline, error)) != LA_OK)
			return (err);
		guarded = true;
		collect_writes(batch);
		if (batch->write_count > 0 && (err = until_done(pipeline, write_states, error)) != LA_OK)
			return (err);
		keep_conflicts(batch);
	}
	la_pipeline_guard_keep(pipeline);
	la_pipeline_recovered(pipeline);
	batch->stage = LA_BATCH_WRITTEN;
	return (LA_OK);
}
