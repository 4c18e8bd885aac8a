/* Random streams: the policy against a model of the text, and P11 as a property. P2 is in test_policy_again.c. */
#include "streams.h"

static void
the_policy_and_the_model_of_the_text_agree(void **unused)
{
	static struct model_event past[EVENTS];

	(void)unused;
	for (int stream = 0; stream < streams(400); stream++) {
		struct model model = {.envs = 0};
		struct la_member_state state;
		struct la_policy policy;
		struct la_keys keys;
		struct la_decider *decider;
		int64_t clock = STORY_START_MS;

		seed = (uint64_t)stream + 1;
		any_policy(&policy);
		if (stream % 3 == CROWDED && below(2) == 0)
			policy.cap_count = 0;
		story_keys(&keys, 1, 1);
		decider = story_decider(&policy, &keys);
		la_state_init(&state);
		for (int i = 0; i < EVENTS; i++) {
			struct model_event *e = &past[i];
			struct model_answer expect;
			struct la_verdict verdict;

			any_event(e, i, &clock, (enum shape)(stream % 3));
			e->topic = below(8) == 0;
			e->partition = below(stream % 2 == 0 ? 1 : 4);
			e->offset = below(3) == 0 ? below(i + 1) : i; /* often not in order */
			e->has_timestamp = below(2) == 0;
			e->timestamp = clock + below(3) * 1000;
			if (i > 0 && below(6) == 0)
				*e = past[i - 1 - below(i < 50 ? i : 50)]; /* once more */
			expect = model_decide(&model, &policy, e);
			decide(decider, e, &state, &verdict);
			if (verdict.outcome != expect.outcome || verdict.has_reason != expect.has_reason ||
			    (expect.has_reason && verdict.reason != expect.reason) || verdict.applied != expect.applied ||
			    verdict.suppressed_before != expect.before)
				fail_msg("stream %d event %d: %s, the model says %s", stream, i,
				    la_outcome_name(verdict.outcome), la_outcome_name(expect.outcome));
			assert_int_equal(state.environment_count, model.envs);
			assert_int_equal(state.app_count, model.apps);
			assert_int_equal(state.suppressed, model.suppressed);
			story_store_and_load(&state);
		}
		la_decider_free(decider);
	}
}

/* The record between events, or a batch in memory; one epoch, or a rotation at any moment: the same outcomes. */
static void
outcomes_depend_neither_on_batches_nor_on_rotation(void **unused)
{
	static struct model_event log[EVENTS];
	static struct la_verdict plain[EVENTS];

	(void)unused;
	for (int stream = 0; stream < streams(80); stream++) {
		struct la_policy policy;
		struct la_keys keys;

		seed = 5000 + (uint64_t)stream;
		any_policy(&policy);
		any_log(log, (enum shape)(stream % 3), true);
		for (int run = 0; run < 4; run++) {
			struct la_decider *decider;
			struct la_member_state state;
			uint16_t active = 1;

			la_state_init(&state);
			story_keys(&keys, run < 2 ? 1 : 3, active);
			decider = story_decider(&policy, &keys);
			for (int i = 0; i < EVENTS; i++) {
				struct la_verdict verdict;

				/* run 2 rotates once or twice; in run 3 instances with either epoch take turns */
				if ((run == 2 && active < 3 && below(100) == 0) || (run == 3 && below(5) == 0)) {
					active = run == 2 ? (uint16_t)(active + 1) : (uint16_t)(1 + below(3));
					la_decider_free(decider);
					story_keys(&keys, 3, active);
					decider = story_decider(&policy, &keys);
				}
				decide(decider, &log[i], &state, &verdict);
				if (run > 0 && (run == 1 || below(4) == 0))
					story_store_and_load(&state);
				if (run == 0)
					plain[i] = verdict;
				assert_int_equal(verdict.outcome, plain[i].outcome);
				assert_int_equal(verdict.has_reason, plain[i].has_reason);
				assert_int_equal(verdict.reason, plain[i].reason);
				assert_int_equal(verdict.suppressed_before, plain[i].suppressed_before);
				if (run == 1)
					assert_int_equal(verdict.applied, plain[i].applied);
			}
			la_decider_free(decider);
		}
	}
}

