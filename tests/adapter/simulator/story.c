#include "simulator/draft.h"
#include "simulator/story.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/file.h"

void
sim_codec_open(struct sim_codec *codec, const char *schema_folder)
{
	struct la_decoder_options options = {.record = LA_RECORD_LOGIN_EVENT, .schema_folder = schema_folder};
	enum la_err err = la_decoder_new(&codec->events, &options, NULL);
	struct la_buf path = LA_BUF_INIT;

	options.record = LA_RECORD_ALERT_JOB;
	if (err == LA_OK)
		err = la_decoder_new(&codec->jobs, &options, NULL);
	options.record = LA_RECORD_DECISION;
	if (err == LA_OK)
		err = la_decoder_new(&codec->decisions, &options, NULL);
	if (err == LA_OK)
		err = la_encoder_new(&codec->encoder, LA_FRAMING_NONE, schema_folder, NULL);
	if (err == LA_OK)
		err = la_buf_printf(&path, "%s/LoginEvent.avsc", schema_folder);
	if (err == LA_OK)
		err = la_file_read((const char *)path.data, LA_VALUE_BYTES_MAX, &codec->event_schema, NULL);
	la_buf_clear(&path);
	assert(err == LA_OK);
	(void)err;
}

void
sim_codec_close(struct sim_codec *codec)
{
	la_decoder_free(codec->events);
	la_decoder_free(codec->jobs);
	la_decoder_free(codec->decisions);
	la_encoder_free(codec->encoder);
	la_buf_clear(&codec->event_schema);
	*codec = (struct sim_codec){.encoder = NULL};
}

static void
any_policy(struct sim_story *story, struct sim_random *random)
{
	static const int64_t ttls[] = {160 * SIM_DAY, 16 * SIM_DAY, 365 * SIM_DAY, SIM_DAY};
	static const int64_t cooldowns[] = {0, 0, SIM_DAY, 30 * SIM_DAY};
	struct la_policy *p = &story->policy;

	*p = (struct la_policy){.device_ttl_ms = ttls[sim_below(random, 4)],
	    .first_login = (enum la_first_login)sim_below(random, 3),
	    .grace_ms = SIM_DAY,
	    .no_token_environment = sim_below(random, 2) == 0,
	    .cooldown_ms = cooldowns[sim_below(random, 4)],
	    .cap_count = (uint32_t)sim_below(random, 4),
	    .cap_window_ms = 5 * SIM_DAY,
	    .has_seed_until = sim_below(random, 4) == 0,
	    .seed_until_ms = SIM_START_MS + SIM_DAY,
	    .alert_max_age_ms = SIM_DAY};
	if (story->shape == SIM_KEYED)
		return;
	p->cap_count = 0;
	p->cooldown_ms = 0;
	if (sim_is_spread(story)) {
		p->device_ttl_ms = 365 * SIM_DAY;
		p->no_token_environment = false;
	}
}

static struct sim_record *
add(struct sim_story *story, int partition, int member, int64_t timestamp_ms)
{
	struct sim_record *record = &story->records[story->count];

	*record = (struct sim_record){.partition = partition,
	    .offset = story->in_partition[partition],
	    .timestamp_ms = timestamp_ms,
	    .member = member,
	    .outcome = LA_OUTCOME_REJECTED};
	story->at[partition][story->in_partition[partition]++] = story->count++;
	return (record);
}

static void
fill(const struct sim_story *story, struct sim_record *record, const struct la_login_event *event)
{
	struct la_buf value = LA_BUF_INIT;
	enum la_err err = la_encoder_event(story->codec->encoder, event, &value, NULL);

	assert(err == LA_OK);
	(void)err;
	record->value = value.data;
	record->size = value.size;
	record->kind = event->kind;
}

/* Refused by rule 1: no value, no record, no member, no time. */
static void
add_poison(struct sim_story *story, struct sim_draft *d)
{
	struct sim_record *record = add(story, sim_below(&d->random, SIM_PARTITIONS), -1, d->clock_ms);
	int how = sim_below(&d->random, 4);

	if (how == 0)
		return;
	if (how == 1) {
		record->size = 40;
		record->value = malloc(record->size);
		assert(record->value != NULL);
		memset(record->value, 0xff, record->size);
		return;
	}
	sim_draft_start(d, 0, true);
	if (how == 2)
		d->event.member_id = la_span_text("");
	else
		d->event.occurred_at_ms = 0;
	fill(story, record, &d->event);
}

