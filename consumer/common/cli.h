/*
 * What both mains share: options, usage, signals, where the data files lie.
 */
#ifndef LA_COMMON_CLI_H
#define LA_COMMON_CLI_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "common/conf.h"
#include "common/err.h"

struct la_cli_command {
	const char *name;
	const char *const *required; /* keys that must have a value, NULL-ended; NULL: none */
	bool wants_config;           /* false: configuration is not even read (keygen) */
	int (*run)(struct la_conf *conf, int argc, char **argv); /* argv[0] is the command; returns the exit code */
	/* true (run, check, replay): la_conf_load_files comes before; false: all but required ones are the command's own
	 * business, so that render works beside a password file that only the service may read. */
	bool loads_files;
	/* true (check): runs in spite of configuration problems, so that all that is wrong is named in one go; the exit
	 * code is 78 then, or 64, if that is what the command returns. A key with a problem is as if it had not been set;
	 * a required one may have no value. It tells them itself, with what else it finds (la_cli_print_findings). */
	bool runs_anyway;
};

struct la_cli {
	enum la_program program;
	const char *name;  /* "login-alert-detector" */
	const char *usage; /* what --help prints */
	const struct la_cli_command *commands;
	size_t command_count;
};

/*
 * The whole of main: reads options, configuration and environment, prints every
 * configuration problem on its own line of stderr (exit 78; check: of stdout), sets up the log
 * and libsodium, runs the command, returns its exit code (70 when stdout could
 * not be written). --version prints the versions of the program and of the
 * libraries in use (versions() appends lines; NULL: none).
 */
int la_cli_main(const struct la_cli *cli, int argc, char **argv, void (*versions)(FILE *out));

/* For check: a line on stdout for each problem and warning of the configuration, among its other findings. */
void la_cli_print_findings(const struct la_conf *conf);

/*
 * Options of a command: "--out DIR" or "--out=DIR". Each word found is
 * remembered, so that la_cli_args_end can name one that nobody asked for: an
 * unknown option, one given twice, one without its value. Ask for options and flags
 * first, then for operands. Words after "--" are operands.
 */
struct la_cli_args {
	int argc;
	char **argv;
	unsigned char used[64];
};
void la_cli_args_init(struct la_cli_args *args, int argc, char **argv);
const char *la_cli_option(struct la_cli_args *args, const char *name); /* "--job" -> its value */
bool la_cli_flag(struct la_cli_args *args, const char *name);          /* "--jobs" */
const char *la_cli_operand(struct la_cli_args *args);                  /* the next word that is no option */
/* LA_EUSAGE names the first word that nobody asked for. Call last. */
LA_MUST_CHECK enum la_err la_cli_args_end(const struct la_cli_args *args, struct la_error *error);

/* LA_EUSAGE: --config or --set stands behind the command argv[0]. */
LA_MUST_CHECK enum la_err la_cli_args_order(int argc, char **argv, struct la_error *error);

const char *la_cli_version(void);

/* SIGTERM and SIGINT set it, any thread reads it; the one piece of global state. SIGPIPE is ignored. */
extern atomic_int la_cli_stopping;
void la_cli_catch_signals(void);

/* From now on SIGHUP sets it, and does not end the program; the caller clears it when it has seen it. */
extern volatile sig_atomic_t la_cli_hung_up;
void la_cli_catch_hangup(void);

/*
 * Schemas and templates: LOGIN_ALERT_DATA if set; else the installed
 * share/login-alert next to bin (a moved prefix works); else, when the program
 * runs from its build folder, the source tree. The result is a static buffer per kind.
 * Errors: LA_ECONFIG names every place it looked.
 */
enum la_cli_data { LA_CLI_SCHEMAS, LA_CLI_TEMPLATES };
LA_MUST_CHECK enum la_err la_cli_data_folder(enum la_cli_data kind, const char **folder, struct la_error *error);

#endif