/* An epoch that the key file no longer has makes its members new, and harms nothing. */
static void
a_removed_epoch_makes_the_member_new(void **unused)
{
	struct model_event login = {.id = 1, .at = STORY_START_MS, .token = 1, .offset = 5};
	struct la_member_state state;
	struct la_policy policy;
	struct la_verdict verdict;
	struct la_keys keys;
	struct la_decider *decider;

	(void)unused;
	story_default_policy(&policy);
	la_state_init(&state);
	story_keys(&keys, 1, 1);
	decider = story_decider(&policy, &keys);
	decide(decider, &login, &state, &verdict);
	assert_int_equal(verdict.outcome, LA_OUTCOME_ALERTED);
	la_decider_free(decider);
	keys.key[0].epoch = 2; /* another file */
	decider = story_decider(&policy, &keys);
	login.id = 2;
	decide(decider, &login, &state, &verdict);
	assert_int_equal(verdict.outcome, LA_OUTCOME_ALERTED);
	assert_int_equal(verdict.reason, LA_REASON_NEW_DEVICE); /* something is live, but nobody knows what */
	story_store_and_load(&state);
	login.id = 3;
	decide(decider, &login, &state, &verdict);
	assert_int_equal(verdict.outcome, LA_OUTCOME_KNOWN);
	la_decider_free(decider);
}

/* Rotation: what is hit moves, so that the old epoch can go. */
static void
what_is_hit_is_known_without_the_old_epoch(void **unused)
{
	static const struct model_event hits[] = {
	    {.kind = LA_KIND_LOGIN, .token = 1},
	    {.kind = LA_KIND_REAUTH, .token = 1},
	    {.kind = LA_KIND_LOGIN, .token = 0},
	    {.kind = LA_KIND_THIRD_PARTY_LINK, .app = 1},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(hits) / sizeof(hits[0]); i++) {
		struct model_event event = hits[i];
		struct la_member_state state;
		struct la_policy policy;
		struct la_verdict verdict;

		story_default_policy(&policy);
		policy.no_token_environment = true;
		la_state_init(&state);
		event.at = STORY_START_MS;
		/* the first event makes it known, the second moves it, the third has only the new epoch */
		for (int step = 0; step < 3; step++) {
			struct la_decider *decider;
			struct la_keys keys;

			story_keys(&keys, step == 0 ? 1 : 2, step == 0 ? 1 : 2);
			keys.count = step == 2 ? 1 : keys.count;
			decider = story_decider(&policy, &keys);
			event.kind = step != 1 && hits[i].kind == LA_KIND_REAUTH ? LA_KIND_LOGIN : hits[i].kind;
			event.id = step;
			event.offset = step;
			decide(decider, &event, &state, &verdict);
			assert_int_equal(verdict.applied, step < 2);
			assert_int_equal(verdict.has_reason, step == 0);
			story_store_and_load(&state);
			la_decider_free(decider);
		}
	}
}

