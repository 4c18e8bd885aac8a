#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES 65536

static enum la_err
failed(struct la_error *error, const char *path, int cause)
{
	return (la_error_set(error, LA_ECONFIG, "%s: %s", path, strerror(cause)));
}

/* Reads to the end of file: pipes and /proc have no size to trust. */
static enum la_err
read_all(int fd, const char *path, size_t max_bytes, struct la_buf *out, struct la_error *error)
{
	for (;;) {
		size_t room = max_bytes + 1 - out->size;
		ssize_t got;

		if (la_buf_reserve(out, room < READ_BYTES ? room : READ_BYTES) != LA_OK)
			return (la_error_set(error, LA_ENOMEM, "%s: out of memory", path));
		got = read(fd, out->data + out->size, room < READ_BYTES ? room : READ_BYTES);
		if (got == 0)
			return (LA_OK);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return (failed(error, path, errno));
		out->size += (size_t)got;
		if (out->size > max_bytes)
			return (la_error_set(error, LA_ECONFIG, "%s: larger than %zu bytes", path, max_bytes));
	}
}

enum la_err
la_file_read(const char *path, size_t max_bytes, struct la_buf *out, struct la_error *error)
{
	enum la_err err;
	int fd;

	la_buf_reset(out);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return (failed(error, path, errno));
	err = read_all(fd, path, max_bytes, out, error);
	(void)close(fd);
	return (err);
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
