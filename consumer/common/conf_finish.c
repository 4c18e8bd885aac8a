#include <string.h>

#include "common/conf_store.h"

/* What was there and could not be taken has its problem already. */
static void
require(struct la_conf *conf, const char *name)
{
	const struct la_conf_key *key = la_conf_key_find(name, conf->program);
	char allowed[LA_CONF_ALLOWED_BYTES];

	if (conf->unread || conf->fixed[key - la_conf_keys].refused || la_conf_text(conf, name) != NULL)
		return;
	la_conf_value_allowed(key, allowed);
	la_conf_add_problem(conf, "%s: required, and not set; it must be %s", name, allowed);
}

/* first is of no use without second. */
static void
require_pair(struct la_conf *conf, const char *first, const char *second)
{
	if (la_conf_is_set(conf, first) && !la_conf_is_set(conf, second))
		la_conf_add_problem(conf, "%s: is set without %s; set both or neither", first, second);
}

static void
check_registry(struct la_conf *conf)
{
	static const char *const framings[] = {"avro.framing", "avro.output-framing"};
	const char *url = la_conf_text(conf, "schema.registry.url");

	for (size_t i = 0; i < sizeof(framings) / sizeof(framings[0]); i++) {
		if (url == NULL && strcmp(la_conf_text(conf, framings[i]), "confluent") == 0)
			la_conf_add_problem(conf, "%s: confluent needs schema.registry.url, which is not set", framings[i]);
	}
	require_pair(conf, "schema.registry.user", "schema.registry.password.file");
	require_pair(conf, "schema.registry.password.file", "schema.registry.user");
	require_pair(conf, "schema.registry.user", "schema.registry.url");
	require_pair(conf, "schema.registry.ca.file", "schema.registry.url");
	if (url != NULL && strncmp(url, "https:", 6) != 0 && la_conf_is_set(conf, "schema.registry.user"))
		la_conf_add_problem(conf, "schema.registry.user: a password goes over TLS only; schema.registry.url must be https:");
}

/* Has smtp.url a relay without TLS from the start? */
static bool
has_plain_relay(const char *urls)
{
	for (const char *at = urls; (at = strstr(at, "smtp:")) != NULL; at++) {
		if (at == urls || strchr(" \t,", at[-1]) != NULL)
			return (true);
	}
	return (false);
}

static void
check_smtp(struct la_conf *conf)
{
	require_pair(conf, "smtp.user", "smtp.password.file");
	require_pair(conf, "smtp.password.file", "smtp.user");
	if (la_conf_is_set(conf, "smtp.user") && strcmp(la_conf_text(conf, "smtp.starttls"), "never") == 0 &&
	    has_plain_relay(la_conf_text(conf, "smtp.url")))
		la_conf_add_problem(conf, "smtp.user: a password goes over TLS only; set smtp.starttls=required or an "
		    "smtps: URL");
}

void
la_conf_finish(struct la_conf *conf, const char *const *required, size_t required_count)
{
	size_t i;

	for (i = 0; i < required_count; i++)
		require(conf, required[i]);
	require_pair(conf, "redis.user", "redis.password.file");
	check_registry(conf);
	if (conf->program != LA_PROGRAM_MAILER)
		return;
	check_smtp(conf);
	require_pair(conf, "recipient.token.file", "recipient.url");
	require_pair(conf, "recipient.ca.file", "recipient.url");
}
