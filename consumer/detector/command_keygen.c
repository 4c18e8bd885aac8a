#include <sodium.h>
#include <stdio.h>

#include "common/cli.h"
#include "common/file.h"
#include "detector/commands.h"
#include "detector/setup.h"

#define KEY_MODE 0600

static enum la_err
write_keys(const char *path, const struct la_keys *keys, bool replace, struct la_error *error)
{
	struct la_buf text = LA_BUF_INIT;
	enum la_err err = la_buf_reserve(&text, 1024); /* at once: no copy of a key is left behind */

	if (err == LA_OK)
		err = la_keys_print(keys, &text);
	if (err == LA_OK)
		err = la_file_write(path, la_buf_span(&text), KEY_MODE, replace, error);
	else
		(void)la_error_set(error, err, "out of memory");
	if (text.data != NULL)
		sodium_memzero(text.data, text.cap);
	la_buf_clear(&text);
	return (err);
}

/* Reads, changes, writes back. */
static enum la_err
change_keys(const char *path, enum la_err (*change)(struct la_keys *, struct la_error *), struct la_keys *keys,
    struct la_error *error)
{
	enum la_err err;

	if ((err = la_setup_keys(path, keys, error)) != LA_OK || (err = change(keys, error)) != LA_OK)
		return (err);
	return (write_keys(path, keys, true, error));
}

static void
say_keys(const char *path, const struct la_keys *keys)
{
	(void)printf("%s: epoch %u is written", path, (unsigned)keys->key[keys->active].epoch);
	for (size_t k = 0; k < keys->count; k++) {
		if (k != keys->active)
			(void)printf(", %u is read", (unsigned)keys->key[k].epoch);
	}
	(void)printf("\n");
}

int
la_command_keygen(struct la_conf *conf, int argc, char **argv)
{
	struct la_keys keys = {.count = 0};
	struct la_error error = LA_ERROR_INIT;
	struct la_cli_args args;
	const char *add, *activate, *path = NULL;
	enum la_err err;

	(void)conf;
	la_cli_args_init(&args, argc, argv);
	add = la_cli_option(&args, "--add");
	activate = la_cli_option(&args, "--activate");
	if (add == NULL && activate == NULL)
		path = la_cli_operand(&args);
	if ((err = la_cli_args_end(&args, &error)) != LA_OK)
		goto out;
	if ((add != NULL) + (activate != NULL) + (path != NULL) != 1) {
		err = la_error_set(&error, LA_EUSAGE, "keygen FILE | keygen --add FILE | keygen --activate FILE");
		goto out;
	}
	if (path != NULL) {
		la_keys_generate(&keys);
		err = write_keys(path, &keys, false, &error);
	} else {
		path = add != NULL ? add : activate;
		err = change_keys(path, add != NULL ? la_keys_add : la_keys_activate, &keys, &error);
	}
	if (err == LA_OK)
		say_keys(path, &keys);
out:
	if (err != LA_OK)
		(void)fprintf(stderr, "login-alert-detector: %s\n", error.text);
	la_keys_clear(&keys);
	return (la_err_exit_code(err));
}
