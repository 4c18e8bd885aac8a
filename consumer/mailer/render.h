/*
 * Job -> mail: clean the texts, fill the templates, build the message. Pure.
 */
#ifndef LA_MAILER_RENDER_H
#define LA_MAILER_RENDER_H

#include "common/buf.h"
#include "common/err.h"
#include "common/job.h"
#include "mailer/address.h"
#include "mailer/brand.h"

struct la_mail {
	struct la_address to;
	struct la_address envelope_from;
	char message_id[LA_ADDRESS_BYTES];
	struct la_buf subject; /* UTF-8 */
	struct la_buf text;    /* UTF-8, LF */
	struct la_buf html;    /* UTF-8, LF */
	struct la_buf eml;     /* the bytes for DATA, CRLF, before dot-stuffing */
};

void la_mail_init(struct la_mail *mail);
void la_mail_clear(struct la_mail *mail);

/*
 * zones: a cache of the job's time zones is kept inside the renderer.
 * Errors: LA_EDATA (no usable address: REFUSED), LA_ENOMEM, LA_EINTERNAL.
 * *mail is reset first and can be used again after any result.
 */
struct la_renderer;
LA_MUST_CHECK enum la_err la_renderer_new(struct la_renderer **renderer);
void la_renderer_free(struct la_renderer *renderer);
LA_MUST_CHECK enum la_err la_renderer_mail(struct la_renderer *renderer, const struct la_brand *brand,
    const struct la_alert_job *job, struct la_mail *mail, struct la_error *error);

/* The names that every template may use, for la_template_compile and templates/README.md. */
extern const struct la_template_name la_render_names[];
extern const size_t la_render_name_count;

#endif
