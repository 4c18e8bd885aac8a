#include "detector/report_os.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"

#define PATH_BYTES 4096
#define PARTIAL "decisions.jsonl.part"

static enum la_err
path_of(const struct la_report_folder *folder, const char *name, char out[PATH_BYTES], struct la_error *error)
{
	int size = snprintf(out, PATH_BYTES, "%s/%s", folder->path, name);

	if (size < 0 || size >= PATH_BYTES)
		return (la_error_set(error, LA_EUSAGE, "the path of --report is too long"));
	return (LA_OK);
}

static enum la_err
refuse(const struct la_report_folder *folder, struct la_error *error)
{
	return (la_error_set(error, LA_EUSAGE, "--report %s: %s", folder->path, strerror(errno)));
}

enum la_err
la_report_open(struct la_report_folder *folder, const char *path, struct la_error *error)
{
	char partial[PATH_BYTES];
	int fd;

	*folder = (struct la_report_folder){.path = path};
	if (path_of(folder, PARTIAL, partial, error) != LA_OK)
		return (LA_EUSAGE);
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return (refuse(folder, error));
	(void)unlink(partial); /* of one that was killed; never through a link */
	if ((fd = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
		return (refuse(folder, error));
	if ((folder->lines = fdopen(fd, "w")) == NULL) {
		(void)close(fd);
		return (refuse(folder, error));
	}
	return (LA_OK);
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
	char partial[PATH_BYTES], whole[PATH_BYTES];
	FILE *lines = folder->lines;

	folder->lines = NULL;
	if (fclose(lines) != 0)
		return (refuse(folder, error));
	if (path_of(folder, PARTIAL, partial, error) != LA_OK ||
	    path_of(folder, "decisions.jsonl", whole, error) != LA_OK)
		return (LA_EUSAGE);
	return (rename(partial, whole) == 0 ? LA_OK : refuse(folder, error));
}

enum la_err
la_report_file(struct la_report_folder *folder, const char *name, struct la_span bytes, struct la_error *error)
{
	char path[PATH_BYTES];

	if (path_of(folder, name, path, error) != LA_OK)
		return (LA_EUSAGE);
	return (la_file_write(path, bytes, 0600, true, error));
}

void
la_report_close(struct la_report_folder *folder)
{
	char partial[PATH_BYTES];

	if (folder->lines == NULL)
		return;
	(void)fclose(folder->lines);
	folder->lines = NULL;
	if (path_of(folder, PARTIAL, partial, NULL) == LA_OK)
		(void)unlink(partial);
}
