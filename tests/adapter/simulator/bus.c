/* An instance's client of the broker: the port, with the faults that bus.h admits. */
#include <assert.h>
#include <stdlib.h>

#include "common/confluent.h"

#include "simulator/sim.h"

/* What a message's handle owns: copies, so that a use after the release is seen. */
struct held {
	unsigned char *value, *key;
};

static struct sim_instance *
of(void *self)
{
	return (self);
}

static enum la_err
gone(struct la_error *error)
{
	return (la_error_set(error, LA_EINTERNAL, "this process has crashed"));
}

static void
give(struct sim_instance *instance, int p, struct la_message *out)
{
	struct sim *sim = instance->sim;
	const struct sim_record *record = &sim->story->records[sim->story->at[p][instance->bus.next[p]++]];
	struct held *held = calloc(1, sizeof(*held));
	size_t size = 0;

	assert(held != NULL);
	held->key = malloc(3);
	assert(held->key != NULL);
	memcpy(held->key, "key", 3);
	if (record->value != NULL) {
		held->value = malloc(LA_CONFLUENT_HEADER_BYTES + record->size);
		assert(held->value != NULL);
		size = sim_registry_frame(sim, record, held->value);
	}
	*out = (struct la_message){.topic = la_span_text(SIM_TOPIC),
	    .partition = p,
	    .offset = record->offset,
	    .has_timestamp = sim->story->has_timestamps,
	    .timestamp_ms = record->timestamp_ms,
	    .key = la_span_of(held->key, 3),
	    .value = la_span_of(held->value, size),
	    .lease = instance->bus.lease[p],
	    .handle = held};
	instance->bus.in_hand++;
}

/* Some of what is there, in runs of one partition. */
static size_t
take(struct sim_instance *instance, struct la_message *out, size_t cap)
{
	struct sim *sim = instance->sim;
	struct sim_bus *bus = &instance->bus;
	int first = sim_below(&sim->random, SIM_PARTITIONS);
	size_t count = 0;

	for (int i = 0; i < SIM_PARTITIONS; i++) {
		int p = (first + i) % SIM_PARTITIONS, run = 1 + sim_below(&sim->random, 12);

		for (; run > 0 && count < cap && bus->lease[p] != 0 && bus->next[p] < sim->broker.visible[p]; run--)
			give(instance, p, &out[count++]);
	}
	return (count);
}

/* Nothing to read: time passes, for the others too. */
static void
wait_idly(struct sim_instance *instance, int wait_ms)
{
	struct sim *sim = instance->sim;

	sim->now_ms += wait_ms > 0 ? wait_ms : 1;
	if (instance->hung_until < sim->step && wait_ms > 0)
		instance->hung_until = sim->step + sim_below(&sim->random, 6);
}

static enum la_err
poll(void *self, int wait_ms, struct la_message *out, size_t cap, size_t *count, struct la_error *error)
{
	struct sim_instance *instance = of(self);
	struct sim *sim = instance->sim;

	*count = 0;
	sim_yield(instance);
	if (instance->dead)
		return (gone(error));
	sim_broker_serve(instance);
	if (sim_strikes(sim, sim->rates.bus_error))
		return (la_error_set(error, LA_EUNAVAILABLE, "the brokers are away"));
	if (!instance->bus.paused)
		*count = take(instance, out, cap);
	if (*count > 0)
		sim_trace(sim, instance->slot, "polls %zu, from partition %d offset %lld", *count, out[0].partition,
		    (long long)out[0].offset);
	else
		wait_idly(instance, wait_ms);
	if (sim->mutation == SIM_OFFSETS_AHEAD && *count > 0) {
		for (int p = 0; p < SIM_PARTITIONS; p++) {
			if (instance->bus.lease[p] != 0 && sim->broker.owner[p] == instance->slot &&
			    instance->bus.next[p] > sim->broker.committed[p])
				sim->broker.committed[p] = instance->bus.next[p];
		}
	}
	return (LA_OK);
}

static void
release(void *self, struct la_message *messages, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct held *held = messages[i].handle;

		free(held->key);
		free(held->value);
		free(held);
	}
	of(self)->bus.in_hand -= (long)count;
}

static void
set_paused(void *self, bool paused)
{
	of(self)->bus.paused = paused;
}

static bool
holds(void *self, struct la_span topic, int32_t partition, uint64_t lease)
{
	const struct sim_instance *instance = of(self);

	if (instance->sim->mutation == SIM_LEASES_NEVER_VOID)
		return (true);
	return (lease != 0 && la_span_is(topic, SIM_TOPIC) && instance->bus.lease[partition] == lease);
}

bool
sim_bus_is_member(const struct sim_instance *instance, int membership)
{
	return (instance->sim->mutation == SIM_LEASES_NEVER_VOID ||
	    (membership != 0 && instance->sim->broker.member[instance->slot] == membership));
}

