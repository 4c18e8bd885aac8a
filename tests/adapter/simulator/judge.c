/* What readers of the outputs see, against what the story says. */
#include <stdlib.h>

#include "simulator/sim.h"

static struct sim_record *
record_at(const struct sim *sim, int partition, int64_t offset, int *index)
{
	if (partition < 0 || partition >= SIM_PARTITIONS || offset < 0 || offset >= sim->story->in_partition[partition])
		return (NULL);
	*index = sim->story->at[partition][offset];
	return ((struct sim_record *)(uintptr_t)&sim->story->records[*index]);
}

/* May this member's outcomes differ from the story's, since Redis has lost something? */
static bool
is_lossy(const struct sim *sim, const struct sim_record *record)
{
	return (record->member >= 0 && sim->redis.lossy[record->member]);
}

/*
 * What Redis has lost may mute (section 5): a revocation; an extra alert takes the place of another under the cap, and
 * starts a cooldown; under silent a member is new; a device that was forgotten for a lost one, or whose platform has
 * changed, is known again.
 */
static bool
loss_may_mute(const struct sim *sim)
{
	const struct la_policy *policy = &sim->story->policy;

	return (sim->story->forgets || policy->cap_count > 0 || policy->cooldown_ms > 0 ||
	    policy->first_login != LA_FIRST_ALERT || policy->has_seed_until || policy->no_token_environment ||
	    sim->story->shape == SIM_CROWDED);
}

/*
 * A member over several partitions, with more than 32 uncommitted candidates (section 5); or decided anew after a loss,
 * and muted by that. What a later position hides is found in hidden.c.
 */
static bool
may_lose(const struct sim *sim, const struct sim_seen *seen)
{
	return (sim->story->shape == SIM_SPREAD_CROWDED ||
	    (seen->varied && (loss_may_mute(sim) || sim_is_spread(sim->story))));
}

/* A zombie may be so late that the memo is full of later candidates (section 5). */
static bool
is_late_known(const struct sim *sim, const struct la_decision *decision, enum la_outcome other)
{
	return (decision->outcome == LA_OUTCOME_KNOWN && sim_is_candidate(other) &&
	    (sim->story->shape == SIM_CROWDED || sim->story->shape == SIM_SPREAD_CROWDED));
}

static void
see_decision(struct sim *sim, const struct la_decision *decision)
{
	int i = 0;
	struct sim_record *record = record_at(sim, decision->source_partition, decision->source_offset, &i);
	struct sim_seen *seen = &sim->seen[i];

	if (record == NULL) {
		sim_fail(sim, "a decision about no record");
		return;
	}
	sim_trace(sim, -1, "record %d (partition %d offset %lld) is %s", i, record->partition, (long long)record->offset,
	    la_outcome_name(decision->outcome));
	if (seen->decisions++ == 0) {
		seen->outcome = decision->outcome;
		seen->has_reason = decision->has_reason;
		seen->reason = decision->reason;
		return;
	}
	if (seen->outcome == decision->outcome && seen->has_reason == decision->has_reason &&
	    (!seen->has_reason || seen->reason == decision->reason))
		return;
	if (is_late_known(sim, decision, seen->outcome)) {
		seen->late_known = true;
		seen->varied = seen->varied || is_lossy(sim, record);
	} else if (seen->outcome == LA_OUTCOME_KNOWN && sim_is_candidate(decision->outcome) &&
	    (is_lossy(sim, record) || sim->story->shape == SIM_CROWDED || sim->story->shape == SIM_SPREAD_CROWDED)) {
		seen->late_known = true;
		seen->outcome = decision->outcome;
		seen->has_reason = decision->has_reason;
		seen->reason = decision->reason;
	} else if (is_lossy(sim, record)) {
		seen->varied = true;
	} else {
		sim_fail(sim, "record %d was %s, and then %s", i, la_outcome_name(seen->outcome),
		    la_outcome_name(decision->outcome));
	}
}

