/* Parts of the page: report_html.c puts it together, report_differences.c has what --compare found. */
#ifndef LA_DETECTOR_REPORT_PARTS_H
#define LA_DETECTOR_REPORT_PARTS_H

#include "detector/html.h"
#include "detector/replay_report.h"
#include "detector/replay_time.h"

void la_report_time(const struct la_replay_report *report, int64_t ms, char out[LA_REPLAY_TIME_BYTES]);

/* A table that scrolls by itself where it is too wide; the caller writes head and rows, and begins tbody. */
void la_report_begin_table(struct la_html *html, const char *label);
void la_report_end_table(struct la_html *html);

/* report->compare is there. */
void la_report_differences(struct la_html *html, const struct la_replay_report *report);

#endif
