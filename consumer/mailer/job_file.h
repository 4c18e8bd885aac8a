/* The job of render --job and send --job: plain JSON from a file, or from stdin for "-". job_file_os.c */
#ifndef LA_MAILER_JOB_FILE_H
#define LA_MAILER_JOB_FILE_H

#include "common/err.h"
#include "common/job.h"

/* Errors: LA_EDATA (names the file or the field), LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_job_file_read(const char *path, struct la_alert_job *job, struct la_error *error);

#endif
