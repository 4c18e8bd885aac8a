#include <sodium.h>

#include "common/conf.h"
#include "mailer/render.h"

static enum la_err
open_opener(struct la_opener **opener, const char *path, struct la_error *error)
{
	unsigned char secret[LA_SEAL_KEY_BYTES];
	enum la_err err = la_seal_key_read(path, LA_SEAL_SECRET, secret, error);

	if (err == LA_OK)
		err = la_opener_new(opener, secret, error);
	sodium_memzero(secret, sizeof(secret));
	if (err != LA_OK)
		la_error_prefix(error, "seal.key.file");
	return (err);
}

enum la_err
la_renderer_open(struct la_renderer **renderer, const struct la_conf *conf, const struct la_alert_job *only,
    struct la_error *error)
{
	const char *path = la_conf_text(conf, "seal.key.file");
	struct la_opener *opener = NULL;
	bool may_be_sealed = only == NULL || (!only->has_recipient && only->has_recipient_sealed);
	enum la_err err;

	if (path != NULL && may_be_sealed && (err = open_opener(&opener, path, error)) != LA_OK)
		return (err);
	if ((err = la_renderer_new(renderer, &la_zone_system)) != LA_OK) {
		la_opener_free(opener);
		return (la_error_set(error, err, "out of memory"));
	}
	la_renderer_set_opener(*renderer, opener);
	return (LA_OK);
}
