/* Random streams: the policy against a model of the text, and the promises P2 and P11 as properties. */
#include "story.h"

#include "model.h"

#define EVENTS 400
#define DAY INT64_C(86400000)

static uint64_t seed;

static int
below(int most)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return ((int)((seed * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % most);
}

static void
any_policy(struct la_policy *p)
{
	static const int64_t ttls[] = {160 * DAY, 16 * DAY, 365 * DAY, DAY, 0};
	static const int64_t cooldowns[] = {0, DAY / 24, DAY, 30 * DAY};

	*p = (struct la_policy){.device_ttl_ms = ttls[below(5)],
	    .first_login = (enum la_first_login)below(3),
	    .grace_ms = DAY * below(3),
	    .no_token_environment = below(2) == 0,
	    .cooldown_ms = cooldowns[below(4)],
	    .cap_count = (uint32_t)below(5),
	    .cap_window_ms = below(2) == 0 ? DAY / 24 : 5 * DAY,
	    .has_seed_until = below(3) == 0,
	    .seed_until_ms = STORY_START_MS + 5 * DAY,
	    .alert_max_age_ms = DAY};
}

/* Narrow: few values that meet often. Wide: so many that the environments run over. Crowded: all other lists do. */
enum shape { NARROW, WIDE, CROWDED };

static void
any_crowded_event(struct model_event *e, int id, int64_t *clock)
{
	*clock += below(3);
	*e = (struct model_event){.id = id,
	    .at = *clock,
	    .kind = below(2) == 0 ? LA_KIND_LOGIN : below(8) == 0 ? LA_KIND_THIRD_PARTY_UNLINK : LA_KIND_THIRD_PARTY_LINK,
	    .token = below(200),
	    .ip = 1 + below(12)};
	if (e->kind != LA_KIND_LOGIN)
		e->app = below(20);
}

static void
any_event(struct model_event *e, int id, int64_t *clock, enum shape shape)
{
	static const int64_t steps[] = {0, 1, 60000, 3600000, DAY, 11 * DAY, 200 * DAY};
	bool wide = shape == WIDE;
	int kind = below(20), many = wide ? 60 : 4;

	if (shape == CROWDED) {
		any_crowded_event(e, id, clock);
		return;
	}
	*clock += steps[below(wide ? 5 : 7)] * (below(8) == 0 ? -1 : 1);
	if (*clock < STORY_START_MS - 3000 * DAY || *clock > STORY_START_MS + 20000 * DAY)
		*clock = STORY_START_MS;
	*e = (struct model_event){.id = id,
	    .at = *clock - (below(5) == 0 ? steps[below(7)] : 0),
	    .kind = kind < 11 ? LA_KIND_LOGIN : kind < 14 ? LA_KIND_THIRD_PARTY_LINK : (enum la_event_kind)(kind - 12),
	    .result = below(12) == 0 ? (enum la_event_result)below(4) : LA_RESULT_SUCCESS,
	    .actor = below(12) == 0 ? (enum la_actor)below(3) : LA_ACTOR_SELF,
	    .channel = below(6) == 0 ? (enum la_channel)below(4) : LA_CHANNEL_WEB,
	    .token = below(many),
	    .platform = below(wide ? 5 : 3),
	    .browser = below(3),
	    .app = below(wide ? 25 : 3),
	    .ip = below(wide ? 12 : 3),
	    .has_created = below(2) == 0,
	    .created = *clock - below(4) * DAY,
	    .has_timestamp = false};
	if (wide && e->kind == LA_KIND_ACCOUNT_ERASED && below(6) != 0)
		e->kind = LA_KIND_LOGIN;
}

/* Bytes that stand for the model's numbers. */
static void
spell(const struct model_event *m, struct la_login_event *event, struct la_source *source)
{
	static char id[16], token[16], app[16], ip[32];
	static const char *const models[] = {"iPhone", "iPad", "Pixel", "Galaxy", "Xperia"};
	static const char *const browsers[] = {"chrome", "safari", "edge"};
	static const char *const topics[] = {"login-events", "other"};

	snprintf(id, sizeof(id), "e%d", m->id);
	snprintf(token, sizeof(token), "t%d", m->token);
	snprintf(app, sizeof(app), "a%d", m->app);
	snprintf(ip, sizeof(ip), "10.0.%d.%d", m->ip, 1 + m->id % 200);
	*event = (struct la_login_event){.event_id = la_span_text(id),
	    .tenant = la_span_text("default"),
	    .member_id = la_span_text("m"),
	    .occurred_at_ms = m->at,
	    .kind = m->kind,
	    .result = m->result,
	    .actor = m->actor,
	    .channel = m->channel,
	    .has_account_created_at = m->has_created,
	    .account_created_at_ms = m->created,
	    .os = la_span_text("os"),
	    .device_class = LA_CLASS_MOBILE,
	    .device_model = la_span_text(models[m->platform]),
	    .browser = la_span_text(browsers[m->browser]),
	    .device_token = la_span_text(m->token == 0 ? NULL : token),
	    .client_app_id = la_span_text(m->app == 0 ? NULL : app),
	    .ip = la_span_text(m->ip == 0 ? (m->id % 2 == 0 ? NULL : "10.0.0") : ip)};
	*source = (struct la_source){.topic = la_span_text(topics[m->topic]),
	    .partition = m->partition,
	    .offset = m->offset,
	    .has_timestamp = m->has_timestamp,
	    .timestamp_ms = m->timestamp};
}

static void
decide(struct la_decider *decider, const struct model_event *m, struct la_member_state *state,
    struct la_verdict *verdict)
{
	struct la_login_event event;
	struct la_source source;
	struct la_facts facts;

	spell(m, &event, &source);
	assert_int_equal(la_decider_facts(decider, &event, &source, &facts, NULL), LA_OK);
	la_policy_decide(la_decider_policy(decider), &facts, state, verdict);
}

/* valgrind is 50 times slower and looks for something else: a tenth shows it every branch. */
static int
streams(int full)
{
	return (getenv("LA_UNDER_VALGRIND") == NULL ? full : full / 10);
}

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

/* A log of one partition, as one instance reads it. */
static void
any_log(struct model_event *log, enum shape shape, bool timestamps)
{
	int64_t clock = STORY_START_MS;

	for (int i = 0; i < EVENTS; i++) {
		any_event(&log[i], i, &clock, shape);
		log[i].offset = i;
		log[i].has_timestamp = timestamps;
		log[i].timestamp = LA_TIME_MAX_MS + i * 1000; /* never more than 24 h before the event */
	}
}

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
	    cmocka_unit_test(a_suffix_that_is_read_again_changes_no_outcome_and_no_state),
	    cmocka_unit_test(outcomes_depend_neither_on_batches_nor_on_rotation),
	    cmocka_unit_test(a_removed_epoch_makes_the_member_new),
	    cmocka_unit_test(what_is_hit_is_known_without_the_old_epoch),
	    cmocka_unit_test(an_environment_met_without_its_token_keeps_its_epoch),
	    cmocka_unit_test(a_state_under_a_newer_epoch_is_written_under_it),
	    cmocka_unit_test(times_at_the_ends_of_the_range_do_no_harm),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
