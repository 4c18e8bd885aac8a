/*
 * What the files of the Kafka adapter share with each other; nobody else
 * includes this. One thread calls everything here.
 */
#ifndef LA_COMMON_PARTS_KAFKA_H
#define LA_COMMON_PARTS_KAFKA_H

#include <librdkafka/rdkafka.h>

#include <stdbool.h>
#include <stdint.h>

#include "common/bus.h"
#include "common/conf.h"
#include "common/err.h"
#include "common/metrics.h"

/* ---- conf_kafka.c: properties ---- */

/*
 * Our defaults, then the user's kafka.*, then what the promises rest on.
 * Errors: LA_ECONFIG (the property and the reason), LA_ENOMEM; *out is untouched then.
 */
LA_MUST_CHECK enum la_err la_conf_kafka_make(rd_kafka_conf_t **out, const struct la_conf *conf,
    enum la_conf_kafka which, const char *group_id, struct la_error *error);

/* rd_kafka_new over a copy of conf. Errors: LA_ECONFIG (librdkafka's reason). */
LA_MUST_CHECK enum la_err la_conf_kafka_client(
    rd_kafka_t **out, rd_kafka_type_t type, const rd_kafka_conf_t *conf, struct la_error *error);

/*
 * For exactly_once, after la_conf_kafka_make: transactional.id (group.id, then group.instance.id or something random)
 * and our defaults for transactions, where the user has none. Errors: LA_ECONFIG.
 */
LA_MUST_CHECK enum la_err la_conf_kafka_transactional(
    rd_kafka_conf_t *producing, const rd_kafka_conf_t *consuming, const struct la_conf *conf, struct la_error *error);

/* Is how long librdkafka leaves a full queue alone a property, fetch.queue.backoff.ms (2.2.0)? By the library that runs. */
bool la_conf_kafka_has_fetch_backoff(void);

/* Can it log in by SCRAM to every broker (2.6.1)? By the library that runs. */
bool la_login_kafka_has_scram(void);

/* ---- link_kafka.c: is a broker there, what was said of it ---- */

/* What keeps a client from the brokers: each kind is said once, then every 30 s. */
enum la_link_cause { LA_LINK_ABSENT, LA_LINK_TLS, LA_LINK_LOGIN, LA_LINK_OTHER, LA_LINK_CAUSES };

/* A client's own structure starts with it: librdkafka's opaque pointer is both. */
struct la_link_kafka {
	_Atomic int certificate; /* what X.509 had against the last one that was refused; by librdkafka's threads */
	const char *side; /* "consumer" or "producer", for the log */
	bool down;        /* no broker answers; cleared when one does */
	bool fatal;       /* librdkafka gave this client up */
	int64_t probe_at_ms;
	enum la_link_cause last; /* heard of last */
	rd_kafka_resp_err_t last_other;
	struct {
		int64_t at_ms; /* 0: not since brokers answered */
		int64_t repeated;
	} said[LA_LINK_CAUSES];
	int64_t why_at_ms;
	char why[512]; /* the last reason why no broker answers; "": none is known */
};

/* Before the client is made: conf's opaque pointer is owner, whose first member is a link. */
void la_link_kafka_watch(rd_kafka_conf_t *conf, void *owner);

/* "no kafka broker answers", and why. Returns LA_EUNAVAILABLE. */
enum la_err la_link_kafka_absent(const struct la_link_kafka *link, struct la_error *error);

/* librdkafka's log lines -> la_log. From any thread. */
void la_link_kafka_log(const rd_kafka_t *rk, int level, const char *facility, const char *text);

/* An error of librdkafka that asks nothing of the caller: noted, logged once, then every 30 s with a count. */
void la_link_kafka_note(struct la_link_kafka *link, rd_kafka_t *rk, rd_kafka_resp_err_t cause, const char *reason);

/* While down: asks for metadata once a second, waits at most 100 ms for it. */
void la_link_kafka_probe(struct la_link_kafka *link, rd_kafka_t *rk);

/* Appends the broker's cluster id to out when it is known by now; false: not yet. */
bool la_link_kafka_cluster_id(rd_kafka_t *rk, char *out, size_t cap);

/* ---- reason_kafka.c: what librdkafka says of a broker, in words that name what to look at ---- */

/* certificate: what X.509 had against it, 0 if nothing. */
void la_reason_kafka_print(char *out, size_t cap, rd_kafka_resp_err_t cause, const char *reason, int certificate);

/* Why no client can be made from conf, behind librdkafka's reason; "": that says all. */
const char *la_reason_kafka_hint(const rd_kafka_conf_t *conf, const char *reason);

/* ---- consumer_kafka.c ---- */

struct la_consumer_kafka;

/* wake_fd: an eventfd written when there may be something to poll. */
LA_MUST_CHECK enum la_err la_consumer_kafka_new(struct la_consumer_kafka **consumer, const rd_kafka_conf_t *conf,
    const char *topic, int wake_fd, struct la_error *error);
void la_consumer_kafka_close(struct la_consumer_kafka *consumer, int timeout_ms);

/*
 * From now on rebalances are counted in metrics, which must outlive the consumer, and the lag is known. print_lag appends
 * the family; nothing without watch. Errors: LA_ENOMEM.
 */
LA_MUST_CHECK enum la_err la_consumer_kafka_watch(
    struct la_consumer_kafka *consumer, struct la_metrics *metrics, struct la_error *error);
LA_MUST_CHECK enum la_err la_consumer_kafka_print_lag(struct la_consumer_kafka *consumer, struct la_buf *out);

