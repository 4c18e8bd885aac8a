#include "common/cli.h"

#include <netdb.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"

/* What stands before the command. */
struct options {
	const char *config;
	char **sets; /* assignments, in order; borrowed from argv, array owned */
	size_t set_count;
	bool help, version;
	int command; /* index of the command in argv; argc: none */
};

static int
complain(const struct la_cli *cli, const struct la_error *error)
{
	(void)fprintf(stderr, "%s: %s\n", cli->name, error->text);
	return (la_err_exit_code(error->code));
}

/* "--name value" or "--name=value"; *i moves to the word of the value. NULL: another option, or no value. */
static char *
value_of(int argc, char **argv, int *i, const char *name)
{
	size_t size = strlen(name);

	if (strncmp(argv[*i], name, size) != 0)
		return (NULL);
	if (argv[*i][size] == '=')
		return (argv[*i] + size + 1);
	if (argv[*i][size] != '\0' || *i + 1 >= argc)
		return (NULL);
	return (argv[++*i]);
}

static enum la_err
read_options(int argc, char **argv, struct options *options, struct la_error *error)
{
	int i;

	options->sets = calloc((size_t)argc + 1, sizeof(*options->sets));
	if (options->sets == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		const char *word = argv[i];
		char *value;

		if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
			options->help = true;
		} else if (strcmp(word, "--version") == 0) {
			options->version = true;
		} else if ((value = value_of(argc, argv, &i, "--set")) != NULL) {
			options->sets[options->set_count++] = value;
		} else if ((value = value_of(argc, argv, &i, "--config")) != NULL) {
			if (options->config != NULL)
				return (la_error_set(error, LA_EUSAGE, "--config: one file only"));
			options->config = value;
		} else if (strcmp(word, "--set") == 0 || strcmp(word, "--config") == 0) {
			return (la_error_set(error, LA_EUSAGE, "%s: its value is missing; see --help", word));
		} else {
			return (
			    la_error_set(error, LA_EUSAGE, "%s: no such option before the command; see --help", word));
		}
	}
	options->command = i;
	return (LA_OK);
}

static const struct la_cli_command *
find_command(const struct la_cli *cli, const char *name, struct la_error *error)
{
	char names[256] = "";
	size_t i;

	for (i = 0; i < cli->command_count; i++) {
		if (strcmp(cli->commands[i].name, name) == 0)
			return (&cli->commands[i]);
		(void)snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", i == 0 ? "" : ", ",
		    cli->commands[i].name);
	}
	(void)la_error_set(error, LA_EUSAGE, "%s: no such command; commands are %s", name, names);
	return (NULL);
}

/* The host's full name for the default of smtp.url; a name that is no host name (RFC 952) is not used. */
static enum la_err
set_host(struct la_conf *conf)
{
	struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM}, *found = NULL;
	char host[256] = "";
	const char *name = host;
	enum la_err err = LA_OK;

	if (gethostname(host, sizeof(host) - 1) != 0)
		return (LA_OK);
	if (strchr(host, '.') == NULL && getaddrinfo(host, NULL, &hints, &found) == 0 && found->ai_canonname != NULL)
		name = found->ai_canonname;
	if (name[0] != '\0' &&
	    name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-")] == '\0')
		err = la_conf_set_host(conf, name);
	if (found != NULL)
		freeaddrinfo(found);
	return (err);
}

/* All sources in their order, then what they lack together. Errors: LA_ENOMEM. */
static enum la_err
read_conf(struct la_conf *conf, const struct options *options, const struct la_cli_command *command, bool has_smtp)
{
	size_t count = 0, i;

	if (options->config != NULL && la_conf_read_file(conf, options->config) != LA_OK)
		return (LA_ENOMEM);
	if (la_conf_read_environment(conf, environ) != LA_OK)
		return (LA_ENOMEM);
	for (i = 0; i < options->set_count; i++) {
		if (la_conf_set(conf, options->sets[i]) != LA_OK)
			return (LA_ENOMEM);
	}
	if (has_smtp && !la_conf_is_set(conf, "smtp.url") && set_host(conf) != LA_OK)
		return (LA_ENOMEM);
	if (command->loads_files && la_conf_load_files(conf) != LA_OK)
		return (LA_ENOMEM);
	for (; command->required != NULL && command->required[count] != NULL; count++) {
		if (!command->loads_files)
			la_conf_probe_file(conf, command->required[count]);
	}
	la_conf_finish(conf, command->required, count);
	return (LA_OK);
}

