#include "detector/progress_os.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/clock.h"

#define EVERY_MS 200

void
la_progress_begin(struct la_progress *progress)
{
	*progress = (struct la_progress){.is_shown = isatty(STDERR_FILENO) == 1, .began_at_ms = la_clock_now_ms(NULL)};
}

void
la_progress_show(struct la_progress *progress, const char *what, int64_t done, int64_t total)
{
	int64_t now_ms, spent_ms;

	if (!progress->is_shown)
		return;
	now_ms = la_clock_now_ms(NULL);
	if (now_ms - progress->shown_at_ms < EVERY_MS && done < total)
		return;
	progress->shown_at_ms = now_ms;
	spent_ms = now_ms - progress->began_at_ms;
	(void)fprintf(stderr, "\r\033[K%s: %" PRId64 " of %" PRId64 " records, %d %%, %" PRId64 " s", what, done, total,
	    total > 0 ? (int)(100 * done / total) : 100, spent_ms / 1000);
	(void)fflush(stderr);
}

void
la_progress_end(struct la_progress *progress)
{
	if (progress->is_shown)
		(void)fputs("\r\033[K", stderr);
}
