#include "detector/lookup.h"
#include "detector/pipeline_internal.h"

/* The member's candidates in earlier batches, whose offsets are not committed. */
static size_t
candidates_before(struct la_pipeline *pipeline, const struct la_batch *batch, const struct la_batch_member *member)
{
	const struct la_batch *earlier;
	const struct la_batch_member *same;
	size_t count = 0;

	for (size_t k = 0; (earlier = la_pipeline_batch(pipeline, k)) != batch; k++) {
		if ((same = la_batch_find(earlier, batch, member->first)) != NULL)
			count += same->candidates;
	}
	return (count);
}

/* What the memo of the state at hand has of candidates under way. */
enum remembered {
	REMEMBERED,
	PUSHED_OUT, /* by a newer one: of an event that its producer sent again, when its candidate had grown old */
	LOST        /* by Redis, which had acknowledged it */
};

/* This batch's candidates of the member before the event `end`. */
static enum remembered
are_remembered(const struct la_pipeline *pipeline, const struct la_batch *batch, const struct la_batch_member *member,
    uint32_t end)
{
	enum remembered worst = REMEMBERED;

	for (uint32_t i = member->first; i < end && i < batch->count; i = la_batch_item(batch, i)->next) {
		const struct la_item *item = la_batch_item(batch, i);

		if (item->kind != LA_ITEM_EVENT || !item->verdict.candidate ||
		    la_policy_remembers(&item->facts, &pipeline->state))
			continue;
		if (!item->verdict.redelivered || pipeline->state.memo_count < LA_MEMO_MAX)
			return (LOST);
		worst = PUSHED_OUT;
	}
	return (worst);
}

static enum remembered
are_earlier_remembered(
    struct la_pipeline *pipeline, const struct la_batch *batch, const struct la_batch_member *member)
{
	enum remembered worst = REMEMBERED, found;
	const struct la_batch *earlier;
	const struct la_batch_member *same;

	for (size_t k = 0; worst != LOST && (earlier = la_pipeline_batch(pipeline, k)) != batch; k++) {
		same = la_batch_find(earlier, batch, member->first);
		if (same == NULL || same->candidates == 0)
			continue;
		found = are_remembered(pipeline, earlier, same, LA_BATCH_NONE);
		worst = found > worst ? found : worst;
	}
	return (worst);
}

/* Where the batch must end (rule 2), or that it must wait for what is before it. */
struct bound {
	size_t cut; /* the event that would be one candidate too many, or must wait */
	bool waits;
};

/*
 * May the event that was applied last stay? Until they are committed, candidates can be redelivered, and then the memo
 * must have them (rule 2). So not after Redis has lost some: a later position would hide them. Nor when it pushed one out
 * of a full memo. The batch waits for those of earlier batches, and ends behind its own.
 */
static bool
may_stay(struct la_pipeline *pipeline, const struct la_batch *batch, const struct la_batch_member *member, uint32_t i,
    struct bound *bound)
{
	const struct la_verdict *verdict = &la_batch_item(batch, i)->verdict;
	const struct la_message *message = &batch->messages[i];
	bool pushes = verdict->candidate && pipeline->state.memo_count == LA_MEMO_MAX;
	enum remembered earlier;

	if (member->changed && !pushes)
		return (true);
	earlier = are_earlier_remembered(pipeline, batch, member);
	if (earlier == REMEMBERED && (!pushes || are_remembered(pipeline, batch, member, i) == REMEMBERED))
		return (true);
	if (earlier == LOST)
		la_pipeline_say(pipeline, LA_LOG_WARN,
		    la_msg("redis has not kept a state that was written; what is decided goes first"),
		    la_int("partition", message->partition), la_int("offset", message->offset));
	*bound = (struct bound){.cut = i, .waits = earlier != REMEMBERED};
	return (false);
}

/* Decides a member's events that are in the batch and ours. The state after is in pipeline->state. False: bound cuts. */
static bool
decide_events(
    struct la_pipeline *pipeline, struct la_batch *batch, struct la_batch_member *member, struct bound *bound)
{
	const struct la_policy *policy = la_decider_policy(pipeline->options.decider);
	size_t before = 0;

