#include "common/conf_store.h"

/* A value that only the environment could bring may hold line ends; a printed line is one line. */
static void
print_pair(FILE *out, const char *name, const char *text)
{
	(void)fprintf(out, "%s=", name);
	for (; *text != '\0'; text++)
		(void)fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, out);
	(void)fputc('\n', out);
}

static void
print_family(const struct la_conf *conf, const struct la_conf_key *key, FILE *out)
{
	size_t i;

	for (i = 0; i < conf->family_count; i++) {
		const struct la_conf_entry *entry = &conf->family[i];

		/* Secrets come from files, whose paths are no secret; a literal one was refused. */
		if (entry->key == key && entry->text != NULL)
			print_pair(out, entry->name, entry->text);
	}
}

static void
print_fixed(const struct la_conf *conf, const struct la_conf_entry *entry, FILE *out)
{
	const struct la_conf_key *key = entry->key;
	const char *text = la_conf_effective(conf, entry);

	if (text != NULL)
		print_pair(out, key->name, text);
	else if (key->today != NULL)
		(void)fprintf(out, "# %s: not supported yet\n", key->name);
	else
		(void)fprintf(out, "# %s: not set\n", key->name);
}

void
la_conf_print(const struct la_conf *conf, FILE *out)
{
	size_t i;

	for (i = 0; i < la_conf_key_count; i++) {
		const struct la_conf_key *key = &la_conf_keys[i];

		if (!la_conf_key_serves(key, conf->program))
			continue;
		if (la_conf_key_is_family(key))
			print_family(conf, key, out);
		else
			print_fixed(conf, &conf->fixed[i], out);
	}
}
