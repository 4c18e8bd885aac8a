/*
 * Job -> mail: open the recipient, clean the texts, fill the templates, build the
 * message. Pure but for render_os.c.
 */
#ifndef LA_MAILER_RENDER_H
#define LA_MAILER_RENDER_H

#include "common/buf.h"
#include "common/err.h"
#include "common/job.h"
#include "common/seal.h"
#include "mailer/address.h"
#include "mailer/brand.h"
#include "mailer/message.h"
#include "mailer/zone.h"

struct la_mail {
	struct la_address to;
	struct la_address envelope_from;
	char message_id[LA_MESSAGE_ID_BYTES];
	struct la_buf subject; /* UTF-8 */
	struct la_buf text;    /* UTF-8, LF */
	struct la_buf html;    /* UTF-8, LF */
	struct la_buf eml;     /* the bytes for DATA, CRLF, before dot-stuffing */
};

void la_mail_init(struct la_mail *mail);
void la_mail_clear(struct la_mail *mail);

/*
 * Keeps a bounded cache of the time zones that jobs name. zones gives those
 * that it does not have yet and must live as long as the renderer; the program's is
 * la_zone_system. Not safe for use by two threads at once. Errors: LA_ENOMEM.
 */
struct la_renderer;
LA_MUST_CHECK enum la_err la_renderer_new(struct la_renderer **renderer, const struct la_zone_source *zones);
void la_renderer_free(struct la_renderer *renderer);

/* What opens sealed recipients, the renderer's from now on. Without it a job whose recipient is sealed is LA_EDATA. */
void la_renderer_set_opener(struct la_renderer *renderer, struct la_opener *opener);

/*
 * A renderer as configured: the system's zones, the key of seal.key.file where
 * that is set. only is the one job that will be rendered: the key's file is looked at only
 * if that job needs it; NULL: many. Errors: LA_ECONFIG, LA_ENOMEM, LA_EINTERNAL;
 * *renderer is untouched then. render_os.c
 */
struct la_conf;
LA_MUST_CHECK enum la_err la_renderer_open(struct la_renderer **renderer, const struct la_conf *conf,
    const struct la_alert_job *only, struct la_error *error);

/*
 * Who gets the job's mail, as the job says, opened if it is sealed; perhaps without an address.
 * Errors: LA_EDATA (it does not open).
 */
LA_MUST_CHECK enum la_err la_renderer_recipient(struct la_renderer *renderer, const struct la_alert_job *job,
    struct la_recipient *recipient, struct la_error *error);

/*
 * The same job under the same brand gives the same bytes (P11). *mail is reset
 * first and can be used again after any result; after an error its contents are
 * undefined.
 * Errors: LA_EDATA (no usable address, or a sealed one that does not open: REFUSED; a job_id that is not 32
 * hex digits, a time outside the years 1000-9999), LA_ENOMEM, LA_EINTERNAL.
 */
LA_MUST_CHECK enum la_err la_renderer_mail(struct la_renderer *renderer, const struct la_brand *brand,
    const struct la_alert_job *job, struct la_mail *mail, struct la_error *error);

#endif
