#include "mailer/mail_files.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/file.h"

enum la_err
la_mail_files_put(const char *folder, const char *name, struct la_span bytes, struct la_error *error)
{
	char path[4096];
	int size = snprintf(path, sizeof(path), "%s/%s", folder, name);

	if (size < 0 || (size_t)size >= sizeof(path))
		return (la_error_set(error, LA_EUSAGE, "the path of --out is too long"));
	if (mkdir(folder, 0755) != 0 && errno != EEXIST)
		return (la_error_set(error, LA_EUSAGE, "--out %s: %s", folder, strerror(errno)));
	return (la_file_write(path, bytes, 0644, true, error));
}

enum la_err
la_mail_files_write(const char *folder, const char *name, const struct la_mail *mail, struct la_error *error)
{
	const struct {
		const char *suffix;
		const struct la_buf *bytes;
	} parts[] = {{".eml", &mail->eml}, {".txt", &mail->text}, {".html", &mail->html}};
	enum la_err err = LA_OK;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && err == LA_OK; i++) {
		char file[160];

		(void)snprintf(file, sizeof(file), "%s%s", name, parts[i].suffix);
		err = la_mail_files_put(folder, file, la_buf_span(parts[i].bytes), error);
	}
	return (err);
}

enum la_err
la_mail_files_print(struct la_span bytes, struct la_error *error)
{
	if (fwrite(bytes.data, 1, bytes.size, stdout) != bytes.size || fflush(stdout) != 0)
		return (la_error_set(error, LA_EINTERNAL, "cannot write to stdout"));
	return (LA_OK);
}
