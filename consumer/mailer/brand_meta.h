/* meta.conf of a brand: "key=value" lines, '#' comments. brand.c is the caller. */
#ifndef LA_MAILER_BRAND_META_H
#define LA_MAILER_BRAND_META_H

#include "mailer/brand.h"

struct la_brand_meta {
	struct la_brand *brand;          /* is filled: all but zone, template_rev and the templates */
	bool has_from, has_envelope_from, has_time_zone;
};

/* Errors: LA_ECONFIG "brand/meta.conf:line: what is allowed". */
LA_MUST_CHECK enum la_err la_brand_meta_read(struct la_brand_meta *meta, struct la_span text, struct la_error *error);

/* mail.from and the others over it, then what is still missing. Errors: LA_ECONFIG names the key. */
LA_MUST_CHECK enum la_err la_brand_meta_override(
    struct la_brand_meta *meta, const struct la_brand_options *options, struct la_error *error);

#endif
