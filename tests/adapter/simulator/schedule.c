/* Drives a world through a schedule: whose turn it is and what goes wrong, by the seed alone. */
#include <stdio.h>
#include <stdlib.h>

#include "simulator/sim_redis.h"

#define SETTLE_STEPS 200000

void
sim_fail(struct sim *sim, const char *format, ...)
{
	va_list args;

	if (sim->failure[0] != '\0')
		return;
	va_start(args, format);
	(void)vsnprintf(sim->failure, sizeof(sim->failure), format, args);
	va_end(args);
	sim_trace(sim, -1, "FAILURE: %s", sim->failure);
}

void
sim_trace(const struct sim *sim, int slot, const char *format, ...)
{
	va_list args;

	if (!sim->tracing)
		return;
	(void)fprintf(stderr, "%6d ", sim->step);
	(void)fprintf(stderr, slot < 0 ? "  " : "%d ", slot);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
}

bool
sim_strikes(struct sim *sim, int rate)
{
	return (!sim->settling && sim_chance(&sim->random, rate));
}

/* Each kind of fault: not at all in half of the schedules, else seldom or often. */
static int
any_rate(struct sim_random *random, int seldom, int often)
{
	int kind = sim_below(random, 4);

	return (kind < 2 ? 0 : kind == 2 ? seldom : often);
}

static void
draw_rates(struct sim *sim)
{
	struct sim_random *random = &sim->random;

	sim->rates = (struct sim_rates){.crash = any_rate(random, 4, 30),
	    .stop = any_rate(random, 2, 10),
	    .kick = any_rate(random, 4, 30),
	    .hang = any_rate(random, 3, 20),
	    .rebalance = any_rate(random, 3, 30),
	    .bus_error = any_rate(random, 10, 100),
	    .commit_lost = any_rate(random, 50, 300),
	    .refuse = any_rate(random, 10, 60),
	    .slow_acks = any_rate(random, 50, 300),
	    .cluster_unknown = any_rate(random, 200, 800),
	    .store_error = any_rate(random, 30, 200),
	    .write_late = any_rate(random, 300, 900),
	    .forget = sim_below(random, 8) == 0 ? 10 : 0,
	    .rotate = sim_below(random, 4) == 0 ? 10 : 0,
	    .cooperative = sim_below(random, 2) == 0,
	    .dead_letters_refused = sim_below(random, 6) == 0,
	    .trickle = sim_below(random, 2) == 0,
	    .exactly_once = sim_below(random, 3) == 0};
}

/* In one schedule of five, drawn from a seed of its own, so that the others draw as they always did. */
static void
draw_registry(struct sim *sim, uint64_t seed)
{
	struct sim_random random;

	sim_random_init(&random, ~seed);
	if (seed % 5 != 1)
		return;
	sim->rates.registry = true;
	sim->rates.schema_slow = any_rate(&random, 100, 700);
	sim->rates.schema_away = any_rate(&random, 50, 500);
}

static struct sim_instance *
any_instance(struct sim *sim, bool running)
{
	struct sim_instance *found[SIM_INSTANCES];
	int count = 0;

	for (int s = 0; s < SIM_INSTANCES; s++) {
		struct sim_instance *instance = &sim->instances[s];

		if (instance->running == running && (!running || sim->settling || instance->hung_until <= sim->step))
			found[count++] = instance;
	}
	return (count == 0 ? NULL : found[sim_below(&sim->random, count)]);
}

static int
count_running(const struct sim *sim)
{
	int count = 0;

	for (int s = 0; s < SIM_INSTANCES; s++)
		count += sim->instances[s].running;
	return (count);
}

/* A rolling change: the next step only when every instance has made the last one. */
static void
rotate(struct sim *sim)
{
	for (int s = 0; s < SIM_INSTANCES; s++) {
		if (sim->instances[s].running && sim->instances[s].stage != sim->stage)
			return;
	}
	if (sim->stage + 1 < SIM_STAGES) {
		sim->stage++;
		sim->counts->rotations++;
		sim_trace(sim, -1, "rotation: stage %d", sim->stage);
	}
}

/* Processes and the group. */
static void
disturb_instances(struct sim *sim)
{
	const struct sim_rates *rates = &sim->rates;
	struct sim_instance *instance = any_instance(sim, true);

	if (instance != NULL && sim_chance(&sim->random, rates->crash)) {
		sim->counts->crashes++;
		sim_instance_crash(instance);
		return;
	}
	if (instance != NULL && sim_chance(&sim->random, rates->stop))
		instance->stopping = 1;
	if (instance != NULL && sim_chance(&sim->random, rates->hang))
		instance->hung_until = sim->step + 10 + sim_below(&sim->random, 150);
	if (sim_chance(&sim->random, rates->kick)) {
		sim->counts->kicks++;
		sim_broker_leave(sim, sim_below(&sim->random, SIM_INSTANCES));
	}
	if (sim_chance(&sim->random, rates->rebalance))
		sim_broker_rebalance(sim);
	if ((instance = any_instance(sim, false)) != NULL && sim_chance(&sim->random, count_running(sim) == 0 ? 300 : 10))
		sim_instance_start(instance);
	if (sim_chance(&sim->random, rates->rotate))
		rotate(sim);
}

