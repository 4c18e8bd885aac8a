#include "mailer/job_file.h"

#include "common/file.h"
#include "common/json.h"

#define JOB_BYTES_MAX (1u << 20)

enum la_err
la_job_file_read(const char *path, struct la_alert_job *job, struct la_error *error)
{
	struct la_buf text = LA_BUF_INIT;
	enum la_err err = la_file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, JOB_BYTES_MAX, &text, error);

	if (err == LA_ECONFIG) /* here the file is input, not configuration */
		error->code = err = LA_EDATA;
	else if (err == LA_OK)
		err = la_json_read_job(la_buf_span(&text), job, error);
	la_buf_clear(&text);
	return (err);
}