/* Takes what is there, waits for nothing; the caller has served before. Errors: LA_EUNAVAILABLE, LA_EFENCED,
 * LA_EINTERNAL. */
LA_MUST_CHECK enum la_err la_consumer_kafka_take(
    struct la_consumer_kafka *consumer, struct la_message *out, size_t cap, size_t *count, struct la_error *error);
bool la_consumer_kafka_waiting(const struct la_consumer_kafka *consumer); /* records are there and not paused */
void la_consumer_kafka_pause(struct la_consumer_kafka *consumer, bool paused);
LA_MUST_CHECK enum la_err la_consumer_kafka_commit(
    struct la_consumer_kafka *consumer, const struct la_position_done *positions, size_t count, struct la_error *error);
LA_MUST_CHECK enum la_err la_consumer_kafka_commit_begin(
    struct la_consumer_kafka *consumer, const struct la_position_done *positions, size_t count, struct la_error *error);
LA_MUST_CHECK enum la_err la_consumer_kafka_commit_end(
    struct la_consumer_kafka *consumer, int wait_ms, struct la_error *error);
/* May a commit that was begun still arrive? Nothing else is to change the group's offsets before it has. */
bool la_consumer_kafka_unanswered(struct la_consumer_kafka *consumer);
bool la_consumer_kafka_holds(
    const struct la_consumer_kafka *consumer, struct la_span topic, int32_t partition, uint64_t lease);
rd_kafka_t *la_consumer_kafka_handle(struct la_consumer_kafka *consumer);
void la_consumer_kafka_serve(struct la_consumer_kafka *consumer);

/*
 * Positions with a lease that holds, as librdkafka wants them; NULL: out of memory. The group's metadata for a
 * transaction that commits them, taken with the assignment; NULL: we are no member.
 */
rd_kafka_topic_partition_list_t *la_consumer_kafka_held(
    const struct la_consumer_kafka *consumer, const struct la_position_done *positions, size_t count);
const rd_kafka_consumer_group_metadata_t *la_consumer_kafka_group(const struct la_consumer_kafka *consumer);

/* How many leases became void so far. */
uint64_t la_consumer_kafka_voided(const struct la_consumer_kafka *consumer);

/* ---- rewind_kafka.c: back to the committed offsets ---- */

/* What was read is void: the partitions that are still ours are to be read again from their committed offsets. */
void la_consumer_kafka_rewind(struct la_consumer_kafka *consumer);
/* Carries that out, waits up to wait_ms for each of two answers. Until then nothing is to be taken. Errors: LA_EUNAVAILABLE. */
LA_MUST_CHECK enum la_err la_consumer_kafka_rewound(
    struct la_consumer_kafka *consumer, int wait_ms, struct la_error *error);

/* ---- producer_kafka.c: the client; produce_kafka.c: outputs, until the broker has them ---- */

struct la_producer_kafka;

/* Takes conf over when it succeeds. transactional: conf has been through la_conf_kafka_transactional. */
LA_MUST_CHECK enum la_err la_producer_kafka_new(struct la_producer_kafka **producer, rd_kafka_conf_t *conf,
    bool transactional, int wake_fd, struct la_error *error);
void la_producer_kafka_close(struct la_producer_kafka *producer);
void la_producer_kafka_serve(struct la_producer_kafka *producer); /* delivery reports, without waiting */
LA_MUST_CHECK enum la_err la_producer_kafka_produce(
    struct la_producer_kafka *producer, const struct la_output *output, int wait_ms, struct la_error *error);
LA_MUST_CHECK enum la_err la_producer_kafka_await(
    struct la_producer_kafka *producer, uint64_t batch, int wait_ms, struct la_error *error);

/* ---- transaction_kafka.c: the transaction of an exactly-once producer; la_producer_kafka_produce opens it ---- */

bool la_transaction_kafka_is_open(const struct la_producer_kafka *producer);
void la_transaction_kafka_break(struct la_producer_kafka *producer);   /* if open, it will not be committed any more */
void la_transaction_kafka_discard(struct la_producer_kafka *producer); /* if open, it is to be aborted */

/* Before a close: left open, a transaction would hold up readers until the broker's time-out. */
void la_transaction_kafka_end(struct la_producer_kafka *producer, int wait_ms);

/* False: a commit or an abort is under way. settle goes on with it. Errors: LA_EUNAVAILABLE (not yet). */
bool la_transaction_kafka_settled(const struct la_producer_kafka *producer);
LA_MUST_CHECK enum la_err la_transaction_kafka_settle(
    struct la_producer_kafka *producer, int wait_ms, struct la_error *error);

/*
 * Commits the open transaction with the offsets. Errors: LA_EUNAVAILABLE (still open, once more), LA_EREVOKED
 * (aborted, or it is not known: the committed offsets tell).
 */
LA_MUST_CHECK enum la_err la_transaction_kafka_commit(struct la_producer_kafka *producer,
    const rd_kafka_topic_partition_list_t *offsets, const rd_kafka_consumer_group_metadata_t *group,
    struct la_error *error);

/* ---- headers_kafka.c ---- */

/* *out: the headers of output, NULL when it has none; owned by the caller. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_headers_kafka_make(rd_kafka_headers_t **out, const struct la_output *output);

/* The port's keep_headers, and release of what it made. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_headers_kafka_keep(
    const struct la_message *message, struct la_message *kept, size_t *bytes);
void la_headers_kafka_release(struct la_message *kept);

#endif
