#include <stdio.h>

#include "common/bus_kafka.h"
#include "common/cli.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/log.h"
#include "common/monitor.h"
#include "mailer/brands.h"
#include "mailer/commands.h"
#include "mailer/delivery.h"
#include "mailer/directory_curl.h"
#include "mailer/ledger_redis.h"
#include "mailer/relay_curl.h"

#define LEDGER_CLOSE_MS 500 /* to give claims back */

/* What a run holds; all but conf is NULL or made. */
struct parts {
	const struct la_conf *conf;
	struct la_monitor monitor;
	struct la_brands *brands;
	struct la_renderer *renderer;
	struct la_decoder *decoder;
	struct la_encoder *encoder;
	struct la_relay_curl *relay;
	struct la_ledger_redis *ledger;
	struct la_directory_curl *directory; /* NULL too: recipient.url is not set */
	struct la_bus_kafka *bus;
	struct la_delivery_loop *loop;
};

static enum la_err
open_parts(struct parts *parts, const struct la_conf *conf, struct la_error *error)
{
	struct la_bus_kafka_options bus = {
	    .conf = conf, .group_id = "login-alert-mailer", .input_topic = la_conf_text(conf, "topic.alerts")};
	enum la_err err;

	if ((err = la_monitor_open(&parts->monitor, conf, LA_PROGRAM_MAILER, error)) != LA_OK)
		return (err);
	bus.metrics = la_watch_metrics(la_monitor_watch(&parts->monitor));
	if ((err = la_brands_load(&parts->brands, conf, error)) != LA_OK ||
	    (err = la_codec_open(conf, LA_RECORD_ALERT_JOB, &parts->decoder, &parts->encoder, error)) != LA_OK ||
	    (err = la_codec_register(conf, LA_RECORD_ALERT_JOB, parts->encoder, error)) != LA_OK ||
	    (err = la_relay_curl_new(&parts->relay, conf, error)) != LA_OK ||
	    (err = la_ledger_redis_new(&parts->ledger, conf, error)) != LA_OK ||
	    (err = la_renderer_open(&parts->renderer, conf, NULL, error)) != LA_OK)
		return (err);
	if (la_conf_text(conf, "recipient.url") != NULL &&
	    (err = la_directory_curl_new(&parts->directory, conf, error)) != LA_OK)
		return (err);
	return (la_bus_kafka_new(&parts->bus, &bus, error));
}

/*
 * shutdown.timeout is shared: a commit that hangs when the signal comes, mails under way, the last commit, which may hang
 * too, leaving the group and closing its client.
 */
static int
part_ms(const struct la_conf *conf, int fifths)
{
	return ((int)(la_conf_ms(conf, "shutdown.timeout") * fifths / 5));
}

/* After a SIGHUP. */
static void
reload_templates(void *cookie)
{
	struct parts *parts = cookie;
	struct la_error error = LA_ERROR_INIT;
	bool changed = false;

	if (!la_cli_hung_up)
		return;
	la_cli_hung_up = 0;
	if (la_brands_reload(parts->brands, parts->conf, &changed, &error) != LA_OK)
		la_log(LA_LOG_ERROR, la_msg("templates not loaded, the old ones stay"), la_str("why", error.text));
	else
		la_log(LA_LOG_INFO, la_msg(changed ? "templates loaded" : "templates loaded, none has changed"));
}

static enum la_err
open_loop(struct parts *parts, const struct la_conf *conf, struct la_error *error)
{
	struct la_delivery_options options = {.bus = la_bus_kafka_port(parts->bus),
	    .bus_fd = la_bus_kafka_fd(parts->bus),
	    .relay = la_relay_curl_port(parts->relay),
	    .ledger = la_ledger_redis_port(parts->ledger),
	    .directory = parts->directory == NULL ? NULL : la_directory_curl_port(parts->directory),
	    .mails_per_s = la_conf_int(conf, "smtp.rate"),
	    .decoder = parts->decoder,
	    .encoder = parts->encoder,
	    .renderer = parts->renderer,
	    .brand_of = la_brands_of,
	    .brand_cookie = parts->brands,
	    .each_turn = reload_templates,
	    .turn_cookie = parts,
	    .now_ms = la_clock_now_ms,
	    .wall_ms = la_clock_wall_ms,
	    .log = la_log_write,
	    .stopping = &la_cli_stopping,
	    .shutdown_timeout_ms = part_ms(conf, 2),
	    .topic_deliveries = la_conf_text(conf, "topic.deliveries"),
	    .topic_dlq = la_conf_text(conf, "topic.alerts-dlq"),
	    .watch = la_monitor_watch(&parts->monitor)};
	enum la_err err = la_schedule_parse(&options.schedule, la_conf_text(conf, "retry.schedule"), error);

	if (err != LA_OK || (err = la_delivery_new(&parts->loop, &options, error)) != LA_OK)
		return (err);
	return (la_monitor_serve(&parts->monitor, parts->bus, la_command_libraries(), error));
}

static void
close_parts(struct parts *parts, int timeout_ms)
{
	la_monitor_close(&parts->monitor);
	la_delivery_free(parts->loop);
	la_bus_kafka_close(parts->bus, timeout_ms);
	la_relay_curl_free(parts->relay);
	la_directory_curl_free(parts->directory);
	la_ledger_redis_close(parts->ledger, LEDGER_CLOSE_MS);
	la_encoder_free(parts->encoder);
	la_decoder_free(parts->decoder);
	la_renderer_free(parts->renderer);
	la_brands_free(parts->brands);
}

int
la_command_run(struct la_conf *conf, int argc, char **argv)
{
	struct la_error error = LA_ERROR_INIT;
	struct parts parts = {.conf = conf};
	struct la_cli_args args;
	enum la_err err;

	la_cli_args_init(&args, argc, argv);
	la_cli_catch_signals();
	la_cli_catch_hangup();
	if ((err = la_cli_args_end(&args, &error)) != LA_OK || (err = open_parts(&parts, conf, &error)) != LA_OK ||
	    (err = open_loop(&parts, conf, &error)) != LA_OK) {
		(void)fprintf(stderr, "login-alert-mailer: %s\n", error.text);
		goto out;
	}
	la_log(LA_LOG_INFO, la_msg("started"), la_str("topic", la_conf_text(conf, "topic.alerts")),
	    la_str("relay", la_conf_text(conf, "smtp.url")));
	err = la_delivery_run(parts.loop, &error);
	if (err == LA_OK)
		la_log(LA_LOG_INFO, la_msg("stopped"));
	else
		la_log(LA_LOG_ERROR, la_msg("stopped"), la_str("why", error.text));
out:
	close_parts(&parts, part_ms(conf, 1));
	return (la_err_exit_code(err));
}
