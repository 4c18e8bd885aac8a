/* Inside the Kafka adapter: what consumer_kafka.c, rebalance_kafka.c and commit_kafka.c share. */
#ifndef LA_COMMON_CONSUMER_KAFKA_H
#define LA_COMMON_CONSUMER_KAFKA_H

#include "common/assignment_kafka.h"
#include "common/lag_kafka.h"
#include "common/metrics.h"
#include "common/parts_kafka.h"
#include "common/waker_kafka.h"

#define LA_CONSUMER_TAKE_CAP 4096 /* records moved per call into librdkafka */

/* What we have not from the broker, though one answers. librdkafka says so once; trouble_kafka.c */
struct la_trouble_kafka {
	rd_kafka_resp_err_t cause; /* NO_ERROR: none */
	int64_t ask_at_ms;
	char text[256];
};

struct la_consumer_kafka {
	struct la_link_kafka link; /* first: librdkafka's opaque pointer */
	rd_kafka_t *rk;
	rd_kafka_queue_t *events;  /* rebalances, errors */
	rd_kafka_queue_t *records; /* of all assigned partitions */
	rd_kafka_queue_t *commits; /* answers to commits */
	struct la_assignment_kafka *assignment;
	struct la_waker_kafka *waker; /* NULL: librdkafka does without */
	struct la_lag_kafka *lag;     /* NULL, as metrics: nobody watches */
	struct la_metrics *metrics;
	rd_kafka_consumer_group_metadata_t *group; /* as of the last assignment; NULL: no member */
	struct la_trouble_kafka trouble;
	bool paused;
	bool closing;     /* the group is being left */
	bool incremental; /* the last assignment was cooperative */
	int leave_ms;     /* for leaving the group */
	bool failed;      /* something that a restart alone repairs */
	uintptr_t commit;   /* number of the last commit, to tell its answer from a late one */
	uintptr_t answered; /* how many of them librdkafka has answered */
	bool committing;    /* its answer is not taken */
	int64_t commit_until_ms;
	rd_kafka_message_t *taken[LA_CONSUMER_TAKE_CAP];
};

/* The rebalance callback; opaque is the consumer. Served by la_consumer_kafka_serve only. */
void la_consumer_kafka_rebalance(
    rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *partitions, void *opaque);

/* Notes it when it is a trouble. False: it is not. */
bool la_consumer_kafka_note_trouble(struct la_consumer_kafka *consumer, const rd_kafka_message_t *message);
/* The partitions were lost: until others are assigned. */
void la_consumer_kafka_note_loss(struct la_consumer_kafka *consumer);
/* Is there one still? Then *error says which. May wait up to 250 ms for the broker, once a second. */
bool la_consumer_kafka_has_trouble(struct la_consumer_kafka *consumer, struct la_error *error);

/* Takes consumer->group anew. */
void la_consumer_kafka_note_group(struct la_consumer_kafka *consumer);

/* Logs and gives the consumer up: every later take is LA_EINTERNAL. */
void la_consumer_kafka_fail(struct la_consumer_kafka *consumer, const char *step, const char *reason);

#endif
