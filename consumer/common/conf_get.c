#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_store.h"

/* A key that is not in the table is a programming error. */
static const struct la_conf_entry *
entry_of(const struct la_conf *conf, const char *name)
{
	const struct la_conf_key *key = la_conf_key_find(name, conf->program);

	if (key == NULL || la_conf_key_is_family(key) || !la_conf_key_serves(key, conf->program))
		abort();
	return (&conf->fixed[key - la_conf_keys]);
}

static const struct la_conf_entry *
typed_entry(const struct la_conf *conf, const char *name, unsigned types)
{
	const struct la_conf_entry *entry = entry_of(conf, name);

	if ((types & 1u << entry->key->type) == 0)
		abort();
	return (entry);
}

const char *
la_conf_effective(const struct la_conf *conf, const struct la_conf_entry *entry)
{
	const struct la_conf_key *key = entry->key;
	struct la_conf_value value;

	if (entry->text != NULL)
		return (entry->text);
	if (strcmp(key->name, "smtp.url") == 0)
		return (conf->smtp_url);
	if (key->today == NULL || key->fallback == NULL)
		return (key->fallback);
	if (key->today[0] == '\0')
		return (NULL);
	/* Of a list the first is its default too; a single value stands alone. */
	if (la_conf_value_parse(key, key->fallback, &value) && la_conf_value_works(key, &value))
		return (key->fallback);
	return (key->today);
}

static struct la_conf_value
value_of(const struct la_conf *conf, const struct la_conf_entry *entry)
{
	const char *text = la_conf_effective(conf, entry);
	struct la_conf_value value = {0, 0, 0};

	if (entry->text != NULL)
		return (entry->value);
	if (text != NULL && !la_conf_value_parse(entry->key, text, &value))
		abort(); /* a default of the table that its own row refuses; the table's test looks for it */
	return (value);
}

const char *
la_conf_text(const struct la_conf *conf, const char *key)
{
	return (la_conf_effective(conf, entry_of(conf, key)));
}

int64_t
la_conf_int(const struct la_conf *conf, const char *key)
{
	unsigned types = 1u << LA_CONF_INT | 1u << LA_CONF_CHOICE | 1u << LA_CONF_CAP;

	return (value_of(conf, typed_entry(conf, key, types)).number);
}

int64_t
la_conf_ms(const struct la_conf *conf, const char *key)
{
	unsigned types = 1u << LA_CONF_DURATION | 1u << LA_CONF_TIME | 1u << LA_CONF_CHOICE | 1u << LA_CONF_CAP;

	return (value_of(conf, typed_entry(conf, key, types)).ms);
}

double
la_conf_ratio(const struct la_conf *conf, const char *key)
{
	return (value_of(conf, typed_entry(conf, key, 1u << LA_CONF_RATIO)).ratio);
}

bool
la_conf_is_set(const struct la_conf *conf, const char *key)
{
	return (entry_of(conf, key)->text != NULL);
}

/* Hands out the entry if it is a property for client. */
static void
hand_out(const struct la_conf_entry *entry, enum la_conf_client client,
    void (*fn)(void *cookie, const struct la_conf_kafka_property *property), void *cookie)
{
	struct la_conf_kafka_property property = {.value = entry->text, .key = entry->name, .where = entry->where};
	enum la_conf_client whose;
	char without_file[128];

	if (entry->key->type != LA_CONF_KAFKA || entry->text == NULL)
		return;
	property.name = la_conf_property(entry->name, &whose);
	if (whose != client)
		return;
	if (la_conf_property_is_file(property.name)) {
		(void)snprintf(without_file, sizeof(without_file), "%.*s",
		    (int)(strlen(property.name) - strlen(".file")), property.name);
		property.name = without_file;
		property.value = entry->secret;
		property.path = entry->text;
	}
	if (property.value != NULL)
		fn(cookie, &property);
}

/* What is for both clients, then what is for this one. */
void
la_conf_each_kafka(const struct la_conf *conf, enum la_conf_kafka which,
    void (*fn)(void *cookie, const struct la_conf_kafka_property *property), void *cookie)
{
	enum la_conf_client client =
	    which == LA_CONF_KAFKA_CONSUMER ? LA_CONF_CLIENT_CONSUMER : LA_CONF_CLIENT_PRODUCER;
	size_t i;

	for (i = 0; i < conf->family_count; i++)
		hand_out(&conf->family[i], LA_CONF_CLIENT_BOTH, fn, cookie);
	for (i = 0; i < conf->family_count; i++)
		hand_out(&conf->family[i], client, fn, cookie);
}

const char *
la_conf_text_for(const struct la_conf *conf, const char *prefix, const char *suffix, size_t suffix_size)
{
	size_t prefix_size = strlen(prefix), i;

	for (i = 0; i < conf->family_count; i++) {
		const char *name = conf->family[i].name;

		if (strncmp(name, prefix, prefix_size) == 0 && strlen(name) == prefix_size + suffix_size &&
		    (suffix_size == 0 || memcmp(name + prefix_size, suffix, suffix_size) == 0))
			return (conf->family[i].text);
	}
	return (NULL);
}

void
la_conf_each_for(const struct la_conf *conf, const char *prefix,
    void (*fn)(void *cookie, const char *suffix, const char *value), void *cookie)
{
	size_t prefix_size = strlen(prefix), i;

	for (i = 0; i < conf->family_count; i++) {
		const struct la_conf_entry *entry = &conf->family[i];

		if (entry->text != NULL && strncmp(entry->name, prefix, prefix_size) == 0)
			fn(cookie, entry->name + prefix_size, entry->text);
	}
}
