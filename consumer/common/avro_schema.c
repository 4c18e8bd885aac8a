#include "common/avro_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/avro_names.h"

/* One declared name; the list is searched from its newest. */
struct known {
	const struct la_avro_node *node;
	const struct known *next;
};

struct parser {
	struct la_avro_schema *schema;
	const char *file;
	const char *record; /* where we are, for messages */
	const char *field;
	const struct known *known;
	int depth;
	struct la_error *error;
};

static enum la_err parse_node(struct parser *p, const json_t *json, const char *space, const struct la_avro_node **out);

static enum la_err __attribute__((format(printf, 2, 3)))
fail(struct parser *p, const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (p->record == NULL)
		return (la_error_set(p->error, LA_ECONFIG, "%s: %s", p->file, what));
	return (la_error_set(p->error, LA_ECONFIG, "%s: record %s%s%s: %s", p->file, p->record,
	    p->field == NULL ? "" : ", field ", p->field == NULL ? "" : p->field, what));
}

static enum la_err
no_memory(struct parser *p)
{
	return (la_error_set(p->error, LA_ENOMEM, "%s: out of memory", p->file));
}

/* The text of a JSON string; NULL for anything else, and for one with a NUL inside (defaults may have them). */
static const char *
text_of(const json_t *json)
{
	const char *text = json_string_value(json);

	return (text == NULL || strlen(text) != json_string_length(json) ? NULL : text);
}

/* The full name of name seen from namespace space ("" for none); NULL when out of memory. */
static const char *
full_name(struct parser *p, const char *name, const char *space)
{
	size_t size = strlen(space);
	char *full;

	if (strchr(name, '.') != NULL || size == 0)
		return (la_arena_copy(&p->schema->arena, name, strlen(name)));
	full = la_arena_take(&p->schema->arena, 1, size + strlen(name) + 2);
	if (full != NULL)
		(void)sprintf(full, "%s.%s", space, name);
	return (full);
}

static const struct la_avro_node *
find_known(const struct parser *p, const char *full)
{
	const struct known *k;

	for (k = p->known; k != NULL; k = k->next) {
		if (strcmp(k->node->name, full) == 0)
			return (k->node);
	}
	return (NULL);
}

static enum la_err
new_node(struct parser *p, enum la_avro_type type, struct la_avro_node **out)
{
	if (p->schema->node_count == LA_AVRO_NODES_MAX)
		return (fail(p, "more than %d types", LA_AVRO_NODES_MAX));
	*out = la_arena_take(&p->schema->arena, 1, sizeof(**out));
	if (*out == NULL)
		return (no_memory(p));
	(*out)->type = type;
	(*out)->index = p->schema->node_count++;
	(*out)->default_symbol = -1;
	return (LA_OK);
}

/* A list of names. space: NULL for simple names, else they become full names. */
static enum la_err
parse_names(struct parser *p, const json_t *json, const char *space, const char *const **out, size_t *count)
{
	size_t i, size = json_array_size(json);
	const char **names;

	if (json != NULL && !json_is_array(json))
		return (fail(p, "aliases and symbols must be lists of names"));
	names = la_arena_take(&p->schema->arena, size, sizeof(*names));
	if (names == NULL)
		return (no_memory(p));
	for (i = 0; i < size; i++) {
		const char *name = text_of(json_array_get(json, i));

		if (name == NULL || !la_avro_names_valid(name, space != NULL))
			return (fail(p, "aliases and symbols must be lists of names"));
		names[i] = space == NULL ? name : full_name(p, name, space);
		if (names[i] == NULL)
			return (no_memory(p));
	}
	*out = names;
	*count = size;
	return (LA_OK);
}

static enum la_err
parse_field(struct parser *p, const json_t *json, const char *space, struct la_avro_field *field)
{
	const json_t *type = json_object_get(json, "type");
	enum la_err err;

	field->name = text_of(json_object_get(json, "name"));
	if (field->name == NULL || !la_avro_names_valid(field->name, false))
		return (fail(p, "a field without a valid name"));
	p->field = field->name;
	field->value = json_object_get(json, "default");
	err = parse_names(p, json_object_get(json, "aliases"), NULL, &field->aliases, &field->alias_count);
	if (err == LA_OK)
		err = type == NULL ? fail(p, "no type") : parse_node(p, type, space, &field->type);
	return (err);
}

static enum la_err
parse_record(struct parser *p, const json_t *json, const char *space, struct la_avro_node *node)
{
	const char *outer_record = p->record, *outer_field = p->field;
	const json_t *list = json_object_get(json, "fields");
	struct la_avro_field *fields;
	size_t i, j;

	p->record = node->name;
	p->field = NULL;
	if (!json_is_array(list))
		return (fail(p, "no list of fields"));
	node->count = json_array_size(list);
	fields = la_arena_take(&p->schema->arena, node->count, sizeof(*fields));
	if (fields == NULL)
		return (no_memory(p));
	node->fields = fields;
	for (i = 0; i < node->count; i++) {
		enum la_err err = parse_field(p, json_array_get(list, i), space, &fields[i]);

		if (err != LA_OK)
			return (err);
		for (j = 0; j < i; j++) {
			if (strcmp(fields[j].name, fields[i].name) == 0)
				return (fail(p, "declared twice"));
		}
	}
	p->record = outer_record;
	p->field = outer_field;
	return (LA_OK);
}

