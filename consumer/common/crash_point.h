/*
 * Named steps at which a test stops the program as kill -9 would: nothing is flushed, freed or told to anybody. Only in
 * builds with LA_CRASH_POINTS (the presets that tests use; CMake refuses it for a release); else nothing is left of them.
 *
 * LA_CRASH_POINT=NAME in the environment stops at the first passage, NAME:N at the N-th one. A name belongs to one
 * place, which counts its own passages. The points stand where the loops' order of steps is promised: see tests/README.md.
 *
 * With LA_CRASH_HOLD=FILE the thread makes FILE there and stands still until somebody removes it, while librdkafka's
 * threads go on; a SIGSTOP meanwhile finds the process at that step.
 */
#ifndef LA_COMMON_CRASH_POINT_H
#define LA_COMMON_CRASH_POINT_H

#ifdef LA_CRASH_POINTS
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LA_CRASH_EXIT 137 /* what a shell shows for SIGKILL */

static inline void
la_crash_hold(const char *file)
{
	int fd = open(file, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		_exit(LA_CRASH_EXIT);
	(void)close(fd);
	while (access(file, F_OK) == 0)
		(void)poll(NULL, 0, 2);
}

static inline void
la_crash_point(const char *name, unsigned long passages)
{
	const char *wanted = getenv("LA_CRASH_POINT"), *held = getenv("LA_CRASH_HOLD");
	size_t size = strlen(name);

	if (wanted == NULL || strncmp(wanted, name, size) != 0)
		return;
	if (wanted[size] == '\0' ? passages != 1 : wanted[size] != ':' || strtoul(wanted + size + 1, NULL, 10) != passages)
		return;
	if (held == NULL)
		_exit(LA_CRASH_EXIT);
	la_crash_hold(held);
}

#define LA_CRASH_POINT(name)                                \
	do {                                                \
		static unsigned long la_passages;           \
		la_crash_point((name), ++la_passages);      \
	} while (0)

static inline int64_t
la_crash_number(const char *name, int64_t otherwise)
{
	const char *text = getenv(name);

	return (text == NULL ? otherwise : strtoll(text, NULL, 10));
}

/* A limit of time, or what the environment says in its place: a test does not wait so long. */
#define LA_CRASH_NUMBER(name, otherwise) la_crash_number((name), (otherwise))
#else
#define LA_CRASH_POINT(name) ((void)0)
#define LA_CRASH_NUMBER(name, otherwise) (otherwise)
#endif

#endif
