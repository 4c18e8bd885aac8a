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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults_are_those_of_the_contract),
	    cmocka_unit_test(every_key_reaches_the_policy),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
