/* Looks at every write of a state: none may hide an alert that nobody has seen from its redelivery. */
#include <stdlib.h>

#include "detector/policy_internal.h"
#include "simulator/sim_redis.h"

#ifdef LA_SIM_WRAPS
static bool losses_unseen;

bool __real_la_policy_remembers(const struct la_facts *facts, const struct la_member_state *state);
bool __wrap_la_policy_remembers(const struct la_facts *facts, const struct la_member_state *state);

/* The pipeline's question after a loss of Redis; wrapped by the linker, so that a world can answer it wrongly. */
bool
__wrap_la_policy_remembers(const struct la_facts *facts, const struct la_member_state *state)
{
	return (losses_unseen || __real_la_policy_remembers(facts, state));
}

void
sim_hide_losses(const struct sim *sim)
{
	losses_unseen = sim->mutation == SIM_LOSSES_UNSEEN;
}
#else
void
sim_hide_losses(const struct sim *sim)
{
	(void)sim;
}
#endif

static int
member_of(const struct sim_story *story, const struct la_member_key *key)
{
	for (int m = 0; m < SIM_MEMBERS; m++) {
		for (size_t e = 0; e < SIM_EPOCHS; e++) {
			if (story->keys[m][e].epoch == key->epoch &&
			    memcmp(story->keys[m][e].digest, key->digest, LA_MEMBER_DIGEST_BYTES) == 0)
				return (m);
		}
	}
	abort();
}

static void
read_state(struct la_span record, struct la_member_state *state)
{
	if (!la_span_present(record))
		la_state_init(state);
	else if (la_state_decode(record, state, NULL) != LA_OK)
		abort();
}

/* A keyed member's events are in one partition. */
static int64_t
position_of(const struct la_member_state *state)
{
	return (state->position_count == 0 ? -1 : state->position[state->position_count - 1].offset);
}

static int64_t
first_redelivered(const struct sim *sim, int partition, const struct la_member_state *before)
{
	int64_t committed = sim->broker.committed[partition], next = position_of(before) + 1;

	return (next > committed ? next : committed);
}

/*
 * A keyed story. After a crash the member's events are read again from the committed offset on. Those that are to alert,
 * would so on the state before, and are done for the state after, must be in its memo, or their alert must be there.
 */
void
sim_judge_write(struct sim *sim, const struct la_store_write *write)
{
	static struct la_member_state before, after;
	const struct sim_story *story = sim->story;
	int member = member_of(story, &write->key);
	struct la_verdict verdict;
	struct la_facts facts;
	int64_t first;

	if (sim_is_spread(story))
		return;
	read_state(write->before, &before);
	read_state(write->after, &after);
	first = first_redelivered(sim, member % SIM_PARTITIONS, &before);
	for (int i = 0; i < story->count; i++) {
		const struct sim_record *record = &story->records[i];

		if (record->member != member || record->offset < first || record->offset > position_of(&after))
			continue;
		sim_story_facts(story, SIM_STAGES - 1, record, &facts);
		la_policy_decide(&story->policy, &facts, &before, &verdict);
		if (verdict.applied && !verdict.candidate && sim->redis.lossy[member])
			return; /* a revocation or a changed platform that was lost mutes what follows (section 5) */
		if (record->outcome == LA_OUTCOME_ALERTED && verdict.outcome == LA_OUTCOME_ALERTED &&
		    sim->seen[i].jobs == 0 && la_policy_recall(&facts, &after) == NULL)
			sim_fail(sim, "a state of member %d hides record %d, whose alert nobody has seen", member, i);
	}
}
