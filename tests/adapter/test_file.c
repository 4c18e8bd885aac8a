/* Whole files: read with a limit, written whole or not at all. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/cli.h"
#include "common/conf.h"
#include "common/file.h"

static char folder[] = "/tmp/la-test-file.XXXXXX";

static int
make_folder(void **state)
{
	(void)state;
	return (mkdtemp(folder) == NULL);
}

static int
drop_folder(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return (system(command));
}

/* A path in the test's folder; two may be in use at a time. */
static const char *
path_of(const char *name)
{
	static char path[2][128];
	static int next;

	next = !next;
	(void)snprintf(path[next], sizeof(path[next]), "%s/%s", folder, name);
	return (path[next]);
}

static void
put(const char *name, const char *bytes, size_t size)
{
	struct la_error error = LA_ERROR_INIT;

	assert_int_equal(la_file_write(path_of(name), la_span_of(bytes, size), 0600, true, &error), LA_OK);
}

static void
a_file_reads_back_as_it_was_written(void **state)
{
	struct la_buf buf = LA_BUF_INIT;
	struct la_error error = LA_ERROR_INIT;
	size_t size = 300000;
	char *bytes = malloc(size);
	struct stat st;

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 7);
	assert_int_equal(la_file_write(path_of("big"), la_span_of(bytes, size), 0640, false, &error), LA_OK);
	assert_int_equal(stat(path_of("big"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(la_file_read(path_of("big"), size, &buf, &error), LA_OK);
	assert_true(la_span_equal(la_buf_span(&buf), la_span_of(bytes, size)));
	assert_int_equal(la_file_read(path_of("big"), size - 1, &buf, &error), LA_ECONFIG);
	assert_non_null(strstr(error.text, "/big: larger than 299999 bytes"));
	la_buf_clear(&buf);
	free(bytes);
}

static void
an_existing_file_is_replaced_only_when_asked(void **state)
{
	struct la_buf buf = LA_BUF_INIT;
	struct la_error error = LA_ERROR_INIT;

	(void)state;
	put("there", "old", 3);
	assert_int_equal(la_file_write(path_of("there"), la_span_text("new"), 0600, false, &error), LA_EUSAGE);
	assert_non_null(strstr(error.text, "/there: exists already and is left as it is"));
	assert_int_equal(la_file_read(path_of("there"), 100, &buf, &error), LA_OK);
	assert_true(la_span_is(la_buf_span(&buf), "old"));
	put("there", "new", 3);
	assert_int_equal(la_file_read(path_of("there"), 100, &buf, &error), LA_OK);
	assert_true(la_span_is(la_buf_span(&buf), "new"));
	la_buf_clear(&buf);
}

static void
what_is_replaced_keeps_its_link_and_its_readers(void **state)
{
	struct la_buf buf = LA_BUF_INIT;
	struct la_error error = LA_ERROR_INIT;
	bool root = geteuid() == 0;
	struct stat st;

	(void)state;
	put("target", "old", 3);
	assert_int_equal(chmod(path_of("target"), 0644), 0);
	if (root)
		assert_int_equal(chown(path_of("target"), 65532, 65533), 0);
	assert_int_equal(symlink("target", path_of("link")), 0);
	put("link", "new", 3);
	assert_int_equal(lstat(path_of("link"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(la_file_read(path_of("target"), 100, &buf, &error), LA_OK);
	assert_true(la_span_is(la_buf_span(&buf), "new"));
	assert_int_equal(stat(path_of("target"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_uid, root ? 65532 : geteuid());
	assert_true(!root || st.st_gid == 65533);
	la_buf_clear(&buf);
}

static void
nothing_is_left_behind_when_a_file_cannot_be_written(void **state)
{
	struct la_error error = LA_ERROR_INIT;
	char command[160];

	(void)state;
	assert_int_equal(la_file_write(path_of("none/x"), la_span_text("x"), 0600, true, &error), LA_ECONFIG);
	assert_non_null(strstr(error.text, "/none/x: No such file or directory"));
	assert_int_equal(mkdir(path_of("busy"), 0700), 0);
	assert_int_equal(la_file_write(path_of("busy"), la_span_text("x"), 0600, true, &error), LA_ECONFIG);
	(void)snprintf(command, sizeof(command), "! ls '%s' | grep -q '[.]'", folder);
	assert_int_equal(system(command), 0);
}

static void
what_cannot_be_read_is_named_with_its_reason(void **state)
{
	struct la_buf buf = LA_BUF_INIT;
	struct la_error error = LA_ERROR_INIT;

	(void)state;
	assert_int_equal(la_file_read(path_of("nowhere"), 10, &buf, &error), LA_ECONFIG);
	assert_non_null(strstr(error.text, "/nowhere: No such file or directory"));
	assert_int_equal(la_file_read(folder, 10, &buf, &error), LA_ECONFIG);
	assert_non_null(strstr(error.text, ": Is a directory"));
	la_buf_clear(&buf);
}

static void
a_secret_loses_its_line_end_and_nothing_else(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *secret; /* NULL: refused */
	} rows[] = {
	    {"hunter2", 7, "hunter2"}, {"hunter2\n", 8, "hunter2"}, {"hunter2\r\n", 9, "hunter2"},
	    {" hunter2 \n\n", 11, " hunter2 \n"}, {"two\nlines\n", 10, "two\nlines"}, {"", 0, NULL}, {"\n", 1, NULL},
	    {"a\0b\n", 4, NULL},
	};
	struct la_buf secret = LA_BUF_INIT;
	struct la_error error = LA_ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum la_err want = rows[i].secret == NULL ? LA_ECONFIG : LA_OK;

		put("secret", rows[i].bytes, rows[i].size);
		assert_int_equal(la_file_read_secret(path_of("secret"), &secret, &error), want);
		if (want == LA_OK)
			assert_string_equal((const char *)secret.data, rows[i].secret);
		else
			assert_null(secret.data);
		la_file_wipe(&secret);
	}
}

static void
collect(void *cookie, const struct la_conf_kafka_property *property)
{
	char *text = cookie;

	(void)snprintf(text + strlen(text), 256 - strlen(text), "%s=%s;", property->name, property->value);
}

static void
a_kafka_secret_comes_from_its_file(void **state)
{
	struct la_conf *conf;
	char line[256], text[256] = "";

	(void)state;
	put("password", "hunter2\n", 8);
	assert_int_equal(la_conf_new(&conf, LA_PROGRAM_DETECTOR), LA_OK);
	(void)snprintf(line, sizeof(line), "kafka.sasl.password.file=%s", path_of("password"));
	assert_int_equal(la_conf_set(conf, line), LA_OK);
	assert_int_equal(la_conf_load_files(conf), LA_OK);
	assert_int_equal(la_conf_problem_count(conf), 0);
	la_conf_each_kafka(conf, LA_CONF_KAFKA_PRODUCER, collect, text);
	assert_string_equal(text, "sasl.password=hunter2;");
	la_conf_free(conf);
}

static void
a_configured_file_that_cannot_be_opened_is_a_problem_with_its_place(void **state)
{
	const char *text = "\nhash.keys.file=/nowhere/keys\nschema.dir=/etc/hostname\nredis.ca.file=/etc\n"
	                   "kafka.sasl.password.file=/nowhere/p\n";
	struct la_conf *conf;

	(void)state;
	assert_int_equal(la_conf_new(&conf, LA_PROGRAM_DETECTOR), LA_OK);
	assert_int_equal(la_conf_read_text(conf, "x.conf", text, strlen(text)), LA_OK);
	assert_int_equal(la_conf_load_files(conf), LA_OK);
	assert_int_equal(la_conf_problem_count(conf), 4);
	assert_string_equal(la_conf_problem(conf, 0), "x.conf:3: schema.dir: /etc/hostname: is no folder");
	assert_string_equal(la_conf_problem(conf, 1), "x.conf:4: redis.ca.file: /etc: is a folder");
	assert_string_equal(
	    la_conf_problem(conf, 2), "x.conf:2: hash.keys.file: /nowhere/keys: No such file or directory");
	assert_string_equal(
	    la_conf_problem(conf, 3), "x.conf:5: kafka.sasl.password.file: /nowhere/p: No such file or directory");
	la_conf_free(conf);
}

static void
an_unreadable_configuration_file_is_a_problem(void **state)
{
	struct la_conf *conf;

	(void)state;
	assert_int_equal(la_conf_new(&conf, LA_PROGRAM_DETECTOR), LA_OK);
	assert_int_equal(la_conf_read_file(conf, "/nowhere/x.conf"), LA_OK);
	assert_int_equal(la_conf_problem_count(conf), 1);
	assert_string_equal(la_conf_problem(conf, 0), "/nowhere/x.conf: No such file or directory");
	la_conf_free(conf);
}

/* A writer may come late, and write slowly; one that never comes is not waited for without end. */
static void
a_pipe_is_read_when_somebody_writes_and_refused_when_nobody_does(void **state)
{
	struct la_buf buf = LA_BUF_INIT;
	struct la_error error = LA_ERROR_INIT;
	int status;
	pid_t writer;

	(void)state;
	assert_int_equal(mkfifo(path_of("pipe"), 0600), 0);
	assert_int_equal(la_file_read_within(path_of("pipe"), 100, 50, &buf, &error), LA_ECONFIG);
	assert_non_null(strstr(error.text, "/pipe: a pipe into which nobody has written within 50 ms"));
	writer = fork();
	assert_int_not_equal(writer, -1);
	if (writer == 0) {
		int fd = open(path_of("pipe"), O_WRONLY); /* waits for the reader */

		if (fd < 0 || write(fd, "half", 4) != 4 || usleep(50 * 1000) != 0 || write(fd, " and half", 9) != 9)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(la_file_read(path_of("pipe"), 100, &buf, &error), LA_OK);
	assert_int_equal(buf.size, 13);
	assert_memory_equal(buf.data, "half and half", 13);
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
	la_buf_clear(&buf);
}

/* The signal may come just before the wait, so it comes again. */
static void
who_waits_at_a_pipe_can_be_stopped(void **state)
{
	struct la_buf buf = LA_BUF_INIT;
	struct la_error error = LA_ERROR_INIT;
	int status = -1, tries;
	pid_t reader;

	(void)state;
	assert_int_equal(mkfifo(path_of("silent"), 0600), 0);
	la_cli_catch_signals();
	reader = fork();
	assert_int_not_equal(reader, -1);
	if (reader == 0)
		_exit(la_file_read_within(path_of("silent"), 100, 600000, &buf, &error) == LA_ESTOPPED ? 75 : 1);
	for (tries = 0; tries < 6000 && waitpid(reader, &status, WNOHANG) == 0; tries++) {
		(void)kill(reader, SIGTERM);
		(void)usleep(10 * 1000);
	}
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
	if (tries == 6000)
		(void)kill(reader, SIGKILL);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 75);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_waits_at_a_pipe_can_be_stopped),
	    cmocka_unit_test(a_pipe_is_read_when_somebody_writes_and_refused_when_nobody_does),
	    cmocka_unit_test(a_file_reads_back_as_it_was_written),
	    cmocka_unit_test(an_existing_file_is_replaced_only_when_asked),
	    cmocka_unit_test(what_is_replaced_keeps_its_link_and_its_readers),
	    cmocka_unit_test(nothing_is_left_behind_when_a_file_cannot_be_written),
	    cmocka_unit_test(what_cannot_be_read_is_named_with_its_reason),
	    cmocka_unit_test(a_secret_loses_its_line_end_and_nothing_else),
	    cmocka_unit_test(a_kafka_secret_comes_from_its_file),
	    cmocka_unit_test(a_configured_file_that_cannot_be_opened_is_a_problem_with_its_place),
	    cmocka_unit_test(an_unreadable_configuration_file_is_a_problem),
	};

	return (cmocka_run_group_tests(tests, make_folder, drop_folder));
}