/* Without its token an environment cannot be named under the new epoch: it stays under the old one, and is found. */
static void
an_environment_met_without_its_token_keeps_its_epoch(void **unused)
{
	struct model_event event = {.id = 0, .at = STORY_START_MS, .token = 1};
	struct la_member_state state;
	struct la_policy policy;
	struct la_verdict verdict;
	struct la_keys keys;
	struct la_decider *decider;

	(void)unused;
	story_default_policy(&policy);
	policy.no_token_environment = true;
	la_state_init(&state);
	story_keys(&keys, 2, 1);
	decider = story_decider(&policy, &keys);
	decide(decider, &event, &state, &verdict);
	la_decider_free(decider);
	story_keys(&keys, 2, 2);
	decider = story_decider(&policy, &keys);
	event = (struct model_event){.id = 1, .at = STORY_START_MS + 100 * DAY, .offset = 1};
	decide(decider, &event, &state, &verdict);
	assert_int_equal(verdict.outcome, LA_OUTCOME_KNOWN);
	assert_true(verdict.applied);
	assert_int_equal(state.environment[0].epoch, 1);
	event = (struct model_event){.id = 2, .at = STORY_START_MS + 100 * DAY, .token = 1, .offset = 2};
	decide(decider, &event, &state, &verdict);
	assert_int_equal(verdict.outcome, LA_OUTCOME_KNOWN);
	assert_int_equal(state.environment[0].epoch, 2);
	la_decider_free(decider);
}

/* An instance whose active epoch is older writes under the newer one that it finds. */
static void
a_state_under_a_newer_epoch_is_written_under_it(void **unused)
{
	struct model_event event = {.id = 0, .at = STORY_START_MS, .token = 1};
	struct la_member_state state;
	struct la_policy policy;
	struct la_verdict verdict;
	struct la_keys keys;
	struct la_decider *newer, *older;

	(void)unused;
	story_default_policy(&policy);
	la_state_init(&state);
	story_keys(&keys, 2, 2);
	newer = story_decider(&policy, &keys);
	story_keys(&keys, 2, 1);
	older = story_decider(&policy, &keys);
	decide(newer, &event, &state, &verdict);
	event = (struct model_event){.id = 1, .at = STORY_START_MS, .token = 2, .offset = 1};
	decide(older, &event, &state, &verdict);
	assert_int_equal(verdict.outcome, LA_OUTCOME_ALERTED);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(state.environment[i].epoch, 2);
		assert_int_equal(state.memo[i].epoch, 2);
	}
	assert_int_equal(state.position[0].epoch, 2);
	la_decider_free(newer);
	la_decider_free(older);
}

static void
times_at_the_ends_of_the_range_do_no_harm(void **unused)
{
	static const int64_t times[] = {INT64_MIN, INT64_MAX, 0, LA_TIME_MIN_MS, LA_TIME_MAX_MS};
	struct la_policy policy;
	struct la_keys keys;

	(void)unused;
	story_keys(&keys, 1, 1);
	for (size_t a = 0; a < 5; a++) {
		for (size_t b = 0; b < 5; b++) {
			struct model_event login = {
			    .id = 1, .at = b % 2 == 0 ? LA_TIME_MIN_MS : LA_TIME_MAX_MS, .token = 1, .ip = 1, .has_created = true,
			    .created = times[b]};
			struct la_member_state state;
			struct la_verdict verdict;
			struct la_decider *decider;

			policy = (struct la_policy){times[a], LA_FIRST_GRACE, times[b], true, times[a], 1, times[b], true,
			    times[b], times[a]};
			decider = story_decider(&policy, &keys);
			la_state_init(&state);
			decide(decider, &login, &state, &verdict);
			state.environment[0].last_seen_ms = times[b];
			state.login_window = (struct la_cap_window){1, times[b]};
			if (state.cooldown_count > 0)
				state.cooldown[0].alerted_at_ms = times[b];
			login.id = login.token = 2;
			login.offset = 1;
			decide(decider, &login, &state, &verdict);
			la_decider_free(decider);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_policy_and_the_model_of_the_text_agree),
	    cmocka_unit_test(outcomes_depend_neither_on_batches_nor_on_rotation),
	    cmocka_unit_test(a_removed_epoch_makes_the_member_new),
	    cmocka_unit_test(what_is_hit_is_known_without_the_old_epoch),
	    cmocka_unit_test(an_environment_met_without_its_token_keeps_its_epoch),
	    cmocka_unit_test(a_state_under_a_newer_epoch_is_written_under_it),
	    cmocka_unit_test(times_at_the_ends_of_the_range_do_no_harm),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
