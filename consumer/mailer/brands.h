/*
 * All brands of a configuration, loaded and compiled at start: mail.brand, and
 * mail.brand.<tenant> for tenants that have one of their own. brands_os.c.
 */
#ifndef LA_MAILER_BRANDS_H
#define LA_MAILER_BRANDS_H

#include "common/conf.h"
#include "common/err.h"
#include "mailer/brand.h"

struct la_brands;

/*
 * Reads mail.* of conf; without mail.templates the folder is the one of
 * la_cli_data_folder.
 * Errors: LA_ECONFIG (key, file and line, what), LA_ENOMEM; *brands is untouched then.
 */
LA_MUST_CHECK enum la_err la_brands_load(
    struct la_brands **brands, const struct la_conf *conf, struct la_error *error);
void la_brands_free(struct la_brands *brands);

/*
 * Reads all of them anew. Errors: as la_brands_load; the brands are as they were then.
 * Else every struct la_brand of before is gone; *changed says whether any file differs.
 */
LA_MUST_CHECK enum la_err la_brands_reload(
    struct la_brands *brands, const struct la_conf *conf, bool *changed, struct la_error *error);

/*
 * The brand of a tenant, never NULL: a tenant is only ever compared with the
 * names in the configuration, it is never a path. brands is a struct la_brands *,
 * so that this fits la_delivery_options.brand_of.
 */
const struct la_brand *la_brands_of(void *brands, struct la_span tenant);

#endif
