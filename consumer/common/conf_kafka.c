#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/bus_kafka.h"
#include "common/conf_parts_kafka.h"

void
la_maker_kafka_set(struct la_maker_kafka *maker, const char *name, const char *value)
{
	char reason[256];

	if (maker->err != LA_OK)
		return;
	if (rd_kafka_conf_set(maker->conf, name, value, reason, sizeof(reason)) != RD_KAFKA_CONF_OK)
		maker->err = la_error_set(maker->error, LA_ECONFIG, "kafka property %s: %s", name, reason);
}

void
la_maker_kafka_get(const rd_kafka_conf_t *conf, const char *name, char *out, size_t cap)
{
	if (rd_kafka_conf_get(conf, name, out, &cap) != RD_KAFKA_CONF_OK)
		out[0] = '\0';
}

struct wanted {
	const char *name;
	char value[256]; /* the user's; "" without */
};

static void
find_users(void *cookie, const struct la_conf_kafka_property *property)
{
	struct wanted *wanted = cookie;

	if (strcmp(property->name, wanted->name) == 0)
		(void)snprintf(wanted->value, sizeof(wanted->value), "%s", property->value);
}

void
la_maker_kafka_users(const struct la_conf *conf, enum la_conf_kafka which, const char *name, char *out, size_t cap)
{
	struct wanted wanted = {name, ""};

	la_conf_each_kafka(conf, which, find_users, &wanted);
	(void)snprintf(out, cap, "%s", wanted.value);
}

/* librdkafka has a few properties that end in .file themselves (2.11: sasl.oauthbearer.assertion.*): those are paths. */
static rd_kafka_conf_res_t
set_path(rd_kafka_conf_t *conf, const struct la_conf_kafka_property *property, char *reason, size_t cap)
{
	char name[128];

	(void)snprintf(name, sizeof(name), "%s.file", property->name);
	return (rd_kafka_conf_set(conf, name, property->path, reason, cap));
}

static bool
is_left_out(const char *reason)
{
	return (strstr(reason, "not supported in this build") != NULL);
}

static void
set_users(void *cookie, const struct la_conf_kafka_property *property)
{
	struct la_maker_kafka *maker = cookie;
	char reason[256];
	rd_kafka_conf_res_t result;

	if (maker->err != LA_OK)
		return;
	if (strcmp(property->name, "heartbeat.interval.ms") == 0)
		maker->heartbeat = *property;
	result = rd_kafka_conf_set(maker->conf, property->name, property->value, reason, sizeof(reason));
	if (result == RD_KAFKA_CONF_UNKNOWN && property->path != NULL)
		result = set_path(maker->conf, property, reason, sizeof(reason));
	if (result == RD_KAFKA_CONF_UNKNOWN)
		maker->err = la_error_set(maker->error, LA_ECONFIG, "%s: %s: must be a property of librdkafka %s",
		    property->where, property->key, rd_kafka_version_str());
	else if (result != RD_KAFKA_CONF_OK)
		maker->err = la_error_set(maker->error, LA_ECONFIG, "%s: %s: %s%s%s", property->where, property->key, reason,
		    is_left_out(reason) ? "; this is librdkafka " : "", is_left_out(reason) ? rd_kafka_version_str() : "");
}

static long
number_of(const struct la_maker_kafka *maker, const char *name)
{
	char text[32] = "";
	size_t size = sizeof(text);

	(void)rd_kafka_conf_get(maker->conf, name, text, &size);
	return (strtol(text, NULL, 10));
}

/*
 * librdkafka takes a heartbeat that comes after the session's end, and the member then leaves the group for ever and
 * again. Three fit into a session, as Kafka advises, unless the user says otherwise.
 */
static void
fit_heartbeat(struct la_maker_kafka *maker)
{
	long session_ms = number_of(maker, "session.timeout.ms");
	char third[32];

	if (maker->err != LA_OK || number_of(maker, "heartbeat.interval.ms") <= session_ms / 3)
		return;
	if (maker->heartbeat.key == NULL) {
		(void)snprintf(third, sizeof(third), "%ld", session_ms < 3 ? 1 : session_ms / 3);
		la_maker_kafka_set(maker, "heartbeat.interval.ms", third);
	} else if (number_of(maker, "heartbeat.interval.ms") >= session_ms) {
		maker->err = la_error_set(maker->error, LA_ECONFIG,
		    "%s: %s: must be less than session.timeout.ms, which is %ld; a third of it is usual",
		    maker->heartbeat.where, maker->heartbeat.key, session_ms);
	}
}

