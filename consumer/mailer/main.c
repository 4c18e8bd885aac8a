#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>

#include "common/bus_kafka.h"
#include "common/cli.h"
#include "common/ops.h"
#include "mailer/commands.h"

static const char usage[] =
    "usage: login-alert-mailer [--config FILE] [--set KEY=VALUE]... COMMAND\n"
    "\n"
    "Reads alert jobs from Kafka, renders each in Japanese and English, mails it by SMTP.\n"
    "\n"
    "  run                           until SIGTERM\n"
    "  check                         configuration, templates, then each server, a line each\n"
    "  render --job FILE [--out DIR] the exact mail: an .eml on stdout, or .eml, .txt, .html in DIR; no server\n"
    "  render --all-reasons [--out DIR]\n"
    "                                one mail of each reason and order of languages; an mbox on stdout\n"
    "  render --help-page [--out DIR]\n"
    "                                the brand's help page with the sample mail\n"
    "  send --job FILE               that mail through the relay, once\n"
    "  keygen FILE                   a key pair for sealed recipients: FILE is secret, FILE.pub is public\n"
    "  --version, --help\n"
    "\n"
    "FILE of --job may be - for stdin. Options come before the command.\n"
    "run serves /livez, /readyz and /metrics on http.listen: 127.0.0.1:9465, or off.\n"
    "Keys, formats and exit codes: login-alert-mailer(1).\n";

static const struct la_cli_command commands[] = {
    {.name = "run", .wants_config = true, .loads_files = true, .run = la_command_run},
    {.name = "check", .wants_config = true, .loads_files = true, .runs_anyway = true, .run = la_command_check},
    {.name = "render", .wants_config = true, .run = la_command_render},
    {.name = "send", .wants_config = true, .run = la_command_send},
    {.name = "keygen", .run = la_command_keygen},
};

const struct la_label *
la_command_libraries(void)
{
	static struct la_label labels[] = {
	    {"librdkafka", NULL}, {"avro", LA_AVRO_VERSION}, {"libcurl", NULL}, {"libsodium", NULL}, {NULL, NULL}};

	labels[0].value = la_bus_kafka_library_version();
	labels[2].value = curl_version_info(CURLVERSION_NOW)->version;
	labels[3].value = sodium_version_string();
	return (labels);
}

static void
print_versions(FILE *out)
{
	(void)fprintf(out, "librdkafka %s\navro-c %s\nlibcurl %s\nlibsodium %s\nlibmicrohttpd %s\n",
	    la_bus_kafka_library_version(), LA_AVRO_VERSION, curl_version_info(CURLVERSION_NOW)->version,
	    sodium_version_string(), la_ops_library_version());
}

int
main(int argc, char **argv)
{
	static const struct la_cli cli = {.program = LA_PROGRAM_MAILER,
	    .name = "login-alert-mailer",
	    .usage = usage,
	    .commands = commands,
	    .command_count = sizeof(commands) / sizeof(commands[0])};

	return (la_cli_main(&cli, argc, argv, print_versions));
}
