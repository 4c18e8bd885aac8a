/*
 * A brand: templates/<brand>/ with subject.txt, body.txt, body.html, meta.conf;
 * all compiled at start.
 */
#ifndef LA_MAILER_BRAND_H
#define LA_MAILER_BRAND_H

#include "common/err.h"
#include "mailer/address.h"
#include "mailer/template.h"
#include "mailer/zone.h"

struct la_brand {
	char name[65];
	char from_name[257];            /* display name, UTF-8, may be empty */
	struct la_address from;
	struct la_address envelope_from;
	char content_language[65];      /* "ja, en" */
	char time_zone[65];
	struct la_zone *zone;
	char template_rev[17];          /* 16 hex digits over all files of the brand */
	struct la_template *subject, *text, *html;
};

/*
 * Loads folder/<name>. mail_from, envelope_from and time_zone override the brand's own (NULL: not).
 * Errors: LA_ECONFIG "file:line: what", LA_ENOMEM. *brand is untouched then.
 */
struct la_brand_options {
	const char *folder;
	const char *name;
	const char *mail_from, *envelope_from, *time_zone;
};
LA_MUST_CHECK enum la_err la_brand_load(
    struct la_brand **brand, const struct la_brand_options *options, struct la_error *error);
void la_brand_free(struct la_brand *brand);

#endif
