#include <stdio.h>
#include <sys/stat.h>

#include "common/bus_kafka.h"
#include "common/cli.h"
#include "common/codec.h"
#include "common/monitor.h"
#include "detector/commands.h"
#include "detector/pipeline.h"
#include "detector/setup.h"
#include "detector/store_redis.h"

#define SERVER_TIMEOUT_MS 5000

/* What was found so far: a configuration problem weighs more than a server that is away. */
struct findings {
	bool misconfigured, away, internal;
};

/* One line for what was looked at. */
static void
report(struct findings *findings, const char *what, enum la_err err, const struct la_error *error)
{
	if (err == LA_OK) {
		(void)printf("ok %s\n", what);
		return;
	}
	(void)printf("error %s: %s\n", what, error->text);
	if (la_err_action(err) == LA_ACTION_RETRY)
		findings->away = true;
	else if (err == LA_ENOMEM || err == LA_EINTERNAL)
		findings->internal = true;
	else
		findings->misconfigured = true;
}

/* keys stays empty when there is nothing to read; the caller clears it. */
static void
check_keys(const struct la_conf *conf, struct la_keys *keys, struct findings *findings)
{
	const char *path = la_conf_text(conf, "hash.keys.file");
	struct la_error error = LA_ERROR_INIT;
	struct stat info;
	enum la_err err;

	if (path == NULL)
		return; /* named among the problems of the configuration */
	err = la_setup_keys(path, keys, &error);
	if (err != LA_OK)
		la_keys_clear(keys);
	report(findings, "hash.keys.file", err, &error);
	if (err == LA_OK && stat(path, &info) == 0 && (info.st_mode & (S_IROTH | S_IWOTH)) != 0)
		(void)printf("warning hash.keys.file: %s may be read by everybody (mode %04o); 0600 is enough\n", path,
		    (unsigned)(info.st_mode & 07777));
}

static void
check_seal_key(const struct la_conf *conf, struct findings *findings)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_sealer *sealer;
	enum la_err err;

	if (!la_conf_is_set(conf, "seal.key.file"))
		return;
	err = la_setup_sealer(conf, &sealer, &error);
	la_sealer_free(sealer);
	report(findings, "seal.key.file", err, &error);
}

static void
check_schemas(const struct la_conf *conf, struct findings *findings)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_decoder *decoder = NULL;
	struct la_encoder *encoder = NULL;
	enum la_err err = la_codec_open(conf, LA_RECORD_LOGIN_EVENT, &decoder, &encoder, &error);

	la_decoder_free(decoder);
	la_encoder_free(encoder);
	report(findings, "schemas", err, &error);
}

static void
warn_registry(const char *line)
{
	(void)printf("warning schema registry: %s\n", line);
}

static void
check_registry(const struct la_conf *conf, struct findings *findings)
{
	struct la_error error = LA_ERROR_INIT;
	bool asked = false;
	enum la_err err;

	if (!la_conf_is_set(conf, "schema.registry.url"))
		return; /* whether it is needed is told among the problems of the configuration */
	err = la_codec_check(conf, LA_RECORD_LOGIN_EVENT, warn_registry, &asked, &error);
	if (asked)
		report(findings, "schema registry", err, &error);
}

static void
check_kafka(const struct la_conf *conf, struct findings *findings)
{
	const char *topics[] = {la_conf_text(conf, "topic.events"), la_conf_text(conf, "topic.alerts"),
	    la_conf_text(conf, "topic.events-dlq"), la_conf_text(conf, "topic.decisions")};
	size_t count = (enum la_publish)la_conf_int(conf, "decisions.publish") == LA_PUBLISH_NONE ? 3 : 4;
	struct la_error error = LA_ERROR_INIT;
	enum la_err err = la_bus_kafka_check_conf(conf, &error);
	char warning[200];

	report(findings, "kafka configuration", err, &error);
	if (err != LA_OK)
		return;
	if (la_bus_kafka_warning(conf, warning, sizeof(warning)))
		(void)printf("warning kafka: %s\n", warning);
	/* one by one, so that each topic that is missing is named */
	for (size_t i = 0; i < count && la_err_action(err) != LA_ACTION_RETRY; i++) {
		enum la_conf_kafka which = i == 0 ? LA_CONF_KAFKA_CONSUMER : LA_CONF_KAFKA_PRODUCER;
		char what[300];

		(void)snprintf(what, sizeof(what), "kafka topic %s", topics[i]);
		err = la_bus_kafka_check(conf, which, topics[i], SERVER_TIMEOUT_MS, &error);
		report(findings, la_err_action(err) == LA_ACTION_RETRY ? "kafka" : what, err, &error);
	}
}

