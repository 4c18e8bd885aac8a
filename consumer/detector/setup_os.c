#include <sodium.h>

#include "common/cli.h"
#include "common/file.h"
#include "detector/setup.h"

enum la_err
la_setup_keys(const char *path, struct la_keys *keys, struct la_error *error)
{
	struct la_buf text = LA_BUF_INIT;
	enum la_err err = la_file_read(path, LA_KEY_FILE_BYTES_MAX, &text, error);

	if (err == LA_OK)
		err = la_keys_parse(la_buf_span(&text), path, keys, error);
	if (text.data != NULL)
		sodium_memzero(text.data, text.cap);
	la_buf_clear(&text);
	return (err);
}

enum la_err
la_setup_sealer(const struct la_conf *conf, struct la_sealer **sealer, struct la_error *error)
{
	const char *path = la_conf_text(conf, "seal.key.file");
	unsigned char public[LA_SEAL_KEY_BYTES];
	enum la_err err;

	*sealer = NULL;
	if (path == NULL)
		return (LA_OK);
	if ((err = la_seal_key_read(path, LA_SEAL_PUBLIC, public, error)) != LA_OK)
		return (err);
	if ((err = la_sealer_new(sealer, public, error)) != LA_OK)
		la_error_prefix(error, "%s", path);
	return (err);
}

/* What the configuration says of deciding, without keys and policy. */
static struct la_decider_options
decider_options(const struct la_conf *conf, const struct la_keys *keys, const struct la_policy *policy)
{
	return ((struct la_decider_options){.keys = keys,
	    .policy = policy,
	    .mode = la_conf_int(conf, "policy.mode") == 0 ? LA_MODE_LIVE : LA_MODE_SHADOW,
	    .mask_keep_last = (int)la_conf_int(conf, "member.mask"),
	    .cluster_id = "",
	    .topic_generation = la_conf_text(conf, "topic.generation")});
}

static enum la_err
read_keys(const struct la_conf *conf, struct la_keys *keys, struct la_error *error)
{
	enum la_err err = la_setup_keys(la_conf_text(conf, "hash.keys.file"), keys, error);

	if (err != LA_OK)
		la_error_prefix(error, "hash.keys.file");
	return (err);
}

enum la_err
la_setup_decider(const struct la_conf *conf, struct la_decider **decider, struct la_error *error)
{
	struct la_keys keys = {.count = 0};
	struct la_policy policy;
	struct la_decider_options options = decider_options(conf, &keys, &policy);
	enum la_err err;

	la_setup_policy(conf, &policy);
	if ((err = read_keys(conf, &keys, error)) != LA_OK)
		goto out;
	if ((err = la_setup_sealer(conf, &options.sealer, error)) != LA_OK) {
		la_error_prefix(error, "seal.key.file");
		goto out;
	}
	if ((err = la_decider_new(decider, &options, error)) != LA_OK)
		la_sealer_free(options.sealer);
out:
	la_keys_clear(&keys);
	return (err);
}

enum la_err
la_setup_replay_decider(const struct la_conf *conf, const struct la_policy *policy, struct la_decider **decider,
    struct la_error *error)
{
	struct la_keys keys = {.count = 0};
	struct la_decider_options options = decider_options(conf, &keys, policy);
	enum la_err err = read_keys(conf, &keys, error);

	options.mode = LA_MODE_REPLAY;
	if (err == LA_OK)
		err = la_decider_new(decider, &options, error);
	la_keys_clear(&keys);
	return (err);
}
