#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_store.h"
#include "common/text.h"

#define KEY_BYTES_SHOWN 80 /* of a key that nobody knows */
#define PROPERTY_BYTES_MAX 100

static void
describe(const struct la_conf_origin *origin, char out[LA_CONF_WHERE_BYTES])
{
	if (origin->line > 0)
		(void)snprintf(out, LA_CONF_WHERE_BYTES, "%s:%zu", origin->name, origin->line);
	else
		(void)snprintf(out, LA_CONF_WHERE_BYTES, "%s", origin->name);
}

static void
refuse_unknown(struct la_conf *conf, const char *where, const char *name)
{
	const char *nearest = la_conf_key_nearest(name, conf->program);

	if (nearest != NULL)
		la_conf_add_problem(
		    conf, "%s: %.*s: no such key; did you mean %s?", where, KEY_BYTES_SHOWN, name, nearest);
	else
		la_conf_add_problem(conf, "%s: %.*s: no such key; check prints those there are", where, KEY_BYTES_SHOWN, name);
}

/* "not supported yet", with what works instead. */
static void
refuse_for_now(struct la_conf *conf, const char *where, const struct la_conf_key *key)
{
	struct la_conf_key works = *key;
	char list[LA_CONF_ALLOWED_BYTES];

	if (key->today[0] == '\0') {
		la_conf_add_problem(conf, "%s: %s: not supported yet; leave it unset", where, key->name);
		return;
	}
	works.type = LA_CONF_CHOICE;
	works.allowed = key->today;
	la_conf_value_allowed(&works, list);
	la_conf_add_problem(
	    conf, "%s: %s: not supported yet with this value; today it must be %s", where, key->name, list);
}

static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return (true);
	}
	return (false);
}

/* Is the text fit for the key? Else a problem; never with the text itself, which may be a misplaced secret. */
static bool
check_value(struct la_conf *conf, const char *where, const struct la_conf_entry *entry, const char *text,
    struct la_conf_value *value)
{
	const struct la_conf_key *key = entry->key;
	const char *name = entry->name == NULL ? key->name : entry->name;
	char allowed[LA_CONF_ALLOWED_BYTES];

	if (has_control(text) || !la_utf8_valid(la_span_text(text))) {
		la_conf_add_problem(conf, "%s: %s: control characters or invalid UTF-8", where, name);
		return (false);
	}
	if (!la_conf_value_parse(key, text, value)) {
		la_conf_value_allowed(key, allowed);
		la_conf_add_problem(conf, "%s: %s: must be %s", where, name, allowed);
		return (false);
	}
	if (!la_conf_value_works(key, value)) {
		refuse_for_now(conf, where, key);
		return (false);
	}
	return (true);
}

static bool
check_property(struct la_conf *conf, const char *where, const char *name, const char *text)
{
	enum la_conf_client which;
	const char *property = la_conf_property(name, &which);
	const char *reason = la_conf_property_refused(property, text);
	size_t size = strspn(property, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	if (size == 0 || size > PROPERTY_BYTES_MAX || property[size] != '\0') {
		la_conf_add_problem(conf, "%s: %.*s: must be kafka.<property>, kafka.consumer.<property> or "
		    "kafka.producer.<property>, a property of librdkafka", where, KEY_BYTES_SHOWN, name);
		return (false);
	}
	if (reason != NULL)
		la_conf_add_problem(conf, "%s: %.*s: may not be set: %s", where, KEY_BYTES_SHOWN, name, reason);
	return (reason == NULL);
}

/* Replaces what the entry held. */
static enum la_err
store(struct la_conf_entry *entry, const char *text, const char *where, const struct la_conf_value *value)
{
	char *new_text = text == NULL ? NULL : strdup(text);
	char *new_where = text == NULL ? NULL : strdup(where);

	if (text != NULL && (new_text == NULL || new_where == NULL)) {
		free(new_text);
		free(new_where);
		return (LA_ENOMEM);
	}
	free(entry->text);
	free(entry->where);
	entry->text = new_text;
	entry->where = new_where;
	entry->value = *value;
	return (LA_OK);
}

/* The same key twice in one file is a slip; which one counts should not surprise. */
static void
warn_if_twice(
    struct la_conf *conf, const struct la_conf_origin *origin, const struct la_conf_entry *entry, const char *where)
{
	size_t size = strlen(origin->name);

	if (origin->line == 0 || entry->where == NULL || strncmp(entry->where, origin->name, size) != 0 ||
	    entry->where[size] != ':')
		return;
	la_conf_add_warning(conf, "%s: %s: set before in line %s; this one counts", where,
	    entry->name == NULL ? entry->key->name : entry->name, entry->where + size + 1);
}

/* The place of name in the sorted family entries; made when it is not there. NULL: out of memory. */
static struct la_conf_entry *
family_entry(struct la_conf *conf, const struct la_conf_key *key, const char *name)
{
	struct la_conf_entry made = {.key = key};
	size_t i;

	for (i = 0; i < conf->family_count; i++) {
		int order = strcmp(conf->family[i].name, name);

		if (order == 0)
			return (&conf->family[i]);
		if (order > 0)
			break;
	}
	if (conf->family_count == conf->family_cap) {
		size_t cap = conf->family_cap == 0 ? 16 : conf->family_cap * 2;
		struct la_conf_entry *grown = realloc(conf->family, cap * sizeof(*grown));

		if (grown == NULL)
			return (NULL);
		conf->family = grown;
		conf->family_cap = cap;
	}
	made.name = strdup(name);
	if (made.name == NULL)
		return (NULL);
	memmove(&conf->family[i + 1], &conf->family[i], (conf->family_count - i) * sizeof(made));
	conf->family[i] = made;
	conf->family_count++;
	return (&conf->family[i]);
}

/* Nothing behind the '=' unsets a key that has no default, or "none", and one that nothing reads. */
static bool
may_be_empty(const struct la_conf_key *key)
{
	return (key->fallback == NULL || key->type == LA_CONF_TIME || key->fallback[0] == '\0' ||
	    (key->today != NULL && key->today[0] == '\0'));
}

enum la_err
la_conf_assign(struct la_conf *conf, const struct la_conf_origin *origin, const char *name, const char *text)
{
	const struct la_conf_key *key = la_conf_key_find(name, conf->program);
	struct la_conf_value value = {0, 0, 0};
	char where[LA_CONF_WHERE_BYTES];
	struct la_conf_entry *entry;

	describe(origin, where);
	if (key == NULL) {
		refuse_unknown(conf, where, name);
		return (LA_OK);
	}
	if (!la_conf_key_serves(key, conf->program))
		return (LA_OK); /* one file may serve both programs */
	if (key->type == LA_CONF_KAFKA && !check_property(conf, where, name, text))
		return (LA_OK);
	entry = la_conf_key_is_family(key) ? family_entry(conf, key, name) : &conf->fixed[key - la_conf_keys];
	if (entry == NULL)
		return (LA_ENOMEM);
	warn_if_twice(conf, origin, entry, where);
	if (key->type == LA_CONF_KAFKA)
		return (store(entry, text, where, &value));
	if (text[0] == '\0' && may_be_empty(key))
		return (store(entry, NULL, NULL, &value));
	entry->refused = !check_value(conf, where, entry, text, &value);
	if (entry->refused)
		return (LA_OK);
	return (store(entry, text, where, &value));
}
