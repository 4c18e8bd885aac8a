/* The folder of a report: 0700 when we make it, files 0600, each in its place only when it is whole. */
#ifndef LA_DETECTOR_REPORT_OS_H
#define LA_DETECTOR_REPORT_OS_H

#include <stdio.h>

#include "common/err.h"
#include "common/span.h"

struct la_report_folder {
	const char *path; /* borrowed */
	FILE *lines;      /* decisions.jsonl, under another name until it is whole */
};

/* Makes the folder, if it is not there, and begins decisions.jsonl. Errors: LA_EUSAGE (says what is wrong with --report). */
LA_MUST_CHECK enum la_err la_report_open(struct la_report_folder *folder, const char *path, struct la_error *error);

/* Text without its line end. Errors: LA_EUSAGE (a full disk). */
LA_MUST_CHECK enum la_err la_report_line(struct la_report_folder *folder, struct la_span text, struct la_error *error);

/* decisions.jsonl takes its place. Errors: LA_EUSAGE. */
LA_MUST_CHECK enum la_err la_report_end_lines(struct la_report_folder *folder, struct la_error *error);
LA_MUST_CHECK enum la_err la_report_file(
    struct la_report_folder *folder, const char *name, struct la_span bytes, struct la_error *error);

/* What is not whole goes. */
void la_report_close(struct la_report_folder *folder);

#endif