/* The producer sends it once more: the same value at another offset. */
static void
add_again(struct sim_story *story, const struct sim_record *old, int64_t timestamp_ms)
{
	struct sim_record *record = add(story, old->partition, old->member, timestamp_ms);

	record->value = malloc(old->size);
	assert(record->value != NULL);
	memcpy(record->value, old->value, old->size);
	record->size = old->size;
	record->kind = old->kind;
}

static void
add_event(struct sim_story *story, struct sim_draft *d)
{
	bool crowded = story->shape == SIM_CROWDED || story->shape == SIM_SPREAD_CROWDED;
	int member = crowded && !sim_chance(&d->random, 50) ? 0 : sim_below(&d->random, SIM_MEMBERS);
	int partition = sim_is_spread(story) ? sim_below(&d->random, SIM_PARTITIONS) : member % SIM_PARTITIONS;
	struct sim_record *record;
	int device = 0;

	sim_draft_start(d, member, story->shape != SIM_KEYED);
	if (story->shape == SIM_SPREAD_CROWDED)
		device = sim_draft_device(d, story->count); /* none twice: which of more than 32 is remembered depends on the order */
	else if (story->shape != SIM_KEYED)
		device = sim_draft_device(d, sim_below(&d->random, story->shape == SIM_SPREAD ? SIM_DEVICES : 80));
	else
		sim_draft_any(d);
	record = add(story, partition, member, d->clock_ms);
	record->device = device;
	fill(story, record, &d->event);
	story->forgets = story->forgets || d->event.kind == LA_KIND_DEVICE_REVOKED ||
	    d->event.kind == LA_KIND_THIRD_PARTY_UNLINK || d->event.kind == LA_KIND_ACCOUNT_ERASED;
}

static void
open_deciders(struct sim_story *story)
{
	static const struct {
		size_t count, active; /* the newest epoch is first */
	} stages[SIM_STAGES] = {{1, 0}, {2, 1}, {2, 0}, {3, 1}, {3, 0}};

	for (size_t s = 0; s < SIM_STAGES; s++) {
		struct la_keys keys = {.count = stages[s].count, .active = stages[s].active};
		struct la_decider_options options = {.keys = &keys,
		    .policy = &story->policy,
		    .mask_keep_last = 3,
		    .cluster_id = SIM_CLUSTER,
		    .topic_generation = ""};
		enum la_err err;

		for (size_t k = 0; k < keys.count; k++)
			keys.key[k] = (struct la_key){(uint16_t)(keys.count - k), {(unsigned char)(keys.count - k)}};
		err = la_decider_new(&story->deciders[s], &options, NULL);
		assert(err == LA_OK);
		(void)err;
	}
}

static struct la_source
source_of(const struct sim_story *story, const struct sim_record *record)
{
	return ((struct la_source){.topic = la_span_text(SIM_TOPIC),
	    .partition = record->partition,
	    .offset = record->offset,
	    .has_timestamp = story->has_timestamps,
	    .timestamp_ms = record->timestamp_ms});
}

static void
keep_keys(struct sim_story *story, const struct sim_record *record, const struct la_login_event *event)
{
	struct la_source source = source_of(story, record);
	struct la_facts facts;

	if (la_decider_facts(story->deciders[SIM_STAGES - 1], event, &source, &facts, NULL) != LA_OK)
		abort();
	for (size_t k = 0; k < SIM_EPOCHS; k++) {
		story->keys[record->member][k].epoch = facts.by_epoch[k].epoch;
		memcpy(story->keys[record->member][k].digest, facts.by_epoch[k].member, LA_MEMBER_DIGEST_BYTES);
	}
}

static void
read_record(const struct sim_story *story, int stage, const struct sim_record *record, struct la_login_event *event,
    struct la_facts *facts)
{
	struct la_source source = source_of(story, record);

	if (la_decoder_event(story->codec->events, la_span_of(record->value, record->size), event, NULL) != LA_OK ||
	    la_decider_facts(story->deciders[stage], event, &source, facts, NULL) != LA_OK)
		abort();
}

