/*
 * A bus in memory: partitions with records, a group of one member, outputs that
 * are kept. It checks its caller: no poll result that is never released, no
 * commit before the outputs are acknowledged, no batch awaited that was not produced.
 */
#ifndef LA_TESTS_MEMORY_BUS_H
#define LA_TESTS_MEMORY_BUS_H

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/bus.h"

#include "fault.h"

#define MEMORY_PARTITIONS 4

struct memory_record {
	int32_t partition;
	int64_t offset;
	unsigned char *value; /* NULL: a null value */
	size_t size;
	int64_t timestamp_ms;
	const char *traceparent; /* a header; NULL: none */
};

struct memory_output {
	char topic[64];
	char key[64];
	unsigned char *value; /* NULL: null */
	size_t size;
	char headers[1024]; /* "name=value\n"… */
	const struct memory_record *from; /* whose headers it has; NULL: nobody's */
	uint64_t batch;
};

struct memory_bus {
	struct la_bus port;
	struct fault *fault;
	int64_t *now_ms; /* poll and await pass time */
	struct memory_record *records;
	size_t record_count;
	int64_t next[MEMORY_PARTITIONS], committed[MEMORY_PARTITIONS];
	uint64_t lease[MEMORY_PARTITIONS];
	struct memory_output *outputs;
	size_t output_count, output_cap;
	size_t unacknowledged; /* from the end of outputs */
	bool exactly_once;
	bool broken;              /* the transaction: nothing but discard helps */
	size_t committed_outputs; /* from the start of outputs; exactly_once only */
	size_t max_value;      /* of the broker; 0: no limit */
	bool refuse_dead_letters;
	bool paused;
	long polls_while_paused, commits;
	size_t polls; /* while it trickles */
	long in_hand, most_in_hand; /* records given and not released */
	bool slow; /* acknowledgements come only to who waits for them */
	bool trickles; /* a poll gives a record, the next one none */
	size_t bytes_in_hand, most_bytes_in_hand;
	size_t most_bytes_a_poll; /* 0: no limit */
	void (*on_poll)(struct memory_bus *bus, void *cookie);
	void *cookie;
	char trace[4096]; /* one letter a call: F fetch, W write (by the store), P produce, A await, C commit */
	size_t trace_size;
};

static inline void
memory_bus_trace(struct memory_bus *bus, char letter)
{
	if (bus->trace_size + 1 < sizeof(bus->trace))
		bus->trace[bus->trace_size++] = letter;
	bus->trace[bus->trace_size] = '\0';
}

static inline struct memory_record *
memory_bus_find(const struct memory_bus *bus, int32_t partition, int64_t offset)
{
	for (size_t i = 0; i < bus->record_count; i++) {
		if (bus->records[i].partition == partition && bus->records[i].offset == offset)
			return (&bus->records[i]);
	}
	return (NULL);
}

static inline bool
memory_bus_take(struct memory_bus *bus, int32_t partition, struct la_message *out)
{
	struct memory_record *record = memory_bus_find(bus, partition, bus->next[partition]);

	if (record == NULL)
		return (false);
	*out = (struct la_message){.topic = la_span_text("login-events"),
	    .partition = partition,
	    .offset = record->offset,
	    .has_timestamp = true,
	    .timestamp_ms = record->timestamp_ms,
	    .key = la_span_text("the key"),
	    .value = la_span_of(record->value, record->size),
	    .lease = bus->lease[partition],
	    .handle = record};
	bus->next[partition]++;
	if (++bus->in_hand > bus->most_in_hand)
		bus->most_in_hand = bus->in_hand;
	bus->bytes_in_hand += record->size;
	if (bus->bytes_in_hand > bus->most_bytes_in_hand)
		bus->most_bytes_in_hand = bus->bytes_in_hand;
	return (true);
}

