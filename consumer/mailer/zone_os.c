#include "mailer/zone.h"

#include <stdio.h>

#include "common/buf.h"
#include "common/file.h"

#define FOLDER "/usr/share/zoneinfo"
#define FILE_BYTES_MAX (256u << 10)

enum la_err
la_zone_load(struct la_zone **zone, const char *folder, struct la_span name, struct la_error *error)
{
	struct la_buf file = LA_BUF_INIT;
	char path[512];
	enum la_err err;
	int size;

	if (!la_zone_name_ok(name))
		return (la_error_set(error, LA_EDATA, "not the name of a time zone"));
	size = snprintf(path, sizeof(path), "%s/%.*s", folder == NULL ? FOLDER : folder, (int)name.size,
	    (const char *)name.data);
	if (size < 0 || (size_t)size >= sizeof(path))
		return (la_error_set(error, LA_EDATA, "the path of the zoneinfo folder is too long"));
	/* A file that is not there is the name's fault, not the configuration's. */
	if ((err = la_file_read(path, FILE_BYTES_MAX, &file, error)) == LA_ECONFIG)
		err = la_error_set(error, LA_EDATA, "no such time zone");
	if (err == LA_OK)
		err = la_zone_parse(zone, la_buf_span(&file), error);
	la_buf_clear(&file);
	return (err);
}

static enum la_err
load_from_system(void *cookie, struct la_zone **zone, struct la_span name, struct la_error *error)
{
	(void)cookie;
	return (la_zone_load(zone, NULL, name, error));
}

const struct la_zone_source la_zone_system = {load_from_system, NULL};
