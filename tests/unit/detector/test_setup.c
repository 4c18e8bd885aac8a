/* The policy that a configuration means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "detector/setup.h"

#define MINUTE INT64_C(60000)
#define DAY (24 * 60 * MINUTE)

static struct la_policy
policy_of(const char *text)
{
	struct la_policy policy;
	struct la_conf *conf;

	assert_int_equal(la_conf_new(&conf, LA_PROGRAM_DETECTOR), LA_OK);
	assert_int_equal(la_conf_read_text(conf, "test", text, strlen(text)), LA_OK);
	if (la_conf_problem_count(conf) > 0)
		fail_msg("%s", la_conf_problem(conf, 0));
	la_setup_policy(conf, &policy);
	la_conf_free(conf);
	return (policy);
}

static void
defaults_are_those_of_the_contract(void **state)
{
	struct la_policy policy = policy_of("");

	(void)state;
	assert_int_equal(policy.device_ttl_ms, 365 * DAY);
	assert_int_equal(policy.first_login, LA_FIRST_ALERT);
	assert_false(policy.no_token_environment);
	assert_int_equal(policy.cooldown_ms, 0);
	assert_int_equal(policy.cap_count, 10);
	assert_int_equal(policy.cap_window_ms, 60 * MINUTE);
	assert_false(policy.has_seed_until);
	assert_int_equal(policy.alert_max_age_ms, DAY);
}

static void
every_key_reaches_the_policy(void **state)
{
	struct la_policy policy = policy_of("policy.device-ttl=90d\npolicy.first-login=grace:10m\n"
	                                    "policy.no-token=environment\npolicy.cooldown=5m\npolicy.cap=3/2h\n"
	                                    "policy.seed-until=2025-07-01T00:00:00+09:00\nalert.max-age=0\n");

	(void)state;
	assert_int_equal(policy.device_ttl_ms, 90 * DAY);
	assert_int_equal(policy.first_login, LA_FIRST_GRACE);
	assert_int_equal(policy.grace_ms, 10 * MINUTE);
	assert_true(policy.no_token_environment);
	assert_int_equal(policy.cooldown_ms, 5 * MINUTE);
	assert_int_equal(policy.cap_count, 3);
	assert_int_equal(policy.cap_window_ms, 120 * MINUTE);
	assert_true(policy.has_seed_until);
	assert_int_equal(policy.seed_until_ms, INT64_C(1751295600000));
	assert_int_equal(policy.alert_max_age_ms, 0);
	assert_int_equal(policy_of("policy.first-login=silent").first_login, LA_FIRST_SILENT);
	assert_int_equal(policy_of("policy.cap=0").cap_count, 0);
	assert_false(policy_of("policy.seed-until=none").has_seed_until);
	assert_false(policy_of("policy.seed-until=").has_seed_until);
	assert_true(policy_of("policy.seed-until=-1").has_seed_until);
}

/* replay --policy: keys that the other file has replace ours, one by one. */
static void
another_policys_keys_replace_ours_and_no_others(void **state)
{
	static const char *const lines[] = {"policy.device-ttl=90d", "policy.first-login=grace:10m", "policy.no-token=environment",
	    "policy.cooldown=5m", "policy.cap=3/2h", "policy.seed-until=1751295600000"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct la_policy expected = policy_of(lines[i]), policy = policy_of("");
		char theirs[17], ours[17], plain[17];
		struct la_conf *other;

		la_policy_rev(&policy, plain);
		assert_int_equal(la_conf_new(&other, LA_PROGRAM_DETECTOR), LA_OK);
		assert_int_equal(la_conf_read_text(other, "other", lines[i], strlen(lines[i])), LA_OK);
		la_setup_policy_over(other, &policy);
		la_policy_rev(&expected, theirs);
		la_policy_rev(&policy, ours);
		assert_string_equal(ours, theirs);
		assert_string_not_equal(ours, plain);
		la_conf_free(other);
		policy = expected;
		assert_int_equal(la_conf_new(&other, LA_PROGRAM_DETECTOR), LA_OK);
		la_setup_policy_over(other, &policy);
		la_policy_rev(&policy, ours);
		assert_string_equal(ours, theirs); /* what the other file does not say stays */
		la_conf_free(other);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults_are_those_of_the_contract),
	    cmocka_unit_test(every_key_reaches_the_policy),
	    cmocka_unit_test(another_policys_keys_replace_ours_and_no_others),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
