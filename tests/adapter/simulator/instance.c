/* A process: the real pipeline in a coroutine. A crashed one unwinds at once, and none of its calls has an effect. */
#include "simulator/sim.h"

static int64_t
now_ms(void *cookie)
{
	return (((struct sim_instance *)cookie)->sim->now_ms);
}

/* The port has no cookie. */
static struct sim *logging;

static void
keep_log(enum la_log_level level, const struct la_field *fields, size_t count)
{
	char line[1024];

	if (!logging->tracing)
		return;
	(void)la_log_format_line(line, sizeof(line), LA_LOG_LOGFMT, level, 0, fields, count);
	sim_trace(logging, -1, "%s", line);
}

static void
run(void *cookie)
{
	struct sim_instance *instance = cookie;
	struct la_pipeline *pipeline = NULL;

	instance->end = la_pipeline_new(&pipeline, &instance->options, &instance->error);
	if (instance->end == LA_OK)
		instance->end = la_pipeline_run(pipeline, &instance->error);
	la_pipeline_free(pipeline);
}

static void
fill_options(struct sim_instance *instance)
{
	static const size_t sizes[] = {1, 2, 3, 5, 8, 16, 64, 64};
	struct sim *sim = instance->sim;

	instance->options = (struct la_pipeline_options){.bus = &instance->bus.port,
	    .store = &instance->connection.port,
	    .decoder = sim->rates.registry ? instance->decoder : sim->story->codec->events,
	    .encoder = sim->story->codec->encoder,
	    .decider = sim->story->deciders[instance->stage],
	    .now_ms = now_ms,
	    .now_cookie = instance,
	    .log = keep_log,
	    .stopping = &instance->stopping,
	    .batch_max_events = sizes[sim_below(&sim->random, 8)],
	    .batch_max_wait_ms = sim_below(&sim->random, 2) * 10,
	    .store_timeout_ms = 1000,
	    .shutdown_timeout_ms = sim_below(&sim->random, 2) * 5000,
	    .exactly_once = sim->rates.exactly_once,
	    .publish = LA_PUBLISH_ALL,
	    .topic_alerts = "alerts",
	    .topic_decisions = "decisions",
	    .topic_dlq = "dead-letters"};
}

void
sim_instance_start(struct sim_instance *instance)
{
	struct sim *sim = instance->sim;

	logging = sim;
	instance->running = true;
	instance->dead = false;
	instance->stopping = 0;
	instance->hung_until = 0;
	instance->stage = sim->stage;
	instance->error = (struct la_error)LA_ERROR_INIT;
	sim_bus_open(instance);
	sim_connection_open(instance);
	sim_registry_open(instance);
	fill_options(instance);
	sim_trace(sim, instance->slot, "starts, batches of %zu, stage %d", instance->options.batch_max_events,
	    instance->stage);
	sim_fiber_start(instance->fiber, run, instance);
}

static void
close_ports(struct sim_instance *instance)
{
	instance->running = false;
	sim_registry_close(instance);
	sim_connection_close(instance);
	sim_bus_close(instance);
}

bool
sim_instance_resume(struct sim_instance *instance)
{
	if (sim_fiber_resume(instance->fiber))
		return (true);
	sim_trace(instance->sim, instance->slot, "ends: %s", la_err_text(instance->end));
	if (instance->end != LA_OK)
		sim_fail(instance->sim, "instance %d ended by itself: %s: %s", instance->slot, la_err_text(instance->end),
		    instance->error.text);
	else if (!instance->stopping)
		sim_fail(instance->sim, "instance %d ended without being told", instance->slot);
	close_ports(instance);
	sim_broker_leave(instance->sim, instance->slot);
	return (false);
}

void
sim_instance_crash(struct sim_instance *instance)
{
	sim_trace(instance->sim, instance->slot, "crashes");
	instance->dead = true;
	sim_connection_crash(instance);
	sim_bus_crash(instance);
	while (sim_fiber_resume(instance->fiber))
		continue;
	close_ports(instance);
}

void
sim_yield(struct sim_instance *instance)
{
	if (!instance->dead)
		sim_fiber_yield(instance->fiber);
}
