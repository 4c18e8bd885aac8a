#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cli.h"

#define READ_BYTES 65536

static enum la_err
failed(struct la_error *error, const char *path, int cause)
{
	return (la_error_set(error, LA_ECONFIG, "%s: %s", path, strerror(cause)));
}

/* A file that is being read. */
struct source {
	const char *path;
	size_t max_bytes;
	int wait_ms; /* at a pipe that gives nothing */
	int fd;
};

/* Opening a pipe would wait for a writer, and reading it for what he writes: neither does with O_NONBLOCK. */
static enum la_err
open_source(struct source *source, struct la_error *error)
{
	struct stat file;

	source->fd = open(source->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (source->fd < 0 || fstat(source->fd, &file) != 0 ||
	    (!S_ISFIFO(file.st_mode) && fcntl(source->fd, F_SETFL, O_RDONLY) != 0))
		return (failed(error, source->path, errno));
	if (!S_ISFIFO(file.st_mode))
		source->wait_ms = 0;
	return (LA_OK);
}

/* Until there is more, or the end. */
static enum la_err
wait_more(const struct source *source, struct la_error *error)
{
	struct pollfd waited = {source->fd, POLLIN, 0};
	int got;

	do {
		if (la_cli_stopping)
			return (la_error_set(error, LA_ESTOPPED, "%s: stopped while waiting for what is written into it", source->path));
		got = poll(&waited, 1, source->wait_ms);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return (failed(error, source->path, errno));
	return (got > 0 ? LA_OK : la_error_set(error, LA_ECONFIG, "%s: a pipe into which nobody has written within %d ms",
	    source->path, source->wait_ms));
}

/* Reads to the end of file: pipes and /proc have no size to trust. */
static enum la_err
read_all(const struct source *source, struct la_buf *out, struct la_error *error)
{
	enum la_err err = LA_OK;

	if (source->wait_ms > 0 && (err = wait_more(source, error)) != LA_OK)
		return (err);
	for (;;) {
		size_t room = source->max_bytes + 1 - out->size;
		ssize_t got;

		if (la_buf_reserve(out, room < READ_BYTES ? room : READ_BYTES) != LA_OK)
			return (la_error_set(error, LA_ENOMEM, "%s: out of memory", source->path));
		got = read(source->fd, out->data + out->size, room < READ_BYTES ? room : READ_BYTES);
		if (got == 0)
			return (LA_OK);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN) {
			if ((err = wait_more(source, error)) != LA_OK)
				return (err);
			continue;
		}
		if (got < 0)
			return (failed(error, source->path, errno));
		out->size += (size_t)got;
		if (out->size > source->max_bytes)
			return (la_error_set(error, LA_ECONFIG, "%s: larger than %zu bytes", source->path, source->max_bytes));
	}
}

enum la_err
la_file_read_within(const char *path, size_t max_bytes, int wait_ms, struct la_buf *out, struct la_error *error)
{
	struct source source = {path, max_bytes, wait_ms, -1};
	enum la_err err = open_source(&source, error);

	la_buf_reset(out);
	if (err == LA_OK)
		err = read_all(&source, out, error);
	if (source.fd >= 0)
		(void)close(source.fd);
	return (err);
}

enum la_err
la_file_read(const char *path, size_t max_bytes, struct la_buf *out, struct la_error *error)
{
	return (la_file_read_within(path, max_bytes, LA_FILE_WAIT_MS, out, error));
}

enum la_err
la_file_read_secret(const char *path, struct la_buf *out, struct la_error *error)
{
	enum la_err err;

	la_buf_clear(out);
	/* All memory at once: a buffer that grows would leave copies in the heap. */
	if (la_buf_reserve(out, LA_SECRET_BYTES_MAX + READ_BYTES + 2) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "%s: out of memory", path));
	err = la_file_read(path, LA_SECRET_BYTES_MAX, out, error);
	if (err != LA_OK)
		goto out;
	if (out->size > 0 && out->data[out->size - 1] == '\n')
		out->size--;
	if (out->size > 0 && out->data[out->size - 1] == '\r')
		out->size--;
	if (out->size == 0)
		err = la_error_set(error, LA_ECONFIG, "%s: empty, a secret is expected", path);
	else if (memchr(out->data, '\0', out->size) != NULL)
		err = la_error_set(error, LA_ECONFIG, "%s: a NUL byte in a secret", path);
	out->data[out->size] = '\0';
out:
	if (err != LA_OK)
		la_file_wipe(out);
	return (err);
}

void
la_file_wipe(struct la_buf *secret)
{
	if (secret->data != NULL)
		sodium_memzero(secret->data, secret->cap);
	la_buf_clear(secret);
}

static int
write_all(int fd, struct la_span bytes)
{
	while (bytes.size > 0) {
		ssize_t put = write(fd, bytes.data, bytes.size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return (-1);
		bytes = la_span_of(bytes.data + put, bytes.size - (size_t)put);
	}
	return (0);
}

/* A rename is durable once its folder is synced; a folder that cannot be opened leaves the file itself whole. */
static void
sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
	int fd = folder == NULL ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	free(folder);
	if (fd < 0)
		return;
	(void)fsync(fd);
	(void)close(fd);
}

/* link(2) refuses an existing path, rename(2) replaces it: both in one step. */
static int
put_in_place(const char *temporary, const char *path, bool replace)
{
	if (replace)
		return (rename(temporary, path));
	return (link(temporary, path));
}

/* Of what is replaced stay the owner, the group and its leave to read: a key that root rotates is still the program's. */
static int
set_access(int fd, const char *path, mode_t mode)
{
	struct stat old, made;

	if (path == NULL || stat(path, &old) != 0)
		return (fchmod(fd, mode));
	if (fstat(fd, &made) != 0)
		return (-1);
	if ((old.st_uid != made.st_uid || old.st_gid != made.st_gid) && fchown(fd, old.st_uid, old.st_gid) != 0)
		return (-1);
	return (fchmod(fd, mode | (old.st_mode & S_IRGRP)));
}

/* Writes beside target, which is where path leads to; errors name path. */
static enum la_err
write_beside(const char *target, const char *path, struct la_span bytes, mode_t mode, bool replace,
    struct la_error *error)
{
	enum la_err err = LA_OK;
	char *temporary = NULL;
	int fd = -1;

	if (asprintf(&temporary, "%s.XXXXXX", target) < 0) {
		temporary = NULL;
		err = la_error_set(error, LA_ENOMEM, "%s: out of memory", path);
		goto out;
	}
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		err = failed(error, path, errno);
		goto out;
	}
	if (set_access(fd, replace ? target : NULL, mode) != 0 || write_all(fd, bytes) != 0 || fsync(fd) != 0)
		err = failed(error, path, errno);
	else if (put_in_place(temporary, target, replace) == 0)
		sync_folder(target);
	else if (errno == EEXIST)
		err = la_error_set(error, LA_EUSAGE, "%s: exists already and is left as it is", path);
	else
		err = failed(error, path, errno);
	/* After a rename it is gone already. */
	(void)unlink(temporary);
out:
	if (fd >= 0)
		(void)close(fd);
	free(temporary);
	return (err);
}

enum la_err
la_file_write(const char *path, struct la_span bytes, mode_t mode, bool replace, struct la_error *error)
{
	char *target = replace ? realpath(path, NULL) : NULL; /* NULL: nothing is there yet */
	enum la_err err = write_beside(target == NULL ? path : target, path, bytes, mode, replace, error);

	free(target);
	return (err);
}
