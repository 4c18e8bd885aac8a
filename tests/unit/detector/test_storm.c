/* The storm guard counts what RULES.md says, and nothing twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "detector/storm.h"

static struct la_storm
storm_of(size_t window, double ratio, size_t batch_max)
{
	struct la_storm storm;

	assert_int_equal(la_storm_init(&storm, window, ratio, batch_max), LA_OK);
	return (storm);
}

/* Adds marks, 'a' an alarm, '.' calm, '-' nothing; returns after how many it tripped first, 0: never. */
static int
add(struct la_storm *storm, const char *marks)
{
	int tripped = 0;

	for (int i = 0; marks[i] != '\0'; i++) {
		enum la_storm_mark mark = marks[i] == 'a' ? LA_STORM_ALARM
		                        : marks[i] == '.' ? LA_STORM_CALM : LA_STORM_NOTHING;

		if (la_storm_add(storm, mark) && tripped == 0)
			tripped = i + 1;
	}
	return (tripped);
}

static void
guard_waits_until_its_window_was_seen(void **state)
{
	struct la_storm storm = storm_of(10, 0.5, 100);

	(void)state;
	assert_int_equal(add(&storm, "aaaaaaaaa"), 0);
	assert_int_equal(add(&storm, "---"), 0);
	assert_int_equal(add(&storm, "."), 1);
	la_storm_clear(&storm);
}

static void
guard_trips_at_more_than_the_ratio_not_at_it(void **state)
{
	static const struct {
		size_t window;
		double ratio;
		size_t most;
	} rows[] = {{10, 0.5, 5}, {100, 0.29, 29}, {1000, 0.1, 100}, {1000, 0.0015, 1}, {3, 0.5, 1}, {7, 1, 7},
	    {1000000, 0.999999, 999999}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_storm storm = storm_of(rows[i].window, rows[i].ratio, 1);
		bool tripped = false;

		for (size_t n = 0; n < rows[i].window; n++) {
			assert_false(tripped);
			tripped = la_storm_add(&storm, n < rows[i].most ? LA_STORM_ALARM : LA_STORM_CALM);
			la_storm_keep(&storm);
		}
		assert_false(tripped);
		/* the first alarm goes out of the window, one comes in, then one more while calm ones leave */
		assert_false(la_storm_add(&storm, LA_STORM_ALARM));
		la_storm_keep(&storm);
		for (size_t n = 1; n < rows[i].most; n++) {
			assert_false(la_storm_add(&storm, LA_STORM_ALARM));
			la_storm_keep(&storm);
		}
		assert_int_equal(la_storm_add(&storm, LA_STORM_ALARM), rows[i].most < rows[i].window);
		la_storm_clear(&storm);
	}
}

static void
only_the_last_window_counts(void **state)
{
	struct la_storm storm = storm_of(4, 0.5, 100);

	(void)state;
	assert_int_equal(add(&storm, "aa..aa..aa..aa.."), 0);
	assert_int_equal(add(&storm, "aa-a"), 4);
	assert_int_equal(add(&storm, "......"), 1); /* "aaa." is one more window */
	assert_int_equal(add(&storm, "aa"), 0);
	assert_int_equal(add(&storm, "a"), 1);
	la_storm_clear(&storm);
}

static void
what_was_undone_was_never_counted(void **state)
{
	struct la_storm storm = storm_of(4, 0.5, 6);

	(void)state;
	assert_int_equal(add(&storm, "a..a"), 0);
	la_storm_keep(&storm);
	for (int again = 0; again < 20; again++) {
		assert_int_equal(add(&storm, "aaaaaa"), 2);
		la_storm_undo(&storm);
		assert_int_equal(storm.now.logins, 4);
		assert_int_equal(storm.now.alarms, 2);
	}
	assert_int_equal(add(&storm, "."), 0);
	la_storm_keep(&storm);
	assert_int_equal(add(&storm, "aa"), 2);
	la_storm_clear(&storm);
}

/* Random batches, counted anew now and then, against a plain list. */
static void
count_is_that_of_a_plain_list(void **state)
{
	static bool list[20000];
	struct la_storm storm = storm_of(37, 0.6, 50);
	size_t kept = 0;
	unsigned seed = 1;

	(void)state;
	while (kept < 19000) {
		size_t count = (size_t)(rand_r(&seed) % 51), end = kept;

		for (size_t i = 0; i < count; i++) {
			bool alarm = rand_r(&seed) % 100 < 60, expected;
			size_t alarms = 0;

			list[end++] = alarm;
			for (size_t back = 1; back <= 37 && back <= end; back++)
				alarms += list[end - back];
			expected = end >= 37 && alarms > 22;
			assert_int_equal(la_storm_add(&storm, alarm ? LA_STORM_ALARM : LA_STORM_CALM), expected);
		}
		if (rand_r(&seed) % 3 == 0) {
			la_storm_undo(&storm);
			continue;
		}
		la_storm_keep(&storm);
		kept = end;
	}
	la_storm_clear(&storm);
}

