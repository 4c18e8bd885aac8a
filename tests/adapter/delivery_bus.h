/* The bus of the mailer's world in memory: two partitions, outputs and commits that can be refused or come late. */
#ifndef LA_TESTS_DELIVERY_BUS_H
#define LA_TESTS_DELIVERY_BUS_H

#include "delivery_parts.h"

static bool
is_all_committed(const struct world *world)
{
	for (int p = 0; p < PARTITIONS; p++) {
		if (world->committed[p] < world->count[p])
			return (false);
	}
	return (true);
}

static enum la_err
bus_poll(void *self, int wait_ms, struct la_message *out, size_t cap, size_t *count, struct la_error *error)
{
	struct world *world = self;

	(void)wait_ms;
	*count = 0;
	world->polls++;
	world->polls_while_paused += world->is_paused;
	if (fault_before(&world->fault))
		return (fault_error(&world->fault, error));
	for (int p = 0; !world->is_paused && p < PARTITIONS; p++) {
		for (; *count < cap && world->next[p] < world->count[p]; world->next[p]++) {
			struct record *record = &world->records[p][world->next[p]];

			out[(*count)++] = (struct la_message){.topic = la_span_text("login-alerts"),
			    .partition = p,
			    .offset = world->next[p],
			    .has_timestamp = true,
			    .timestamp_ms = T0,
			    .key = la_span_text("k"),
			    .value = record->is_null ? la_span_of(NULL, 0) : la_buf_span(&record->value),
			    .lease = world->lease[p],
			    .handle = record};
		}
	}
	world->in_hand += (long)*count;
	if (world->in_hand > world->most_in_hand)
		world->most_in_hand = world->in_hand;
	return (LA_OK);
}

static void
bus_release(void *self, struct la_message *messages, size_t count)
{
	struct world *world = self;

	for (size_t i = 0; i < count; i++) {
		assert_non_null(messages[i].handle);
		world->kept -= messages[i].is_kept;
		world->in_hand -= !messages[i].is_kept;
		messages[i].handle = NULL;
	}
	assert_true(world->in_hand >= 0 && world->kept >= 0);
}

static enum la_err
bus_keep_headers(void *self, const struct la_message *message, struct la_message *kept, size_t *bytes)
{
	struct world *world = self;

	assert_false(message->is_kept);
	assert_non_null(message->handle);
	*kept = *message;
	kept->is_kept = true;
	*bytes = world->header_bytes;
	if (++world->kept > world->most_kept)
		world->most_kept = world->kept;
	return (LA_OK);
}

static void
bus_pause(void *self, bool paused)
{
	((struct world *)self)->is_paused = paused;
}

static void
keep_headers(struct output *kept, const struct la_output *output)
{
	for (size_t h = 0; h < output->header_count; h++) {
		size_t used = strlen(kept->headers);

		(void)snprintf(kept->headers + used, sizeof(kept->headers) - used, "%s=%.*s\n", output->headers[h].name,
		    (int)output->headers[h].value.size, (const char *)output->headers[h].value.data);
	}
}

static enum la_err
bus_produce(void *self, const struct la_output *output, int wait_ms, struct la_error *error)
{
	struct world *world = self;
	struct output *kept = &world->outputs[world->output_count];

	(void)wait_ms;
	if (fault_before(&world->fault))
		return (fault_error(&world->fault, error));
	assert_true(world->output_count < OUTPUTS);
	*kept = (struct output){.is_dead_letter = strcmp(output->topic, "dlq") == 0,
	    .value_size = output->value.size,
	    .is_value_null = !la_span_present(output->value),
	    .batch = output->batch};
	keep_headers(kept, output);
	if (kept->is_dead_letter) {
		assert_true(la_span_is(output->key, "k"));
		kept->headers_of = output->headers_of->handle;
		assert_non_null(kept->headers_of);
	} else {
		assert_string_equal(output->topic, "deliveries");
		assert_int_equal(
		    la_decoder_delivery(world->deliveries, output->value, &kept->delivery, error), LA_OK);
		assert_true(la_span_is(output->key, kept->delivery.member_ref));
	}
	world->output_count++;
	return (fault_after(&world->fault) ? fault_error(&world->fault, error) : LA_OK);
}

/* The record an output speaks of: of several with that job, the first one without an outcome. */
static struct record *
record_of(struct world *world, const struct output *output)
{
	struct record *found = NULL;
	int partition, offset;

	if (!output->is_dead_letter) {
		for (int p = 0; p < PARTITIONS; p++) {
			for (int64_t i = 0; i < world->count[p]; i++) {
				struct record *record = &world->records[p][i];

				if (memcmp(record->job_id, output->delivery.job_id, LA_ID_HEX) != 0)
					continue;
				if (!record->has_outcome)
					return (record);
				found = record;
			}
		}
		return (found);
	}
	if (sscanf(strstr(output->headers, "partition="), "partition=%d", &partition) != 1 ||
	    sscanf(strstr(output->headers, "offset="), "offset=%d", &offset) != 1)
		return (NULL);
	return (&world->records[partition][offset]);
}

