/* Records, enums and fixed: names, and what they consist of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/avro_parser.h"

void
la_avro_parser_full_name(const char *name, const char *space, char out[LA_AVRO_FULL_BYTES])
{
	if (strchr(name, '.') != NULL || *space == '\0')
		(void)snprintf(out, LA_AVRO_FULL_BYTES, "%s", name);
	else
		(void)snprintf(out, LA_AVRO_FULL_BYTES, "%s.%s", space, name);
}

/* The place of the first known type whose name is not before full. */
static size_t
place_of(const struct la_avro_parser *p, const char *full)
{
	const struct la_avro_node *const *known = (const void *)p->known.data;
	size_t low = 0, high = p->known.size / sizeof(*known);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(known[middle]->name, full) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return (low);
}

const struct la_avro_node *
la_avro_parser_find(const struct la_avro_parser *p, const char *full)
{
	const struct la_avro_node *const *known = (const void *)p->known.data;
	size_t place = place_of(p, full);

	return (place < p->known.size / sizeof(*known) && strcmp(known[place]->name, full) == 0 ? known[place] : NULL);
}

static enum la_err
make_known(struct la_avro_parser *p, const struct la_avro_node *node)
{
	size_t at = place_of(p, node->name) * sizeof(node), behind = p->known.size - at;

	if (la_buf_reserve(&p->known, sizeof(node)) != LA_OK)
		return (la_avro_parser_no_memory(p));
	memmove(p->known.data + at + sizeof(node), p->known.data + at, behind);
	memcpy(p->known.data + at, &node, sizeof(node));
	p->known.size += sizeof(node);
	return (LA_OK);
}

/* NULL: la_avro_parser_no_memory. */
static const char *
take_name(struct la_avro_parser *p, const char *name)
{
	char *copy = la_avro_parser_take(p, strlen(name) + 1, 1);

	return (copy == NULL ? NULL : memcpy(copy, name, strlen(name)));
}

/* A list of names. space: NULL for simple names, else they become full names. */
static enum la_err
parse_names(struct la_avro_parser *p, const json_t *json, const char *space, const char *const **out, size_t *count)
{
	size_t i, size = json_array_size(json);
	char full[LA_AVRO_FULL_BYTES];
	const char **names;

	if (json != NULL && !json_is_array(json))
		return (la_avro_parser_fail(p, "aliases and symbols must be lists of names"));
	if ((*count = size) == 0)
		return (LA_OK);
	names = la_avro_parser_take(p, size, sizeof(*names));
	if (names == NULL)
		return (la_avro_parser_no_memory(p));
	for (i = 0; i < size; i++) {
		names[i] = la_avro_parser_text(json_array_get(json, i));
		if (names[i] == NULL || !la_avro_names_valid(names[i], space != NULL))
			return (la_avro_parser_fail(p, "aliases and symbols must be lists of names"));
		if (space == NULL || *space == '\0' || strchr(names[i], '.') != NULL)
			continue;
		la_avro_parser_full_name(names[i], space, full);
		if ((names[i] = take_name(p, full)) == NULL)
			return (la_avro_parser_no_memory(p));
	}
	*out = names;
	return (LA_OK);
}

static enum la_err
parse_field(struct la_avro_parser *p, const json_t *json, const char *space, struct la_avro_field *field)
{
	const json_t *type = json_object_get(json, "type");
	enum la_err err;

	field->name = la_avro_parser_text(json_object_get(json, "name"));
	if (field->name == NULL || !la_avro_names_valid(field->name, false))
		return (la_avro_parser_fail(p, "a field without a valid name"));
	p->field = field->name;
	field->value = json_object_get(json, "default");
	err = parse_names(p, json_object_get(json, "aliases"), NULL, &field->aliases, &field->alias_count);
	if (err == LA_OK)
		err = type == NULL ? la_avro_parser_fail(p, "no type")
		                   : la_avro_parser_node(p, type, space, &field->type);
	return (err);
}

static enum la_err
check_fields(struct la_avro_parser *p, const struct la_avro_node *node)
{
	const char **names = malloc((node->count + 1) * sizeof(*names)), *twice = NULL;
	enum la_err err;

	if (names == NULL)
		return (la_avro_parser_no_memory(p));
	for (size_t i = 0; i < node->count; i++)
		names[i] = node->fields[i].name;
	err = la_avro_parser_twice(p, names, node->count, &twice);
	free(names);
	if (twice == NULL)
		return (err);
	p->field = twice;
	return (la_avro_parser_fail(p, "declared twice"));
}

