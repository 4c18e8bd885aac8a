/* The SMTP sink (tests/support/smtp_sink.py) as a child of the test, and what it has taken. */
#ifndef LA_TESTS_SINK_PROCESS_H
#define LA_TESTS_SINK_PROCESS_H

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct sink {
	char folder[64];
	int port;
	pid_t pid;
};

static inline void
sink_path(const struct sink *sink, const char *name, char out[128])
{
	(void)snprintf(out, 128, "%s/%s", sink->folder, name);
}

static inline void
sink_exec(const struct sink *sink, const char *const *options)
{
	const char *argv[32] = {
	    "python3", LA_TEST_SOURCE_DIR "/tests/support/smtp_sink.py", "--die-with-parent", "--out"};
	char mails[128], port[128], script[128];
	size_t count = 4;

	sink_path(sink, "mails", mails);
	sink_path(sink, "port", port);
	sink_path(sink, "script", script);
	argv[count++] = mails;
	argv[count++] = "--port-file";
	argv[count++] = port;
	argv[count++] = "--script";
	argv[count++] = script;
	while (options != NULL && *options != NULL && count < 31)
		argv[count++] = *options++;
	execvp("python3", (char *const *)(void *)argv);
	_exit(127);
}

/* Acts from the next connection on. */
static inline void
sink_write_script(const struct sink *sink, const char *script)
{
	char path[128], unfinished[128];
	FILE *file;

	sink_path(sink, "script", path);
	sink_path(sink, "script.new", unfinished);
	file = fopen(unfinished, "w");
	assert_non_null(file);
	assert_true(fputs(script, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(unfinished, path), 0);
}

/* script: JSON as smtp_sink.py describes; options: more of its arguments, NULL-ended, or NULL. */
static inline void
sink_start(struct sink *sink, const char *script, const char *const *options)
{
	char path[128];
	FILE *file = NULL;

	(void)snprintf(sink->folder, sizeof(sink->folder), "/tmp/la-sink-XXXXXX");
	assert_non_null(mkdtemp(sink->folder));
	sink_write_script(sink, script);
	sink->pid = fork();
	if (sink->pid == 0)
		sink_exec(sink, options);
	sink_path(sink, "port", path);
	for (int i = 0; i < 3000 && file == NULL; i++) {
		(void)usleep(10000);
		file = fopen(path, "r");
	}
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &sink->port), 1);
	(void)fclose(file);
}

static inline void
sink_stop(struct sink *sink)
{
	char command[128];

	(void)kill(sink->pid, SIGTERM);
	(void)waitpid(sink->pid, NULL, 0);
	(void)snprintf(command, sizeof(command), "rm -r %s", sink->folder);
	assert_int_equal(system(command), 0);
}

/* The number of the connection that brought mail number (from 1), 0: there is no such mail. */
static inline int
sink_connection_of(const struct sink *sink, int number)
{
	char path[128], name[32];
	json_t *envelope;
	int connection;

	(void)snprintf(name, sizeof(name), "mails/%06d.json", number);
	sink_path(sink, name, path);
	envelope = json_load_file(path, 0, NULL);
	if (envelope == NULL)
		return (0);
	connection = (int)json_integer_value(json_object_get(envelope, "connection"));
	json_decref(envelope);
	return (connection);
}

static inline int
sink_mails(const struct sink *sink)
{
	int count = 0;

	while (sink_connection_of(sink, count + 1) != 0)
		count++;
	return (count);
}

/* The strict sink found nothing to complain of. */
static inline void
sink_has_no_complaint(const struct sink *sink)
{
	char path[128], line[256];
	FILE *file;

	sink_path(sink, "mails/violations.txt", path);
	file = fopen(path, "r");
	if (file == NULL)
		return;
	if (fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	(void)fclose(file);
	fail_msg("%s", line);
}

#endif
