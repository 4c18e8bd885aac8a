#include "common/login_redis.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buf.h"
#include "common/file.h"
#include "common/redis_text.h"

#define PASSWORD_BYTES_MAX 4096

struct la_login_redis {
	struct la_buf command; /* with the secret */
	bool refused;
	const char *user; /* NULL: Redis' default user; behind path, in the same piece */
	char path[];
};

static void
wipe(struct la_buf *secret)
{
	if (secret->data != NULL)
		sodium_memzero(secret->data, secret->cap);
	la_buf_clear(secret);
}

/* The password is the file, whose last line end does not count. */
static enum la_err
read_command(struct la_login_redis *login, struct la_error *error)
{
	struct la_buf password = LA_BUF_INIT, command = LA_BUF_INIT;
	enum la_err err = la_file_read(login->path, PASSWORD_BYTES_MAX, &password, error);

	if (err != LA_OK) {
		la_error_prefix(error, "redis.password.file");
		goto out;
	}
	while (password.size > 0 && strchr("\r\n", password.data[password.size - 1]) != NULL)
		password.size--;
	err = LA_ENOMEM;
	/* room for all at once, so that no copy of the secret is left behind by a realloc */
	if (la_buf_reserve(&command, password.size + 512) != LA_OK ||
	    la_redis_text_begin(&command, login->user == NULL ? 2 : 3) != LA_OK ||
	    la_redis_text_arg(&command, la_span_text("AUTH")) != LA_OK ||
	    (login->user != NULL && la_redis_text_arg(&command, la_span_text(login->user)) != LA_OK) ||
	    la_redis_text_arg(&command, la_buf_span(&password)) != LA_OK)
		goto out;
	wipe(&login->command);
	login->command = command;
	command = (struct la_buf)LA_BUF_INIT;
	err = LA_OK;
out:
	wipe(&password);
	wipe(&command);
	return (err);
}

enum la_err
la_login_redis_new(struct la_login_redis **login, const struct la_conf *conf, struct la_error *error)
{
	const char *path = la_conf_text(conf, "redis.password.file"), *user = la_conf_text(conf, "redis.user");
	struct la_login_redis *made;
	size_t path_size;
	enum la_err err;

	*login = NULL;
	if (path == NULL) {
		if (user == NULL || *user == '\0')
			return (LA_OK);
		return (la_error_set(error, LA_ECONFIG, "redis.user needs redis.password.file"));
	}
	path_size = strlen(path) + 1;
	if ((made = calloc(1, sizeof(*made) + path_size + (user == NULL ? 0 : strlen(user) + 1))) == NULL)
		return (LA_ENOMEM);
	memcpy(made->path, path, path_size);
	if (user != NULL)
		made->user = strcpy(made->path + path_size, user);
	if ((err = read_command(made, error)) == LA_OK)
		*login = made;
	else
		la_login_redis_free(made);
	return (err);
}

void
la_login_redis_free(struct la_login_redis *login)
{
	if (login == NULL)
		return;
	wipe(&login->command);
	free(login);
}

/* A pipe gave it once, and would be waited for; one that is not there is complained of. */
static bool
can_be_read_again(const char *path)
{
	struct stat file;

	return (stat(path, &file) != 0 || S_ISREG(file.st_mode));
}

enum la_err
la_login_redis_command(struct la_login_redis *login, struct la_span *command, struct la_error *error)
{
	enum la_err err;

	if (login->refused && can_be_read_again(login->path) && (err = read_command(login, error)) != LA_OK) {
		if (err != LA_ENOMEM && error != NULL)
			error->code = LA_EUNAVAILABLE; /* it was there at the start: somebody is at it */
		return (err == LA_ENOMEM ? err : LA_EUNAVAILABLE);
	}
	login->refused = false;
	*command = la_buf_span(&login->command);
	return (LA_OK);
}

void
la_login_redis_refused(struct la_login_redis *login)
{
	if (login != NULL)
		login->refused = true;
}
