#include <stdlib.h>
#include <string.h>

#include "common/bus_kafka.h"
#include "common/conf_parts_kafka.h"

/* Both clients. A broker that was away is found again within a second or so, not within ten. */
static const struct la_property_kafka both_defaults[] = {
    {"socket.nagle.disable", "true"},
    {"reconnect.backoff.max.ms", "1000"},
    {"allow.auto.create.topics", "false"},
};

/*
 * check.crcs: the record of a login is decided upon once; a bit that flipped
 * on the way must not be decided upon. It costs 0.1 us per KB (crc32c).
 * topic.metadata.refresh.interval.ms: a topic that gets partitions after us is
 * seen after 30 s instead of 5 min (one that is missing is asked for each second
 * anyway). Not much less: an answer that comes while a group's leader waits for
 * the topics to share out makes librdkafka 2.0.2 join anew, and one that always
 * comes then keeps the group from forming (seen with 500, brokers answering
 * after 300).
 */
static const struct la_property_kafka consumer_defaults[] = {
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
static const struct la_property_kafka consumer_defaults_before_2_2[] = {
    {"queued.min.messages", "200000"},
    {"queued.max.messages.kbytes", "131072"},
};
/* The mailer's second of work is smaller, by the relay. Measured before: 79 MiB behind a relay that is down. */
static const struct la_property_kafka mailer_defaults_before_2_2[] = {
    {"queued.min.messages", "20000"},
    {"queued.max.messages.kbytes", "16384"},
};
static const struct la_property_kafka consumer_defaults_since_2_2[] = {
    {"queued.min.messages", "2500"},
    {"queued.max.messages.kbytes", "16384"},
    {"fetch.message.max.bytes", "262144"},
    {"fetch.queue.backoff.ms", "1"},
};

/* The caller waits for its batch, so waiting for more only adds to the time from event to alert. */
static const struct la_property_kafka unless_transactional_defaults[] = {
    {"linger.ms", "1"},
};

/* message.max.bytes: a dead letter is as large as the event was (16 MiB, headers); what is too large is the broker's to say. */
static const struct la_property_kafka producer_defaults[] = {
    {"partitioner", "murmur2_random"},
    {"message.max.bytes", "18000000"},
};

/*
 * exactly_once. retry.backoff.ms: a transaction that begins while the broker still ends the one before is told to come
 * again (a commit took 25 ms with 10, 37-100 ms with the default of 100). transaction.timeout.ms: how long a program that was
 * killed, or hangs, holds up its partitions and the readers. linger.ms: a transaction's outputs are sent when they are awaited
 * (produce_kafka.c), in few requests. socket.timeout.ms bounds a call to a broker that hangs.
 */
static const struct la_property_kafka transactional_defaults[] = {
    {"retry.backoff.ms", "10"},
    {"linger.ms", "100"},
    {"transaction.timeout.ms", "10000"},
    {"socket.timeout.ms", "5000"}, /* at most transaction.timeout.ms */
};

/* la_conf refuses the user's own values of these, with the reason (an end of partition is no record: quietly off). */
static const struct la_property_kafka consumer_forced[] = {
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"enable.partition.eof", "false"},
    {"isolation.level", "read_committed"},
};
static const struct la_property_kafka producer_forced[] = {
    {"enable.idempotence", "true"},
    {"acks", "all"},
};

static void
set_all(struct la_maker_kafka *maker, const struct la_property_kafka *properties, size_t count)
{
	for (size_t i = 0; i < count; i++)
		la_maker_kafka_set(maker, properties[i].name, properties[i].value);
}

#define SET_ALL(maker, properties) set_all((maker), (properties), sizeof(properties) / sizeof((properties)[0]))

bool
la_conf_kafka_has_fetch_backoff(void)
{
	return (rd_kafka_version() >= 0x020200ff);
}

static void
set_fetch_queue(struct la_maker_kafka *maker, enum la_program program)
{
	if (la_conf_kafka_has_fetch_backoff())
		SET_ALL(maker, consumer_defaults_since_2_2);
	else if (program == LA_PROGRAM_MAILER)
		SET_ALL(maker, mailer_defaults_before_2_2);
	else
		SET_ALL(maker, consumer_defaults_before_2_2);
}

void
la_defaults_kafka_set(struct la_maker_kafka *maker, enum la_conf_kafka which, enum la_program program)
{
	SET_ALL(maker, both_defaults);
	if (which == LA_CONF_KAFKA_CONSUMER) {
		SET_ALL(maker, consumer_defaults);
		set_fetch_queue(maker, program);
	} else {
		SET_ALL(maker, producer_defaults);
		SET_ALL(maker, unless_transactional_defaults);
	}
}

void
la_defaults_kafka_force(struct la_maker_kafka *maker, enum la_conf_kafka which)
{
	if (which == LA_CONF_KAFKA_CONSUMER)
		SET_ALL(maker, consumer_forced);
	else
		SET_ALL(maker, producer_forced);
}

/* With a short transaction.timeout.ms librdkafka refuses our socket.timeout.ms, and finds a fitting one itself. */
static bool
is_too_long(const rd_kafka_conf_t *producing, const struct la_property_kafka *property)
{
	char timeout[32];

	la_maker_kafka_get(producing, "transaction.timeout.ms", timeout, sizeof(timeout));
	return (strcmp(property->name, "socket.timeout.ms") == 0 && atoi(timeout) < atoi(property->value));
}

void
la_defaults_kafka_set_transactional(struct la_maker_kafka *maker, const struct la_conf *conf)
{
	char users[256];

	for (size_t i = 0; i < sizeof(transactional_defaults) / sizeof(transactional_defaults[0]); i++) {
		la_maker_kafka_users(conf, LA_CONF_KAFKA_PRODUCER, transactional_defaults[i].name, users, sizeof(users));
		if (users[0] == '\0' && !is_too_long(maker->conf, &transactional_defaults[i]))
			la_maker_kafka_set(maker, transactional_defaults[i].name, transactional_defaults[i].value);
	}
}

/* Those of which the user has none for that side. */
static void
print_defaults(const struct la_conf *conf, const char *prefix, const struct la_property_kafka *properties, size_t count, FILE *out)
{
	enum la_conf_kafka which = strcmp(prefix, "kafka.producer.") == 0 ? LA_CONF_KAFKA_PRODUCER : LA_CONF_KAFKA_CONSUMER;
	char users[256];

	for (size_t i = 0; i < count; i++) {
		la_maker_kafka_users(conf, which, properties[i].name, users, sizeof(users));
		if (users[0] == '\0')
			(void)fprintf(out, "%s%s=%s\n", prefix, properties[i].name, properties[i].value);
	}
}

#define PRINT_DEFAULTS(conf, prefix, properties, out) \
	print_defaults((conf), (prefix), (properties), sizeof(properties) / sizeof((properties)[0]), (out))

void
la_bus_kafka_print_defaults(const struct la_conf *conf, const char *group_id, bool transactional, FILE *out)
{
	const struct la_property_kafka group[] = {{"client.id", group_id}, {"group.id", group_id}};
	char users[256];

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
	la_maker_kafka_users(conf, LA_CONF_KAFKA_PRODUCER, "transactional.id", users, sizeof(users));
	if (users[0] == '\0')
		(void)fprintf(out, "# kafka.producer.transactional.id: not set\n");
}
