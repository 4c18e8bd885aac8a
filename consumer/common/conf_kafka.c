#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/bus_kafka.h"
#include "common/conf_store.h"
#include "common/parts_kafka.h"

struct property {
	const char *name;
	const char *value;
};

/* Both clients. A broker that was away is found again within a second or so, not within ten. */
static const struct property both_defaults[] = {
    {"socket.nagle.disable", "true"},
    {"reconnect.backoff.max.ms", "1000"},
    {"allow.auto.create.topics", "false"},
};

/*
 * check.crcs: the record of a login is decided upon once; a bit that flipped
 * on the way must not be decided upon. It costs 0.1 us per KB (crc32c).
 * topic.metadata.refresh.interval.ms: a topic that is made after us, or gets
 * partitions, is seen after 30 s instead of 5 min.
 */
static const struct property consumer_defaults[] = {
    {"auto.offset.reset", "earliest"},
    {"partition.assignment.strategy", "range"},
    {"check.crcs", "true"},
    {"topic.metadata.refresh.interval.ms", "30000"},
};

/*
 * Before 2.2.0 librdkafka stops fetching for up to 1 s once its queue is full, unless
 * it is woken (waker_kafka.h): the queue holds about one second of work. From
 * 2.2.0 on the pause is a setting and a small queue does: with 10000 messages and fetches of 1 MiB a partition
 * the detector did less at 19 MiB more; with 1500 messages it waited for them. A record that is larger comes alone.
 */
static const struct property consumer_defaults_before_2_2[] = {
    {"queued.min.messages", "200000"},
    {"queued.max.messages.kbytes", "131072"},
};
/* The mailer's second of work is smaller, by the relay. Measured before: 79 MiB behind a relay that is down. */
static const struct property mailer_defaults_before_2_2[] = {
    {"queued.min.messages", "20000"},
    {"queued.max.messages.kbytes", "16384"},
};
static const struct property consumer_defaults_since_2_2[] = {
    {"queued.min.messages", "2500"},
    {"queued.max.messages.kbytes", "16384"},
    {"fetch.message.max.bytes", "262144"},
    {"fetch.queue.backoff.ms", "1"},
};

/* The caller waits for its batch, so waiting for more only adds to the time from event to alert. */
static const struct property unless_transactional_defaults[] = {
    {"linger.ms", "1"},
};

/* message.max.bytes: a dead letter is as large as the event was (16 MiB, headers); what is too large is the broker's to say. */
static const struct property producer_defaults[] = {
    {"partitioner", "murmur2_random"},
    {"message.max.bytes", "18000000"},
};

/*
 * exactly_once. retry.backoff.ms: a transaction that begins while the broker still ends the one before is told to come
 * again (a commit took 25 ms with 10, 37-100 ms with the default of 100). transaction.timeout.ms: how long a program that was
 * killed, or hangs, holds up its partitions and the readers. linger.ms: a transaction's outputs are sent when they are awaited
 * (producer_kafka.c), in few requests. socket.timeout.ms bounds a call to a broker that hangs.
 */
static const struct property transactional_defaults[] = {
    {"retry.backoff.ms", "10"},
    {"linger.ms", "100"},
    {"transaction.timeout.ms", "10000"},
    {"socket.timeout.ms", "5000"}, /* at most transaction.timeout.ms */
};

/* la_conf refuses the user's own values of these, with the reason (an end of partition is no record: quietly off). */
static const struct property consumer_forced[] = {
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"enable.partition.eof", "false"},
    {"isolation.level", "read_committed"},
};
static const struct property producer_forced[] = {
    {"enable.idempotence", "true"},
    {"acks", "all"},
};

struct maker {
	rd_kafka_conf_t *conf;
	enum la_err err;
	struct la_error *error;
	struct la_conf_kafka_property heartbeat; /* as the user set it; key NULL: not */
};

static void
set(struct maker *maker, const char *name, const char *value)
{
	char reason[256];

	if (maker->err != LA_OK)
		return;
	if (rd_kafka_conf_set(maker->conf, name, value, reason, sizeof(reason)) != RD_KAFKA_CONF_OK)
		maker->err = la_error_set(maker->error, LA_ECONFIG, "kafka property %s: %s", name, reason);
}

static void
set_all(struct maker *maker, const struct property *properties, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		set(maker, properties[i].name, properties[i].value);
}

#define SET_ALL(maker, properties) set_all((maker), (properties), sizeof(properties) / sizeof((properties)[0]))