/* As a broker does with what a producer sends in one request: all of it, or nothing. */
static void
refuse_together(struct world *world)
{
	size_t bytes = 0;

	for (size_t i = world->acknowledged; i < world->output_count; i++) {
		if (world->outputs[i].is_dead_letter && !world->outputs[i].is_acknowledged && !world->outputs[i].is_refused)
			bytes += world->outputs[i].value_size;
	}
	for (size_t i = world->acknowledged; bytes > world->together_max && i < world->output_count; i++)
		world->outputs[i].is_refused |= world->outputs[i].is_dead_letter && !world->outputs[i].is_acknowledged;
}

static enum la_err
bus_await(void *self, uint64_t batch, int wait_ms, struct la_error *error)
{
	struct world *world = self;

	(void)wait_ms;
	if (fault_before(&world->fault))
		return (fault_error(&world->fault, error));
	if (world->is_broker_away)
		return (LA_ETIMEOUT);
	while (world->acknowledged < world->output_count && world->outputs[world->acknowledged].is_acknowledged)
		world->acknowledged++;
	if (world->together_max > 0)
		refuse_together(world);
	for (size_t i = world->acknowledged; i < world->output_count; i++) {
		struct output *output = &world->outputs[i];
		struct record *record;
		bool too_large = output->is_refused || (world->value_max > 0 && output->value_size > world->value_max);

		if (output->is_acknowledged || output->batch > batch)
			continue;
		if (too_large || (output->is_dead_letter && world->refuses_dead_letters)) {
			memmove(output, output + 1, (--world->output_count - i) * sizeof(*output));
			return (la_error_set(error, too_large ? LA_ETOOLARGE : LA_EUNAVAILABLE, "refused"));
		}
		output->is_acknowledged = true;
		record = record_of(world, output);
		assert_non_null(record);
		record->has_outcome = record->has_outcome || !output->is_dead_letter || record->job_id[0] == '\0';
	}
	return (fault_after(&world->fault) ? fault_error(&world->fault, error) : LA_OK);
}

static bool
bus_holds(void *self, struct la_span topic, int32_t partition, uint64_t lease)
{
	(void)topic;
	return (((struct world *)self)->lease[partition] == lease);
}

static inline void
bus_discard(void *self)
{
	(void)self;
}

static enum la_err
bus_commit(void *self, const struct la_position_done *positions, size_t count, struct la_error *error)
{
	struct world *world = self;

	if (fault_before(&world->fault))
		return (fault_error(&world->fault, error));
	if (world->refused_commits > 0 && world->refused_commits-- > 0)
		return (la_error_set(error, world->commit_code, "refused"));
	for (size_t i = 0; i < count; i++) {
		const struct la_position_done *done = &positions[i];

		if (!bus_holds(world, done->topic, done->partition, done->lease))
			continue;
		assert_true(done->next_offset >= world->committed[done->partition]); /* equal: the answer was lost */
		for (int64_t offset = world->committed[done->partition]; offset < done->next_offset; offset++)
			assert_true(world->records[done->partition][offset].has_outcome); /* P1 */
		world->committed[done->partition] = done->next_offset;
	}
	return (fault_after(&world->fault) ? fault_error(&world->fault, error) : LA_OK);
}

/* What the broker says of a commit is there when it is asked for the second time. */
static enum la_err
bus_commit_begin(void *self, const struct la_position_done *positions, size_t count, struct la_error *error)
{
	struct world *world = self;
	enum la_err err;

	assert_false(world->is_committing);
	err = bus_commit(self, positions, count, error);
	if (la_err_action(err) == LA_ACTION_FATAL)
		return (err);
	world->is_committing = true;
	world->commit_asked = 0;
	world->commit_answer = err;
	return (LA_OK);
}

static enum la_err
bus_commit_end(void *self, int wait_ms, struct la_error *error)
{
	struct world *world = self;

	if (!world->is_committing)
		return (LA_OK);
	if (wait_ms == 0 && world->commit_asked++ == 0)
		return (la_error_set(error, LA_ETIMEOUT, "not yet"));
	world->is_committing = false;
	return (world->commit_answer == LA_OK ? LA_OK : la_error_set(error, world->commit_answer, "refused"));
}

static const char *
bus_cluster_id(void *self)
{
	(void)self;
	return ("memory");
}

#endif