void
sim_story_facts(const struct sim_story *story, int stage, const struct sim_record *record, struct la_facts *facts)
{
	struct la_login_event event;

	read_record(story, stage, record, &event, facts);
}

static void
answer(struct sim_story *story, struct sim_record *record, struct la_member_state *states, bool *has_state)
{
	struct la_source source = source_of(story, record);
	struct la_login_event event;
	struct la_verdict verdict;
	struct la_alert_job job;
	struct la_facts facts;

	if (record->member < 0)
		return;
	read_record(story, 0, record, &event, &facts);
	keep_keys(story, record, &event);
	la_policy_decide(&story->policy, &facts, &states[record->member], &verdict);
	has_state[record->member] = has_state[record->member] || verdict.applied;
	record->outcome = verdict.outcome;
	record->has_reason = verdict.has_reason;
	record->reason = verdict.reason;
	if (verdict.outcome != LA_OUTCOME_ALERTED)
		return;
	la_decider_job(story->deciders[0], &event, &source, &facts, &verdict, &job);
	if (la_encoder_job(story->codec->encoder, &job, &record->job, NULL) != LA_OK)
		abort();
}

static void
answer_all(struct sim_story *story)
{
	static struct la_member_state states[SIM_MEMBERS];
	bool has_state[SIM_MEMBERS] = {false};
	unsigned char *bytes;

	for (size_t m = 0; m < SIM_MEMBERS; m++)
		la_state_init(&states[m]);
	for (int i = 0; i < story->count; i++)
		answer(story, &story->records[i], states, has_state);
	for (size_t m = 0; m < SIM_MEMBERS; m++) {
		if (!has_state[m])
			continue;
		bytes = malloc(LA_STATE_RECORD_MAX);
		assert(bytes != NULL);
		story->states[m] = la_span_of(bytes, la_state_encode(&states[m], bytes));
	}
}

void
sim_story_init(struct sim_story *story, struct sim_codec *codec, uint64_t seed)
{
	struct sim_draft draft = {.clock_ms = SIM_START_MS};
	int count;

	*story = (struct sim_story){.codec = codec};
	sim_random_init(&draft.random, seed);
	story->shape = (enum sim_shape)sim_below(&draft.random, 8);
	if (story->shape > SIM_SPREAD_CROWDED)
		story->shape = story->shape % 2 == 0 ? SIM_KEYED : SIM_SPREAD;
	story->has_timestamps = sim_below(&draft.random, 3) > 0;
	any_policy(story, &draft.random);
	count = story->shape == SIM_CROWDED || story->shape == SIM_SPREAD_CROWDED ? SIM_RECORDS_MAX
	                                                                         : 8 + sim_below(&draft.random, 40);
	while (story->count < count) {
		if (sim_chance(&draft.random, 40))
			add_poison(story, &draft);
		else if (story->shape == SIM_KEYED && story->count > 0 && sim_chance(&draft.random, 50) &&
		    story->records[story->count - 1].member >= 0)
			add_again(story, &story->records[story->count - 1], draft.clock_ms);
		else
			add_event(story, &draft);
	}
	open_deciders(story);
	answer_all(story);
}

void
sim_story_clear(struct sim_story *story)
{
	for (int i = 0; i < story->count; i++) {
		free(story->records[i].value);
		la_buf_clear(&story->records[i].job);
	}
	for (size_t s = 0; s < SIM_STAGES; s++)
		la_decider_free(story->deciders[s]);
	for (size_t m = 0; m < SIM_MEMBERS; m++)
		free((void *)(uintptr_t)story->states[m].data);
	story->count = 0;
}

void
sim_story_plain_job(const struct sim_story *story, struct la_span bytes, struct la_buf *out)
{
	struct la_alert_job job;

	la_buf_reset(out);
	if (la_decoder_job(story->codec->jobs, bytes, &job, NULL) != LA_OK)
		abort();
	memset(job.member_ref, '0', sizeof(job.member_ref) - 1);
	job.key_epoch = 0;
	if (la_encoder_job(story->codec->encoder, &job, out, NULL) != LA_OK)
		abort();
}
