/* Login events in, records out, by hand: for the demo, for tests, for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "support/lib/tool.h"

static const char usage[] =
    "usage: bus_tool COMMAND [options]\n"
    "\n"
    "  create TOPIC...          make topics that do not exist; --partitions N (4)\n"
    "  produce TOPIC            JSON lines of login events on stdin (or --file F) -> Avro records,\n"
    "                           keyed by member_id; waits until the broker has them. A record's\n"
    "                           time is the line's _timestamp, else its occurred_at; --now: the clock\n"
    "  consume TOPIC            a topic from its beginning to its end -> JSON lines on stdout, with\n"
    "                           _topic, _partition, _offset, _timestamp, _key\n"
    "      --record R           Decision, Delivery, AlertJob or raw (the default: value in base64,\n"
    "                           headers); a value that is no R gives \"_error\"\n"
    "      --count N            wait for N records and stop after them\n"
    "      --follow             go on until SIGINT or SIGTERM\n"
    "  wait-group TOPIC GROUP   wait until GROUP has committed TOPIC to its end\n"
    "\n"
    "Each takes\n"
    "  --broker HOST:PORT       required, unless --config has kafka.bootstrap.servers\n"
    "  --config F               kafka.* of a configuration file (TLS, SASL)\n"
    "  --schemas DIR            our *.avsc (default: as the programs find them)\n"
    "  --framing none|single-object\n"
    "  --timeout D              how long to wait, e.g. 30s (the default)\n"
    "\n"
    "Exit: 0 done, 64 usage, 65 bad input (its line is named), 69 no broker or not in time, 78 configuration.\n";

static const struct {
	const char *name;
	enum la_err (*run)(struct la_tool *tool, struct la_error *error);
} commands[] = {
    {"create", la_tool_create},
    {"produce", la_tool_produce},
    {"consume", la_tool_consume},
    {"wait-group", la_tool_wait_group},
};

static enum la_err
read_framing(struct la_tool *tool, struct la_error *error)
{
	const char *framing = la_cli_option(&tool->args, "--framing");

	if (framing == NULL || strcmp(framing, "none") == 0)
		tool->framing = LA_FRAMING_NONE;
	else if (strcmp(framing, "single-object") == 0)
		tool->framing = LA_FRAMING_SINGLE_OBJECT;
	else
		return (la_error_set(error, LA_EUSAGE, "--framing %s: want none or single-object", framing));
	return (LA_OK);
}

static enum la_err
read_timeout(struct la_tool *tool, struct la_error *error)
{
	const char *timeout = la_cli_option(&tool->args, "--timeout");
	int64_t ms = 30000;

	if (timeout != NULL && (la_conf_parse_duration(timeout, &ms) != LA_OK || ms < 1 || ms > 86400000))
		return (
		    la_error_set(error, LA_EUSAGE, "--timeout %s: want a duration such as 30s, at most 24h", timeout));
	tool->timeout_ms = (int)ms;
	return (LA_OK);
}

static enum la_err
read_conf(struct la_tool *tool, struct la_error *error)
{
	const char *broker = la_cli_option(&tool->args, "--broker"), *file = la_cli_option(&tool->args, "--config");
	char servers[1024];
	enum la_err err;

	if ((err = la_conf_new(&tool->conf, LA_PROGRAM_DETECTOR)) != LA_OK)
		return (err);
	if (broker == NULL && file == NULL)
		return (la_error_set(error, LA_EUSAGE, "--broker HOST:PORT is missing"));
	if (file != NULL && (err = la_conf_read_file(tool->conf, file)) != LA_OK)
		return (err);
	(void)snprintf(servers, sizeof(servers), "kafka.bootstrap.servers=%s", broker == NULL ? "" : broker);
	if (broker != NULL && (err = la_conf_set(tool->conf, servers)) != LA_OK)
		return (err);
	if (la_conf_problem_count(tool->conf) > 0)
		return (la_error_set(error, LA_ECONFIG, "%s", la_conf_problem(tool->conf, 0)));
	return (LA_OK);
}

static enum la_err
run(int argc, char **argv, struct la_error *error)
{
	struct la_tool tool = {.conf = NULL};
	size_t count = sizeof(commands) / sizeof(commands[0]), i;
	enum la_err err;

	for (i = 0; i < count && strcmp(argv[0], commands[i].name) != 0; i++)
		continue;
	if (i == count)
		return (la_error_set(error, LA_EUSAGE, "no command \"%s\"; see --help", argv[0]));
	la_cli_args_init(&tool.args, argc, argv);
	tool.schemas = la_cli_option(&tool.args, "--schemas");
	if ((err = read_framing(&tool, error)) == LA_OK && (err = read_timeout(&tool, error)) == LA_OK &&
	    (err = read_conf(&tool, error)) == LA_OK &&
	    (tool.schemas != NULL || (err = la_cli_data_folder(LA_CLI_SCHEMAS, &tool.schemas, error)) == LA_OK))
		err = commands[i].run(&tool, error);
	la_conf_free(tool.conf);
	return (err);
}

/* Options may stand before the command: it is moved to the front. */
static int
find_command(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--", 2) != 0)
			return (i);
		if (strchr(argv[i], '=') == NULL)
			i++; /* its value */
	}
	return (0);
}

int
main(int argc, char **argv)
{
	struct la_error error = LA_ERROR_INIT;
	int at = find_command(argc, argv);
	enum la_err err;
	char *command;

	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0))
		return (fputs(usage, stdout) >= 0 && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
	if (at == 0) {
		(void)fputs(usage, stderr);
		return (64);
	}
	la_log_setup(LA_LOG_LOGFMT, LA_LOG_ERROR);
	command = argv[at];
	memmove(&argv[2], &argv[1], (size_t)(at - 1) * sizeof(*argv));
	argv[1] = command;
	err = run(argc - 1, argv + 1, &error);
	if (err != LA_OK)
		(void)fprintf(stderr, "bus_tool: %s\n", error.text[0] == '\0' ? la_err_text(err) : error.text);
	return (la_err_exit_code(err));
}