	for (uint32_t i = member->first; i != LA_BATCH_NONE && i < batch->count; i = la_batch_item(batch, i)->next) {
		struct la_item *item = la_batch_item(batch, i);

		if (!la_batch_holds(batch, i)) {
			item->kind = LA_ITEM_VOID;
			continue;
		}
		la_policy_decide(policy, &item->facts, &pipeline->state, &item->verdict);
		if (item->verdict.candidate && member->candidates++ == 0)
			before = candidates_before(pipeline, batch, member);
		if (before + member->candidates > LA_BATCH_CANDIDATES_MAX) {
			bound->waits = before > 0;
			bound->cut = i;
			return (false);
		}
		if (item->verdict.applied && !may_stay(pipeline, batch, member, i, bound))
			return (false);
		item->storm = la_storm_judge(policy, &item->facts, &item->verdict);
		member->changed = member->changed || item->verdict.applied;
		member->erases = member->erases || item->verdict.erased;
	}
	return (true);
}

/* Keeps what is to be written: copies, since the store's own are gone with the next fetch. */
static enum la_err
keep_write(struct la_pipeline *pipeline, struct la_batch *batch, struct la_batch_member *member,
    const struct la_store_read *read)
{
	struct la_buf *records = &batch->records;
	const struct la_member_key *key, *old_key;

	old_key = la_lookup_key(read, &la_batch_item(batch, member->first)->facts, &key);
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
decide_member(struct la_pipeline *pipeline, struct la_batch *batch, size_t pending, struct bound *bound,
    struct la_error *error)
{
	struct la_batch_member *member = &batch->members[batch->pending[pending]];
	const struct la_store_read *read = &batch->reads[pending];
	const struct la_message *message = &batch->messages[member->first];

	member->changed = member->erases = false;
	member->candidates = 0;
	if (member->first >= batch->count)
		return (LA_OK);
	if (read->found < 0) {
		la_state_init(&pipeline->state);
	} else if (la_state_decode(read->record, &pipeline->state, error) != LA_OK) {
		la_error_prefix(error, "the state of the member of partition %d offset %lld", (int)message->partition,
		    (long long)message->offset);
		return (LA_EUNAVAILABLE);
	}
	if (decide_events(pipeline, batch, member, bound) && member->changed && keep_write(pipeline, batch, member, read) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory for a batch of %zu", batch->count));
	return (LA_OK);
}

/*
 * Decides all pending members. A candidate too many cuts the batch before it (rule 2), and all are decided once more,
 * now without what lies behind. A cut leaves an event at least, so this ends, and the batch makes headway. When
 * earlier batches have a part in it, nothing is decided before they are committed.
 */
static enum la_err
decide_pending(struct la_pipeline *pipeline, struct la_batch *batch, struct la_error *error)
{
	struct bound bound;
	enum la_err err;

	do {
		bound = (struct bound){.cut = batch->count};
		la_buf_reset(&batch->records);
		for (size_t m = 0; m < batch->pending_count && bound.cut == batch->count; m++) {
			if ((err = decide_member(pipeline, batch, m, &bound, error)) != LA_OK)
				return (err);
		}
		batch->waits = bound.waits;
		if (bound.waits || bound.cut == batch->count)
			return (LA_OK);
		batch->count = bound.cut;
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

/* Takes the answers and decides. A record that could not be read may be repaired by the next fetch. */
static enum la_err
take_and_decide(struct la_pipeline *pipeline, struct la_batch *batch, struct la_error *error)
{
	const struct la_store *store = pipeline->options.store;
	enum la_err err = store->fetch_end(store->self, pipeline->options.store_timeout_ms, error);

	pipeline->fetching = NULL;
	batch->stage = LA_BATCH_READ;
	if (err != LA_OK) {
		la_pipeline_lose_store(pipeline);
		return (err);
	}
	la_watch_took(pipeline->options.watch, LA_TIMING_STORE, batch->asked_us);
	LA_CRASH_POINT("fetched");
	return (decide_pending(pipeline, batch, error));
}

enum la_err
la_pipeline_decide(struct la_pipeline *pipeline, struct la_batch *batch, struct la_error *error)
{
	enum la_err err = take_and_decide(pipeline, batch, error);

	if (err != LA_OK)
		return (la_pipeline_wait(pipeline, "redis", err, error));
	la_pipeline_recovered(pipeline, "redis");
	if (batch->waits)
		return (LA_OK);
	if (!batch->guarded && (err = la_pipeline_guard(pipeline, batch, error)) != LA_OK)
		return (err);
	batch->guarded = true;
	collect_writes(batch);
	batch->stage = LA_BATCH_DECIDED;
	return (LA_OK);
}
