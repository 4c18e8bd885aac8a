#include "common/avro_names.h"

#include <string.h>

const char *
la_avro_names_of_type(enum la_avro_type type)
{
#define TYPE_TEXT(name, text) text,
	static const char *const names[] = {LA_AVRO_TYPE_LIST(TYPE_TEXT)};
#undef TYPE_TEXT

	return (names[type]);
}

const char *
la_avro_names_short(const char *full_name)
{
	const char *dot = strrchr(full_name, '.');

	return (dot == NULL ? full_name : dot + 1);
}

bool
la_avro_names_match(const struct la_avro_node *writer, const struct la_avro_node *reader)
{
	size_t i;

	if (strcmp(la_avro_names_short(writer->name), la_avro_names_short(reader->name)) == 0)
		return (true);
	for (i = 0; i < reader->alias_count; i++) {
		if (strcmp(reader->aliases[i], writer->name) == 0)
			return (true);
	}
	return (false);
}

bool
la_avro_names_primitive(const char *name, enum la_avro_type *type)
{
	int i;

	for (i = 0; i < LA_AVRO_PRIMITIVES; i++) {
		if (strcmp(name, la_avro_names_of_type((enum la_avro_type)i)) == 0) {
			*type = (enum la_avro_type)i;
			return (true);
		}
	}
	return (false);
}

bool
la_avro_names_valid(const char *text, bool dots)
{
	bool first = true;

	if (strlen(text) > LA_AVRO_NAME_BYTES_MAX)
		return (false);
	for (; *text != '\0'; text++) {
		if (*text == '.') {
			if (!dots || first)
				return (false);
			first = true;
		} else if (*text == '_' || (*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z') ||
		    (!first && *text >= '0' && *text <= '9')) {
			first = false;
		} else {
			return (false);
		}
	}
	return (!first);
}
