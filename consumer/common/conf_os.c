#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/conf_store.h"
#include "common/file.h"

#define FILE_BYTES_MAX (1u << 20)

enum la_err
la_conf_read_file(struct la_conf *conf, const char *path)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_buf text = LA_BUF_INIT;
	enum la_err err;

	err = la_file_read(path, FILE_BYTES_MAX, &text, &error);
	if (err == LA_OK) {
		struct la_span span = la_buf_span(&text);

		err = la_conf_read_text(conf, path, (const char *)span.data, span.size);
	} else if (err == LA_ECONFIG) {
		la_conf_add_problem(conf, "%s", error.text);
		conf->unread = true;
		err = LA_OK;
	}
	la_buf_clear(&text);
	return (err);
}

static enum la_err
load_property(struct la_conf *conf, struct la_conf_entry *entry)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_buf secret = LA_BUF_INIT;
	enum la_err err;

	err = la_file_read_secret(entry->text, &secret, &error);
	if (err == LA_OK) {
		entry->secret = strdup((const char *)secret.data);
		err = entry->secret == NULL ? LA_ENOMEM : LA_OK;
	} else if (err == LA_ECONFIG) {
		la_conf_add_problem(conf, "%s: %s: %s", entry->where, entry->name, error.text);
		err = LA_OK;
	}
	la_file_wipe(&secret);
	return (err);
}

/* Whether it can be opened, and is what the key asks for; what it holds is its reader's to judge. */
static void
probe(struct la_conf *conf, const struct la_conf_entry *entry)
{
	bool folder = entry->key->type == LA_CONF_FOLDER;
	struct stat st;

	if (stat(entry->text, &st) != 0)
		goto refuse;
	if (folder != S_ISDIR(st.st_mode)) {
		la_conf_add_problem(conf, "%s: %s: %s: %s", entry->where, entry->key->name, entry->text,
		    folder ? "is no folder" : "is a folder");
		return;
	}
	if (access(entry->text, folder ? R_OK | X_OK : R_OK) == 0)
		return;
refuse:
	la_conf_add_problem(conf, "%s: %s: %s: %s", entry->where, entry->key->name, entry->text, strerror(errno));
}

void
la_conf_probe_file(struct la_conf *conf, const char *name)
{
	const struct la_conf_entry *entry = &conf->fixed[la_conf_key_find(name, conf->program) - la_conf_keys];

	if (entry->text != NULL)
		probe(conf, entry);
}

enum la_err
la_conf_load_files(struct la_conf *conf)
{
	enum la_err err = LA_OK;
	enum la_conf_client client;
	size_t i;

	for (i = 0; i < la_conf_key_count; i++) {
		const struct la_conf_entry *entry = &conf->fixed[i];

		if (entry->text != NULL && (entry->key->type == LA_CONF_FILE || entry->key->type == LA_CONF_FOLDER))
			probe(conf, entry);
	}
	for (i = 0; i < conf->family_count && err == LA_OK; i++) {
		struct la_conf_entry *entry = &conf->family[i];

		if (entry->key->type == LA_CONF_KAFKA && entry->text != NULL && entry->secret == NULL &&
		    la_conf_property_is_file(la_conf_property(entry->name, &client)))
			err = load_property(conf, entry);
	}
	return (err);
}
