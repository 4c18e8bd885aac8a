#include "mailer/brand.h"

#include <stdio.h>
#include <unistd.h>

#include "common/file.h"

#define FILE_BYTES_MAX (256u << 10)

static enum la_err
read_from_folder(void *cookie, const char *file, struct la_buf *out, bool *found, struct la_error *error)
{
	const struct la_brand_options *options = cookie;
	char path[4096];
	int size = snprintf(path, sizeof(path), "%s/%s/%s", options->folder, options->name, file);

	if (size < 0 || (size_t)size >= sizeof(path))
		return (la_error_set(error, LA_ECONFIG, "the path of the templates' folder is too long"));
	*found = access(path, F_OK) == 0;
	return (*found ? la_file_read(path, FILE_BYTES_MAX, out, error) : LA_OK);
}

enum la_err
la_brand_load(struct la_brand **brand, const struct la_brand_options *options, struct la_error *error)
{
	struct la_brand_options copy = *options;
	struct la_brand_files files = {read_from_folder, &copy};
	char text[LA_ERROR_TEXT_BYTES];
	enum la_err err = la_brand_compile(brand, options, &files, &la_zone_system, error);

	/* "brand/file:line" becomes a path that an editor opens; a key of the configuration stays as it is. */
	if (err == LA_ECONFIG && error != NULL && strncmp(error->text, "mail.", 5) != 0) {
		memcpy(text, error->text, sizeof(text));
		err = la_error_set(error, err, "%s/%s", options->folder, text);
	}
	return (err);
}
