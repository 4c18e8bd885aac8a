/* Where values come from: the text of a file, the environment, --set. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_store.h"

#define LINE_BYTES_MAX 8192
#define PREFIX "LOGIN_ALERT_"

static bool
is_blank(char c)
{
	return (c == ' ' || c == '\t');
}

/* Cuts blanks at both ends, in place. */
static char *
trim(char *text)
{
	size_t size;

	while (is_blank(*text))
		text++;
	size = strlen(text);
	while (size > 0 && is_blank(text[size - 1]))
		text[--size] = '\0';
	return (text);
}

/* One line without its end, terminated by NUL. */
static enum la_err
read_line(struct la_conf *conf, const struct la_conf_origin *origin, char *line)
{
	char *key = trim(line), *equals;

	if (*key == '\0' || *key == '#')
		return (LA_OK);
	equals = strchr(key, '=');
	if (equals == NULL || equals == key) {
		la_conf_add_problem(conf, "%s:%zu: must be key=value, or a comment that starts with #", origin->name,
		    origin->line);
		return (LA_OK);
	}
	*equals = '\0';
	return (la_conf_assign(conf, origin, trim(key), trim(equals + 1)));
}

enum la_err
la_conf_read_text(struct la_conf *conf, const char *name, const char *text, size_t size)
{
	struct la_conf_origin origin = {name, 0};
	enum la_err err = LA_OK;
	char *line = malloc(LINE_BYTES_MAX + 1);

	if (line == NULL)
		return (LA_ENOMEM);
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark, as some editors write it */
		text += 3;
		size -= 3;
	}
	while (size > 0 && err == LA_OK) {
		const char *end = memchr(text, '\n', size);
		size_t length = end == NULL ? size : (size_t)(end - text);
		size_t kept = length > 0 && text[length - 1] == '\r' ? length - 1 : length;

		origin.line++;
		if (kept > LINE_BYTES_MAX) {
			la_conf_add_problem(
			    conf, "%s:%zu: longer than %d bytes", origin.name, origin.line, LINE_BYTES_MAX);
		} else if (memchr(text, '\0', kept) != NULL) {
			la_conf_add_problem(conf, "%s:%zu: a NUL byte: this is no text", origin.name, origin.line);
		} else {
			memcpy(line, text, kept);
			line[kept] = '\0';
			err = read_line(conf, &origin, line);
		}
		length += end != NULL;
		text += length;
		size -= length;
	}
	free(line);
	return (err);
}

/* Is variable (without prefix and value) the name of key, in capitals, '.' and '-' as '_'? */
static bool
names_key(const char *variable, size_t size, const char *key)
{
	size_t i;

	for (i = 0; i < size && key[i] != '\0'; i++) {
		char c = key[i] == '.' || key[i] == '-' ? '_' : key[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (variable[i] != c)
			return (false);
	}
	return (i == size && key[i] == '\0');
}

static void
lower(char *text, char underscore)
{
	for (; *text != '\0'; text++) {
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
		else if (*text == '_')
			*text = underscore;
	}
}

/* KAFKA_SERVICE_HOST, KAFKA_PORT_9092_TCP…: Kubernetes makes them for a service named login-alert-kafka. */
static bool
is_made_by_kubernetes(const char *variable)
{
	return (strncmp(variable, "KAFKA_SERVICE_", 14) == 0 || strncmp(variable, "KAFKA_PORT", 10) == 0);
}

/*
 * The key that a variable stands for, in out; false: none.
 * librdkafka's properties have dots where the variable has underscores, with one
 * exception among those that take text: log_level. A tenant is lower case with
 * its underscores kept; any other tenant needs the file or --set.
 */
static bool
key_of(const char *variable, size_t size, char *out, size_t cap)
{
	size_t i;

	for (i = 0; i < la_conf_key_count; i++) {
		if (!la_conf_key_is_family(&la_conf_keys[i]) && names_key(variable, size, la_conf_keys[i].name)) {
			(void)snprintf(out, cap, "%s", la_conf_keys[i].name);
			return (true);
		}
	}
	if (size + 1 > cap || is_made_by_kubernetes(variable))
		return (false);
	(void)snprintf(out, cap, "%.*s", (int)size, variable);
	if (strncmp(out, "KAFKA_", 6) == 0 && size > 6) {
		char *log_level;

		lower(out, '.');
		log_level = strstr(out, ".log.level");
		if (log_level != NULL && log_level[10] == '\0')
			log_level[4] = '_';
		return (true);
	}
	if (strncmp(out, "MAIL_BRAND_", 11) == 0 && size > 11) {
		memcpy(out, "mail.brand.", 11);
		lower(out + 11, '_');
		return (true);
	}
	return (false);
}

static enum la_err
read_variable(struct la_conf *conf, const char *variable)
{
	size_t size = strcspn(variable, "=");
	char name[160], key[128];
	struct la_conf_origin origin = {name, 0};

	if (variable[size] != '=')
		return (LA_OK);
	(void)snprintf(name, sizeof(name), "environment variable %.*s", (int)size, variable);
	variable += strlen(PREFIX);
	size -= strlen(PREFIX);
	if (size == 4 && strncmp(variable, "DATA", 4) == 0) /* cli.h: where schemas and templates are */
		return (LA_OK);
	if (!key_of(variable, size, key, sizeof(key))) {
		la_conf_add_warning(conf, "%s: no such key; it is ignored", name);
		return (LA_OK);
	}
	return (la_conf_assign(conf, &origin, key, variable + size + 1));
}

enum la_err
la_conf_read_environment(struct la_conf *conf, char *const *environment)
{
	enum la_err err = LA_OK;
	size_t i;

	for (i = 0; environment[i] != NULL && err == LA_OK; i++) {
		if (strncmp(environment[i], PREFIX, strlen(PREFIX)) == 0)
			err = read_variable(conf, environment[i]);
	}
	return (err);
}

enum la_err
la_conf_set(struct la_conf *conf, const char *assignment)
{
	const struct la_conf_origin origin = {"--set", 0};
	size_t size = strcspn(assignment, "=");
	enum la_err err;
	char *key;

	if (size == 0 || assignment[size] != '=') {
		la_conf_add_problem(conf, "--set: must be key=value");
		return (LA_OK);
	}
	key = strndup(assignment, size);
	if (key == NULL)
		return (LA_ENOMEM);
	err = la_conf_assign(conf, &origin, key, assignment + size + 1);
	free(key);
	return (err);
}
