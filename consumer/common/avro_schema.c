#include "common/avro_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/avro_parser.h"
#include "common/json_cost.h"

enum la_err
la_avro_parser_fail(struct la_avro_parser *p, const char *format, ...)
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

void *
la_avro_parser_take(struct la_avro_parser *p, size_t count, size_t size)
{
	p->is_too_large = p->schema->arena.bytes > LA_AVRO_TREE_BYTES_MAX || count > LA_AVRO_TREE_BYTES_MAX / size;
	return (p->is_too_large ? NULL : la_arena_take(&p->schema->arena, count, size));
}

enum la_err
la_avro_parser_no_memory(struct la_avro_parser *p)
{
	if (p->is_too_large)
		return (la_avro_parser_fail(p, "a schema that takes more than %u bytes of memory", LA_AVRO_TREE_BYTES_MAX));
	return (la_error_set(p->error, LA_ENOMEM, "%s: out of memory", p->file));
}

const char *
la_avro_parser_text(const json_t *json)
{
	const char *text = json_string_value(json);

	return (text == NULL || strlen(text) != json_string_length(json) ? NULL : text);
}

static int
compare(const void *a, const void *b)
{
	return (strcmp(*(const char *const *)a, *(const char *const *)b));
}

/* Sorted, since each compared with each takes seconds for what a mebibyte holds. */
enum la_err
la_avro_parser_twice(struct la_avro_parser *p, const char *const *names, size_t count, const char **twice)
{
	const char **sorted;

	if (count < 2)
		return (LA_OK);
	if ((sorted = malloc(count * sizeof(*sorted))) == NULL)
		return (la_avro_parser_no_memory(p));
	memcpy(sorted, names, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare);
	for (size_t i = 1; i < count && *twice == NULL; i++) {
		if (strcmp(sorted[i - 1], sorted[i]) == 0)
			*twice = sorted[i];
	}
	free(sorted);
	return (LA_OK);
}

static enum la_err
new_node(struct la_avro_parser *p, enum la_avro_type type, struct la_avro_node **out)
{
	if (p->schema->node_count == LA_AVRO_NODES_MAX)
		return (la_avro_parser_fail(p, "more than %d types", LA_AVRO_NODES_MAX));
	*out = la_avro_parser_take(p, 1, sizeof(**out));
	if (*out == NULL)
		return (la_avro_parser_no_memory(p));
	(*out)->type = type;
	(*out)->index = p->schema->node_count++;
	(*out)->default_symbol = -1;
	return (LA_OK);
}

static enum la_err
parse_items(struct la_avro_parser *p, const json_t *json, const char *space, struct la_avro_node *node)
{
	const char *key = node->type == LA_AVRO_ARRAY ? "items" : "values";
	const json_t *items = json_object_get(json, key);
	const struct la_avro_node **children = la_avro_parser_take(p, 1, sizeof(*children));

	if (children == NULL)
		return (la_avro_parser_no_memory(p));
	if (items == NULL)
		return (la_avro_parser_fail(p, "%s without \"%s\"", la_avro_names_of_type(node->type), key));
	node->children = children;
	node->count = 1;
	return (la_avro_parser_node(p, items, space, &children[0]));
}

/* One kind: the same unnamed type, or the same name. */
static enum la_err
check_branches(struct la_avro_parser *p, const struct la_avro_node *node)
{
	const char **names = malloc((node->count + 1) * sizeof(*names)), *twice = NULL;
	unsigned unnamed = 0;
	size_t count = 0;
	bool again = false;
	enum la_err err;

	if (names == NULL)
		return (la_avro_parser_no_memory(p));
	for (size_t i = 0; i < node->count; i++) {
		const struct la_avro_node *branch = node->children[i];

		if (branch->name != NULL) {
			names[count++] = branch->name;
		} else {
			again = again || (unnamed & 1u << branch->type) != 0;
			unnamed |= 1u << branch->type;
		}
	}
	err = la_avro_parser_twice(p, names, count, &twice);
	free(names);
	return (again || twice != NULL ? la_avro_parser_fail(p, "a union with two branches of one kind") : err);
}

static enum la_err
parse_union(struct la_avro_parser *p, const json_t *json, const char *space, struct la_avro_node *node)
{
	const struct la_avro_node **branches;
	size_t i;

	node->count = json_array_size(json);
	branches = la_avro_parser_take(p, node->count, sizeof(const struct la_avro_node *));
	if (branches == NULL)
		return (la_avro_parser_no_memory(p));
	node->children = branches;
	for (i = 0; i < node->count; i++) {
		enum la_err err = la_avro_parser_node(p, json_array_get(json, i), space, &branches[i]);

		if (err != LA_OK)
			return (err);
		if (branches[i]->type == LA_AVRO_UNION)
			return (la_avro_parser_fail(p, "a union inside a union"));
	}
	return (check_branches(p, node));
}

