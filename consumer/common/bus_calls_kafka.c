#include <poll.h>
#include <unistd.h>

#include "common/bus_internal_kafka.h"

#define SETTLE_MS 200 /* for each answer of the broker while a poll waits for the end of a transaction */

static void
drain_wake(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof(count)) > 0)
		continue;
}

static void
raise_wake(int fd)
{
	static const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		return; /* the counter is full: it is raised already */
}

/* Waits for the eventfd; a signal ends the wait early. */
static void
wait_wake(int fd, int wait_ms)
{
	struct pollfd waited = {fd, POLLIN, 0};

	(void)poll(&waited, 1, wait_ms);
}

/* The transaction will be aborted, and what was read since the last commit is read again. */
static void
lose_transaction(struct la_bus_kafka *bus)
{
	la_transaction_kafka_break(bus->producer);
	la_consumer_kafka_rewind(bus->consumer);
}

/* Did a partition go away since the open transaction was opened? */
static bool
has_outlived_leases(const struct la_bus_kafka *bus)
{
	return (la_transaction_kafka_is_open(bus->producer) && la_consumer_kafka_voided(bus->consumer) != bus->voided);
}

/* Ends the transaction before, then goes back to the committed offsets where that is due. */
static enum la_err
settle(struct la_bus_kafka *bus, struct la_error *error)
{
	bool settled = la_transaction_kafka_settled(bus->producer);
	enum la_err err = la_transaction_kafka_settle(bus->producer, SETTLE_MS, error);

	/* A client that is only not ready yet is waited for by those who produce. */
	if (err != LA_OK && !settled)
		return (err);
	return (la_consumer_kafka_rewound(bus->consumer, SETTLE_MS, error));
}

static enum la_err
take(struct la_bus_kafka *bus, struct la_message *out, size_t cap, size_t *count, struct la_error *error)
{
	enum la_err err;

	drain_wake(bus->wake_fd); /* first: what comes in while we take raises it again */
	la_producer_kafka_serve(bus->producer);
	la_consumer_kafka_serve(bus->consumer);
	*count = 0;
	if (has_outlived_leases(bus))
		lose_transaction(bus);
	else if ((err = settle(bus, error)) != LA_OK)
		return (err);
	return (la_consumer_kafka_take(bus->consumer, out, cap, count, error));
}

static enum la_err
bus_poll(void *self, int wait_ms, struct la_message *out, size_t cap, size_t *count, struct la_error *error)
{
	struct la_bus_kafka *bus = self;
	enum la_err err = take(bus, out, cap, count, error);

	if (*count == 0 && wait_ms > 0 && la_err_action(err) != LA_ACTION_FATAL) {
		wait_wake(bus->wake_fd, wait_ms);
		err = take(bus, out, cap, count, error);
	}
	if (la_consumer_kafka_waiting(bus->consumer))
		raise_wake(bus->wake_fd); /* librdkafka writes only when an empty queue gets something */
	return (err);
}

static void
bus_release(void *self, struct la_message *messages, size_t count)
{
	size_t i;

	(void)self;
	for (i = 0; i < count; i++) {
		if (messages[i].is_kept)
			la_headers_kafka_release(&messages[i]);
		else
			rd_kafka_message_destroy(messages[i].handle);
		messages[i].handle = NULL;
	}
}

static enum la_err
bus_keep_headers(void *self, const struct la_message *message, struct la_message *kept, size_t *bytes)
{
	(void)self;
	return (la_headers_kafka_keep(message, kept, bytes));
}

static void
bus_pause(void *self, bool paused)
{
	struct la_bus_kafka *bus = self;

	la_consumer_kafka_pause(bus->consumer, paused);
	if (la_consumer_kafka_waiting(bus->consumer))
		raise_wake(bus->wake_fd);
}

static enum la_err
bus_produce(void *self, const struct la_output *output, int wait_ms, struct la_error *error)
{
	struct la_bus_kafka *bus = self;

	if (!la_transaction_kafka_is_open(bus->producer))
		bus->voided = la_consumer_kafka_voided(bus->consumer);
	return (la_producer_kafka_produce(bus->producer, output, wait_ms, error));
}