static enum la_err
parse_enum(struct parser *p, const json_t *json, struct la_avro_node *node)
{
	const json_t *fallback = json_object_get(json, "default");
	enum la_err err;
	size_t i, j;

	if (json_object_get(json, "symbols") == NULL)
		return (fail(p, "enum %s: no list of symbols", node->name));
	err = parse_names(p, json_object_get(json, "symbols"), NULL, &node->symbols, &node->count);
	if (err == LA_OK && node->count > LA_AVRO_NODES_MAX) /* each is compared with each */
		return (fail(p, "enum %s: more than %d symbols", node->name, LA_AVRO_NODES_MAX));
	if (err != LA_OK)
		return (err);
	for (i = 0; i < node->count; i++) {
		for (j = 0; j < i; j++) {
			if (strcmp(node->symbols[i], node->symbols[j]) == 0)
				return (fail(p, "enum %s: symbol %s twice", node->name, node->symbols[i]));
		}
		if (text_of(fallback) != NULL && strcmp(node->symbols[i], text_of(fallback)) == 0)
			node->default_symbol = (int)i;
	}
	if (fallback != NULL && node->default_symbol < 0)
		return (fail(p, "enum %s: its default is none of its symbols", node->name));
	return (LA_OK);
}

static enum la_err
parse_fixed(struct parser *p, const json_t *json, struct la_avro_node *node)
{
	json_int_t size = json_integer_value(json_object_get(json, "size"));

	if (!json_is_integer(json_object_get(json, "size")) || size < 0 || size > INT32_MAX)
		return (fail(p, "fixed %s: no valid size", node->name));
	node->size = (size_t)size;
	return (LA_OK);
}

/* Name, namespace and aliases, then the rest. Known before its inside is parsed, so that it may refer to itself. */
static enum la_err
parse_named(struct parser *p, const json_t *json, const char *space, struct la_avro_node *node)
{
	const char *name = text_of(json_object_get(json, "name"));
	const char *own = text_of(json_object_get(json, "namespace"));
	struct known *known = la_arena_take(&p->schema->arena, 1, sizeof(*known));
	enum la_avro_type primitive;
	char inner[LA_AVRO_NAME_BYTES_MAX + 1] = "";
	enum la_err err;

	if (known == NULL)
		return (no_memory(p));
	if (name == NULL || !la_avro_names_valid(name, true) || la_avro_names_primitive(la_avro_names_short(name),
	    &primitive))
		return (fail(p, "%s without a valid name", la_avro_names_of_type(node->type)));
	if (own != NULL && *own != '\0' && !la_avro_names_valid(own, true))
		return (fail(p, "%s %s: its namespace is not valid", la_avro_names_of_type(node->type), name));
	node->name = full_name(p, name, own != NULL ? own : space);
	if (node->name == NULL)
		return (no_memory(p));
	if (strlen(node->name) > LA_AVRO_NAME_BYTES_MAX || find_known(p, node->name) != NULL)
		return (fail(p, "%s is declared twice, or its name is too long", node->name));
	memcpy(inner, node->name, (size_t)(la_avro_names_short(node->name) - node->name));
	if (*inner != '\0')
		inner[strlen(inner) - 1] = '\0'; /* the dot */
	known->node = node;
	known->next = p->known;
	p->known = known;
	err = parse_names(p, json_object_get(json, "aliases"), inner, &node->aliases, &node->alias_count);
	if (err != LA_OK)
		return (err);
	if (node->type == LA_AVRO_RECORD)
		return (parse_record(p, json, inner, node));
	return (node->type == LA_AVRO_ENUM ? parse_enum(p, json, node) : parse_fixed(p, json, node));
}

static enum la_err
parse_items(struct parser *p, const json_t *json, const char *space, struct la_avro_node *node)
{
	const char *key = node->type == LA_AVRO_ARRAY ? "items" : "values";
	const json_t *items = json_object_get(json, key);
	const struct la_avro_node **children = la_arena_take(&p->schema->arena, 1, sizeof(*children));

	if (children == NULL)
		return (no_memory(p));
	if (items == NULL)
		return (fail(p, "%s without \"%s\"", la_avro_names_of_type(node->type), key));
	node->children = children;
	node->count = 1;
	return (parse_node(p, items, space, &children[0]));
}

/* One kind: the same unnamed type, or the same name. */
static bool
same_kind(const struct la_avro_node *a, const struct la_avro_node *b)
{
	if (a->name != NULL && b->name != NULL)
		return (strcmp(a->name, b->name) == 0);
	return (a->type == b->type);
}