void
sim_bus_arrive(struct sim_instance *instance)
{
	struct sim *sim = instance->sim;
	struct sim_commit *commit = &instance->bus.commit;

	if (!commit->under_way || commit->arrived)
		return;
	commit->arrived = true;
	commit->refused = !sim_bus_is_member(instance, commit->membership);
	for (size_t i = 0; !commit->refused && i < commit->count; i++) {
		sim_trace(sim, instance->slot, "commits %lld in partition %d", (long long)commit->list[i].next_offset,
		    commit->list[i].partition);
		sim_broker_commit(instance, &commit->list[i]);
	}
}

static enum la_err
commit_begin(void *self, const struct la_position_done *positions, size_t count, struct la_error *error)
{
	struct sim_instance *instance = of(self);
	struct sim *sim = instance->sim;
	struct sim_commit *commit = &instance->bus.commit;

	if (sim_chance(&sim->random, 200))
		sim_yield(instance);
	if (instance->dead)
		return (gone(error));
	if (commit->under_way)
		sim_fail(sim, "a second commit while one is under way");
	if (sim->mutation == SIM_STATES_AFTER_OUTPUTS)
		sim_connection_flush(instance);
	if (instance->bus.transaction.open)
		return (sim_bus_commit_transaction(instance, positions, count, error));
	if (sim_strikes(sim, sim->rates.commit_lost))
		return (la_error_set(error, LA_EUNAVAILABLE, "the commit did not leave"));
	*commit = (struct sim_commit){.under_way = true, .membership = instance->bus.membership};
	for (size_t i = 0; i < count; i++) {
		if (!holds(instance, positions[i].topic, positions[i].partition, positions[i].lease))
			continue;
		for (size_t k = 0; k < commit->count; k++) {
			if (commit->list[k].partition == positions[i].partition)
				sim_fail(sim, "a partition stands twice in a commit");
		}
		commit->list[commit->count++] = positions[i];
	}
	return (LA_OK);
}

static enum la_err
commit_end(void *self, int wait_ms, struct la_error *error)
{
	struct sim_instance *instance = of(self);
	struct sim *sim = instance->sim;
	struct sim_commit *commit = &instance->bus.commit;

	sim_yield(instance);
	if (instance->dead)
		return (gone(error));
	if (!commit->under_way)
		return (LA_OK);
	if (sim_strikes(sim, sim->rates.slow_acks)) {
		sim->now_ms += wait_ms;
		return (la_error_set(error, LA_ETIMEOUT, "not yet"));
	}
	if (!commit->arrived && sim_strikes(sim, sim->rates.commit_lost)) {
		commit->under_way = false;
		return (la_error_set(error, LA_EUNAVAILABLE, "the commit did not arrive"));
	}
	sim_bus_arrive(instance);
	commit->under_way = false;
	if (sim_strikes(sim, sim->rates.commit_lost)) {
		sim_trace(sim, instance->slot, "does not get the commit's answer");
		return (la_error_set(error, LA_EUNAVAILABLE, "the commit's answer is lost"));
	}
	if (!commit->refused)
		return (LA_OK);
	sim_broker_serve(instance);
	return (la_error_set(error, LA_EREVOKED, "unknown member"));
}

static enum la_err
commit(void *self, const struct la_position_done *positions, size_t count, struct la_error *error)
{
	enum la_err err = commit_begin(self, positions, count, error);

	if (err != LA_OK)
		return (err);
	do
		err = commit_end(self, 1000, error);
	while (err == LA_ETIMEOUT);
	return (err);
}

static const char *
cluster_id(void *self)
{
	struct sim_instance *instance = of(self);

	if (instance->bus.contacts > 0 && instance->bus.contacts-- > 0)
		return ("");
	return (SIM_CLUSTER);
}

void
sim_bus_open(struct sim_instance *instance)
{
	instance->bus = (struct sim_bus){.port = {.self = instance,
	        .poll = poll,
	        .release = release,
	        .pause = set_paused,
	        .produce = sim_bus_produce,
	        .await = sim_bus_await,
	        .discard = sim_bus_discard,
	        .commit = commit,
	        .commit_begin = commit_begin,
	        .commit_end = commit_end,
	        .holds = holds,
	        .cluster_id = cluster_id},
	    .contacts = sim_strikes(instance->sim, instance->sim->rates.cluster_unknown) ? 2 : 0};
}

void
sim_bus_crash(struct sim_instance *instance)
{
	if (sim_chance(&instance->sim->random, 500))
		sim_bus_arrive(instance);
	instance->bus.commit.under_way = false;
	sim_bus_lose_outputs(instance);
}

void
sim_bus_close(struct sim_instance *instance)
{
	struct sim_bus *bus = &instance->bus;

	if (bus->in_hand != 0)
		sim_fail(instance->sim, "instance %d has not released %ld records", instance->slot, bus->in_hand);
	sim_bus_crash(instance);
	free(bus->outputs);
	la_flights_clear(&bus->flights);
	*bus = (struct sim_bus){.in_hand = 0};
}