static enum la_err
bus_await(void *self, uint64_t batch, int wait_ms, struct la_error *error)
{
	struct la_bus_kafka *bus = self;

	return (la_producer_kafka_await(bus->producer, batch, wait_ms, error));
}

static void
bus_discard(void *self)
{
	struct la_bus_kafka *bus = self;

	la_transaction_kafka_discard(bus->producer);
}

/* Outputs and offsets together, or not at all: every partition of the batch must still be ours (P5). */
static enum la_err
commit_transaction(
    struct la_bus_kafka *bus, const struct la_position_done *positions, size_t count, struct la_error *error)
{
	const rd_kafka_consumer_group_metadata_t *group;
	rd_kafka_topic_partition_list_t *offsets;
	enum la_err err = LA_EREVOKED;

	la_consumer_kafka_serve(bus->consumer); /* a revocation that waits voids leases first */
	if (la_consumer_kafka_unanswered(bus->consumer))
		return (la_error_set(error, LA_EUNAVAILABLE, "commit: the one before is not answered yet"));
	group = la_consumer_kafka_group(bus->consumer);
	offsets = la_consumer_kafka_held(bus->consumer, positions, count);
	if (offsets == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	if (has_outlived_leases(bus) || (size_t)offsets->cnt < count || group == NULL)
		(void)la_error_set(error, err, "partitions of the transaction were given away");
	else
		err = la_transaction_kafka_commit(bus->producer, offsets, group, error);
	rd_kafka_topic_partition_list_destroy(offsets);
	if (err == LA_EREVOKED)
		lose_transaction(bus);
	return (err);
}

static enum la_err
bus_commit(void *self, const struct la_position_done *positions, size_t count, struct la_error *error)
{
	struct la_bus_kafka *bus = self;

	if (la_transaction_kafka_is_open(bus->producer))
		return (commit_transaction(bus, positions, count, error));
	/* Without outputs there is nothing that the offsets could come apart from. */
	return (la_consumer_kafka_commit(bus->consumer, positions, count, error));
}

static enum la_err
bus_commit_begin(void *self, const struct la_position_done *positions, size_t count, struct la_error *error)
{
	struct la_bus_kafka *bus = self;

	/* librdkafka's calls wait; what they say is the answer, and commit_end finds nothing under way */
	if (la_transaction_kafka_is_open(bus->producer))
		return (commit_transaction(bus, positions, count, error));
	return (la_consumer_kafka_commit_begin(bus->consumer, positions, count, error));
}

static enum la_err
bus_commit_end(void *self, int wait_ms, struct la_error *error)
{
	struct la_bus_kafka *bus = self;

	return (la_consumer_kafka_commit_end(bus->consumer, wait_ms, error));
}

static bool
bus_holds(void *self, struct la_span topic, int32_t partition, uint64_t lease)
{
	struct la_bus_kafka *bus = self;

	return (la_consumer_kafka_holds(bus->consumer, topic, partition, lease));
}

static const char *
bus_cluster_id(void *self)
{
	struct la_bus_kafka *bus = self;

	if (bus->cluster_id[0] == '\0')
		(void)la_link_kafka_cluster_id(
		    la_consumer_kafka_handle(bus->consumer), bus->cluster_id, sizeof(bus->cluster_id));
	return (bus->cluster_id);
}

struct la_bus
la_bus_kafka_calls(struct la_bus_kafka *bus)
{
	return ((struct la_bus){.self = bus,
	    .poll = bus_poll,
	    .release = bus_release,
	    .keep_headers = bus_keep_headers,
	    .pause = bus_pause,
	    .produce = bus_produce,
	    .await = bus_await,
	    .discard = bus_discard,
	    .commit = bus_commit,
	    .commit_begin = bus_commit_begin,
	    .commit_end = bus_commit_end,
	    .holds = bus_holds,
	    .cluster_id = bus_cluster_id});
}
