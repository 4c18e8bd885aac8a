#include <stdio.h>
#include <stdlib.h>

#include "common/cli.h"
#include "common/clock.h"
#include "mailer/brands.h"
#include "mailer/commands.h"
#include "mailer/directory_curl.h"
#include "mailer/job_file.h"
#include "mailer/relay_curl.h"
#include "mailer/render.h"

#define WORK_MS 1000 /* how long a stop may go unnoticed */

/* P9: only a live job, and only in its time. */
static enum la_err
may_be_mailed(const struct la_alert_job *job, struct la_error *error)
{
	if (job->mode != LA_MODE_LIVE)
		return (la_error_set(
		    error, LA_EDATA, "the job's mode is %s; only LIVE is mailed", la_mode_name(job->mode)));
	if (la_clock_wall_ms(NULL) >= job->not_after_ms)
		return (la_error_set(error, LA_EDATA, "the job's not_after is over; it is not mailed any more"));
	return (LA_OK);
}

static enum la_err
report(const struct la_relay_result *result, struct la_error *error)
{
	switch (result->outcome) {
	case LA_RELAY_SENT:
		return (LA_OK);
	case LA_RELAY_REFUSED:
		return (la_error_set(error, LA_EDATA, "refused: %s", result->detail));
	case LA_RELAY_UNKNOWN:
		return (la_error_set(error, LA_EUNAVAILABLE, "cut after the mail was handed over, it may be there: %s",
		    result->detail));
	case LA_RELAY_DEFER:
	case LA_RELAY_AT_FAULT:
	case LA_RELAY_WITHDRAWN:
		break;
	}
	return (la_error_set(error, LA_EUNAVAILABLE, "not sent: %s", result->detail));
}

/* To one of the relays. *is_next: it was not about the mail, the next relay may take it. */
static enum la_err
mail_to(const struct la_relay *relay, size_t which, const struct la_mail *mail, bool *is_next, struct la_error *error)
{
	const struct la_relay_mail submitted = {
	    .from = mail->envelope_from.text, .to = mail->to.text, .data = la_buf_span(&mail->eml)};
	const struct la_relay_wait wait = {.ms = WORK_MS, .fds = LA_RELAY_WAIT_NO_FDS};
	struct la_relay_result result;
	size_t count = 0;
	enum la_err err = relay->submit(relay->self, which, &submitted, error);

	*is_next = false;
	while (err == LA_OK && count == 0) {
		if (la_cli_stopping)
			return (la_error_set(error, LA_ESTOPPED, "stopped; whether the mail was sent is not known"));
		err = relay->work(relay->self, &wait, &result, 1, &count, error);
	}
	if (err != LA_OK)
		return (err);
	*is_next = result.outcome == LA_RELAY_AT_FAULT ||
	    (result.outcome == LA_RELAY_DEFER && result.stage < LA_SMTP_RCPT);
	return (report(&result, error));
}

static enum la_err
mail(const struct la_relay *relay, const struct la_mail *mail, struct la_error *error)
{
	bool is_next = true;
	enum la_err err = LA_OK;

	for (size_t i = 0; i < relay->count && is_next; i++) {
		if (i > 0)
			(void)fprintf(stderr, "login-alert-mailer: %s\n", error->text);
		err = mail_to(relay, i, mail, &is_next, error);
	}
	return (err);
}

static enum la_err
take_address(const struct la_directory_answer *answer, struct la_alert_job *job, struct la_error *error)
{
	if (answer->verdict == LA_DIRECTORY_NONE)
		return (la_error_set(error, LA_EDATA, "the job has no address: %s", answer->detail));
	if (answer->verdict != LA_DIRECTORY_FOUND)
		return (la_error_set(error, LA_EUNAVAILABLE, "the job has no address: %s", answer->detail));
	job->recipient_email = answer->email;
	if (job->locale.size == 0)
		job->locale = answer->locale;
	return (LA_OK);
}

/* Who gets it: as the job says, or recipient.url. */
static enum la_err
find_recipient(
    struct la_renderer *renderer, const struct la_conf *conf, struct la_alert_job *job, struct la_error *error)
{
	struct la_directory_curl *directory = NULL;
	struct la_directory_answer answer;
	struct la_recipient recipient;
	enum la_err err = la_renderer_recipient(renderer, job, &recipient, error);

	if (err != LA_OK || recipient.email.present)
		return (err);
	if (la_conf_text(conf, "recipient.url") == NULL)
		return (la_error_set(error, LA_EDATA, "the job has no address, and recipient.url is not set"));
	job->has_recipient = true;
	job->recipient_member_id = recipient.member_id;
	if ((err = la_directory_curl_new(&directory, conf, error)) == LA_OK &&
	    (err = la_directory_curl_ask(directory, la_text_span(&job->tenant), la_text_span(&recipient.member_id),
	         &answer, error)) == LA_OK)
		err = take_address(&answer, job, error);
	la_directory_curl_free(directory);
	return (err);
}

static enum la_err
send_job(const struct la_conf *conf, const char *job_path, struct la_error *error)
{
	struct la_brands *brands = NULL;
	struct la_renderer *renderer = NULL;
	struct la_relay_curl *relay = NULL;
	struct la_alert_job job;
	struct la_mail rendered;
	enum la_err err;

	la_mail_init(&rendered);
	if ((err = la_job_file_read(job_path, &job, error)) != LA_OK || (err = may_be_mailed(&job, error)) != LA_OK ||
	    (err = la_brands_load(&brands, conf, error)) != LA_OK)
		goto out;
	if ((err = la_renderer_open(&renderer, conf, &job, error)) != LA_OK ||
	    (err = find_recipient(renderer, conf, &job, error)) != LA_OK)
		goto out;
	err = la_renderer_mail(renderer, la_brands_of(brands, la_text_span(&job.tenant)), &job, &rendered, error);
	if (err == LA_OK && (err = la_relay_curl_new(&relay, conf, error)) == LA_OK)
		err = mail(la_relay_curl_port(relay), &rendered, error);
	if (err == LA_OK)
		(void)printf("sent %s\n", rendered.message_id);
out:
	la_relay_curl_free(relay);
	la_mail_clear(&rendered);
	la_renderer_free(renderer);
	la_brands_free(brands);
	return (err);
}

int
la_command_send(struct la_conf *conf, int argc, char **argv)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_cli_args args;
	const char *job_path;
	enum la_err err;

	la_cli_catch_signals();
	la_cli_args_init(&args, argc, argv);
	job_path = la_cli_option(&args, "--job");
	err = la_cli_args_end(&args, &error);
	if (err == LA_OK && job_path == NULL)
		err = la_error_set(&error, LA_EUSAGE, "send needs --job FILE (- is stdin)");
	if (err == LA_OK)
		err = send_job(conf, job_path, &error);
	if (err != LA_OK)
		(void)fprintf(stderr, "login-alert-mailer: %s\n", error.text);
	return (la_err_exit_code(err));
}
