/* P2 as properties of random streams: what was decided once is decided again, whoever reads it and from where. */
#include "streams.h"

#define PARTITIONS 4 /* as many positions as a state keeps */

/* How far back the log can be read again: at most 32 candidates, as the pipeline sees to. */
static int
rewind_from(const struct la_verdict *verdicts, int at)
{
	int candidates = 0, back = at;

	while (back > 0 && candidates + verdicts[back - 1].candidate <= LA_MEMO_MAX && below(60) != 0)
		candidates += verdicts[--back].candidate;
	return (back);
}

/* P2. */
static void
a_suffix_that_is_read_again_changes_no_outcome_and_no_state(void **unused)
{
	static struct model_event log[EVENTS];
	static struct la_verdict first[EVENTS];

	(void)unused;
	for (int stream = 0; stream < streams(200); stream++) {
		struct la_member_state state, before;
		struct la_policy policy;
		struct la_keys keys;
		struct la_decider *decider;

		seed = 1000 + (uint64_t)stream;
		any_policy(&policy);
		any_log(log, (enum shape)(stream % 3), stream % 2 == 0);
		story_keys(&keys, 1, 1);
		decider = story_decider(&policy, &keys);
		la_state_init(&state);
		for (int i = 0; i < EVENTS; i++) {
			decide(decider, &log[i], &state, &first[i]);
			story_store_and_load(&state);
			if (below(10) != 0)
				continue;
			before = state;
			for (int k = rewind_from(first, i + 1); k <= i; k++) {
				struct la_verdict again;

				decide(decider, &log[k], &state, &again);
				assert_int_equal(again.outcome, first[k].outcome);
				assert_int_equal(again.has_reason, first[k].has_reason);
				assert_int_equal(again.reason, first[k].reason);
				assert_int_equal(again.suppressed_before, first[k].suppressed_before);
				assert_false(again.applied);
			}
			assert_memory_equal(&state, &before, sizeof(state));
		}
		la_decider_free(decider);
	}
}

/* Instances in the middle of a rotation: all know three epochs, each has another active one. */
static void
open_deciders(struct la_decider *deciders[3], const struct la_policy *policy)
{
	struct la_keys keys;

	for (uint16_t active = 1; active <= 3; active++) {
		story_keys(&keys, 3, active);
		deciders[active - 1] = story_decider(policy, &keys);
	}
}

static void
close_deciders(struct la_decider *deciders[3])
{
	for (size_t d = 0; d < 3; d++)
		la_decider_free(deciders[d]);
}

/* The verdict is the first one's. */
static void
decide_again(struct la_decider *decider, const struct model_event *e, struct la_member_state *state,
    const struct la_verdict *first, struct la_verdict *again)
{
	decide(decider, e, state, again);
	if (again->outcome != first->outcome || again->has_reason != first->has_reason ||
	    again->reason != first->reason || again->suppressed_before != first->suppressed_before)
		fail_msg("event %d was %s and is %s", e->id, la_outcome_name(first->outcome), la_outcome_name(again->outcome));
}

/* Without rotation and without anything read again. */
static void
decide_calmly(const struct model_event *log, const struct la_policy *policy, struct la_verdict *verdicts)
{
	struct la_member_state state;
	struct la_decider *decider;
	struct la_keys keys;

	story_keys(&keys, 1, 1);
	decider = story_decider(policy, &keys);
	la_state_init(&state);
	for (int i = 0; i < EVENTS; i++)
		decide(decider, &log[i], &state, &verdicts[i]);
	la_decider_free(decider);
}

/*
 * Read first by an instance of one step of a rotation, and again by one of the step before or after it. Once more is the
 * state written only to name what is hit anew; no outcome changes, then or later.
 */
static void
a_suffix_read_again_in_another_step_of_a_rotation_changes_no_outcome(void **unused)
{
	static struct model_event log[EVENTS];
	static struct la_verdict calm[EVENTS];

	(void)unused;
	for (int stream = 0; stream < streams(60); stream++) {
		struct la_member_state state;
		struct la_decider *deciders[3];
		struct la_policy policy;
		struct la_verdict verdict;
		int step = 0;

		seed = 9000 + (uint64_t)stream;
		any_policy(&policy);
		any_log(log, (enum shape)(stream % 3), stream % 2 == 0);
		decide_calmly(log, &policy, calm);
		open_deciders(deciders, &policy);
		la_state_init(&state);
		for (int i = 0; i < EVENTS; i++) {
			if (step < 2 && below(120) == 0)
				step++;
			decide_again(deciders[step], &log[i], &state, &calm[i], &verdict);
			story_store_and_load(&state);
			if (below(10) != 0)
				continue;
			for (int k = rewind_from(calm, i + 1); k <= i; k++) {
				int other = step + below(3) - 1;

				decide_again(deciders[other < 0 ? 0 : other > 2 ? 2 : other], &log[k], &state, &calm[k], &verdict);
				assert_false(verdict.applied && calm[k].applied);
			}
		}
		close_deciders(deciders);
	}
}