/* The servers go on by themselves; a session of a process that is gone times out. */
static void
let_servers_work(struct sim *sim)
{
	struct sim_broker *broker = &sim->broker;

	for (int s = 0; s < SIM_INSTANCES; s++) {
		struct sim_instance *instance = &sim->instances[s];

		if (!instance->running && sim_chance(&sim->random, sim->settling ? 1000 : 50))
			sim_broker_leave(sim, s);
		if (!instance->running)
			continue;
		if (sim_chance(&sim->random, 100))
			sim_bus_deliver(instance, 1 + (size_t)sim_below(&sim->random, 4), true);
		if (sim_chance(&sim->random, 200))
			sim_connection_progress(instance);
		if (sim_chance(&sim->random, 50))
			sim_bus_arrive(instance);
	}
	for (int p = 0; p < SIM_PARTITIONS; p++) {
		if (broker->visible[p] < sim->story->in_partition[p] && (sim->settling || sim_chance(&sim->random, 60)))
			broker->visible[p]++;
	}
	if (sim_chance(&sim->random, 100))
		sim_redis_late(sim);
	if (sim->settling || sim_chance(&sim->random, 10))
		broker->refuses_dead_letters = false;
	if (sim->settling)
		return;
	if (sim_chance(&sim->random, sim->rates.forget))
		sim_redis_snapshot(sim);
	if (sim->redis.has_snapshot && sim_chance(&sim->random, sim->rates.forget))
		sim_redis_forget(sim);
}

static void
take_turn(struct sim *sim)
{
	struct sim_instance *instance = any_instance(sim, true);

	sim->step++;
	sim->now_ms++;
	if (instance != NULL)
		(void)sim_instance_resume(instance);
}

/* Nothing goes wrong any more; nobody learns late. */
static void
settle(struct sim *sim)
{
	int until = sim->step + SETTLE_STEPS;

	sim->settling = true;
	sim_trace(sim, -1, "settles");
	while (sim->failure[0] == '\0' && (!sim_broker_done(sim) || sim->broker.rebalancing)) {
		if (count_running(sim) == 0 || (any_instance(sim, false) != NULL && sim_chance(&sim->random, 1)))
			sim_instance_start(any_instance(sim, false));
		let_servers_work(sim);
		take_turn(sim);
		if (sim->step > until)
			sim_fail(sim, "does not settle");
	}
	while (sim->redis.late_count > 0)
		sim_redis_late(sim);
	while (sim->failure[0] == '\0' && count_running(sim) > 0) {
		for (int s = 0; s < SIM_INSTANCES; s++)
			sim->instances[s].stopping = 1;
		let_servers_work(sim);
		take_turn(sim);
		if (sim->step > until)
			sim_fail(sim, "does not stop");
	}
}

static void
start_world(struct sim *sim, uint64_t seed, bool calm)
{
	sim_random_init(&sim->random, seed);
	sim_hide_losses(sim);
	sim->failure[0] = '\0';
	sim->settling = false;
	sim->step = sim->stage = 0;
	sim->now_ms = 1000;
	memset(sim->seen, 0, sizeof(sim->seen));
	sim->rates = (struct sim_rates){.crash = 0};
	if (!calm)
		draw_rates(sim);
	if (!calm)
		draw_registry(sim, seed);
	sim->rates.letters_too_large = !calm && seed % 7 == 3;
	sim_broker_init(sim);
	sim_redis_open(sim);
	sim->counts->schedules++;
	sim_trace(sim, -1, "%s story of %d records, %s, forget %d, rotate %d, cooperative %d",
	    (const char *const[]){"keyed", "crowded", "spread", "spread and crowded"}[sim->story->shape], sim->story->count,
	    sim->rates.exactly_once ? "exactly once" : "at least once",
	    sim->rates.forget, sim->rates.rotate, sim->rates.cooperative);
	for (int s = calm ? SIM_INSTANCES - 1 : sim_below(&sim->random, SIM_INSTANCES); s < SIM_INSTANCES; s++)
		sim_instance_start(&sim->instances[s]);
}

bool
sim_run(struct sim *sim, uint64_t seed, bool calm)
{
	int chaos;

	start_world(sim, seed, calm);
	chaos = calm ? 0 : 100 + sim_below(&sim->random, 800);
	while (sim->failure[0] == '\0' && sim->step < chaos &&
	    (!sim_broker_done(sim) || sim_chance(&sim->random, 990))) {
		disturb_instances(sim);
		let_servers_work(sim);
		take_turn(sim);
	}
	settle(sim);
	if (sim->failure[0] == '\0')
		sim_judge(sim);
	for (int s = 0; s < SIM_INSTANCES; s++) {
		if (sim->instances[s].running)
			sim_instance_crash(&sim->instances[s]);
	}
	sim_redis_close(sim);
	return (sim->failure[0] == '\0');
}

void
sim_init(struct sim *sim, struct sim_counts *counts)
{
	*sim = (struct sim){.counts = counts, .plain = LA_BUF_INIT};
	for (int s = 0; s < SIM_INSTANCES; s++) {
		sim->instances[s].sim = sim;
		sim->instances[s].slot = s;
		sim->instances[s].fiber = sim_fiber_new();
	}
}

void
sim_clear(struct sim *sim)
{
	for (int s = 0; s < SIM_INSTANCES; s++)
		sim_fiber_free(sim->instances[s].fiber);
	for (int i = 0; i < SIM_RECORDS_MAX; i++)
		la_buf_clear(&sim->jobs[i]);
	la_buf_clear(&sim->plain);
}
