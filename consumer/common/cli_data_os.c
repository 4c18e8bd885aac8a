/* Where schemas and templates lie. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cli.h"

static const char *const names[] = {"schemas", "templates"};

static bool
is_folder(const char *path)
{
	struct stat st;

	return (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

/* The folder of the running program, links resolved; "" when it cannot be known. */
static void
program_folder(char out[PATH_MAX])
{
	ssize_t size = readlink("/proc/self/exe", out, PATH_MAX - 1);
	char *slash;

	out[size < 0 ? 0 : size] = '\0';
	slash = strrchr(out, '/');
	if (slash != NULL)
		*slash = '\0';
}

static bool
is_below(const char *path, const char *folder)
{
	size_t size = strlen(folder);

	return (strncmp(path, folder, size) == 0 && (path[size] == '/' || path[size] == '\0'));
}

enum la_err
la_cli_data_folder(enum la_cli_data kind, const char **folder, struct la_error *error)
{
	static char found[2][PATH_MAX + 32];
	const char *given = getenv("LOGIN_ALERT_DATA"), *name = names[kind];
	char bin[PATH_MAX], installed[PATH_MAX + 64];

	*folder = found[kind];
	if (given != NULL && given[0] != '\0') {
		(void)snprintf(found[kind], sizeof(found[kind]), "%.*s/%s", PATH_MAX - 1, given, name);
		if (is_folder(found[kind]))
			return (LA_OK);
		return (la_error_set(error, LA_ECONFIG, "%s: no such folder (LOGIN_ALERT_DATA is set)", found[kind]));
	}
	program_folder(bin);
	(void)snprintf(installed, sizeof(installed), "%s/%s/%s", bin, LA_DATA_FROM_BIN, name);
	if (is_folder(installed) && strlen(installed) < PATH_MAX && realpath(installed, found[kind]) != NULL)
		return (LA_OK);
	if (!is_below(bin, LA_BINARY_DIR))
		return (la_error_set(error, LA_ECONFIG, "%s: no such folder; install %s there, or set LOGIN_ALERT_DATA",
		    installed, name));
	(void)snprintf(found[kind], sizeof(found[kind]), "%s/%s", LA_SOURCE_DIR, name);
	if (is_folder(found[kind]))
		return (LA_OK);
	return (la_error_set(error, LA_ECONFIG, "neither %s nor %s is a folder", installed, found[kind]));
}
