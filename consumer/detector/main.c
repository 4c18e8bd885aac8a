/* login-alert-detector: decides which logins are worth a mail. */
#include <hiredis/hiredis.h>
#include <sodium.h>

#include "common/bus_kafka.h"
#include "common/cli.h"
#include "common/ops.h"
#include "common/tls_redis.h"
#include "detector/agent.h"
#include "detector/commands.h"

static const char usage[] =
    "usage: login-alert-detector [--config FILE] [--set KEY=VALUE]... COMMAND\n"
    "\n"
    "  run                       read login events, publish an alert for each login from something new\n"
    "  check                     look at configuration, keys and schemas, then ask each server\n"
    "  decide [--jobs]           login events as JSON lines on stdin, decisions on stdout; no server\n"
    "  replay --from T --to T --report DIR\n"
    "                            decide again what occurred, or came, from T on and before T; writes decisions.jsonl,\n"
    "                            summary.json and report.html to DIR, and nothing anywhere else. T is ISO 8601 with\n"
    "                            an offset, or ms since 1970; days and times are told in the offset of --from\n"
    "    [--warm-up 365d]        read so much before --from, to know the devices\n"
    "    [--compare]             with the decisions, alerts and deliveries that were recorded\n"
    "    [--policy FILE]         how many mails the policy.* keys of FILE would make instead\n"
    "    [--member ID]           that member's timeline on stdout\n"
    "  keygen FILE               a new key file for hash.keys.file, never over an existing one\n"
    "  keygen --add FILE         a new epoch that is only read, first step of a rotation\n"
    "  keygen --activate FILE    the newest epoch becomes the one that is written, second step\n"
    "  --version, --help\n"
    "\n"
    "run serves /livez, /readyz and /metrics on http.listen: 127.0.0.1:9464, or off\n"
    "Keys also come from the environment: LOGIN_ALERT_ and the key in upper case, with _ for . and -\n"
    "Exit: 0 done, 64 usage, 65 bad input, 69 a server is unavailable, 70 internal, 75 try again, 78 configuration\n";

static const char *const needs_keys[] = {"hash.keys.file", NULL};

static const struct la_cli_command commands[] = {
    {.name = "run", .required = needs_keys, .wants_config = true, .run = la_command_run, .loads_files = true},
    {.name = "check",
        .required = needs_keys,
        .wants_config = true,
        .run = la_command_check,
        .loads_files = true,
        .runs_anyway = true},
    {.name = "decide", .required = needs_keys, .wants_config = true, .run = la_command_decide},
    {.name = "replay",
        .required = needs_keys,
        .wants_config = true,
        .run = la_command_replay,
        .loads_files = true},
    {.name = "keygen", .run = la_command_keygen},
};

static void
versions(FILE *out)
{
	char agent_rev[LA_REV_HEX];

	la_agent_rev(agent_rev);
	(void)fprintf(out, "librdkafka %s\navro-c %s\nhiredis %d.%d.%d%s\nlibsodium %s\nlibmicrohttpd %s\nagent table %s\n",
	    la_bus_kafka_library_version(), LA_AVRO_VERSION, HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH,
	    la_tls_redis_is_built() ? "" : " without TLS", sodium_version_string(), la_ops_library_version(),
	    agent_rev);
}

const struct la_label *
la_command_libraries(void)
{
	static char hiredis[32];
	static struct la_label labels[] = {{"librdkafka", NULL}, {"avro", LA_AVRO_VERSION}, {"hiredis", hiredis},
	    {"libsodium", NULL}, {NULL, NULL}};

	(void)snprintf(hiredis, sizeof(hiredis), "%d.%d.%d", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
	labels[0].value = la_bus_kafka_library_version();
	labels[3].value = sodium_version_string();
	return (labels);
}

int
main(int argc, char **argv)
{
	const struct la_cli cli = {.program = LA_PROGRAM_DETECTOR,
	    .name = "login-alert-detector",
	    .usage = usage,
	    .commands = commands,
	    .command_count = sizeof(commands) / sizeof(commands[0])};

	return (la_cli_main(&cli, argc, argv, versions));
}