static void
set_users(void *cookie, const struct la_conf_kafka_property *property)
{
	struct maker *maker = cookie;
	char reason[256];
	rd_kafka_conf_res_t result;

	if (maker->err != LA_OK)
		return;
	if (strcmp(property->name, "heartbeat.interval.ms") == 0)
		maker->heartbeat = *property;
	result = rd_kafka_conf_set(maker->conf, property->name, property->value, reason, sizeof(reason));
	if (result == RD_KAFKA_CONF_UNKNOWN)
		maker->err = la_error_set(maker->error, LA_ECONFIG, "%s: %s: must be a property of librdkafka %s",
		    property->where, property->key, rd_kafka_version_str());
	else if (result != RD_KAFKA_CONF_OK)
		maker->err =
		    la_error_set(maker->error, LA_ECONFIG, "%s: %s: %s", property->where, property->key, reason);
}

static long
number_of(const struct maker *maker, const char *name)
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
fit_heartbeat(struct maker *maker)
{
	long session_ms = number_of(maker, "session.timeout.ms");
	char third[32];

	if (maker->err != LA_OK || number_of(maker, "heartbeat.interval.ms") <= session_ms / 3)
		return;
	if (maker->heartbeat.key == NULL) {
		(void)snprintf(third, sizeof(third), "%ld", session_ms < 3 ? 1 : session_ms / 3);
		set(maker, "heartbeat.interval.ms", third);
	} else if (number_of(maker, "heartbeat.interval.ms") >= session_ms) {
		maker->err = la_error_set(maker->error, LA_ECONFIG,
		    "%s: %s: must be less than session.timeout.ms, which is %ld; a third of it is usual",
		    maker->heartbeat.where, maker->heartbeat.key, session_ms);
	}
}

bool
la_conf_kafka_has_fetch_backoff(void)
{
	return (rd_kafka_version() >= 0x020200ff);
}

static void
set_fetch_queue(struct maker *maker, enum la_program program)
{
	if (la_conf_kafka_has_fetch_backoff())
		SET_ALL(maker, consumer_defaults_since_2_2);
	else if (program == LA_PROGRAM_MAILER)
		SET_ALL(maker, mailer_defaults_before_2_2);
	else
		SET_ALL(maker, consumer_defaults_before_2_2);
}

