#include "detector/report_os.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define LINES "decisions.jsonl"

/* Of a file, or of what is not whole yet, which has `more` behind its name. */
static enum la_err
path_of(const struct la_report_folder *folder, const char *name, const char *more, char out[PATH_BYTES],
    struct la_error *error)
{
	int size = snprintf(out, PATH_BYTES, "%s/%s%s", folder->path, name, more);

	if (size < 0 || size >= PATH_BYTES)
		return (la_error_set(error, LA_EUSAGE, "the path of --report is too long"));
	return (LA_OK);
}

static enum la_err
refuse(const struct la_report_folder *folder, struct la_error *error)
{
	return (la_error_set(error, LA_EUSAGE, "--report %s: %s", folder->path, strerror(errno)));
}

/* Never through a link: the folder may be somebody else's. */
static enum la_err
begin(const struct la_report_folder *folder, const char *name, FILE **out, struct la_error *error)
{
	char partial[PATH_BYTES];
	int fd;

	if (path_of(folder, name, ".part", partial, error) != LA_OK)
		return (LA_EUSAGE);
	(void)unlink(partial); /* of one that was killed */
	if ((fd = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
		return (refuse(folder, error));
	if ((*out = fdopen(fd, "w")) == NULL) {
		(void)close(fd);
		return (refuse(folder, error));
	}
	return (LA_OK);
}

/* In its place if it is whole (written: all of it was taken), else gone. */
static enum la_err
end(const struct la_report_folder *folder, const char *name, FILE *file, bool written, struct la_error *error)
{
	char partial[PATH_BYTES], whole[PATH_BYTES];
	enum la_err err = LA_OK;

	if (!written || fflush(file) != 0 || fsync(fileno(file)) != 0)
		err = refuse(folder, error);
	if (fclose(file) != 0 && err == LA_OK)
		err = refuse(folder, error);
	if (path_of(folder, name, ".part", partial, error) != LA_OK || path_of(folder, name, "", whole, error) != LA_OK)
		return (LA_EUSAGE);
	if (err == LA_OK && rename(partial, whole) != 0)
		err = refuse(folder, error);
	if (err != LA_OK)
		(void)unlink(partial);
	return (err);
}

enum la_err
la_report_open(struct la_report_folder *folder, const char *path, struct la_error *error)
{
	*folder = (struct la_report_folder){.path = path};
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return (refuse(folder, error));
	return (begin(folder, LINES, &folder->lines, error));
}

enum la_err
la_report_line(struct la_report_folder *folder, struct la_span text, struct la_error *error)
{
	if (fwrite(text.data, 1, text.size, folder->lines) != text.size || putc('\n', folder->lines) == EOF)
		return (refuse(folder, error));
	return (LA_OK);
}

enum la_err
la_report_end_lines(struct la_report_folder *folder, struct la_error *error)
{
	FILE *lines = folder->lines;

	folder->lines = NULL;
	return (end(folder, LINES, lines, ferror(lines) == 0, error));
}

enum la_err
la_report_file(struct la_report_folder *folder, const char *name, struct la_span bytes, struct la_error *error)
{
	FILE *file;

	if (begin(folder, name, &file, error) != LA_OK)
		return (LA_EUSAGE);
	return (end(folder, name, file, fwrite(bytes.data, 1, bytes.size, file) == bytes.size, error));
}

void
la_report_close(struct la_report_folder *folder)
{
	if (folder->lines != NULL)
		(void)end(folder, LINES, folder->lines, false, NULL);
	folder->lines = NULL;
}
