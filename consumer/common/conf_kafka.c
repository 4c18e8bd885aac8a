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
 * Before 2.2.0 librdkafka stops fetching for up to 1 s once its queue is full:
 * the queue then holds more than one second of work. From 2.2.0 on the pause
 * is a setting and a small queue does.
 */
static const struct property consumer_defaults_before_2_2[] = {
    {"queued.min.messages", "200000"},
    {"queued.max.messages.kbytes", "131072"},
};
#if RD_KAFKA_VERSION >= 0x020200ff
static const struct property consumer_defaults_since_2_2[] = {
    {"queued.min.messages", "10000"},
    {"queued.max.messages.kbytes", "16384"},
    {"fetch.queue.backoff.ms", "1"},
};
#endif

/*
 * linger.ms: the caller waits for its batch, so waiting for more only adds to
 * the time from event to alert. message.max.bytes: a dead letter is as large as
 * the event was (16 MiB and headers); what is too large is the broker's to say.
 */
static const struct property producer_defaults[] = {
    {"partitioner", "murmur2_random"},
    {"linger.ms", "1"},
    {"message.max.bytes", "18000000"},
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
set_users(void *cookie, const char *name, const char *value)
{
	set(cookie, name, value);
}

static void
set_fetch_queue(struct maker *maker)
{
#if RD_KAFKA_VERSION >= 0x020200ff
	if (rd_kafka_version() >= 0x020200ff) {
		SET_ALL(maker, consumer_defaults_since_2_2);
		return;
	}
#endif
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
	struct maker maker = {rd_kafka_conf_new(), LA_OK, error};

	if (maker.conf == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	rd_kafka_conf_set_log_cb(maker.conf, la_link_kafka_log);
	SET_ALL(&maker, both_defaults);
	set(&maker, "client.id", group_id);
	if (which == LA_CONF_KAFKA_CONSUMER) {
		SET_ALL(&maker, consumer_defaults);
		set_fetch_queue(&maker);
		set(&maker, "group.id", group_id);
	} else {
		SET_ALL(&maker, producer_defaults);
	}
	la_conf_each_kafka(conf, which, set_users, &maker);
	if (which == LA_CONF_KAFKA_CONSUMER)
		SET_ALL(&maker, consumer_forced);
	else
		SET_ALL(&maker, producer_forced);
	require_servers(&maker);
	if (maker.err != LA_OK) {
		rd_kafka_conf_destroy(maker.conf);
		return (maker.err);
	}
	*out = maker.conf;
	return (LA_OK);
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
