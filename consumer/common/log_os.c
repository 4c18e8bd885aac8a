#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"

#define LINE_BYTES 4096 /* at most PIPE_BUF: lines of several threads or processes do not mix */

static enum la_log_format the_format = LA_LOG_LOGFMT;
static enum la_log_level the_level = LA_LOG_INFO;

void
la_log_setup(enum la_log_format format, enum la_log_level level)
{
	the_format = format;
	the_level = level;
}

void
la_log_write(enum la_log_level level, const struct la_field *fields, size_t count)
{
	char line[LINE_BYTES];
	size_t size;

	if (level < the_level)
		return;
	size = la_log_format_line(line, sizeof(line), the_format, level, la_clock_wall_ms(NULL), fields, count);
	/* A log that cannot be written must not stop the work; there is nowhere to say so either. */
	if (write(STDERR_FILENO, line, size) < 0)
		return;
}
