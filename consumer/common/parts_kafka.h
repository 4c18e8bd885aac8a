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

/* ---- link_kafka.c: is a broker there, what was said of it ---- */

struct la_link_kafka {
	const char *side; /* "consumer" or "producer", for the log */
	bool down;        /* no broker answers; cleared when one does */
	bool fatal;       /* librdkafka gave this client up */
	int64_t probe_at_ms;
	rd_kafka_resp_err_t last_error; /* logged last: the same one again is counted only */
	int64_t last_logged_ms;
	int64_t repeated;
};

/* librdkafka's log lines -> la_log. From any thread. */
void la_link_kafka_log(const rd_kafka_t *rk, int level, const char *facility, const char *text);

/* An error of librdkafka that asks nothing of the caller: noted, logged once, then every 30 s with a count. */
void la_link_kafka_note(struct la_link_kafka *link, rd_kafka_t *rk, rd_kafka_resp_err_t cause, const char *reason);

/* While down: asks for metadata once a second, waits at most 100 ms for it. */
void la_link_kafka_probe(struct la_link_kafka *link, rd_kafka_t *rk);

/* Appends the broker's cluster id to out when it is known by now; false: not yet. */
bool la_link_kafka_cluster_id(rd_kafka_t *rk, char *out, size_t cap);

/* ---- consumer_kafka.c ---- */

struct la_consumer_kafka;

/* wake_fd: an eventfd written when there may be something to poll. */
LA_MUST_CHECK enum la_err la_consumer_kafka_new(struct la_consumer_kafka **consumer, const rd_kafka_conf_t *conf,
    const char *topic, int wake_fd, struct la_error *error);
void la_consumer_kafka_close(struct la_consumer_kafka *consumer, int timeout_ms);

/* Serves rebalances and errors, takes what is there, waits for nothing. Errors: LA_EUNAVAILABLE, LA_EFENCED,
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
bool la_consumer_kafka_holds(
    const struct la_consumer_kafka *consumer, struct la_span topic, int32_t partition, uint64_t lease);
rd_kafka_t *la_consumer_kafka_handle(struct la_consumer_kafka *consumer);

/* ---- producer_kafka.c ---- */

struct la_producer_kafka;

/* Takes conf over when it succeeds. */
LA_MUST_CHECK enum la_err la_producer_kafka_new(
    struct la_producer_kafka **producer, rd_kafka_conf_t *conf, int wake_fd, struct la_error *error);
void la_producer_kafka_close(struct la_producer_kafka *producer);
void la_producer_kafka_serve(struct la_producer_kafka *producer); /* delivery reports, without waiting */
LA_MUST_CHECK enum la_err la_producer_kafka_produce(
    struct la_producer_kafka *producer, const struct la_output *output, int wait_ms, struct la_error *error);
LA_MUST_CHECK enum la_err la_producer_kafka_await(
    struct la_producer_kafka *producer, uint64_t batch, int wait_ms, struct la_error *error);

#endif