/*
 * A member over several partitions: each is read again from a place of its own, so the events come back in another
 * order. What changed the state comes out as before, and changes it no more. (What changed nothing may be decided anew
 * when another partition's events have come in between: rule 2 knows only positions that were applied.)
 */
static void
partitions_read_again_in_any_order_give_the_same_alerts(void **unused)
{
	static struct model_event log[EVENTS];
	static struct la_verdict first[EVENTS];

	(void)unused;
	for (int stream = 0; stream < streams(60); stream++) {
		struct la_member_state state, before;
		struct la_decider *deciders[3];
		struct la_verdict again;
		struct la_policy policy;

		seed = 12000 + (uint64_t)stream;
		any_policy(&policy);
		any_log(log, (enum shape)(stream % 3), true);
		for (int i = 0; i < EVENTS; i++)
			log[i].partition = below(PARTITIONS);
		open_deciders(deciders, &policy);
		la_state_init(&state);
		for (int i = 0; i < EVENTS; i++) {
			int from;

			decide(deciders[0], &log[i], &state, &first[i]);
			story_store_and_load(&state);
			if (below(10) != 0)
				continue;
			before = state;
			from = rewind_from(first, i + 1);
			for (int p = below(PARTITIONS), turns = 0; turns < PARTITIONS; turns++, p = (p + 1) % PARTITIONS) {
				for (int k = from; k <= i; k++) {
					if (log[k].partition == p && first[k].applied)
						decide_again(deciders[below(2)], &log[k], &state, &first[k], &again);
				}
			}
			assert_memory_equal(&state, &before, sizeof(state));
		}
		close_deciders(deciders);
	}
}

/*
 * A crash at any event: what was decided behind the last commit is decided again, then the stream goes on. Every outcome
 * and the state in the end are those of a run that nothing has interrupted.
 */
static void
a_stream_with_crashes_ends_as_one_without(void **unused)
{
	static struct model_event log[EVENTS];
	static struct la_verdict calm[EVENTS];
	unsigned char record[LA_STATE_RECORD_MAX], crashed_record[LA_STATE_RECORD_MAX];

	(void)unused;
	for (int stream = 0; stream < streams(60); stream++) {
		struct la_member_state state, crashed;
		struct la_policy policy;
		struct la_keys keys;
		struct la_decider *decider;
		int committed = 0, candidates = 0;

		seed = 15000 + (uint64_t)stream;
		any_policy(&policy);
		any_log(log, (enum shape)(stream % 3), stream % 2 == 0);
		story_keys(&keys, 1, 1);
		decider = story_decider(&policy, &keys);
		la_state_init(&state);
		la_state_init(&crashed);
		for (int i = 0; i < EVENTS; i++)
			decide(decider, &log[i], &state, &calm[i]);
		for (int i = 0; i < EVENTS; i++) {
			struct la_verdict verdict;

			decide(decider, &log[i], &crashed, &verdict);
			assert_int_equal(verdict.outcome, calm[i].outcome);
			assert_int_equal(verdict.has_reason, calm[i].has_reason);
			assert_int_equal(verdict.reason, calm[i].reason);
			assert_int_equal(verdict.suppressed_before, calm[i].suppressed_before);
			story_store_and_load(&crashed);
			candidates += verdict.candidate;
			if (candidates == LA_MEMO_MAX || below(12) == 0) {
				committed = i + 1;
				candidates = 0;
			} else if (below(12) == 0) {
				i = committed - 1; /* a crash: the offset goes back, the state does not */
				candidates = 0;
			}
		}
		assert_int_equal(la_state_encode(&state, record), la_state_encode(&crashed, crashed_record));
		assert_memory_equal(crashed_record, record, la_state_encode(&state, record));
		la_decider_free(decider);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_suffix_that_is_read_again_changes_no_outcome_and_no_state),
	    cmocka_unit_test(a_suffix_read_again_in_another_step_of_a_rotation_changes_no_outcome),
	    cmocka_unit_test(partitions_read_again_in_any_order_give_the_same_alerts),
	    cmocka_unit_test(a_stream_with_crashes_ends_as_one_without),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