/* librdkafka takes a client without servers, and then never finds one. */
static void
require_servers(struct maker *maker)
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
	struct maker maker = {.conf = rd_kafka_conf_new(), .error = error};

	if (maker.conf == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	rd_kafka_conf_set_log_cb(maker.conf, la_link_kafka_log);
	SET_ALL(&maker, both_defaults);
	set(&maker, "client.id", group_id);
	if (which == LA_CONF_KAFKA_CONSUMER) {
		SET_ALL(&maker, consumer_defaults);
		set_fetch_queue(&maker, conf->program);
		set(&maker, "group.id", group_id);
	} else {
		SET_ALL(&maker, producer_defaults);
		SET_ALL(&maker, unless_transactional_defaults);
	}
	la_conf_each_kafka(conf, which, set_users, &maker);
	if (which == LA_CONF_KAFKA_CONSUMER) {
		fit_heartbeat(&maker);
		SET_ALL(&maker, consumer_forced);
	} else {
		SET_ALL(&maker, producer_forced);
		set(&maker, "transactional.id", NULL); /* la_conf_kafka_transactional's business */
	}
	require_servers(&maker);
	if (maker.err != LA_OK) {
		rd_kafka_conf_destroy(maker.conf);
		return (maker.err);
	}
	*out = maker.conf;
	return (LA_OK);
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

/* The property's value as it is set; "" without. */
static void
get(const rd_kafka_conf_t *conf, const char *name, char *out, size_t cap)
{
	if (rd_kafka_conf_get(conf, name, out, &cap) != RD_KAFKA_CONF_OK)
		out[0] = '\0';
}

/* group.id-instance: one that is killed and comes back under the same name ends what it left open. */
static void
name_transactions(struct maker *maker, const rd_kafka_conf_t *consuming)
{
	char group[256], instance[256], name[sizeof(group) + sizeof(instance)];
	unsigned char random[8];
	char hex[2 * sizeof(random) + 1];

	get(consuming, "group.id", group, sizeof(group));
	get(consuming, "group.instance.id", instance, sizeof(instance));
	randombytes_buf(random, sizeof(random));
	(void)sodium_bin2hex(hex, sizeof(hex), random, sizeof(random));
	(void)snprintf(name, sizeof(name), "%s-%s", group, instance[0] == '\0' ? hex : instance);
	set(maker, "transactional.id", name);
}

/* With a short transaction.timeout.ms librdkafka refuses our socket.timeout.ms, and finds a fitting one itself. */
static bool
is_too_long(const rd_kafka_conf_t *producing, const struct property *property)
{
	char timeout[32];

	get(producing, "transaction.timeout.ms", timeout, sizeof(timeout));
	return (strcmp(property->name, "socket.timeout.ms") == 0 && atoi(timeout) < atoi(property->value));
}

enum la_err
la_conf_kafka_transactional(
    rd_kafka_conf_t *producing, const rd_kafka_conf_t *consuming, const struct la_conf *conf, struct la_error *error)
{
	struct maker maker = {.conf = producing, .error = error};
	struct wanted wanted = {"transactional.id", ""};
	size_t i;

	la_conf_each_kafka(conf, LA_CONF_KAFKA_PRODUCER, find_users, &wanted);
	if (wanted.value[0] == '\0')
		name_transactions(&maker, consuming);
	else
		set(&maker, wanted.name, wanted.value);
	for (i = 0; i < sizeof(transactional_defaults) / sizeof(transactional_defaults[0]); i++) {
		wanted = (struct wanted){transactional_defaults[i].name, ""};
		la_conf_each_kafka(conf, LA_CONF_KAFKA_PRODUCER, find_users, &wanted);
		if (wanted.value[0] == '\0' && !is_too_long(producing, &transactional_defaults[i]))
			set(&maker, wanted.name, transactional_defaults[i].value);
	}
	return (maker.err);
}

enum la_err
la_conf_kafka_client(rd_kafka_t **out, rd_kafka_type_t type, const rd_kafka_conf_t *conf, struct la_error *error)
{
	rd_kafka_conf_t *copy = rd_kafka_conf_dup(conf);
	char reason[256];
	rd_kafka_t *rk;

	if (copy == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	rk = rd_kafka_new(type, copy, reason, sizeof(reason)); /* takes copy over when it succeeds */
	if (rk == NULL) {
		rd_kafka_conf_destroy(copy);
		return (la_error_set(
		    error, LA_ECONFIG, "kafka %s: %s", type == RD_KAFKA_CONSUMER ? "consumer" : "producer", reason));
	}
	*out = rk;
	return (LA_OK);
}

/* Those of which the user has none for that side. */
static void
print_defaults(const struct la_conf *conf, const char *prefix, const struct property *properties, size_t count, FILE *out)
{
	enum la_conf_kafka which = strcmp(prefix, "kafka.producer.") == 0 ? LA_CONF_KAFKA_PRODUCER : LA_CONF_KAFKA_CONSUMER;

	for (size_t i = 0; i < count; i++) {
		struct wanted wanted = {properties[i].name, ""};

		la_conf_each_kafka(conf, which, find_users, &wanted);
		if (wanted.value[0] == '\0')
			(void)fprintf(out, "%s%s=%s\n", prefix, properties[i].name, properties[i].value);
	}
}

#define PRINT_DEFAULTS(conf, prefix, properties, out) \
	print_defaults((conf), (prefix), (properties), sizeof(properties) / sizeof((properties)[0]), (out))

void
la_bus_kafka_print_defaults(const struct la_conf *conf, const char *group_id, bool transactional, FILE *out)
{
	const struct property group[] = {{"client.id", group_id}, {"group.id", group_id}};
	struct wanted wanted = {"transactional.id", ""};

	PRINT_DEFAULTS(conf, "kafka.consumer.", group, out);
	PRINT_DEFAULTS(conf, "kafka.", both_defaults, out);
	PRINT_DEFAULTS(conf, "kafka.consumer.", consumer_defaults, out);
	if (la_conf_kafka_has_fetch_backoff())
		PRINT_DEFAULTS(conf, "kafka.consumer.", consumer_defaults_since_2_2, out);
	else if (conf->program == LA_PROGRAM_MAILER)
		PRINT_DEFAULTS(conf, "kafka.consumer.", mailer_defaults_before_2_2, out);
	else
		PRINT_DEFAULTS(conf, "kafka.consumer.", consumer_defaults_before_2_2, out);
	PRINT_DEFAULTS(conf, "kafka.producer.", producer_defaults, out);
	if (!transactional) {
		PRINT_DEFAULTS(conf, "kafka.producer.", unless_transactional_defaults, out);
		return;
	}
	PRINT_DEFAULTS(conf, "kafka.producer.", transactional_defaults, out);
	la_conf_each_kafka(conf, LA_CONF_KAFKA_PRODUCER, find_users, &wanted);
	if (wanted.value[0] == '\0')
		(void)fprintf(out, "# kafka.producer.transactional.id: not set\n");
}
