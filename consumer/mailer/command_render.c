#include <stdio.h>

#include "common/cli.h"
#include "mailer/brands.h"
#include "mailer/commands.h"
#include "mailer/help_page.h"
#include "mailer/job_file.h"
#include "mailer/mail_files.h"
#include "mailer/sample.h"

/* What is asked for, and what it is made with. */
struct render {
	const char *job_path, *folder; /* NULL: not given */
	bool all_reasons, help_page;
	struct la_alert_job job; /* of --job, or the sample's */
	const struct la_brand *brand;
	struct la_renderer *renderer;
	struct la_mail mail;
};

static enum la_err
render_job(struct render *r, struct la_error *error)
{
	enum la_err err = la_renderer_mail(r->renderer, r->brand, &r->job, &r->mail, error);

	if (err != LA_OK)
		return (err);
	if (r->folder == NULL)
		return (la_mail_files_print(la_buf_span(&r->mail.eml), error));
	return (la_mail_files_write(r->folder, r->job.job_id, &r->mail, error));
}

/* Standard output gets an mbox, which every mail reader opens; no line of a mail of ours starts with "From ". */
static enum la_err
put_one_of_all(struct render *r, const struct la_brand_order *order, struct la_error *error)
{
	static const char mbox_start[] = "From login-alert Tue Jul  1 00:00:00 2025\r\n";
	char name[128], languages[LA_LANGUAGES_BYTES];
	enum la_err err;

	if (r->folder != NULL) {
		la_brand_order_name(order, languages);
		(void)snprintf(name, sizeof(name), "%s.%s", la_reason_name(r->job.reason), languages);
		return (la_mail_files_write(r->folder, name, &r->mail, error));
	}
	if ((err = la_mail_files_print(la_span_text(mbox_start), error)) != LA_OK ||
	    (err = la_mail_files_print(la_buf_span(&r->mail.eml), error)) != LA_OK)
		return (err);
	return (la_mail_files_print(la_span_text("\r\n"), error));
}

/* A locale that the brand gives this order; absent: its own. */
static void
set_locale(struct render *r, size_t order)
{
	la_text_set(&r->job.locale, la_span_of(NULL, 0));
	for (size_t i = 0; i < r->brand->locale_count && order > 0; i++) {
		if (r->brand->locales[i].order == order)
			la_text_set(&r->job.locale, la_span_text(r->brand->locales[i].tag));
	}
}

static enum la_err
render_all(struct render *r, struct la_error *error)
{
	unsigned number = 0;
	enum la_err err = LA_OK;

	for (size_t order = 0; order < r->brand->order_count; order++) {
		set_locale(r, order);
		for (int reason = LA_REASON_FIRST_LOGIN; reason <= LA_REASON_THIRD_PARTY_LINK; reason++) {
			r->job.reason = (enum la_reason)reason;
			if (r->job_path == NULL && reason == LA_REASON_THIRD_PARTY_LINK)
				r->job.app_label = la_sample_job(LA_REASON_THIRD_PARTY_LINK).app_label;
			(void)snprintf(r->job.job_id, sizeof(r->job.job_id), "%032x", ++number);
			err = la_renderer_mail(r->renderer, r->brand, &r->job, &r->mail, error);
			if (err != LA_OK || (err = put_one_of_all(r, &r->brand->orders[order], error)) != LA_OK)
				return (err);
		}
	}
	return (LA_OK);
}

static enum la_err
render_help_page(struct render *r, struct la_error *error)
{
	struct la_buf page = LA_BUF_INIT;
	enum la_err err = la_help_page(r->renderer, r->brand, &page, error);

	if (err == LA_OK && r->folder == NULL)
		err = la_mail_files_print(la_buf_span(&page), error);
	else if (err == LA_OK)
		err = la_mail_files_put(r->folder, "help.html", la_buf_span(&page), error);
	la_buf_clear(&page);
	return (err);
}

/* No server is asked here. */
static enum la_err
require_address(const struct render *r, struct la_error *error)
{
	struct la_recipient recipient;
	enum la_err err = la_renderer_recipient(r->renderer, &r->job, &recipient, error);

	if (err != LA_OK || recipient.email.present)
		return (err);
	return (la_error_set(error, LA_EDATA, "the job has no address, and render asks no server for one: "
	    "give the job a recipient.email (send asks recipient.url)"));
}

static enum la_err
render(struct render *r, const struct la_conf *conf, struct la_error *error)
{
	struct la_brands *brands = NULL;
	enum la_err err;

	la_mail_init(&r->mail);
	if ((r->job_path != NULL && (err = la_job_file_read(r->job_path, &r->job, error)) != LA_OK) ||
	    (err = la_brands_load(&brands, conf, error)) != LA_OK ||
	    (err = la_renderer_open(&r->renderer, conf, &r->job, error)) != LA_OK ||
	    (err = require_address(r, error)) != LA_OK)
		goto out;
	r->brand = la_brands_of(brands, la_text_span(&r->job.tenant));
	if (r->help_page)
		err = render_help_page(r, error);
	else
		err = r->all_reasons ? render_all(r, error) : render_job(r, error);
out:
	la_mail_clear(&r->mail);
	la_renderer_free(r->renderer);
	la_brands_free(brands);
	return (err);
}

int
la_command_render(struct la_conf *conf, int argc, char **argv)
{
	struct render r = {.job = la_sample_job(LA_REASON_NEW_DEVICE)};
	struct la_error error = LA_ERROR_INIT;
	struct la_cli_args args;
	enum la_err err;

	la_cli_args_init(&args, argc, argv);
	r.job_path = la_cli_option(&args, "--job");
	r.folder = la_cli_option(&args, "--out");
	r.all_reasons = la_cli_flag(&args, "--all-reasons");
	r.help_page = la_cli_flag(&args, "--help-page");
	err = la_cli_args_end(&args, &error);
	if (err == LA_OK && r.all_reasons && r.help_page)
		err = la_error_set(&error, LA_EUSAGE, "render takes one of --all-reasons and --help-page");
	if (err == LA_OK && r.job_path == NULL && !r.all_reasons && !r.help_page)
		err = la_error_set(&error, LA_EUSAGE, "render needs --job FILE (- is stdin), --all-reasons or --help-page");
	if (err == LA_OK)
		err = render(&r, conf, &error);
	if (err != LA_OK)
		(void)fprintf(stderr, "login-alert-mailer: %s\n", error.text);
	return (la_err_exit_code(err));
}
