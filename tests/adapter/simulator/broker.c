/* The group and its offsets, as Kafka's classic protocol has them: nobody is told of anything before it polls. */
#include "simulator/sim.h"

void
sim_broker_init(struct sim *sim)
{
	sim->broker = (struct sim_broker){.refuses_dead_letters = sim->rates.dead_letters_refused};
	for (int p = 0; p < SIM_PARTITIONS; p++) {
		sim->broker.owner[p] = -1;
		sim->broker.visible[p] = sim->rates.trickle ? 0 : sim->story->in_partition[p];
	}
}

bool
sim_broker_done(const struct sim *sim)
{
	for (int p = 0; p < SIM_PARTITIONS; p++) {
		if (sim->broker.committed[p] < sim->story->in_partition[p])
			return (false);
	}
	return (true);
}

void
sim_broker_rebalance(struct sim *sim)
{
	struct sim_broker *broker = &sim->broker;

	if (broker->rebalancing)
		return;
	broker->rebalancing = true;
	memset(broker->rejoined, 0, sizeof(broker->rejoined));
	sim->counts->rebalances++;
}

/* Does a member other than its new owner still hold a partition, not having been told to give it up? */
static bool
is_kept(const struct sim *sim, int partition)
{
	for (int s = 0; s < SIM_INSTANCES; s++) {
		const struct sim_bus *bus = &sim->instances[s].bus;

		if (s != sim->broker.owner[partition] && sim->broker.member[s] != 0 &&
		    bus->membership == sim->broker.member[s] && bus->lease[partition] != 0)
			return (true);
	}
	return (false);
}

/*
 * A new assignment, at random. What moves away from a member that goes on reading (cooperative) is nobody's until that
 * member has been told; then there is one more rebalance.
 */
static void
assign(struct sim *sim)
{
	struct sim_broker *broker = &sim->broker;
	int slots[SIM_INSTANCES], count = 0;

	for (int s = 0; s < SIM_INSTANCES; s++) {
		if (broker->member[s] != 0)
			slots[count++] = s;
	}
	broker->rebalancing = false;
	broker->generation++;
	for (int p = 0; p < SIM_PARTITIONS; p++) {
		broker->owner[p] = count == 0 ? -1 : slots[sim_below(&sim->random, count)];
		if (is_kept(sim, p))
			broker->owner[p] = -1;
	}
}

static void
finish_rebalance(struct sim *sim)
{
	struct sim_broker *broker = &sim->broker;

	for (int s = 0; s < SIM_INSTANCES; s++) {
		if (broker->member[s] != 0 && !broker->rejoined[s])
			return;
	}
	assign(sim);
}

void
sim_broker_leave(struct sim *sim, int slot)
{
	struct sim_broker *broker = &sim->broker;

	if (broker->member[slot] == 0)
		return;
	broker->member[slot] = 0;
	if (broker->rebalancing)
		finish_rebalance(sim); /* those who waited for it go on */
	else
		sim_broker_rebalance(sim);
}

static void
lose_all(struct sim_instance *instance)
{
	for (int p = 0; p < SIM_PARTITIONS; p++) {
		instance->bus.voided += instance->bus.lease[p] != 0;
		instance->bus.lease[p] = 0;
	}
}

static void
take_assignment(struct sim_instance *instance)
{
	struct sim *sim = instance->sim;
	struct sim_broker *broker = &sim->broker;
	struct sim_bus *bus = &instance->bus;
	bool gave_up = false;

	bus->generation = broker->generation;
	for (int p = 0; p < SIM_PARTITIONS; p++) {
		if (broker->owner[p] != instance->slot) {
			gave_up = gave_up || bus->lease[p] != 0;
			bus->voided += bus->lease[p] != 0;
			bus->lease[p] = 0;
		} else if (bus->lease[p] == 0) {
			bus->lease[p] = ++sim->leases;
			bus->next[p] = broker->committed[p];
		}
	}
	sim_trace(sim, instance->slot, "has partitions %s%s%s of generation %d", bus->lease[0] ? "0" : "",
	    bus->lease[1] ? "1" : "", bus->lease[2] ? "2" : "", bus->generation);
	if (gave_up)
		sim_broker_rebalance(sim);
}

void
sim_broker_serve(struct sim_instance *instance)
{
	struct sim *sim = instance->sim;
	struct sim_broker *broker = &sim->broker;
	struct sim_bus *bus = &instance->bus;
	int slot = instance->slot;

	if (bus->membership != broker->member[slot] || broker->rebalancing)
		sim_bus_arrive(instance); /* on one connection: before what is said about the group now */
	if (bus->membership != 0 && broker->member[slot] != bus->membership) {
		/* thrown out: it learns so by its next heartbeat, whenever that is answered */
		if (!sim->settling && !sim_chance(&sim->random, 250))
			return;
		sim_trace(sim, slot, "learns that it is no member");
		lose_all(instance);
		bus->membership = 0;
	}
	if (bus->membership == 0) {
		bus->membership = broker->member[slot] = ++broker->membership;
		bus->generation = -1;
		sim_broker_rebalance(sim);
	}
	if (broker->rebalancing && !broker->rejoined[slot] && (sim->settling || sim_chance(&sim->random, 500))) {
		broker->rejoined[slot] = true;
		if (!sim->rates.cooperative)
			lose_all(instance);
		finish_rebalance(sim);
	}
	if (!broker->rebalancing && bus->generation != broker->generation)
		take_assignment(instance);
}

void
sim_broker_commit(struct sim_instance *instance, const struct la_position_done *done)
{
	struct sim *sim = instance->sim;
	int64_t *committed = &sim->broker.committed[done->partition];

	if (done->next_offset < *committed)
		sim_fail(sim, "instance %d commits %lld in partition %d, where %lld was committed", instance->slot,
		    (long long)done->next_offset, done->partition, (long long)*committed);
	sim_judge_commit(sim, done->partition, *committed, done->next_offset);
	if (done->next_offset > *committed)
		*committed = done->next_offset;
}