static inline enum la_err
memory_bus_poll(void *self, int wait_ms, struct la_message *out, size_t cap, size_t *count, struct la_error *error)
{
	struct memory_bus *bus = self;
	size_t before = bus->bytes_in_hand;

	*count = 0;
	if (bus->on_poll != NULL)
		bus->on_poll(bus, bus->cookie);
	if (fault_before(bus->fault))
		return (fault_error(bus->fault, error));
	if (bus->paused)
		bus->polls_while_paused++;
	if (bus->trickles)
		cap = ++bus->polls % 2;
	/* one record of each partition in turn */
	for (bool more = !bus->paused; more && *count < cap;) {
		more = false;
		for (int32_t p = 0; p < MEMORY_PARTITIONS && *count < cap; p++) {
			if (bus->most_bytes_a_poll > 0 && bus->bytes_in_hand - before >= bus->most_bytes_a_poll)
				break;
			if (memory_bus_take(bus, p, &out[*count])) {
				(*count)++;
				more = true;
			}
		}
	}
	if (*count == 0)
		*bus->now_ms += wait_ms > 0 ? wait_ms : 1;
	return (LA_OK);
}

static inline void
memory_bus_release(void *self, struct la_message *messages, size_t count)
{
	struct memory_bus *bus = self;

	for (size_t i = 0; i < count; i++)
		bus->bytes_in_hand -= messages[i].value.size;
	bus->in_hand -= (long)count;
	assert(bus->in_hand >= 0);
}

static inline void
memory_bus_pause(void *self, bool paused)
{
	((struct memory_bus *)self)->paused = paused;
}

static inline void
memory_bus_add_header(struct memory_output *kept, const char *name, struct la_span value)
{
	size_t used = strlen(kept->headers);

	(void)snprintf(kept->headers + used, sizeof(kept->headers) - used, "%s=%.*s\n", name, (int)value.size,
	    (const char *)value.data);
}

static inline bool
memory_bus_wants(const struct la_output *output, const char *name)
{
	const char *const *only = output->only_headers;

	while (only != NULL && *only != NULL && strcmp(*only, name) != 0)
		only++;
	return (output->only_headers == NULL || *only != NULL);
}

static inline void
memory_bus_keep(struct memory_bus *bus, const struct la_output *output)
{
	const struct memory_record *from = output->headers_of == NULL ? NULL : output->headers_of->handle;
	struct memory_output *kept;

	if (bus->output_count == bus->output_cap) {
		bus->output_cap = bus->output_cap == 0 ? 64 : 2 * bus->output_cap;
		bus->outputs = realloc(bus->outputs, bus->output_cap * sizeof(*bus->outputs));
		assert(bus->outputs != NULL);
	}
	kept = &bus->outputs[bus->output_count++];
	*kept = (struct memory_output){.batch = output->batch, .size = output->value.size, .from = from};
	(void)snprintf(kept->topic, sizeof(kept->topic), "%s", output->topic);
	(void)snprintf(kept->key, sizeof(kept->key), "%.*s", (int)output->key.size, (const char *)output->key.data);
	if (la_span_present(output->value)) {
		kept->value = malloc(output->value.size + 1);
		assert(kept->value != NULL);
		memcpy(kept->value, output->value.data, output->value.size);
	}
	if (from != NULL && from->traceparent != NULL && memory_bus_wants(output, "traceparent"))
		memory_bus_add_header(kept, "traceparent", la_span_text(from->traceparent));
	if (from != NULL && memory_bus_wants(output, "other"))
		memory_bus_add_header(kept, "other", la_span_text("kept"));
	for (size_t h = 0; h < output->header_count; h++)
		memory_bus_add_header(kept, output->headers[h].name, output->headers[h].value);
	bus->unacknowledged++;
}

static inline enum la_err
memory_bus_refuse(struct memory_bus *bus, struct la_error *error)
{
	bus->broken = bus->exactly_once;
	if (bus->fault->calls == bus->fault->at || bus->fault->lasting)
		return (fault_error(bus->fault, error));
	return (la_error_set(error, LA_EUNAVAILABLE, "the transaction is broken"));
}