static void
check_http(const struct la_conf *conf, struct findings *findings)
{
	struct la_error error = LA_ERROR_INIT;
	enum la_err err = la_monitor_check(conf, &error);

	if (err != LA_OK)
		report(findings, "http", err, &error);
}

static void
check_transactions(const struct la_conf *conf, struct findings *findings)
{
	struct la_error error = LA_ERROR_INIT;
	bool asked;
	enum la_err err;

	if (la_conf_int(conf, "delivery.guarantee") == 0 || findings->misconfigured || findings->away)
		return;
	err = la_bus_kafka_check_transactions(conf, "login-alert-detector", SERVER_TIMEOUT_MS, &asked, &error);
	if (asked)
		report(findings, "kafka transactions", err, &error);
}

static void
warn_redis(void *cookie, const char *line)
{
	(void)cookie;
	(void)printf("warning redis: %s\n", line);
}

/* Members that we cannot find any more. Nothing is out of order on the server, so these are only warnings. */
static void
check_epochs(struct la_store_redis *store, const struct la_keys *keys)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_store_epochs seen;

	if (keys->count == 0)
		return;
	if (la_store_redis_count_epochs(store, keys, SERVER_TIMEOUT_MS, &seen, &error) != LA_OK)
		(void)printf("warning redis: whether members of a removed key epoch are left is not known: %s\n",
		    error.text);
	for (size_t i = 0; i < seen.unknown_count; i++)
		(void)printf("warning redis: of %zu members looked at, %zu are under key epoch %u, which hash.keys.file does "
		    "not have: to this program they are new, and they alert when they log in next. Put the epoch back\n",
		    seen.members, seen.unknown[i].members, (unsigned)seen.unknown[i].epoch);
}

static void
check_redis(const struct la_conf *conf, const struct la_keys *keys, struct findings *findings)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_store_redis *store = NULL;
	enum la_err err = la_store_redis_new(&store, conf, &error);

	if (err == LA_OK)
		err = la_store_redis_check(store, SERVER_TIMEOUT_MS, warn_redis, NULL, &error);
	report(findings, "redis", err, &error);
	if (err == LA_OK)
		check_epochs(store, keys);
	la_store_redis_free(store);
}

int
la_command_check(struct la_conf *conf, int argc, char **argv)
{
	struct findings findings = {.misconfigured = la_conf_problem_count(conf) > 0};
	struct la_keys keys = {.count = 0};
	struct la_error error = LA_ERROR_INIT;
	struct la_cli_args args;
	enum la_err err;

	la_cli_args_init(&args, argc, argv);
	if ((err = la_cli_args_end(&args, &error)) != LA_OK) {
		(void)fprintf(stderr, "login-alert-detector: %s\n", error.text);
		return (la_err_exit_code(err));
	}
	la_cli_catch_signals();
	la_conf_print(conf, stdout);
	la_bus_kafka_print_defaults(conf, "login-alert-detector", la_conf_int(conf, "delivery.guarantee") != 0, stdout);
	(void)printf("\n");
	la_cli_print_findings(conf);
	check_keys(conf, &keys, &findings);
	check_seal_key(conf, &findings);
	check_schemas(conf, &findings);
	check_registry(conf, &findings);
	check_http(conf, &findings);
	check_kafka(conf, &findings);
	check_transactions(conf, &findings);
	check_redis(conf, &keys, &findings);
	la_keys_clear(&keys);
	if (findings.misconfigured)
		return (la_err_exit_code(LA_ECONFIG));
	if (findings.away)
		return (la_err_exit_code(LA_EUNAVAILABLE));
	return (findings.internal ? la_err_exit_code(LA_EINTERNAL) : 0);
}
