#include "mailer/commands.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/cli.h"
#include "common/file.h"
#include "mailer/brands.h"
#include "mailer/job_file.h"
#include "mailer/render.h"

static enum la_err
write_part(const char *folder, const char *job_id, const char *suffix, struct la_span bytes, struct la_error *error)
{
	char path[4096];
	int size = snprintf(path, sizeof(path), "%s/%s%s", folder, job_id, suffix);

	if (size < 0 || (size_t)size >= sizeof(path))
		return (la_error_set(error, LA_EUSAGE, "the path of --out is too long"));
	return (la_file_write(path, bytes, 0644, true, error));
}

static enum la_err
write_mail(const struct la_mail *mail, const char *job_id, const char *folder, struct la_error *error)
{
	enum la_err err;

	if (folder == NULL) {
		if (fwrite(mail->eml.data, 1, mail->eml.size, stdout) != mail->eml.size || fflush(stdout) != 0)
			return (la_error_set(error, LA_EINTERNAL, "cannot write to stdout"));
		return (LA_OK);
	}
	if (mkdir(folder, 0755) != 0 && errno != EEXIST)
		return (la_error_set(error, LA_EUSAGE, "--out %s: %s", folder, strerror(errno)));
	if ((err = write_part(folder, job_id, ".eml", la_buf_span(&mail->eml), error)) != LA_OK ||
	    (err = write_part(folder, job_id, ".txt", la_buf_span(&mail->text), error)) != LA_OK)
		return (err);
	return (write_part(folder, job_id, ".html", la_buf_span(&mail->html), error));
}

static enum la_err
render(const struct la_conf *conf, const char *job_path, const char *folder, struct la_error *error)
{
	struct la_brands *brands = NULL;
	struct la_renderer *renderer = NULL;
	struct la_alert_job job;
	struct la_mail mail;
	enum la_err err;

	la_mail_init(&mail);
	if ((err = la_job_file_read(job_path, &job, error)) != LA_OK || (err = la_brands_load(&brands, conf, error)) != LA_OK)
		goto out;
	if ((err = la_renderer_open(&renderer, conf, &job, error)) != LA_OK)
		goto out;
	err = la_renderer_mail(renderer, la_brands_of(brands, la_text_span(&job.tenant)), &job, &mail, error);
	if (err == LA_OK)
		err = write_mail(&mail, job.job_id, folder, error);
out:
	la_mail_clear(&mail);
	la_renderer_free(renderer);
	la_brands_free(brands);
	return (err);
}

int
la_command_render(struct la_conf *conf, int argc, char **argv)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_cli_args args;
	const char *job_path, *folder;
	enum la_err err;

	la_cli_args_init(&args, argc, argv);
	job_path = la_cli_option(&args, "--job");
	folder = la_cli_option(&args, "--out");
	err = la_cli_args_end(&args, &error);
	if (err == LA_OK && job_path == NULL)
		err = la_error_set(&error, LA_EUSAGE, "render needs --job FILE (- is stdin)");
	if (err == LA_OK)
		err = render(conf, job_path, folder, &error);
	if (err != LA_OK)
		(void)fprintf(stderr, "login-alert-mailer: %s\n", error.text);
	return (la_err_exit_code(err));
}
