#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/file.h"
#include "common/seal_key.h"
#include "mailer/commands.h"

static enum la_err
write_key(const char *path, enum la_seal_half half, const unsigned char *key, mode_t mode, struct la_error *error)
{
	char text[LA_SEAL_KEY_TEXT_BYTES];
	enum la_err err;

	la_seal_key_print(half, key, text);
	err = la_file_write(path, la_span_text(text), mode, false, error);
	sodium_memzero(text, sizeof(text));
	return (err);
}

static enum la_err
write_pair(const char *path, struct la_error *error)
{
	unsigned char secret[LA_SEAL_KEY_BYTES], public[LA_SEAL_KEY_BYTES];
	char public_path[4096];
	int size = snprintf(public_path, sizeof(public_path), "%s.pub", path);
	enum la_err err;

	if (size < 0 || (size_t)size >= sizeof(public_path))
		return (la_error_set(error, LA_EUSAGE, "the path is too long"));
	if (access(public_path, F_OK) == 0)
		return (la_error_set(error, LA_EUSAGE, "%s exists; a key is never overwritten", public_path));
	la_seal_key_generate(secret, public);
	err = write_key(path, LA_SEAL_SECRET, secret, 0600, error);
	sodium_memzero(secret, sizeof(secret));
	return (err != LA_OK ? err : write_key(public_path, LA_SEAL_PUBLIC, public, 0644, error));
}

int
la_command_keygen(struct la_conf *conf, int argc, char **argv)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_cli_args args;
	const char *path;
	enum la_err err;

	(void)conf;
	la_cli_args_init(&args, argc, argv);
	path = la_cli_operand(&args);
	err = la_cli_args_end(&args, &error);
	if (err == LA_OK && path == NULL)
		err = la_error_set(&error, LA_EUSAGE, "keygen needs a FILE to make");
	if (err == LA_OK)
		err = write_pair(path, &error);
	if (err != LA_OK)
		(void)fprintf(stderr, "login-alert-mailer: %s\n", error.text);
	return (la_err_exit_code(err));
}