static void
see_job(struct sim *sim, const struct la_alert_job *job, struct la_span bytes)
{
	int i = 0;
	struct sim_record *record = record_at(sim, job->source_partition, job->source_offset, &i);

	if (record == NULL) {
		sim_fail(sim, "a job of no record");
		return;
	}
	sim_story_plain_job(sim->story, bytes, &sim->plain);
	if (sim->seen[i].jobs++ == 0) {
		la_buf_reset(&sim->jobs[i]);
		if (la_buf_add(&sim->jobs[i], sim->plain.data, sim->plain.size) != LA_OK)
			abort();
	} else if (!la_span_equal(la_buf_span(&sim->jobs[i]), la_buf_span(&sim->plain)) && !is_lossy(sim, record)) {
		sim_fail(sim, "record %d has two different jobs", i);
	}
}

void
sim_judge_output(struct sim *sim, const struct sim_output *output)
{
	const struct sim_codec *codec = sim->story->codec;
	struct la_span value = la_span_of(output->value, output->size);
	struct la_decision decision;
	struct la_alert_job job;
	int i = 0;

	if (output->topic == SIM_TO_DECISIONS) {
		if (la_decoder_decision(codec->decisions, value, &decision, NULL) != LA_OK)
			sim_fail(sim, "a decision that cannot be read");
		else
			see_decision(sim, &decision);
	} else if (output->topic == SIM_TO_ALERTS) {
		if (la_decoder_job(codec->jobs, value, &job, NULL) != LA_OK)
			sim_fail(sim, "a job that cannot be read");
		else
			see_job(sim, &job, value);
	} else if (record_at(sim, output->partition, output->offset, &i) == NULL) {
		sim_fail(sim, "a dead letter of no record");
	} else {
		sim->seen[i].dead_letters++;
	}
}

/* P1: what is committed is decided, and its outputs are there. */
void
sim_judge_commit(struct sim *sim, int partition, int64_t from, int64_t to)
{
	if (to > sim->story->in_partition[partition])
		sim_fail(sim, "commits %lld in partition %d, behind its end", (long long)to, partition);
	for (int64_t offset = from; offset < to && offset < sim->story->in_partition[partition]; offset++) {
		int i = sim->story->at[partition][offset];
		const struct sim_record *record = &sim->story->records[i];
		const struct sim_seen *seen = &sim->seen[i];

		if (seen->decisions == 0)
			sim_fail(sim, "record %d is committed, its decision is not there", i);
		if (record->member < 0 && seen->dead_letters == 0)
			sim_fail(sim, "record %d is committed, its dead letter is not there", i);
		if (seen->outcome == LA_OUTCOME_ALERTED && seen->decisions > 0 && seen->jobs == 0 && !may_lose(sim, seen))
			sim_fail(sim, "record %d is committed, its job is not there", i);
	}
}

static void
judge_job(struct sim *sim, int i)
{
	const struct sim_record *record = &sim->story->records[i];
	const struct sim_seen *seen = &sim->seen[i];

	if (seen->outcome != LA_OUTCOME_ALERTED && seen->jobs > 0 && !is_lossy(sim, record) && !may_lose(sim, seen))
		sim_fail(sim, "record %d is %s and has %d jobs", i, la_outcome_name(seen->outcome), seen->jobs);
	if (seen->outcome == LA_OUTCOME_ALERTED && seen->jobs == 0 && may_lose(sim, seen))
		sim->counts->lost_of_spread++;
	else if (seen->outcome == LA_OUTCOME_ALERTED && seen->jobs == 0)
		sim_fail(sim, "record %d is ALERTED and has no job", i);
	if (record->job.size == 0 || seen->jobs == 0 || sim_is_spread(sim->story) || is_lossy(sim, record))
		return;
	sim_story_plain_job(sim->story, la_buf_span(&record->job), &sim->plain);
	if (!la_span_equal(la_buf_span(&sim->plain), la_buf_span(&sim->jobs[i])))
		sim_fail(sim, "the job of record %d is another one than without faults", i);
}

