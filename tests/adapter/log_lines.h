/* What a loop said, kept to be looked for. */
#ifndef LA_TESTS_LOG_LINES_H
#define LA_TESTS_LOG_LINES_H

#include <stdbool.h>
#include <string.h>

#include "common/log.h"

static char log_lines[65536];

/* False: there is no room for another line. */
static inline bool
keep_line(enum la_log_level level, const struct la_field *fields, size_t count)
{
	size_t used = strlen(log_lines);

	if (sizeof(log_lines) - used <= 1024)
		return (false);
	(void)la_log_format_line(log_lines + used, sizeof(log_lines) - used, LA_LOG_LOGFMT, level, 0, fields, count);
	return (true);
}

/* How many times. */
static inline int
said(const char *text)
{
	int count = 0;

	for (const char *at = log_lines; (at = strstr(at, text)) != NULL; at++)
		count++;
	return (count);
}

#endif