static inline enum la_err
memory_bus_produce(void *self, const struct la_output *output, int wait_ms, struct la_error *error)
{
	struct memory_bus *bus = self;

	(void)wait_ms;
	if (fault_before(bus->fault) || bus->broken)
		return (memory_bus_refuse(bus, error));
	memory_bus_trace(bus, 'P');
	memory_bus_keep(bus, output);
	return (fault_after(bus->fault) ? memory_bus_refuse(bus, error) : LA_OK);
}

/* Outputs up to this batch. What the broker refuses is taken away again, with its error. */
static inline enum la_err
memory_bus_judge(struct memory_bus *bus, uint64_t batch, struct la_error *error)
{
	enum la_err err = LA_OK;

	for (size_t i = bus->output_count - bus->unacknowledged; i < bus->output_count;) {
		struct memory_output *output = &bus->outputs[i];
		bool too_large = bus->max_value > 0 && output->size > bus->max_value;

		if (output->batch > batch)
			break;
		bus->unacknowledged--;
		if (!too_large && !(bus->refuse_dead_letters && strcmp(output->topic, "login-events-dlq") == 0)) {
			i++;
			continue;
		}
		free(output->value);
		memmove(output, output + 1, (bus->output_count - i - 1) * sizeof(*output));
		bus->output_count--;
		if (err != LA_ETOOLARGE)
			err = la_error_set(error, too_large ? LA_ETOOLARGE : LA_EUNAVAILABLE, "refused by the broker");
	}
	return (err);
}

static inline enum la_err
memory_bus_await(void *self, uint64_t batch, int wait_ms, struct la_error *error)
{
	struct memory_bus *bus = self;
	enum la_err err;

	if (bus->slow && wait_ms == 0)
		return (la_error_set(error, LA_ETIMEOUT, "not yet"));
	if (fault_before(bus->fault) || bus->broken)
		return (memory_bus_refuse(bus, error));
	memory_bus_trace(bus, 'A');
	err = memory_bus_judge(bus, batch, error);
	bus->broken = bus->exactly_once && err != LA_OK;
	return (fault_after(bus->fault) ? memory_bus_refuse(bus, error) : err);
}

static inline bool
memory_bus_holds(void *self, struct la_span topic, int32_t partition, uint64_t lease)
{
	struct memory_bus *bus = self;

	(void)topic;
	return (bus->lease[partition] == lease);
}

/* Is an output of a record before this position not acknowledged? */
static inline bool
memory_bus_is_early(const struct memory_bus *bus, const struct la_position_done *done)
{
	for (size_t i = bus->output_count - bus->unacknowledged; i < bus->output_count; i++) {
		const struct memory_record *from = bus->outputs[i].from;

		if (from != NULL && from->partition == done->partition && from->offset < done->next_offset)
			return (true);
	}
	return (false);
}

/* exactly_once: as if it had never been there for a reader of what is committed. */
static inline void
memory_bus_discard(void *self)
{
	struct memory_bus *bus = self;

	bus->broken = false;
	if (!bus->exactly_once)
		return;
	while (bus->output_count > bus->committed_outputs)
		free(bus->outputs[--bus->output_count].value);
	bus->unacknowledged = 0;
}

static inline bool
memory_bus_is_void(struct memory_bus *bus, const struct la_position_done *positions, size_t count)
{
	size_t held = 0;

	for (size_t i = 0; i < count; i++)
		held += memory_bus_holds(bus, positions[i].topic, positions[i].partition, positions[i].lease);
	return (held < count);
}

/* The partition goes to somebody else, or comes back: what was read is void, reading starts at the commit. */
static inline void
memory_bus_revoke(struct memory_bus *bus, int32_t partition)
{
	bus->lease[partition]++;
	bus->next[partition] = bus->committed[partition];
}

static inline enum la_err
memory_bus_go_back(struct memory_bus *bus, struct la_error *error)
{
	for (int32_t p = 0; p < MEMORY_PARTITIONS; p++)
		memory_bus_revoke(bus, p);
	return (la_error_set(error, LA_EREVOKED, "back to the committed offsets"));
}

