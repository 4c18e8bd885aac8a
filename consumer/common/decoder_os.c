/* Schemas from folders: ours, and those of writers, which are looked for again when a fingerprint is not known. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/decoder_core.h"
#include "common/file.h"
#include "common/log.h"
#include "common/record_fields.h"

#define SETTLED_MS 2000 /* a folder that changed this lately may change again within the same time stamp */
#define RETRY_MS 1000

struct folder {
	char *path;
	struct timespec changed; /* as it was before the last look */
	bool settled;            /* and no file of it failed */
	int64_t looked_ms;       /* monotonic */
	struct la_error said;    /* what is wrong with it, as it was logged; code LA_OK: nothing */
};

static int
is_schema_file(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);

	return (entry->d_name[0] != '.' && size > 5 && strcmp(entry->d_name + size - 5, ".avsc") == 0);
}

static enum la_err
add_file(struct la_decoder *decoder, const char *folder, const char *file, struct la_error *error)
{
	struct la_buf path = LA_BUF_INIT, text = LA_BUF_INIT;
	enum la_err err = la_buf_printf(&path, "%s/%s", folder, file);

	if (err == LA_OK)
		err = la_file_read((const char *)path.data, LA_VALUE_BYTES_MAX, &text, error);
	if (err == LA_OK)
		err = la_decoder_add(decoder, (const char *)path.data, la_buf_span(&text), error);
	la_buf_clear(&path);
	la_buf_clear(&text);
	return (err);
}

/* Adds every schema of the folder; the first error is returned, but the others are tried. */
static enum la_err
add_folder(struct la_decoder *decoder, const char *folder, struct la_error *error)
{
	struct dirent **entries = NULL;
	int i, count = scandir(folder, &entries, is_schema_file, alphasort);
	enum la_err first = LA_OK;

	if (count < 0)
		return (la_error_set(error, LA_ECONFIG, "%s: %s", folder, strerror(errno)));
	for (i = 0; i < count; i++) {
		enum la_err err = add_file(decoder, folder, entries[i]->d_name, first == LA_OK ? error : NULL);

		if (first == LA_OK)
			first = err;
		free(entries[i]);
	}
	free(entries);
	return (first);
}

/* Reads the folder and notes its time stamp from before. */
static enum la_err
scan(struct folder *f, struct la_decoder *decoder, struct la_error *error)
{
	struct stat st;
	enum la_err err;

	if (stat(f->path, &st) != 0)
		return (la_error_set(error, LA_ECONFIG, "%s: %s", f->path, strerror(errno)));
	f->changed = st.st_mtim;
	f->looked_ms = la_clock_now_ms(NULL);
	f->settled = la_clock_wall_ms(NULL) - (int64_t)st.st_mtim.tv_sec * 1000 > SETTLED_MS;
	err = add_folder(decoder, f->path, error);
	f->settled = f->settled && err == LA_OK;
	return (err);
}

/* A file that does not fit stays unknown and its records are refused: said once, not with each look. */
static void
say(struct folder *f, const struct la_error *error)
{
	if (error->code != LA_OK && strcmp(error->text, f->said.text) != 0)
		la_log(LA_LOG_ERROR, la_msg("a writer's schema cannot be used"), la_str("error", error->text));
	f->said = *error;
}

/*
 * Only when the folder has changed since the last look, so that a producer of
 * unknown fingerprints costs one stat() each; or once a second while a change
 * may have gone unseen: a file half written, two changes within one time stamp.
 */
static void
look(void *cookie, struct la_decoder *decoder)
{
	struct folder *f = cookie;
	struct stat st;
	struct la_error error = LA_ERROR_INIT;

	if (stat(f->path, &st) != 0)
		return;
	if (st.st_mtim.tv_sec == f->changed.tv_sec && st.st_mtim.tv_nsec == f->changed.tv_nsec &&
	    (f->settled || la_clock_now_ms(NULL) - f->looked_ms < RETRY_MS))
		return;
	(void)scan(f, decoder, &error);
	say(f, &error);
}

static void
folder_free(void *cookie)
{
	struct folder *f = cookie;

	if (f != NULL)
		free(f->path);
	free(f);
}

static enum la_err
watch_folder(struct la_decoder *decoder, const char *path, struct la_error *error)
{
	struct folder *f = calloc(1, sizeof(*f));
	enum la_err err = LA_ENOMEM;

	if (f != NULL)
		f->path = strdup(path);
	if (f != NULL && f->path != NULL)
		err = scan(f, decoder, error);
	if (err == LA_OK)
		la_decoder_set_watch(decoder, (struct la_decoder_watch){look, folder_free, f});
	else
		folder_free(f);
	return (err);
}

enum la_err
la_decoder_new(struct la_decoder **out, const struct la_decoder_options *options, struct la_error *error)
{
	struct la_buf path = LA_BUF_INIT, text = LA_BUF_INIT;
	struct la_decoder *decoder = NULL;
	enum la_err err = la_buf_printf(
	    &path, "%s/%s.avsc", options->schema_folder, la_record_fields_name(options->record));

	if (err == LA_OK)
		err = la_file_read((const char *)path.data, LA_VALUE_BYTES_MAX, &text, error);
	if (err == LA_OK)
		err = la_decoder_make(&decoder, options->record, options->framing, (const char *)path.data,
		    la_buf_span(&text), error);
	if (err == LA_OK && options->framing == LA_FRAMING_SINGLE_OBJECT && options->schema_dir != NULL)
		err = watch_folder(decoder, options->schema_dir, error);
	if (err == LA_OK) {
		*out = decoder;
		decoder = NULL;
	}
	la_decoder_free(decoder);
	la_buf_clear(&path);
	la_buf_clear(&text);
	return (err);
}
