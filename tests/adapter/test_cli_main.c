/* The command line as a whole: what is printed where, and the exit code. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/cli.h"
#include "common/log.h"

static int
show(struct la_conf *conf, int argc, char **argv)
{
	(void)printf("%s %d %s\n", argv[0], argc, la_conf_text(conf, "batch.max-events"));
	la_log(LA_LOG_DEBUG, la_msg("debugging"));
	return (argc > 1 ? 65 : 0);
}

/* Exit 0 when SIGTERM was seen as the flag, and a closed pipe as an error. */
static int
wait_for_signal(struct la_conf *conf, int argc, char **argv)
{
	int ends[2];

	(void)conf, (void)argc, (void)argv;
	la_cli_catch_signals();
	if (pipe(ends) != 0 || close(ends[0]) != 0 || write(ends[1], "x", 1) != -1)
		return (70);
	if (la_cli_stopping || raise(SIGTERM) != 0 || !la_cli_stopping)
		return (70);
	return (0);
}

static int
check(struct la_conf *conf, int argc, char **argv)
{
	if (argc > 1)
		return (la_err_exit_code(LA_EUSAGE));
	la_cli_print_findings(conf);
	return (show(conf, argc, argv));
}

static int
find_data(struct la_conf *conf, int argc, char **argv)
{
	struct la_error error = LA_ERROR_INIT;
	const char *folder;
	int kind;

	(void)conf, (void)argc, (void)argv;
	for (kind = LA_CLI_SCHEMAS; kind <= LA_CLI_TEMPLATES; kind++) {
		if (la_cli_data_folder((enum la_cli_data)kind, &folder, &error) != LA_OK) {
			(void)printf("%s\n", error.text);
			return (la_err_exit_code(error.code));
		}
		(void)printf("%s\n", folder);
	}
	return (0);
}

static const char *const required[] = {"hash.keys.file", NULL};
static const struct la_cli_command commands[] = {
    {.name = "run", .required = required, .wants_config = true, .run = show, .loads_files = true},
    {.name = "check", .required = required, .wants_config = true, .run = check, .loads_files = true,
        .runs_anyway = true},
    {.name = "decide", .required = required, .wants_config = true, .run = show},
    {.name = "show", .wants_config = true, .run = show},
    {.name = "keygen", .run = show},
    {.name = "wait", .run = wait_for_signal},
    {.name = "data", .run = find_data},
};
static const struct la_cli cli = {LA_PROGRAM_DETECTOR, "prog", "usage of prog\n", commands,
    sizeof(commands) / sizeof(commands[0])};

static void
versions(FILE *out)
{
	(void)fputs("library 1\n", out);
}

static void
read_back(int fd, char out[4096])
{
	ssize_t size = pread(fd, out, 4095, 0);

	assert_true(size >= 0);
	out[size] = '\0';
	(void)close(fd);
}

struct result {
	int code;
	char out[4096], err[4096];
};

