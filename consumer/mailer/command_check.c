#include <stdio.h>
#include <sys/stat.h>

#include "common/bus_kafka.h"
#include "common/cli.h"
#include "common/codec.h"
#include "common/monitor.h"
#include "mailer/brands.h"
#include "mailer/commands.h"
#include "mailer/directory_curl.h"
#include "mailer/ledger_redis.h"
#include "mailer/relay_curl.h"
#include "mailer/render.h"

#define SERVER_MS 5000 /* how long a server may take to answer */

/* What was found so far: a configuration problem outweighs a server that is away. */
struct findings {
	bool is_misconfigured, is_away;
};

/* One line: "ok …" or "error …". */
static void
say(struct findings *findings, const char *what, enum la_err err, const struct la_error *error)
{
	if (err == LA_OK) {
		(void)printf("ok %s\n", what);
		return;
	}
	(void)printf("error %s: %s\n", what, error->text);
	if (la_err_action(err) == LA_ACTION_RETRY)
		findings->is_away = true;
	else
		findings->is_misconfigured = true;
}

static void
check_templates(struct findings *findings, const struct la_conf *conf)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_brands *brands = NULL;

	say(findings, "templates", la_brands_load(&brands, conf, &error), &error);
	la_brands_free(brands);
}

/* Whether the key opens anything shows only with a job. */
static void
check_seal_key(struct findings *findings, const struct la_conf *conf)
{
	const char *path = la_conf_text(conf, "seal.key.file");
	struct la_error error = LA_ERROR_INIT;
	struct la_renderer *renderer = NULL;
	struct stat info;

	if (path == NULL)
		return;
	say(findings, "seal key", la_renderer_open(&renderer, conf, NULL, &error), &error);
	if (renderer != NULL && stat(path, &info) == 0 && (info.st_mode & (S_IROTH | S_IWOTH)) != 0)
		(void)printf("warning seal.key.file: %s may be read by everybody (mode %04o); 0600 is enough\n", path,
		    (unsigned)(info.st_mode & 07777));
	la_renderer_free(renderer);
}

static void
check_schemas(struct findings *findings, const struct la_conf *conf)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_decoder *decoder = NULL;
	struct la_encoder *encoder = NULL;

	say(findings, "schemas", la_codec_open(conf, LA_RECORD_ALERT_JOB, &decoder, &encoder, &error), &error);
	la_decoder_free(decoder);
	la_encoder_free(encoder);
}

static void
warn_of_registry(const char *line)
{
	(void)printf("warning schema registry: %s\n", line);
}

static void
check_registry(struct findings *findings, const struct la_conf *conf)
{
	struct la_error error = LA_ERROR_INIT;
	bool asked = false;
	enum la_err err;

	if (!la_conf_is_set(conf, "schema.registry.url"))
		return; /* whether it is needed is told among the problems of the configuration */
	err = la_codec_check(conf, LA_RECORD_ALERT_JOB, warn_of_registry, &asked, &error);
	if (asked)
		say(findings, "schema registry", err, &error);
}

static void
check_http(struct findings *findings, const struct la_conf *conf)
{
	struct la_error error = LA_ERROR_INIT;
	enum la_err err = la_monitor_check(conf, &error);

	if (err != LA_OK)
		say(findings, "http", err, &error);
}

static void
check_bus(struct findings *findings, const struct la_conf *conf)
{
	const char *const topics[] = {la_conf_text(conf, "topic.alerts"), la_conf_text(conf, "topic.deliveries"),
	    la_conf_text(conf, "topic.alerts-dlq")};
	struct la_error error = LA_ERROR_INIT;
	enum la_err err = la_bus_kafka_check_conf(conf, &error);
	char warning[200];

	say(findings, "kafka configuration", err, &error);
	if (err != LA_OK)
		return;
	if (la_bus_kafka_warning(conf, warning, sizeof(warning)))
		(void)printf("warning kafka: %s\n", warning);
	/* one by one, so that each topic that is missing is named */
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]) && la_err_action(err) != LA_ACTION_RETRY; i++) {
		enum la_conf_kafka which = i == 0 ? LA_CONF_KAFKA_CONSUMER : LA_CONF_KAFKA_PRODUCER;
		char what[300];

		(void)snprintf(what, sizeof(what), "kafka topic %s", topics[i]);
		err = la_bus_kafka_check(conf, which, topics[i], SERVER_MS, &error);
		say(findings, la_err_action(err) == LA_ACTION_RETRY ? "kafka" : what, err, &error);
	}
}

static void
warn_of_redis(void *cookie, const char *line)
{
	(void)cookie;
	(void)printf("warning  redis: %s\n", line);
}

static void
check_redis(struct findings *findings, const struct la_conf *conf)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_ledger_redis *ledger = NULL;
	enum la_err err = la_ledger_redis_new(&ledger, conf, &error);

	if (err == LA_OK)
		err = la_ledger_redis_check(ledger, SERVER_MS, warn_of_redis, NULL, &error);
	say(findings, "redis", err, &error);
	la_ledger_redis_close(ledger, 0);
}

/* Each of them: a second one that does not work is found out only when it is needed. */
static void
check_relays(struct findings *findings, const struct la_conf *conf)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_relay_curl *relay = NULL;
	enum la_err err = la_relay_curl_new(&relay, conf, &error);
	const struct la_relay *port = err == LA_OK ? la_relay_curl_port(relay) : NULL;
	char what[300];

	if (err != LA_OK)
		say(findings, "relay", err, &error);
	for (size_t i = 0; port != NULL && i < port->count; i++) {
		(void)snprintf(what, sizeof(what), port->count == 1 ? "relay" : "relay %s", port->names[i]);
		say(findings, what, la_relay_curl_check(relay, i, SERVER_MS, &error), &error);
	}
	la_relay_curl_free(relay);
}

static void
check_directory(struct findings *findings, const struct la_conf *conf)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_directory_curl *directory = NULL;
	enum la_err err;

	if (la_conf_text(conf, "recipient.url") == NULL)
		return;
	if ((err = la_directory_curl_new(&directory, conf, &error)) == LA_OK) {
		la_directory_curl_set_timeout(directory, SERVER_MS);
		err = la_directory_curl_check(directory, &error);
	}
	say(findings, "recipients", err, &error);
	la_directory_curl_free(directory);
}

int
la_command_check(struct la_conf *conf, int argc, char **argv)
{
	struct findings findings = {false, false};
	struct la_error error = LA_ERROR_INIT;
	struct la_cli_args args;

	la_cli_args_init(&args, argc, argv);
	if (la_cli_args_end(&args, &error) != LA_OK) {
		(void)fprintf(stderr, "login-alert-mailer: %s\n", error.text);
		return (la_err_exit_code(error.code));
	}
	la_conf_print(conf, stdout);
	la_bus_kafka_print_defaults(conf, "login-alert-mailer", false, stdout);
	(void)printf("\n");
	la_cli_print_findings(conf);
	check_templates(&findings, conf);
	check_seal_key(&findings, conf);
	check_schemas(&findings, conf);
	check_registry(&findings, conf);
	check_http(&findings, conf);
	check_bus(&findings, conf);
	check_redis(&findings, conf);
	check_relays(&findings, conf);
	check_directory(&findings, conf);
	if (findings.is_misconfigured)
		return (la_err_exit_code(LA_ECONFIG));
	return (findings.is_away ? la_err_exit_code(LA_EUNAVAILABLE) : 0);
}