static enum la_err
parse_union(struct parser *p, const json_t *json, const char *space, struct la_avro_node *node)
{
	const struct la_avro_node **branches;
	size_t i, j;

	node->count = json_array_size(json);
	branches = la_arena_take(&p->schema->arena, node->count, sizeof(const struct la_avro_node *));
	if (branches == NULL)
		return (no_memory(p));
	node->children = branches;
	for (i = 0; i < node->count; i++) {
		enum la_err err = parse_node(p, json_array_get(json, i), space, &branches[i]);

		if (err != LA_OK)
			return (err);
		if (branches[i]->type == LA_AVRO_UNION)
			return (fail(p, "a union inside a union"));
		for (j = 0; j < i; j++) {
			if (same_kind(branches[i], branches[j]))
				return (fail(p, "a union with two branches of one kind"));
		}
	}
	return (LA_OK);
}

/* A bare name: a primitive type or one declared before. */
static enum la_err
parse_reference(struct parser *p, const char *name, const char *space, const struct la_avro_node **out)
{
	enum la_avro_type type;
	struct la_avro_node *node = NULL;
	enum la_err err = LA_OK;

	if (la_avro_names_primitive(name, &type)) {
		err = new_node(p, type, &node);
		*out = node;
	} else if (!la_avro_names_valid(name, true)) {
		err = fail(p, "a type that is no valid name");
	} else {
		const char *full = full_name(p, name, space);

		if (full == NULL)
			return (no_memory(p));
		*out = find_known(p, full);
		if (*out == NULL)
			err = fail(p, "type %s is not known", full);
	}
	return (err);
}

static enum la_err
parse_object(struct parser *p, const json_t *json, const char *space, const struct la_avro_node **out)
{
	const char *text = text_of(json_object_get(json, "type"));
	struct la_avro_node *node;
	enum la_avro_type type = LA_AVRO_NULL;
	enum la_err err;

	if (text == NULL)
		return (fail(p, "a type without \"type\""));
	if (strcmp(text, "record") == 0 || strcmp(text, "error") == 0)
		type = LA_AVRO_RECORD;
	else if (strcmp(text, "enum") == 0)
		type = LA_AVRO_ENUM;
	else if (strcmp(text, "fixed") == 0)
		type = LA_AVRO_FIXED;
	else if (strcmp(text, "array") == 0)
		type = LA_AVRO_ARRAY;
	else if (strcmp(text, "map") == 0)
		type = LA_AVRO_MAP;
	else
		return (parse_reference(p, text, space, out));
	err = new_node(p, type, &node);
	if (err != LA_OK)
		return (err);
	*out = node;
	if (type == LA_AVRO_ARRAY || type == LA_AVRO_MAP)
		return (parse_items(p, json, space, node));
	return (parse_named(p, json, space, node));
}

static enum la_err
parse_node(struct parser *p, const json_t *json, const char *space, const struct la_avro_node **out)
{
	struct la_avro_node *node;
	enum la_err err;

	if (++p->depth > LA_AVRO_DEPTH_MAX)
		return (fail(p, "nested deeper than %d", LA_AVRO_DEPTH_MAX));
	if (text_of(json) != NULL) {
		err = parse_reference(p, text_of(json), space, out);
	} else if (json_is_array(json)) {
		err = new_node(p, LA_AVRO_UNION, &node);
		if (err == LA_OK) {
			*out = node;
			err = parse_union(p, json, space, node);
		}
	} else if (json_is_object(json)) {
		err = parse_object(p, json, space, out);
	} else {
		err = fail(p, "a type must be a name, a list or an object");
	}
	p->depth--;
	return (err);
}

enum la_err
la_avro_schema_parse(struct la_avro_schema **out, const char *name, struct la_span text, struct la_error *error)
{
	struct la_avro_schema *schema;
	struct parser p = {.file = name, .error = error};
	json_error_t where;
	enum la_err err;

	if (text.size > LA_AVRO_TEXT_MAX)
		return (la_error_set(error, LA_ECONFIG, "%s: a schema of more than %u bytes", name, LA_AVRO_TEXT_MAX));
	schema = calloc(1, sizeof(*schema));
	if (schema == NULL)
		return (no_memory(&p));
	p.schema = schema;
	schema->json = json_loadb((const char *)text.data, text.size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &where);
	if (schema->json == NULL)
		err = la_error_set(error, LA_ECONFIG, "%s:%d: %s", name, where.line, where.text);
	else
		err = parse_node(&p, schema->json, "", &schema->root);
	if (err == LA_OK)
		*out = schema;
	else
		la_avro_schema_free(schema);
	return (err);
}

void
la_avro_schema_free(struct la_avro_schema *schema)
{
	if (schema == NULL)
		return;
	json_decref(schema->json);
	la_arena_clear(&schema->arena);
	free(schema);
}
