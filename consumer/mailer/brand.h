/*
 * A brand: templates/<brand>/ with subject.txt, body.txt, body.html, meta.conf;
 * all compiled at start.
 */
#ifndef LA_MAILER_BRAND_H
#define LA_MAILER_BRAND_H

#include <stdbool.h>

#include "common/buf.h"
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

/* One name for what both ways of loading need. mail_from, envelope_from and time_zone override the brand's own (NULL: not). */
struct la_brand_options {
	const char *folder; /* of all brands; la_brand_load only */
	const char *name;   /* 1 to 64 of A-Z a-z 0-9 . _ -, no dot first */
	const char *mail_from, *envelope_from, *time_zone;
};

/* A brand's files by name ("body.txt"): a port, so that compiling opens no file itself. */
struct la_brand_files {
	/* Appends the file to *out; *found says whether there is one. Errors: LA_ECONFIG (unreadable, too large), LA_ENOMEM. */
	enum la_err (*read)(void *cookie, const char *file, struct la_buf *out, bool *found, struct la_error *error);
	void *cookie;
};

/*
 * Reads meta.conf and compiles the three templates with their partials.
 * Errors: LA_ECONFIG "brand/file:line: what", LA_ENOMEM. *brand is untouched then.
 */
LA_MUST_CHECK enum la_err la_brand_compile(struct la_brand **brand, const struct la_brand_options *options,
    const struct la_brand_files *files, const struct la_zone_source *zones, struct la_error *error);

/* brand_os.c: the same from folder/<name>, zones from the system. */
LA_MUST_CHECK enum la_err la_brand_load(
    struct la_brand **brand, const struct la_brand_options *options, struct la_error *error);
void la_brand_free(struct la_brand *brand);

#endif
