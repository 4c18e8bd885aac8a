/* An instance's producer: outputs on their way, acknowledged at any time, refused, or lost with their process. */
#include <assert.h>
#include <stdlib.h>

#include "simulator/sim.h"

static void
keep_output(struct sim_instance *instance, const struct la_output *output, const struct sim_output *about)
{
	struct sim_bus *bus = &instance->bus;
	struct sim_output *kept;

	if (bus->output_count == bus->output_cap) {
		bus->output_cap = bus->output_cap == 0 ? 64 : 2 * bus->output_cap;
		bus->outputs = realloc(bus->outputs, bus->output_cap * sizeof(*bus->outputs));
		assert(bus->outputs != NULL);
	}
	kept = &bus->outputs[bus->output_count++];
	*kept = *about;
	kept->batch = output->batch;
	kept->size = output->value.size;
	kept->value = malloc(kept->size == 0 ? 1 : kept->size);
	assert(kept->value != NULL);
	if (kept->size > 0)
		memcpy(kept->value, output->value.data, kept->size);
	if (la_flights_took_off(&bus->flights, output->batch) != LA_OK)
		abort();
}

static int64_t
number_in(const struct la_output *output, const char *name)
{
	char text[24] = "";

	for (size_t h = 0; h < output->header_count; h++) {
		if (strcmp(output->headers[h].name, name) == 0 && output->headers[h].value.size < sizeof(text))
			memcpy(text, output->headers[h].value.data, output->headers[h].value.size);
	}
	return (strtoll(text, NULL, 10));
}

enum la_err
sim_bus_produce(void *self, const struct la_output *output, int wait_ms, struct la_error *error)
{
	struct sim_instance *instance = self;
	struct sim *sim = instance->sim;
	struct sim_output about = {.topic = SIM_TO_ALERTS};

	if (sim_chance(&sim->random, 200))
		sim_yield(instance);
	if (instance->dead)
		return (la_error_set(error, LA_EINTERNAL, "this process has crashed"));
	if (sim->rates.exactly_once && !instance->bus.transaction.open) {
		instance->bus.transaction.voided = instance->bus.voided;
		instance->bus.transaction.open = true;
	}
	if (sim_strikes(sim, sim->rates.bus_error)) {
		sim->now_ms += wait_ms;
		return (la_error_set(error, LA_ETIMEOUT, "the local queue is full"));
	}
	if (strcmp(output->topic, "dead-letters") == 0)
		about = (struct sim_output){.topic = SIM_TO_DEAD_LETTERS,
		    .partition = (int)number_in(output, "__connect.errors.partition"),
		    .offset = number_in(output, "__connect.errors.offset")};
	else if (strcmp(output->topic, "decisions") == 0)
		about.topic = SIM_TO_DECISIONS;
	keep_output(instance, output, &about);
	return (LA_OK);
}

/* For readers to see: now, or with the transaction. */
static void
arrive(struct sim_instance *instance, struct sim_output *output)
{
	struct sim_transaction *transaction = &instance->bus.transaction;

	if (!instance->sim->rates.exactly_once || instance->sim->mutation == SIM_TRANSACTIONS_LEAK) {
		sim_judge_output(instance->sim, output);
		return;
	}
	if (transaction->count == transaction->cap) {
		transaction->cap = transaction->cap == 0 ? 64 : 2 * transaction->cap;
		transaction->outputs = realloc(transaction->outputs, transaction->cap * sizeof(*transaction->outputs));
		assert(transaction->outputs != NULL);
	}
	transaction->outputs[transaction->count++] = *output;
	output->value = NULL;
}

void
sim_bus_deliver(struct sim_instance *instance, size_t count, bool may_refuse)
{
	struct sim *sim = instance->sim;
	struct sim_bus *bus = &instance->bus;
	struct la_error answer;
	size_t done;

	if (count > bus->output_count)
		count = bus->output_count;
	for (done = 0; done < count; done++) {
		struct sim_output *output = &bus->outputs[done];
		bool letter = output->topic == SIM_TO_DEAD_LETTERS;
		bool too_large = letter && output->size > 0 && sim->rates.letters_too_large;
		bool refused = sim_strikes(sim, sim->rates.refuse) || (letter && sim->broker.refuses_dead_letters);

		answer = (struct la_error)LA_ERROR_INIT;
		if (may_refuse && (refused || too_large)) {
			(void)la_error_set(&answer, too_large ? LA_ETOOLARGE : LA_EUNAVAILABLE, "refused by the broker");
			sim_trace(sim, instance->slot, "output of batch %llu is refused", (unsigned long long)output->batch);
		} else {
			arrive(instance, output);
		}
		la_flights_landed(&bus->flights, output->batch, &answer);
		free(output->value);
	}
	bus->output_count -= done;
	if (done > 0)
		memmove(bus->outputs, bus->outputs + done, bus->output_count * sizeof(*bus->outputs));
}

