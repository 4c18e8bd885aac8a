/*
 * A brand: templates/<brand>/ with subject.txt, body.txt, body.html, meta.conf;
 * all compiled at start. A mail has one of the brand's orders of languages, as the job's locale wants it.
 */
#ifndef LA_MAILER_BRAND_H
#define LA_MAILER_BRAND_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/err.h"
#include "mailer/address.h"
#include "mailer/languages.h"
#include "mailer/mask.h"
#include "mailer/template.h"
#include "mailer/zone.h"

#define LA_BRAND_ORDERS_MAX 8
#define LA_BRAND_LOCALES_MAX 32

/* One order of languages: what a mail in it is made of. */
struct la_brand_order {
	char languages[LA_LANGUAGES_BYTES]; /* "ja, en": Content-Language */
	struct la_template *subject, *text, *html;
};

/* What locales of jobs want which order. */
struct la_brand_locale {
	char tag[LA_LANGUAGE_BYTES];
	size_t order;
};

struct la_brand {
	char name[65];
	char from_name[257];            /* display name, UTF-8, may be empty */
	struct la_address from;
	struct la_address envelope_from;
	/* [0] has all languages: without a locale, or with one that is not listed */
	struct la_brand_order orders[LA_BRAND_ORDERS_MAX];
	size_t order_count;
	struct la_brand_locale locales[LA_BRAND_LOCALES_MAX];
	size_t locale_count;
	int mask_keep_last;             /* or LA_MASK_OFF */
	char time_zone[65];
	struct la_zone *zone;
	struct la_template *help;       /* the help page; NULL: the brand has none */
	char template_rev[17];          /* 16 hex digits over all files of the brand */
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
 * Reads meta.conf and compiles the three templates of each order, and help.html if there is one, with their partials.
 * Errors: LA_ECONFIG "brand/file:line: what", LA_ENOMEM. *brand is untouched then.
 */
LA_MUST_CHECK enum la_err la_brand_compile(struct la_brand **brand, const struct la_brand_options *options,
    const struct la_brand_files *files, const struct la_zone_source *zones, struct la_error *error);

/* brand_os.c: the same from folder/<name>, zones from the system. */
LA_MUST_CHECK enum la_err la_brand_load(
    struct la_brand **brand, const struct la_brand_options *options, struct la_error *error);
void la_brand_free(struct la_brand *brand);

/* The order for a locale, never NULL; absent and malformed ones get the brand's own. */
const struct la_brand_order *la_brand_order_of(const struct la_brand *brand, struct la_span locale);

/* "ja-en": an order in a file's name. */
void la_brand_order_name(const struct la_brand_order *order, char out[LA_LANGUAGES_BYTES]);

#endif