static void
guard_that_is_off_never_trips(void **state)
{
	struct la_storm no_ratio = storm_of(10, 0, 100), no_window = storm_of(0, 0.5, 100);

	(void)state;
	assert_false(la_storm_is_on(&no_ratio));
	assert_false(la_storm_is_on(&no_window));
	assert_int_equal(add(&no_ratio, "aaaaaaaaaaaaaaaaaaaaaaaa"), 0);
	assert_int_equal(add(&no_window, "aaaaaaaaaaaaaaaaaaaaaaaa"), 0);
	la_storm_clear(&no_ratio);
	la_storm_clear(&no_window);
}

static void
alarms_are_alerts_and_silent_first_logins(void **state)
{
	static const struct {
		enum la_outcome outcome;
		enum la_reason reason;
		enum la_storm_mark mark;
	} rows[] = {{LA_OUTCOME_KNOWN, 0, LA_STORM_CALM},
	    {LA_OUTCOME_ALERTED, LA_REASON_FIRST_LOGIN, LA_STORM_ALARM},
	    {LA_OUTCOME_ALERTED, LA_REASON_NEW_BROWSER, LA_STORM_ALARM},
	    {LA_OUTCOME_ALERTED, LA_REASON_COOKIES_CLEARED, LA_STORM_ALARM},
	    {LA_OUTCOME_SEEDED, LA_REASON_FIRST_LOGIN, LA_STORM_ALARM},
	    {LA_OUTCOME_SEEDED, LA_REASON_NEW_DEVICE, LA_STORM_CALM},
	    {LA_OUTCOME_SUPPRESSED_CAP, LA_REASON_NEW_DEVICE, LA_STORM_CALM},
	    {LA_OUTCOME_SUPPRESSED_COOLDOWN, LA_REASON_NEW_DEVICE, LA_STORM_CALM}};
	const struct la_policy policy = {.first_login = LA_FIRST_SILENT};
	const struct la_facts facts = {.kind = LA_KIND_LOGIN, .result = LA_RESULT_SUCCESS, .actor = LA_ACTOR_SELF};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_verdict verdict = {.outcome = rows[i].outcome,
		    .reason = rows[i].reason,
		    .has_reason = rows[i].outcome != LA_OUTCOME_KNOWN};

		assert_int_equal(la_storm_judge(&policy, &facts, &verdict), rows[i].mark);
		verdict.redelivered = true;
		assert_int_equal(la_storm_judge(&policy, &facts, &verdict), LA_STORM_NOTHING);
	}
}

static void
seeding_by_seed_until_is_no_alarm(void **state)
{
	const struct la_policy policy = {.first_login = LA_FIRST_SILENT, .has_seed_until = true, .seed_until_ms = 1000};
	const struct la_verdict verdict = {
	    .outcome = LA_OUTCOME_SEEDED, .has_reason = true, .reason = LA_REASON_FIRST_LOGIN};
	struct la_facts facts = {.kind = LA_KIND_LOGIN, .result = LA_RESULT_SUCCESS, .actor = LA_ACTOR_SELF};

	(void)state;
	facts.occurred_at_ms = 999;
	assert_int_equal(la_storm_judge(&policy, &facts, &verdict), LA_STORM_CALM);
	facts.occurred_at_ms = 1000;
	assert_int_equal(la_storm_judge(&policy, &facts, &verdict), LA_STORM_ALARM);
}

static void
only_successful_logins_that_can_alert_count(void **state)
{
	const struct la_policy policy = {.first_login = LA_FIRST_ALERT};
	const struct la_verdict verdict = {.outcome = LA_OUTCOME_ALERTED};
	const struct la_facts rows[] = {
	    {.kind = LA_KIND_THIRD_PARTY_LINK, .result = LA_RESULT_SUCCESS, .actor = LA_ACTOR_SELF},
	    {.kind = LA_KIND_REAUTH, .result = LA_RESULT_SUCCESS, .actor = LA_ACTOR_SELF},
	    {.kind = LA_KIND_LOGIN, .result = LA_RESULT_FAILURE, .actor = LA_ACTOR_SELF},
	    {.kind = LA_KIND_LOGIN, .result = LA_RESULT_SUCCESS, .actor = LA_ACTOR_OPERATOR},
	    {.kind = LA_KIND_LOGIN, .result = LA_RESULT_SUCCESS, .actor = LA_ACTOR_SELF, .channel = LA_CHANNEL_API}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(la_storm_judge(&policy, &rows[i], &verdict), LA_STORM_NOTHING);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(guard_waits_until_its_window_was_seen),
	    cmocka_unit_test(guard_trips_at_more_than_the_ratio_not_at_it),
	    cmocka_unit_test(only_the_last_window_counts),
	    cmocka_unit_test(what_was_undone_was_never_counted),
	    cmocka_unit_test(count_is_that_of_a_plain_list),
	    cmocka_unit_test(guard_that_is_off_never_trips),
	    cmocka_unit_test(alarms_are_alerts_and_silent_first_logins),
	    cmocka_unit_test(seeding_by_seed_until_is_no_alarm),
	    cmocka_unit_test(only_successful_logins_that_can_alert_count),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