static enum la_err
parse_record(struct la_avro_parser *p, const json_t *json, const char *space, struct la_avro_node *node)
{
	const char *outer_record = p->record, *outer_field = p->field;
	const json_t *list = json_object_get(json, "fields");
	struct la_avro_field *fields;
	enum la_err err = LA_OK;
	size_t i;

	p->record = node->name;
	p->field = NULL;
	if (!json_is_array(list))
		return (la_avro_parser_fail(p, "no list of fields"));
	fields = la_avro_parser_take(p, json_array_size(list), sizeof(*fields));
	if (fields == NULL)
		return (la_avro_parser_no_memory(p));
	node->count = json_array_size(list);
	node->fields = fields;
	for (i = 0; i < node->count && err == LA_OK; i++)
		err = parse_field(p, json_array_get(list, i), space, &fields[i]);
	if (err == LA_OK)
		err = check_fields(p, node);
	if (err != LA_OK)
		return (err);
	p->record = outer_record;
	p->field = outer_field;
	return (LA_OK);
}

static enum la_err
parse_enum(struct la_avro_parser *p, const json_t *json, struct la_avro_node *node)
{
	const json_t *fallback = json_object_get(json, "default");
	const char *fallback_text = la_avro_parser_text(fallback), *twice = NULL;
	enum la_err err;

	if (json_object_get(json, "symbols") == NULL)
		return (la_avro_parser_fail(p, "enum %s: no list of symbols", node->name));
	err = parse_names(p, json_object_get(json, "symbols"), NULL, &node->symbols, &node->count);
	if (err == LA_OK && node->count > LA_AVRO_NODES_MAX)
		return (la_avro_parser_fail(p, "enum %s: more than %d symbols", node->name, LA_AVRO_NODES_MAX));
	if (err == LA_OK)
		err = la_avro_parser_twice(p, node->symbols, node->count, &twice);
	if (twice != NULL)
		return (la_avro_parser_fail(p, "enum %s: symbol %s twice", node->name, twice));
	if (err != LA_OK)
		return (err);
	for (size_t i = 0; i < node->count && fallback_text != NULL; i++) {
		if (strcmp(node->symbols[i], fallback_text) == 0)
			node->default_symbol = (int)i;
	}
	if (fallback != NULL && node->default_symbol < 0)
		return (la_avro_parser_fail(p, "enum %s: its default is none of its symbols", node->name));
	return (LA_OK);
}

static enum la_err
parse_fixed(struct la_avro_parser *p, const json_t *json, struct la_avro_node *node)
{
	json_int_t size = json_integer_value(json_object_get(json, "size"));

	if (!json_is_integer(json_object_get(json, "size")) || size < 0 || size > INT32_MAX)
		return (la_avro_parser_fail(p, "fixed %s: no valid size", node->name));
	node->size = (size_t)size;
	return (LA_OK);
}

/* Name and namespace. */
static enum la_err
name_node(struct la_avro_parser *p, const json_t *json, const char *space, struct la_avro_node *node)
{
	const char *name = la_avro_parser_text(json_object_get(json, "name"));
	const char *own = la_avro_parser_text(json_object_get(json, "namespace"));
	const char *type = la_avro_names_of_type(node->type);
	enum la_avro_type primitive;
	char full[LA_AVRO_FULL_BYTES];

	if (name == NULL || !la_avro_names_valid(name, true) || la_avro_names_primitive(la_avro_names_short(name),
	    &primitive))
		return (la_avro_parser_fail(p, "%s without a valid name", type));
	if (own != NULL && *own != '\0' && !la_avro_names_valid(own, true))
		return (la_avro_parser_fail(p, "%s %s: its namespace is not valid", type, name));
	la_avro_parser_full_name(name, own != NULL ? own : space, full);
	if (strlen(full) > LA_AVRO_NAME_BYTES_MAX || la_avro_parser_find(p, full) != NULL)
		return (la_avro_parser_fail(p, "%s is declared twice, or its name is too long", full));
	node->name = take_name(p, full);
	return (node->name == NULL ? la_avro_parser_no_memory(p) : make_known(p, node));
}

/* Known before its inside is parsed, so that it may refer to itself. */
enum la_err
la_avro_parser_named(struct la_avro_parser *p, const json_t *json, const char *space, struct la_avro_node *node)
{
	char inner[LA_AVRO_NAME_BYTES_MAX + 1] = "";
	enum la_err err = name_node(p, json, space, node);

	if (err != LA_OK)
		return (err);
	memcpy(inner, node->name, (size_t)(la_avro_names_short(node->name) - node->name));
	if (*inner != '\0')
		inner[strlen(inner) - 1] = '\0'; /* the dot */
	err = parse_names(p, json_object_get(json, "aliases"), inner, &node->aliases, &node->alias_count);
	if (err != LA_OK)
		return (err);
	if (node->type == LA_AVRO_RECORD)
		return (parse_record(p, json, inner, node));
	return (node->type == LA_AVRO_ENUM ? parse_enum(p, json, node) : parse_fixed(p, json, node));
}
