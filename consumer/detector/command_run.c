#include <stdio.h>

#include "common/bus_kafka.h"
#include "common/cli.h"
#include "common/codec.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/monitor.h"
#include "detector/commands.h"
#include "detector/pipeline.h"
#include "detector/setup.h"
#include "detector/store_redis.h"

#define STORE_TIMEOUT_MAX_MS 5000

/*
 * Parts of shutdown.timeout. Whatever is waited for when the signal comes, together they stay within it: one answer
 * of Redis or the broker, the batch in hand, one more answer, leaving the group.
 */
static int
part_ms(const struct la_conf *conf, int64_t fifths)
{
	return ((int)(la_conf_ms(conf, "shutdown.timeout") * fifths / 5));
}

static int
store_timeout_ms(const struct la_conf *conf)
{
	int timeout_ms = part_ms(conf, 1);

	if (timeout_ms < 500)
		return (500);
	return (timeout_ms > STORE_TIMEOUT_MAX_MS ? STORE_TIMEOUT_MAX_MS : timeout_ms);
}

static bool
is_exactly_once(const struct la_conf *conf)
{
	return (la_conf_int(conf, "delivery.guarantee") != 0); /* in the order of its choices */
}

/* Everything that runs, in the order in which it is made. */
struct machine {
	struct la_monitor monitor;
	struct la_decider *decider;
	struct la_decoder *decoder;
	struct la_encoder *encoder;
	struct la_store_redis *store;
	struct la_bus_kafka *bus;
	struct la_pipeline *pipeline;
};

static enum la_err
make_pipeline(struct machine *machine, const struct la_conf *conf, struct la_error *error)
{
	const struct la_pipeline_options options = {.bus = la_bus_kafka_port(machine->bus),
	    .store = la_store_redis_port(machine->store),
	    .decoder = machine->decoder,
	    .encoder = machine->encoder,
	    .decider = machine->decider,
	    .now_ms = la_clock_now_ms,
	    .log = la_log_write,
	    .stopping = &la_cli_stopping,
	    .batch_max_events = (size_t)la_conf_int(conf, "batch.max-events"),
	    .storm_window = (size_t)la_conf_int(conf, "storm.window"),
	    .storm_ratio = la_conf_ratio(conf, "storm.ratio"),
	    .batch_max_wait_ms = (int)la_conf_ms(conf, "batch.max-wait"),
	    .store_timeout_ms = store_timeout_ms(conf),
	    .shutdown_timeout_ms = part_ms(conf, 2),
	    .exactly_once = is_exactly_once(conf),
	    .watch = la_monitor_watch(&machine->monitor),
	    .publish = (enum la_publish)la_conf_int(conf, "decisions.publish"),
	    .topic_alerts = la_conf_text(conf, "topic.alerts"),
	    .topic_decisions = la_conf_text(conf, "topic.decisions"),
	    .topic_dlq = la_conf_text(conf, "topic.events-dlq")};

	return (la_pipeline_new(&machine->pipeline, &options, error));
}

static enum la_err
make_machine(struct machine *machine, const struct la_conf *conf, struct la_error *error)
{
	struct la_bus_kafka_options bus = {
	    .conf = conf, .group_id = "login-alert-detector", .input_topic = la_conf_text(conf, "topic.events"),
	    .exactly_once = is_exactly_once(conf)};
	enum la_err err;

	if ((err = la_monitor_open(&machine->monitor, conf, LA_PROGRAM_DETECTOR, error)) != LA_OK)
		return (err);
	bus.metrics = la_watch_metrics(la_monitor_watch(&machine->monitor));
	if ((err = la_setup_decider(conf, &machine->decider, error)) != LA_OK ||
	    (err = la_codec_open(conf, LA_RECORD_LOGIN_EVENT, &machine->decoder, &machine->encoder, error)) != LA_OK ||
	    (err = la_codec_register(conf, LA_RECORD_LOGIN_EVENT, machine->encoder, error)) != LA_OK ||
	    (err = la_store_redis_new(&machine->store, conf, error)) != LA_OK ||
	    (err = la_bus_kafka_new(&machine->bus, &bus, error)) != LA_OK ||
	    (err = make_pipeline(machine, conf, error)) != LA_OK)
		return (err);
	return (la_monitor_serve(&machine->monitor, machine->bus, la_command_libraries(), error));
}

/* In the opposite order; the pipeline gives its records back before the bus goes. */
static void
stop_machine(struct machine *machine, int timeout_ms)
{
	la_monitor_close(&machine->monitor);
	la_pipeline_free(machine->pipeline);
	la_bus_kafka_close(machine->bus, timeout_ms);
	la_store_redis_free(machine->store);
	la_encoder_free(machine->encoder);
	la_decoder_free(machine->decoder);
	la_decider_free(machine->decider);
}

int
la_command_run(struct la_conf *conf, int argc, char **argv)
{
	struct machine machine = {.pipeline = NULL};
	struct la_error error = LA_ERROR_INIT;
	struct la_cli_args args;
	enum la_err err;

	la_cli_args_init(&args, argc, argv);
	if ((err = la_cli_args_end(&args, &error)) != LA_OK)
		goto out;
	la_cli_catch_signals();
	la_memory_keep(la_bus_kafka_fetches_small());
	if ((err = make_machine(&machine, conf, &error)) != LA_OK)
		goto out;
	la_log(LA_LOG_INFO, la_msg("detector runs"), la_str("topic", la_conf_text(conf, "topic.events")));
	err = la_pipeline_run(machine.pipeline, &error);
out:
	if (err != LA_OK)
		la_log(LA_LOG_ERROR, la_msg("detector ends"), la_str("why", error.text));
	stop_machine(&machine, part_ms(conf, 1));
	if (err == LA_OK)
		la_log(LA_LOG_INFO, la_msg("detector stopped"));
	return (la_err_exit_code(err));
}
