#include "detector/setup.h"

#include <stdlib.h>
#include <string.h>

/* "N/W" or "0" */
static void
read_cap(const char *text, struct la_policy *policy)
{
	const char *slash = strchr(text, '/');

	policy->cap_count = 0;
	policy->cap_window_ms = 0;
	if (slash == NULL || la_conf_parse_duration(slash + 1, &policy->cap_window_ms) != LA_OK)
		return;
	policy->cap_count = (uint32_t)strtoul(text, NULL, 10);
}

static void
read_first_login(const char *text, struct la_policy *policy)
{
	static const char grace[] = "grace:";

	policy->first_login = LA_FIRST_ALERT;
	policy->grace_ms = 0;
	if (strcmp(text, "silent") == 0)
		policy->first_login = LA_FIRST_SILENT;
	else if (strncmp(text, grace, sizeof(grace) - 1) == 0 &&
	    la_conf_parse_duration(text + sizeof(grace) - 1, &policy->grace_ms) == LA_OK)
		policy->first_login = LA_FIRST_GRACE;
}

void
la_setup_policy(const struct la_conf *conf, struct la_policy *policy)
{
	*policy = (struct la_policy){.device_ttl_ms = la_conf_ms(conf, "policy.device-ttl"),
	    .no_token_environment = strcmp(la_conf_text(conf, "policy.no-token"), "environment") == 0,
	    .cooldown_ms = la_conf_ms(conf, "policy.cooldown"),
	    .has_seed_until = la_conf_is_set(conf, "policy.seed-until"),
	    .alert_max_age_ms = la_conf_ms(conf, "alert.max-age")};
	if (policy->has_seed_until)
		policy->seed_until_ms = la_conf_ms(conf, "policy.seed-until");
	read_first_login(la_conf_text(conf, "policy.first-login"), policy);
	read_cap(la_conf_text(conf, "policy.cap"), policy);
}

enum la_mode
la_setup_mode(const struct la_conf *conf)
{
	return (strcmp(la_conf_text(conf, "policy.mode"), "shadow") == 0 ? LA_MODE_SHADOW : LA_MODE_LIVE);
}

int
la_setup_mask(const struct la_conf *conf)
{
	const char *text = strchr(la_conf_text(conf, "member.mask"), ':');

	return (text == NULL ? 0 : (int)strtol(text + 1, NULL, 10));
}

enum la_publish
la_setup_publish(const struct la_conf *conf)
{
	const char *text = la_conf_text(conf, "decisions.publish");

	if (strcmp(text, "all") == 0)
		return (LA_PUBLISH_ALL);
	return (strcmp(text, "none") == 0 ? LA_PUBLISH_NONE : LA_PUBLISH_NOTABLE);
}

enum la_framing
la_setup_framing(const struct la_conf *conf, const char *key)
{
	const char *text = la_conf_text(conf, key);

	if (strcmp(text, "single-object") == 0)
		return (LA_FRAMING_SINGLE_OBJECT);
	return (strcmp(text, "confluent") == 0 ? LA_FRAMING_CONFLUENT : LA_FRAMING_NONE);
}