/* A bare name: a primitive type or one declared before. */
static enum la_err
parse_reference(struct la_avro_parser *p, const char *name, const char *space, const struct la_avro_node **out)
{
	enum la_avro_type type;
	struct la_avro_node *node = NULL;
	char full[LA_AVRO_FULL_BYTES];
	enum la_err err = LA_OK;

	if (la_avro_names_primitive(name, &type)) {
		err = new_node(p, type, &node);
		*out = node;
	} else if (!la_avro_names_valid(name, true)) {
		err = la_avro_parser_fail(p, "a type that is no valid name");
	} else {
		la_avro_parser_full_name(name, space, full);
		*out = la_avro_parser_find(p, full);
		if (*out == NULL)
			err = la_avro_parser_fail(p, "type %s is not known", full);
	}
	return (err);
}

static enum la_err
parse_object(struct la_avro_parser *p, const json_t *json, const char *space, const struct la_avro_node **out)
{
	const char *text = la_avro_parser_text(json_object_get(json, "type"));
	struct la_avro_node *node;
	enum la_avro_type type = LA_AVRO_NULL;
	enum la_err err;

	if (text == NULL)
		return (la_avro_parser_fail(p, "a type without \"type\""));
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
	return (la_avro_parser_named(p, json, space, node));
}

enum la_err
la_avro_parser_node(struct la_avro_parser *p, const json_t *json, const char *space, const struct la_avro_node **out)
{
	struct la_avro_node *node;
	enum la_err err;

	if (++p->depth > LA_AVRO_DEPTH_MAX)
		return (la_avro_parser_fail(p, "nested deeper than %d", LA_AVRO_DEPTH_MAX));
	if (la_avro_parser_text(json) != NULL) {
		err = parse_reference(p, la_avro_parser_text(json), space, out);
	} else if (json_is_array(json)) {
		err = new_node(p, LA_AVRO_UNION, &node);
		if (err == LA_OK) {
			*out = node;
			err = parse_union(p, json, space, node);
		}
	} else if (json_is_object(json)) {
		err = parse_object(p, json, space, out);
	} else {
		err = la_avro_parser_fail(p, "a type must be a name, a list or an object");
	}
	p->depth--;
	return (err);
}

/* One of the texts. */
static enum la_err
parse_text(struct la_avro_parser *p, struct la_span text)
{
	struct la_avro_schema *schema = p->schema;
	json_error_t where;
	json_t *json = json_loadb((const char *)text.data, text.size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &where);

	if (json == NULL)
		return (la_error_set(p->error, LA_ECONFIG, "%s:%d: %s", p->file, where.line, where.text));
	if (json_array_append_new(schema->json, json) != 0)
		return (la_avro_parser_no_memory(p));
	return (la_avro_parser_node(p, json, "", &schema->root));
}

/* Before any of it is taken. */
static enum la_err
check_size(struct la_avro_parser *p, const struct la_span *texts, size_t count)
{
	size_t bytes = 0, cost = 0;

	for (size_t i = 0; i < count; i++) {
		bytes += texts[i].size;
		if (bytes > LA_AVRO_TEXT_MAX)
			return (la_avro_parser_fail(p, "a schema of more than %u bytes", LA_AVRO_TEXT_MAX));
		cost += la_json_cost(texts[i]);
	}
	if (cost > LA_AVRO_JSON_BYTES_MAX)
		return (la_avro_parser_fail(p, "a schema that takes more than %u bytes of memory", LA_AVRO_JSON_BYTES_MAX));
	return (LA_OK);
}

enum la_err
la_avro_schema_parse_all(struct la_avro_schema **out, const char *name, const struct la_span *texts, size_t count,
    struct la_error *error)
{
	struct la_avro_parser p = {.file = name, .error = error};
	enum la_err err = check_size(&p, texts, count);

	if (err != LA_OK)
		return (err);
	p.schema = calloc(1, sizeof(*p.schema));
	if (p.schema == NULL || (p.schema->json = json_array()) == NULL)
		err = la_avro_parser_no_memory(&p);
	for (size_t i = 0; i < count && err == LA_OK; i++)
		err = parse_text(&p, texts[i]);
	la_buf_clear(&p.known);
	if (err == LA_OK)
		*out = p.schema;
	else
		la_avro_schema_free(p.schema);
	return (err);
}

enum la_err
la_avro_schema_parse(struct la_avro_schema **out, const char *name, struct la_span text, struct la_error *error)
{
	return (la_avro_schema_parse_all(out, name, &text, 1, error));
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
