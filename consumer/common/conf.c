#include "common/conf.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_store.h"

enum la_err
la_conf_new(struct la_conf **conf, enum la_program program)
{
	struct la_conf *made = calloc(1, sizeof(*made));
	size_t i;

	if (made == NULL)
		return (LA_ENOMEM);
	made->program = program;
	made->fixed = calloc(la_conf_key_count, sizeof(*made->fixed));
	if (made->fixed == NULL || la_conf_set_host(made, "localhost") != LA_OK) {
		la_conf_free(made);
		return (LA_ENOMEM);
	}
	for (i = 0; i < la_conf_key_count; i++)
		made->fixed[i].key = &la_conf_keys[i];
	*conf = made;
	return (LA_OK);
}

static void
clear_entry(struct la_conf_entry *entry)
{
	free(entry->name);
	free(entry->text);
	free(entry->where);
	if (entry->secret != NULL)
		sodium_memzero(entry->secret, strlen(entry->secret));
	free(entry->secret);
}

static void
clear_lines(struct la_conf_lines *lines)
{
	size_t i;

	for (i = 0; i < lines->count; i++)
		free(lines->line[i]);
	free(lines->line);
}

void
la_conf_free(struct la_conf *conf)
{
	size_t i;

	if (conf == NULL)
		return;
	for (i = 0; conf->fixed != NULL && i < la_conf_key_count; i++)
		clear_entry(&conf->fixed[i]);
	for (i = 0; i < conf->family_count; i++)
		clear_entry(&conf->family[i]);
	clear_lines(&conf->problems);
	clear_lines(&conf->warnings);
	free(conf->fixed);
	free(conf->family);
	free(conf->smtp_url);
	free(conf);
}

enum la_err
la_conf_set_host(struct la_conf *conf, const char *host)
{
	char *url;

	if (asprintf(&url, "smtp://127.0.0.1:25/%s", host) < 0)
		return (LA_ENOMEM);
	free(conf->smtp_url);
	conf->smtp_url = url;
	return (LA_OK);
}

/* A reader of the log must see one line for each problem, whatever a file holds. */
static void
drop_controls(char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
	}
}

__attribute__((format(printf, 2, 0))) static void
add_line(struct la_conf_lines *lines, const char *format, va_list args)
{
	char *line = NULL;

	if (lines->count == lines->cap) {
		size_t cap = lines->cap == 0 ? 16 : lines->cap * 2;
		char **grown = realloc(lines->line, cap * sizeof(*grown));

		if (grown == NULL) {
			lines->lost = true;
			return;
		}
		lines->line = grown;
		lines->cap = cap;
	}
	if (vasprintf(&line, format, args) < 0) {
		lines->lost = true;
		return;
	}
	drop_controls(line);
	lines->line[lines->count++] = line;
}

void
la_conf_add_problem(struct la_conf *conf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_line(&conf->problems, format, args);
	va_end(args);
}

void
la_conf_add_warning(struct la_conf *conf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_line(&conf->warnings, format, args);
	va_end(args);
}

size_t
la_conf_problem_count(const struct la_conf *conf)
{
	return (conf->problems.count + conf->problems.lost);
}

const char *
la_conf_problem(const struct la_conf *conf, size_t index)
{
	return (index < conf->problems.count ? conf->problems.line[index] : "out of memory");
}

size_t
la_conf_warning_count(const struct la_conf *conf)
{
	return (conf->warnings.count + conf->warnings.lost);
}

const char *
la_conf_warning(const struct la_conf *conf, size_t index)
{
	return (index < conf->warnings.count ? conf->warnings.line[index] : "out of memory");
}
