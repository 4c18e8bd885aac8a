#include "mailer/brands.h"

#include <stdlib.h>

#include "common/cli.h"

#define TENANT_PREFIX "mail.brand."

struct tenant_brand {
	char *tenant; /* NULL: all that have none of their own */
	struct la_brand *brand;
};

struct la_brands {
	struct tenant_brand *list; /* [0] is the one without a tenant */
	size_t count, cap;
};

/* What la_conf_each_for calls back with. */
struct loader {
	struct la_brands *brands;
	const struct la_conf *conf;
	const char *folder;
	enum la_err err; /* of the first brand that failed */
	struct la_error *error;
};

static enum la_err
make_room(struct la_brands *brands)
{
	size_t cap = brands->cap == 0 ? 4 : brands->cap * 2;
	struct tenant_brand *list;

	if (brands->count < brands->cap)
		return (LA_OK);
	list = realloc(brands->list, cap * sizeof(*list));
	if (list == NULL)
		return (LA_ENOMEM);
	brands->list = list;
	brands->cap = cap;
	return (LA_OK);
}

static enum la_err
add(struct loader *loader, const char *tenant, const char *name)
{
	const struct la_conf *conf = loader->conf;
	struct la_brands *brands = loader->brands;
	struct la_brand_options options = {.folder = loader->folder, .name = name,
	    .mail_from = la_conf_text(conf, "mail.from"), .envelope_from = la_conf_text(conf, "mail.envelope-from"),
	    .time_zone = la_conf_is_set(conf, "mail.time-zone") ? la_conf_text(conf, "mail.time-zone") : NULL};
	struct tenant_brand entry = {NULL, NULL};
	enum la_err err;

	if (make_room(brands) != LA_OK || (tenant != NULL && (entry.tenant = strdup(tenant)) == NULL))
		return (la_error_set(loader->error, LA_ENOMEM, "out of memory"));
	if ((err = la_brand_load(&entry.brand, &options, loader->error)) != LA_OK) {
		if (loader->error != NULL && strncmp(loader->error->text, "mail.", 5) != 0)
			la_error_prefix(loader->error, "%s%s", tenant == NULL ? "mail.brand" : TENANT_PREFIX,
			    tenant == NULL ? "" : tenant);
		free(entry.tenant);
		return (err);
	}
	brands->list[brands->count++] = entry;
	return (LA_OK);
}

static void
add_tenant(void *cookie, const char *tenant, const char *name)
{
	struct loader *loader = cookie;

	if (loader->err == LA_OK)
		loader->err = add(loader, tenant, name);
}

enum la_err
la_brands_load(struct la_brands **brands, const struct la_conf *conf, struct la_error *error)
{
	struct loader loader = {.conf = conf, .folder = la_conf_text(conf, "mail.templates"), .error = error};

	if (loader.folder == NULL && (loader.err = la_cli_data_folder(LA_CLI_TEMPLATES, &loader.folder, error)) != LA_OK)
		return (loader.err);
	if ((loader.brands = calloc(1, sizeof(*loader.brands))) == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	if ((loader.err = add(&loader, NULL, la_conf_text(conf, "mail.brand"))) == LA_OK)
		la_conf_each_for(conf, TENANT_PREFIX, add_tenant, &loader);
	if (loader.err == LA_OK)
		*brands = loader.brands;
	else
		la_brands_free(loader.brands);
	return (loader.err);
}

void
la_brands_free(struct la_brands *brands)
{
	if (brands == NULL)
		return;
	for (size_t i = 0; i < brands->count; i++) {
		free(brands->list[i].tenant);
		la_brand_free(brands->list[i].brand);
	}
	free(brands->list);
	free(brands);
}

enum la_err
la_brands_reload(struct la_brands *brands, const struct la_conf *conf, bool *changed, struct la_error *error)
{
	struct la_brands *fresh = NULL, old = *brands;
	enum la_err err = la_brands_load(&fresh, conf, error);

	if (err != LA_OK)
		return (err);
	*changed = false;
	for (size_t i = 0; i < old.count; i++) /* the same tenants, in the same order: conf has not changed */
		*changed = *changed || strcmp(old.list[i].brand->template_rev, fresh->list[i].brand->template_rev) != 0;
	*brands = *fresh;
	*fresh = old;
	la_brands_free(fresh);
	return (LA_OK);
}

const struct la_brand *
la_brands_of(void *brands, struct la_span tenant)
{
	const struct la_brands *b = brands;

	for (size_t i = 1; i < b->count; i++) {
		if (la_span_is(tenant, b->list[i].tenant))
			return (b->list[i].brand);
	}
	return (b->list[0].brand);
}
