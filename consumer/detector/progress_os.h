/* How far we are, on a terminal; nothing where stderr is none. */
#ifndef LA_DETECTOR_PROGRESS_OS_H
#define LA_DETECTOR_PROGRESS_OS_H

#include <stdbool.h>
#include <stdint.h>

struct la_progress {
	bool is_shown;
	int64_t shown_at_ms, began_at_ms;
};

void la_progress_begin(struct la_progress *progress);
void la_progress_show(struct la_progress *progress, const char *what, int64_t done, int64_t total);
void la_progress_end(struct la_progress *progress); /* leaves an empty line */

#endif