enum la_err
sim_bus_await(void *self, uint64_t batch, int wait_ms, struct la_error *error)
{
	struct sim_instance *instance = self;
	struct sim *sim = instance->sim;
	struct sim_bus *bus = &instance->bus;
	size_t up_to = 0;
	enum la_err err;

	if (sim->mutation == SIM_ACKS_NOT_AWAITED)
		return (LA_OK);
	sim_yield(instance);
	if (instance->dead)
		return (la_error_set(error, LA_EINTERNAL, "this process has crashed"));
	if (la_flights_under_way(&bus->flights, batch) && sim_strikes(sim, sim->rates.slow_acks)) {
		sim->now_ms += wait_ms;
		return (la_error_set(error, LA_ETIMEOUT, "not yet"));
	}
	for (size_t i = 0; i < bus->output_count; i++) {
		if (bus->outputs[i].batch <= batch)
			up_to = i + 1;
	}
	sim_bus_deliver(instance, up_to, true);
	err = la_flights_settle(&bus->flights, batch, error);
	return (sim->mutation == SIM_REFUSALS_SWALLOWED ? LA_OK : err);
}

static void
drop_transaction(struct sim_transaction *transaction)
{
	for (size_t i = 0; i < transaction->count; i++)
		free(transaction->outputs[i].value);
	free(transaction->outputs);
	*transaction = (struct sim_transaction){.open = false};
}

static void
drop_outputs(struct sim_bus *bus)
{
	for (size_t i = 0; i < bus->output_count; i++)
		free(bus->outputs[i].value);
	bus->output_count = 0;
}

void
sim_bus_discard(void *self)
{
	struct sim_instance *instance = self;

	if (!instance->sim->rates.exactly_once)
		return;
	drop_transaction(&instance->bus.transaction);
	drop_outputs(&instance->bus);
	la_flights_clear(&instance->bus.flights);
}

void
sim_bus_lose_outputs(struct sim_instance *instance)
{
	struct sim_bus *bus = &instance->bus;
	struct sim *sim = instance->sim;
	int arrives = sim_below(&sim->random, 3) * 500;

	drop_transaction(&bus->transaction);
	for (size_t i = 0; i < bus->output_count && !sim->rates.exactly_once; i++) {
		if (sim_chance(&sim->random, arrives))
			sim_judge_output(sim, &bus->outputs[i]);
	}
	drop_outputs(bus);
}

/* What was read since is void, and read again. */
static enum la_err
lose_transaction(struct sim_instance *instance, struct la_error *error)
{
	struct sim_bus *bus = &instance->bus;

	sim_bus_discard(instance);
	sim_bus_arrive(instance); /* offsets that are under way are waited for before it is asked where to go back to */
	for (int p = 0; p < SIM_PARTITIONS; p++) {
		if (bus->lease[p] == 0)
			continue;
		bus->lease[p] = ++instance->sim->leases;
		bus->voided++;
		bus->next[p] = instance->sim->broker.committed[p];
	}
	sim_trace(instance->sim, instance->slot, "loses its transaction");
	return (la_error_set(error, LA_EREVOKED, "the transaction is lost"));
}

static bool
is_whole(const struct sim_instance *instance, const struct la_position_done *positions, size_t count)
{
	const struct sim_bus *bus = &instance->bus;

	if (bus->transaction.voided != bus->voided)
		return (false);
	for (size_t i = 0; i < count; i++) {
		if (bus->lease[positions[i].partition] != positions[i].lease)
			return (false);
	}
	return (sim_bus_is_member(instance, bus->membership));
}

enum la_err
sim_bus_commit_transaction(struct sim_instance *instance, const struct la_position_done *positions, size_t count,
    struct la_error *error)
{
	struct sim *sim = instance->sim;
	struct sim_transaction *transaction = &instance->bus.transaction;
	bool lost = sim_strikes(sim, sim->rates.commit_lost);

	if (sim_strikes(sim, sim->rates.commit_lost))
		return (la_error_set(error, LA_EUNAVAILABLE, "the offsets did not arrive"));
	if (!is_whole(instance, positions, count) || (lost && sim_below(&sim->random, 2) == 0))
		return (lose_transaction(instance, error));
	sim_bus_deliver(instance, instance->bus.output_count, false);
	for (size_t i = 0; i < transaction->count; i++)
		sim_judge_output(sim, &transaction->outputs[i]);
	for (size_t i = 0; i < count; i++) {
		sim_trace(sim, instance->slot, "commits %lld in partition %d with %zu outputs",
		    (long long)positions[i].next_offset, positions[i].partition, transaction->count);
		sim_broker_commit(instance, &positions[i]);
	}
	drop_transaction(transaction);
	return (lost ? lose_transaction(instance, error) : LA_OK);
}