/* librdkafka takes a client without servers, and then never finds one. */
static void
require_servers(struct la_maker_kafka *maker)
{
	size_t size = 0;

	if (maker->err != LA_OK)
		return;
	if (rd_kafka_conf_get(maker->conf, "bootstrap.servers", NULL, &size) == RD_KAFKA_CONF_OK && size > 1)
		return;
	maker->err = la_error_set(maker->error, LA_ECONFIG,
	    "kafka.bootstrap.servers: required, and not set; it must be HOST:PORT of some brokers, with commas between");
}

enum la_err
la_conf_kafka_make(rd_kafka_conf_t **out, const struct la_conf *conf, enum la_conf_kafka which, const char *group_id,
    struct la_error *error)
{
	struct la_maker_kafka maker = {.conf = rd_kafka_conf_new(), .error = error};

	if (maker.conf == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	rd_kafka_conf_set_log_cb(maker.conf, la_link_kafka_log);
	la_defaults_kafka_set(&maker, which, conf->program);
	la_maker_kafka_set(&maker, "client.id", group_id);
	if (which == LA_CONF_KAFKA_CONSUMER)
		la_maker_kafka_set(&maker, "group.id", group_id);
	la_conf_each_kafka(conf, which, set_users, &maker);
	if (which == LA_CONF_KAFKA_CONSUMER)
		fit_heartbeat(&maker);
	else
		la_maker_kafka_set(&maker, "transactional.id", NULL); /* la_conf_kafka_transactional's business */
	la_defaults_kafka_force(&maker, which);
	require_servers(&maker);
	la_login_kafka_require(&maker);
	if (maker.err != LA_OK) {
		rd_kafka_conf_destroy(maker.conf);
		return (maker.err);
	}
	*out = maker.conf;
	return (LA_OK);
}

/* group.id-instance: one that is killed and comes back under the same name ends what it left open. */
static void
name_transactions(struct la_maker_kafka *maker, const rd_kafka_conf_t *consuming)
{
	char group[256], instance[256], name[sizeof(group) + sizeof(instance)];
	unsigned char random[8];
	char hex[2 * sizeof(random) + 1];

	la_maker_kafka_get(consuming, "group.id", group, sizeof(group));
	la_maker_kafka_get(consuming, "group.instance.id", instance, sizeof(instance));
	randombytes_buf(random, sizeof(random));
	(void)sodium_bin2hex(hex, sizeof(hex), random, sizeof(random));
	(void)snprintf(name, sizeof(name), "%s-%s", group, instance[0] == '\0' ? hex : instance);
	la_maker_kafka_set(maker, "transactional.id", name);
}

enum la_err
la_conf_kafka_transactional(
    rd_kafka_conf_t *producing, const rd_kafka_conf_t *consuming, const struct la_conf *conf, struct la_error *error)
{
	struct la_maker_kafka maker = {.conf = producing, .error = error};
	char users[256];

	la_maker_kafka_users(conf, LA_CONF_KAFKA_PRODUCER, "transactional.id", users, sizeof(users));
	if (users[0] == '\0')
		name_transactions(&maker, consuming);
	else
		la_maker_kafka_set(&maker, "transactional.id", users);
	la_defaults_kafka_set_transactional(&maker, conf);
	return (maker.err);
}

enum la_err
la_conf_kafka_client(rd_kafka_t **out, rd_kafka_type_t type, const rd_kafka_conf_t *conf, struct la_error *error)
{
	rd_kafka_conf_t *copy = rd_kafka_conf_dup(conf);
	char reason[256];
	rd_kafka_t *rk;
	enum la_err err;

	if (copy == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	rk = rd_kafka_new(type, copy, reason, sizeof(reason)); /* takes copy over when it succeeds */
	if (rk == NULL) {
		err = la_error_set(error, LA_ECONFIG, "kafka %s: %s%s", type == RD_KAFKA_CONSUMER ? "consumer" : "producer",
		    reason, la_reason_kafka_hint(copy, reason));
		rd_kafka_conf_destroy(copy);
		return (err);
	}
	*out = rk;
	return (LA_OK);
}
