/*
 * Kafka properties: which client they are for, which the promises forbid, and
 * which are secrets. The property's name itself is librdkafka's to judge.
 */
#include <string.h>

#include "common/conf_store.h"

#define COMMIT \
	"offsets are committed when everything before them is decided, written and acknowledged, never by a timer"
#define ACKS "always all: an offset is committed only when every in-sync replica has the outputs"
#define SECRET "a secret is given as a file: set the same key with .file at its end"

static const struct {
	const char *name, *reason;
} refused[] = {
    {"enable.auto.commit", COMMIT},
    {"auto.commit.enable", COMMIT},
    {"enable.auto.offset.store", COMMIT},
    {"acks", ACKS},
    {"request.required.acks", ACKS},
    {"enable.idempotence", "always true: a retry must not write an output twice or out of order"},
    {"isolation.level", "always read_committed: what a transaction aborted is no login"},
    {"sasl.jaas.config", "Java's own; set sasl.username and sasl.password.file"},
};

/* Parts of names; librdkafka may add properties, so that a list of whole names would age. */
static const char *const secret_parts[] = {"password", "passphrase", "secret", "key.pem", "oauthbearer.config"};

const char *
la_conf_property(const char *name, enum la_conf_client *which)
{
	const char *property = name + strlen("kafka.");

	*which = LA_CONF_CLIENT_BOTH;
	if (strncmp(property, "consumer.", 9) == 0) {
		*which = LA_CONF_CLIENT_CONSUMER;
		return (property + 9);
	}
	if (strncmp(property, "producer.", 9) == 0) {
		*which = LA_CONF_CLIENT_PRODUCER;
		return (property + 9);
	}
	return (property);
}

bool
la_conf_property_is_file(const char *property)
{
	size_t size = strlen(property);

	return (size > 5 && strcmp(property + size - 5, ".file") == 0);
}

static bool
is_secret(const char *property)
{
	size_t i;

	for (i = 0; i < sizeof(secret_parts) / sizeof(secret_parts[0]); i++) {
		if (strstr(property, secret_parts[i]) != NULL)
			return (true);
	}
	return (false);
}

/* scheme://user:password@host; a principal (user@REALM) is none. */
static bool
has_user_info(const char *value)
{
	const char *authority = strstr(value, "://");

	return (authority != NULL && memchr(authority + 3, '@', strcspn(authority + 3, "/?#")) != NULL);
}

const char *
la_conf_property_refused(const char *property, const char *value)
{
	size_t size = strlen(property) - (la_conf_property_is_file(property) ? 5 : 0);
	size_t i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (strlen(refused[i].name) == size && strncmp(property, refused[i].name, size) == 0)
			return (refused[i].reason);
	}
	if ((is_secret(property) || has_user_info(value)) && !la_conf_property_is_file(property))
		return (SECRET);
	return (NULL);
}
