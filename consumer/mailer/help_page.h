/* The page that a member reads after the mail: a brand's help.html, with the sample mail in it. */
#ifndef LA_MAILER_HELP_PAGE_H
#define LA_MAILER_HELP_PAGE_H

#include "mailer/render.h"

/*
 * Appends the page. Errors: LA_ECONFIG (the brand has none), LA_ENOMEM, and those of la_renderer_mail.
 */
LA_MUST_CHECK enum la_err la_help_page(
    struct la_renderer *renderer, const struct la_brand *brand, struct la_buf *out, struct la_error *error);

#endif