static inline enum la_err
memory_bus_commit(void *self, const struct la_position_done *positions, size_t count, struct la_error *error)
{
	struct memory_bus *bus = self;

	if (fault_before(bus->fault))
		return (fault_error(bus->fault, error));
	memory_bus_trace(bus, 'C');
	if (bus->exactly_once) {
		assert(bus->unacknowledged == 0 && !bus->broken);
		if (memory_bus_is_void(bus, positions, count))
			return (memory_bus_go_back(bus, error));
		bus->committed_outputs = bus->output_count;
	}
	for (size_t i = 0; i < count; i++) {
		const struct la_position_done *done = &positions[i];

		assert(!memory_bus_is_early(bus, done));
		if (!memory_bus_holds(bus, done->topic, done->partition, done->lease))
			continue;
		assert(done->next_offset >= bus->committed[done->partition]);
		bus->committed[done->partition] = done->next_offset;
	}
	bus->commits++;
	if (fault_after(bus->fault) && bus->exactly_once && !bus->fault->lasting)
		return (memory_bus_go_back(bus, error)); /* it is not known what came of it */
	return (fault_after(bus->fault) ? fault_error(bus->fault, error) : LA_OK);
}

static inline enum la_err
memory_bus_commit_end(void *self, int wait_ms, struct la_error *error)
{
	struct memory_bus *bus = self;

	(void)wait_ms;
	if (fault_before(bus->fault))
		return (fault_error(bus->fault, error));
	return (LA_OK);
}

static inline const char *
memory_bus_cluster_id(void *self)
{
	(void)self;
	return ("memory");
}

/* A new process joins: every partition is assigned anew. What was in flight may or may not have arrived: it has. */
static inline void
memory_bus_restart(struct memory_bus *bus)
{
	for (int32_t p = 0; p < MEMORY_PARTITIONS; p++)
		memory_bus_revoke(bus, p);
	memory_bus_discard(bus);
	bus->paused = false;
	bus->unacknowledged = 0;
	assert(bus->in_hand == 0);
}

static inline void
memory_bus_init(struct memory_bus *bus, struct fault *fault, int64_t *now_ms)
{
	*bus = (struct memory_bus){.fault = fault,
	    .now_ms = now_ms,
	    .port = {.self = bus,
	        .poll = memory_bus_poll,
	        .release = memory_bus_release,
	        .pause = memory_bus_pause,
	        .produce = memory_bus_produce,
	        .await = memory_bus_await,
	        .discard = memory_bus_discard,
	        .commit = memory_bus_commit,
	        .commit_begin = memory_bus_commit,
	        .commit_end = memory_bus_commit_end,
	        .holds = memory_bus_holds,
	        .cluster_id = memory_bus_cluster_id}};
}

/* Takes value over. Returns the record, for more to be set. */
static inline struct memory_record *
memory_bus_add(struct memory_bus *bus, int32_t partition, unsigned char *value, size_t size, int64_t timestamp_ms)
{
	struct memory_record *room = realloc(bus->records, (bus->record_count + 1) * sizeof(*room));
	int64_t offset = 0;

	assert(room != NULL && bus->in_hand == 0);
	bus->records = room;
	while (memory_bus_find(bus, partition, offset) != NULL)
		offset++;
	room[bus->record_count] = (struct memory_record){.partition = partition,
	    .offset = offset,
	    .value = value,
	    .size = size,
	    .timestamp_ms = timestamp_ms};
	return (&room[bus->record_count++]);
}

/* Is every record committed? */
static inline bool
memory_bus_done(const struct memory_bus *bus)
{
	for (size_t i = 0; i < bus->record_count; i++) {
		if (bus->records[i].offset >= bus->committed[bus->records[i].partition])
			return (false);
	}
	return (true);
}

static inline void
memory_bus_clear(struct memory_bus *bus)
{
	for (size_t i = 0; i < bus->record_count; i++)
		free(bus->records[i].value);
	for (size_t i = 0; i < bus->output_count; i++)
		free(bus->outputs[i].value);
	free(bus->records);
	free(bus->outputs);
	*bus = (struct memory_bus){.records = NULL};
}

#endif