/* Runs la_cli_main in a child; line holds its words, blanks between. */
static void
run(const char *line, const char *variable, struct result *result)
{
	char words[512], *argv[16] = {(char[]){"prog"}}, *rest = words, *word;
	int out = open("/tmp", O_TMPFILE | O_RDWR, 0600), err = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	int argc = 1, status;
	pid_t pid;

	assert_true(out >= 0 && err >= 0);
	(void)snprintf(words, sizeof(words), "%s", line);
	while ((word = strsep(&rest, " ")) != NULL) {
		if (*word != '\0')
			argv[argc++] = word;
	}
	pid = fork();
	if (pid == 0) {
		(void)dup2(out, STDOUT_FILENO);
		(void)dup2(err, STDERR_FILENO);
		if (variable != NULL)
			(void)putenv(strdup(variable));
		exit(la_cli_main(&cli, argc, argv, versions));
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	result->code = WEXITSTATUS(status);
	read_back(out, result->out);
	read_back(err, result->err);
}

static void
each_command_line_has_its_output_and_exit_code(void **state)
{
	static const struct {
		const char *line;
		int code;
		const char *out, *err;
	} rows[] = {
	    {"", 64, "", "usage of prog\n"},
	    {"--help", 0, "usage of prog\n", ""},
	    {"-h", 0, "usage of prog\n", ""},
	    {"show --help", 0, "usage of prog\n", ""},
	    {"--nonsense", 64, "", "prog: --nonsense: no such option before the command; see --help\n"},
	    {"--set", 64, "", "prog: --set: its value is missing; see --help\n"},
	    {"--config a --config b show", 64, "", "prog: --config: one file only\n"},
	    {"nonsense", 64, "",
		"prog: nonsense: no such command; commands are run, check, decide, show, keygen, wait, data\n"},
	    {"--set batch.max-events=7 show", 0, "show 1 7\n", ""},
	    {"--set=batch.max-events=7 show x", 65, "show 2 7\n", ""},
	    {"--config /nowhere/x --set a=b run", 78, "",
		"prog: /nowhere/x: No such file or directory\nprog: --set: a: no such key; check prints those there are\n"},
	    {"--set hash.keys.file=/nowhere/x run", 78, "",
		"prog: --set: hash.keys.file: /nowhere/x: No such file or directory\n"},
	    {"--set hash.keys.file=/nowhere/x decide", 78, "", /* it opens no file itself but what it needs */
		"prog: --set: hash.keys.file: /nowhere/x: No such file or directory\n"},
	    {"--set hash.keys.file=\x01 run", 78, "", "prog: --set: hash.keys.file: control characters or invalid UTF-8\n"},
	    {"run --set hash.keys.file=/nowhere/x", 64, "", "prog: --set comes before the command run\n"},
	    {"show --config=x", 64, "", "prog: --config comes before the command show\n"},
	    {"--set a=b check", 78,
		"error configuration: --set: a: no such key; check prints those there are\n"
		"error configuration: hash.keys.file: required, and not set; it must be the path of a file\n"
		"check 1 5000\n", ""},
	    {"--set a=b check x", 64, "", ""},
	    {"--set redis.ca.file=/nowhere/x show", 0, "show 1 5000\n", ""},
	    {"--config /nowhere/x keygen", 0, "keygen 1 5000\n", ""},
	    {"wait", 0, "", ""},
	};
	struct result result;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		run(rows[i].line, NULL, &result);
		assert_string_equal(result.err, rows[i].err);
		assert_string_equal(result.out, rows[i].out);
		assert_int_equal(result.code, rows[i].code);
	}
}

static void
the_version_names_program_and_libraries(void **state)
{
	struct result result;
	size_t number;

	(void)state;
	run("--version", NULL, &result);
	assert_int_equal(result.code, 0);
	assert_int_equal(strncmp(result.out, "prog ", 5), 0);
	number = strspn(result.out + 5, "0123456789.");
	assert_true(number >= 5);
	assert_string_equal(result.out + 5 + number, "\nlibrary 1\n");
}

static void
output_that_cannot_be_written_is_an_error(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	pid = fork();
	if (pid == 0) {
		char *argv[] = {(char[]){"prog"}, (char[]){"--help"}};
		int full = open("/dev/full", O_WRONLY);

		(void)dup2(full, STDOUT_FILENO);
		(void)dup2(full, STDERR_FILENO);
		exit(la_cli_main(&cli, 2, argv, NULL));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 70);
}

static void
the_log_is_as_configured_and_tells_warnings(void **state)
{
	struct result result;

	(void)state;
	run("--set log.format=json --set log.level=debug show", "LOGIN_ALERT_NONSENSE=1", &result);
	assert_int_equal(result.code, 0);
	assert_non_null(
	    strstr(result.err, "\"level\":\"warn\",\"msg\":\"configuration\",\"detail\":\"environment variable "
			       "LOGIN_ALERT_NONSENSE: no such key; it is ignored\"}\n"));
	assert_non_null(strstr(result.err, "\"level\":\"debug\",\"msg\":\"debugging\"}\n"));
}

static void
data_folders_are_found_from_the_build_folder(void **state)
{
	struct result result;

	(void)state;
	run("data", NULL, &result);
	assert_string_equal(result.out, LA_TEST_SOURCE_DIR "/schemas\n" LA_TEST_SOURCE_DIR "/templates\n");
	assert_int_equal(result.code, 0);
	run("data", "LOGIN_ALERT_DATA=" LA_TEST_SOURCE_DIR, &result);
	assert_string_equal(result.out, LA_TEST_SOURCE_DIR "/schemas\n" LA_TEST_SOURCE_DIR "/templates\n");
	run("data", "LOGIN_ALERT_DATA=/nowhere", &result);
	assert_string_equal(result.out, "/nowhere/schemas: no such folder (LOGIN_ALERT_DATA is set)\n");
	assert_int_equal(result.code, 78);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_command_line_has_its_output_and_exit_code),
	    cmocka_unit_test(the_version_names_program_and_libraries),
	    cmocka_unit_test(output_that_cannot_be_written_is_an_error),
	    cmocka_unit_test(the_log_is_as_configured_and_tells_warnings),
	    cmocka_unit_test(data_folders_are_found_from_the_build_folder),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