void
la_cli_print_findings(const struct la_conf *conf)
{
	size_t i;

	for (i = 0; i < la_conf_problem_count(conf); i++)
		(void)printf("error configuration: %s\n", la_conf_problem(conf, i));
	for (i = 0; i < la_conf_warning_count(conf); i++)
		(void)printf("warning configuration: %s\n", la_conf_warning(conf, i));
}

/* Problems on stderr, a line each; warnings go to the log. */
static void
tell(const struct la_cli *cli, const struct la_conf *conf)
{
	size_t i;

	for (i = 0; i < la_conf_problem_count(conf); i++)
		(void)fprintf(stderr, "%s: %s\n", cli->name, la_conf_problem(conf, i));
	for (i = 0; i < la_conf_warning_count(conf); i++)
		la_log(LA_LOG_WARN, la_msg("configuration"), la_str("detail", la_conf_warning(conf, i)));
}

/* Returns the exit code. */
static int
run_with(const struct la_cli *cli, const struct la_cli_command *command, struct la_conf *conf, int argc, char **argv)
{
	bool has_problem = la_conf_problem_count(conf) > 0;
	int code = 0;

	la_log_setup(
	    (enum la_log_format)la_conf_int(conf, "log.format"), (enum la_log_level)la_conf_int(conf, "log.level"));
	if (!command->runs_anyway)
		tell(cli, conf);
	if (!has_problem || command->runs_anyway)
		code = command->run(conf, argc, argv);
	return (has_problem && code != la_err_exit_code(LA_EUSAGE) ? la_err_exit_code(LA_ECONFIG) : code);
}

static int
run_command(const struct la_cli *cli, const struct options *options, int argc, char **argv)
{
	const struct la_cli_command *command;
	struct la_error error = LA_ERROR_INIT;
	struct la_conf *conf = NULL;
	int code;

	command = find_command(cli, argv[0], &error);
	if (command == NULL || la_cli_args_order(argc, argv, &error) != LA_OK)
		return (complain(cli, &error));
	if (sodium_init() < 0 || la_conf_new(&conf, cli->program) != LA_OK ||
	    (command->wants_config &&
	        read_conf(conf, options, command, cli->program == LA_PROGRAM_MAILER) != LA_OK)) {
		(void)la_error_set(&error, LA_EINTERNAL, "out of memory, or no random numbers");
		code = complain(cli, &error);
	} else {
		code = run_with(cli, command, conf, argc, argv);
	}
	la_conf_free(conf);
	return (code);
}

/* What was printed counts only when it arrived. */
static int
finish_output(const struct la_cli *cli, int code)
{
	struct la_error error = LA_ERROR_INIT;

	if (fflush(stdout) == 0 && !ferror(stdout))
		return (code);
	(void)la_error_set(&error, LA_EINTERNAL, "standard output could not be written");
	(void)complain(cli, &error);
	return (code == 0 ? la_err_exit_code(LA_EINTERNAL) : code);
}

const char *
la_cli_version(void)
{
	return (LA_VERSION);
}

int
la_cli_main(const struct la_cli *cli, int argc, char **argv, void (*versions)(FILE *out))
{
	struct options options = {NULL, NULL, 0, false, false, 0};
	struct la_error error = LA_ERROR_INIT;
	int code = 0;

	if (read_options(argc, argv, &options, &error) != LA_OK) {
		code = complain(cli, &error);
	} else if (options.help || (options.command + 1 < argc && strcmp(argv[options.command + 1], "--help") == 0)) {
		(void)fputs(cli->usage, stdout);
	} else if (options.version) {
		(void)printf("%s %s\n", cli->name, LA_VERSION);
		if (versions != NULL)
			versions(stdout);
	} else if (options.command == argc) {
		(void)fputs(cli->usage, stderr);
		code = la_err_exit_code(LA_EUSAGE);
	} else {
		code = run_command(cli, &options, argc - options.command, argv + options.command);
	}
	free(options.sets);
	return (finish_output(cli, code));
}
