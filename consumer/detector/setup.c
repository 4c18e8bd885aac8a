#include "detector/setup.h"

void
la_setup_policy(const struct la_conf *conf, struct la_policy *policy)
{
	*policy = (struct la_policy){.device_ttl_ms = la_conf_ms(conf, "policy.device-ttl"),
	    .first_login = (enum la_first_login)la_conf_int(conf, "policy.first-login"),
	    .grace_ms = la_conf_ms(conf, "policy.first-login"),
	    .no_token_environment = la_conf_int(conf, "policy.no-token") != 0,
	    .cooldown_ms = la_conf_ms(conf, "policy.cooldown"),
	    .cap_count = (uint32_t)la_conf_int(conf, "policy.cap"),
	    .cap_window_ms = la_conf_ms(conf, "policy.cap"),
	    .alert_max_age_ms = la_conf_ms(conf, "alert.max-age")};
	if (la_conf_ms(conf, "policy.seed-until") != LA_CONF_NO_TIME) {
		policy->has_seed_until = true;
		policy->seed_until_ms = la_conf_ms(conf, "policy.seed-until");
	}
}

void
la_setup_policy_over(const struct la_conf *other, struct la_policy *policy)
{
	struct la_policy theirs;

	la_setup_policy(other, &theirs);
	if (la_conf_is_set(other, "policy.device-ttl"))
		policy->device_ttl_ms = theirs.device_ttl_ms;
	if (la_conf_is_set(other, "policy.first-login")) {
		policy->first_login = theirs.first_login;
		policy->grace_ms = theirs.grace_ms;
	}
	if (la_conf_is_set(other, "policy.no-token"))
		policy->no_token_environment = theirs.no_token_environment;
	if (la_conf_is_set(other, "policy.cooldown"))
		policy->cooldown_ms = theirs.cooldown_ms;
	if (la_conf_is_set(other, "policy.cap")) {
		policy->cap_count = theirs.cap_count;
		policy->cap_window_ms = theirs.cap_window_ms;
	}
	if (la_conf_is_set(other, "policy.seed-until")) {
		policy->has_seed_until = theirs.has_seed_until;
		policy->seed_until_ms = theirs.seed_until_ms;
	}
}
