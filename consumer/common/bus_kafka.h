/*
 * The bus over librdkafka: one consumer, one idempotent or transactional producer, one thread.
 *
 * Configuration: kafka.<p>, kafka.consumer.<p>, kafka.producer.<p> over our
 * defaults (conf_kafka.c); la_conf
 * refuses what the promises rest on. librdkafka's log lines go through la_log,
 * without payload.
 *
 * Where to look: bus_calls_kafka.c (the port), consumer_kafka.c (records), consumer_close_kafka.c, rebalance_kafka.c and
 * assignment_kafka.c (whose partitions, leases), commit_kafka.c,
 * lag_kafka.c, producer_kafka.c, produce_kafka.c with flights.c (what is not yet acknowledged),
 * transaction_kafka.c and rewind_kafka.c (exactly_once),
 * link_kafka.c (are brokers there) with reason_kafka.c (if not, why), conf_*_kafka.c, check_kafka.c.
 */
#ifndef LA_COMMON_BUS_KAFKA_H
#define LA_COMMON_BUS_KAFKA_H

#include <stdbool.h>

#include "common/bus.h"
#include "common/conf.h"
#include "common/err.h"
#include "common/metrics.h"

struct la_bus_kafka;

struct la_bus_kafka_options {
	const struct la_conf *conf;
	const char *group_id; /* the default: the program's name */
	const char *input_topic;
	bool exactly_once; /* outputs and offsets in transactions */
	struct la_metrics *metrics; /* rebalances are counted there; must outlive the bus. NULL: nobody watches */
};

/*
 * Makes both clients and subscribes. Does not wait for a broker.
 * Errors: LA_ECONFIG (a property librdkafka refuses: its name and the reason),
 * LA_EINTERNAL. *bus is untouched then.
 */
LA_MUST_CHECK enum la_err la_bus_kafka_new(
    struct la_bus_kafka **bus, const struct la_bus_kafka_options *options, struct la_error *error);

/*
 * After every record was released: leaves the group (within timeout_ms), drops what is
 * unacknowledged, frees.
 */
void la_bus_kafka_close(struct la_bus_kafka *bus, int timeout_ms);

/* The port; valid as long as bus. */
const struct la_bus *la_bus_kafka_port(struct la_bus_kafka *bus);

/* Readable when poll may have something: for curl_multi_poll and the like. Drained by poll. */
int la_bus_kafka_fd(struct la_bus_kafka *bus);

/* For check: our own defaults of librdkafka's properties, where the user has set none, as la_conf_print prints. */
void la_bus_kafka_print_defaults(const struct la_conf *conf, const char *group_id, bool transactional, FILE *out);

/* Appends the metric consumer_lag; nothing without options.metrics. From any thread, waits for nobody. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_bus_kafka_print_lag(struct la_bus_kafka *bus, struct la_buf *out);

/* For check: a line about what is asked for and this librdkafka cannot do with every broker. False: there is nothing. */
bool la_bus_kafka_warning(const struct la_conf *conf, char *out, size_t cap);

/* Configuration only, for check: the same errors as la_bus_kafka_new, no thread is started. */
LA_MUST_CHECK enum la_err la_bus_kafka_check_conf(const struct la_conf *conf, struct la_error *error);

/*
 * For check: may we use transactions? Asks within timeout_ms, under a random transactional.id; not when the user
 * gives one (*asked is false then): that would fence the program that uses it. Errors: LA_EUNAVAILABLE, LA_ECONFIG.
 */
LA_MUST_CHECK enum la_err la_bus_kafka_check_transactions(
    const struct la_conf *conf, const char *group_id, int timeout_ms, bool *asked, struct la_error *error);

/*
 * For check: asks the brokers within timeout_ms for the topic, where and as whom which side goes there.
 * Errors: LA_EUNAVAILABLE (no broker answered; names bootstrap.servers), LA_ECONFIG
 * (the topic is missing or may not be seen; names it).
 */
LA_MUST_CHECK enum la_err la_bus_kafka_check(
    const struct la_conf *conf, enum la_conf_kafka which, const char *topic, int timeout_ms, struct la_error *error);

const char *la_bus_kafka_library_version(void);

/* Do its fetches have 256 KiB, and not 1 MiB (our defaults: from librdkafka 2.2 on a small queue is enough)? */
bool la_bus_kafka_fetches_small(void);

#endif