/* Redis has lost something of this member: an alert more, or, when a revocation was among it, one less (section 5). */
static void
judge_lossy(struct sim *sim, int i)
{
	const struct sim_record *record = &sim->story->records[i];
	const struct sim_seen *seen = &sim->seen[i];

	if (seen->jobs > 0 && record->outcome != LA_OUTCOME_ALERTED)
		sim->counts->extra_after_loss++;
	if (seen->jobs > 0 || record->outcome != LA_OUTCOME_ALERTED || sim_is_spread(sim->story))
		return;
	sim->counts->muted_after_loss++;
	if (!loss_may_mute(sim))
		sim_fail(sim, "record %d is not ALERTED after Redis lost something, and no revocation was lost", i);
}

static void
judge_record(struct sim *sim, int i)
{
	const struct sim_record *record = &sim->story->records[i];
	const struct sim_seen *seen = &sim->seen[i];

	if (sim->rates.exactly_once && (seen->decisions != 1 || seen->jobs > 1 || seen->dead_letters > 1))
		sim_fail(sim, "record %d has %d decisions, %d jobs, %d dead letters, exactly once", i, seen->decisions, seen->jobs,
		    seen->dead_letters);
	judge_job(sim, i);
	sim->counts->late_known += seen->late_known;
	if (is_lossy(sim, record)) {
		judge_lossy(sim, i);
		return;
	}
	if (sim_is_spread(sim->story) && record->member >= 0)
		return;
	if (seen->outcome != record->outcome || seen->has_reason != record->has_reason ||
	    (seen->has_reason && seen->reason != record->reason))
		sim_fail(sim, "record %d (partition %d offset %lld) is %s, without faults it is %s", i, record->partition,
		    (long long)record->offset, la_outcome_name(seen->outcome), la_outcome_name(record->outcome));
}

/* Whatever the order of a spread member's logins: of each device, one is new. */
static void
judge_devices(struct sim *sim, int member)
{
	int candidates[SIM_RECORDS_MAX] = {0}, logins[SIM_RECORDS_MAX] = {0};

	if (sim->redis.lossy[member])
		return;
	for (int i = 0; i < sim->story->count; i++) {
		const struct sim_record *record = &sim->story->records[i];

		if (record->member != member)
			continue;
		logins[record->device]++;
		candidates[record->device] += sim_is_candidate(sim->seen[i].outcome) || sim->seen[i].jobs > 0;
	}
	for (int d = 0; d < SIM_RECORDS_MAX; d++) {
		if (logins[d] > 0 && candidates[d] == 0 && sim->story->shape == SIM_SPREAD_CROWDED)
			sim->counts->lost_of_spread++;
		else if (logins[d] > 0 && candidates[d] != 1)
			sim_fail(sim, "device %d of member %d was new %d times", d, member, candidates[d]);
	}
}

/* Equal events in an equal order leave an equal record. */
static void
judge_state(struct sim *sim, int member)
{
	unsigned char bytes[LA_STATE_RECORD_MAX];
	int epoch = 1;
	size_t size = sim_redis_read(sim, member, bytes, &epoch);
	struct la_span want = sim->story->states[member];

	if (sim->redis.lossy[member] || sim_is_spread(sim->story) || sim->stage > 0)
		return;
	if (size != want.size || (size > 0 && memcmp(bytes, want.data, size) != 0))
		sim_fail(sim, "the state of member %d is another one than without faults", member);
}

void
sim_judge(struct sim *sim)
{
	for (int p = 0; p < SIM_PARTITIONS; p++)
		sim_judge_commit(sim, p, 0, sim->broker.committed[p]);
	for (int i = 0; i < sim->story->count; i++)
		judge_record(sim, i);
	for (int m = 0; m < SIM_MEMBERS; m++) {
		judge_state(sim, m);
		if (sim_is_spread(sim->story))
			judge_devices(sim, m);
	}
}
