/*
 * Avro schemas as trees (Avro 1.11 specification, "Schema Declaration").
 *
 * Our own, because avro-c 1.11 keeps neither field defaults nor aliases nor
 * enum defaults, and resolution needs all three.
 */
#ifndef LA_COMMON_AVRO_SCHEMA_H
#define LA_COMMON_AVRO_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/span.h"

/* Of one schema: bytes of its text, of that as a JSON tree, and of the tree made of it. The trees go once a plan is compiled. */
#define LA_AVRO_TEXT_MAX (1u << 20)
#define LA_AVRO_JSON_BYTES_MAX (16u << 20)
#define LA_AVRO_TREE_BYTES_MAX (4u << 20)
#define LA_AVRO_DEPTH_MAX 64        /* nesting of declarations */
#define LA_AVRO_NODES_MAX 10000

/* X(name, text) */
#define LA_AVRO_TYPE_LIST(X) \
	X(NULL, "null") X(BOOLEAN, "boolean") X(INT, "int") X(LONG, "long") X(FLOAT, "float") X(DOUBLE, "double") \
	X(BYTES, "bytes") X(STRING, "string") X(RECORD, "record") X(ENUM, "enum") X(FIXED, "fixed") \
	X(ARRAY, "array") X(MAP, "map") X(UNION, "union")

enum la_avro_type {
#define LA_AVRO_TYPE_ROW(name, text) LA_AVRO_##name,
	LA_AVRO_TYPE_LIST(LA_AVRO_TYPE_ROW)
#undef LA_AVRO_TYPE_ROW
};

#define LA_AVRO_PRIMITIVES LA_AVRO_RECORD /* types before it are primitive */

struct la_avro_node;

struct la_avro_field {
	const char *name;
	const char *const *aliases;
	size_t alias_count;
	const struct la_avro_node *type;
	const json_t *value; /* the default; NULL: none */
};

/* A named type is one node however often it is referred to; so the tree may have cycles. */
struct la_avro_node {
	enum la_avro_type type;
	uint32_t index;             /* of all nodes of the schema, in order of declaration */
	const char *name;           /* record, enum, fixed: full name; else NULL */
	const char *const *aliases; /* full names */
	size_t alias_count;
	const struct la_avro_field *fields; /* record */
	const struct la_avro_node *const *children; /* union: branches; array, map: the items' type */
	const char *const *symbols; /* enum */
	size_t count;               /* of fields, branches or symbols */
	int default_symbol;         /* enum: index, -1 for none */
	size_t size;                /* fixed: bytes */
};

struct la_avro_schema {
	struct la_arena arena;
	json_t *json; /* a list of the texts; defaults are borrowed from it */
	const struct la_avro_node *root;
	uint32_t node_count;
};

/*
 * Parses text. name stands before each message: a file name or "schema".
 * Refused: unknown types, malformed or repeated names, a union in a union, two
 * branches of one kind, an enum default that is no symbol, more than the limits above.
 * Defaults are checked when they are used (avro_layout.h).
 * Errors: LA_ECONFIG "name: record R, field f: what", LA_ENOMEM; *schema is untouched then.
 */
LA_MUST_CHECK enum la_err la_avro_schema_parse(
    struct la_avro_schema **schema, const char *name, struct la_span text, struct la_error *error);

/*
 * The same of several texts: the last is the schema; those before it declare types it may refer to by name, in an order
 * in which each refers to earlier ones only.
 */
LA_MUST_CHECK enum la_err la_avro_schema_parse_all(struct la_avro_schema **schema, const char *name,
    const struct la_span *texts, size_t count, struct la_error *error);
void la_avro_schema_free(struct la_avro_schema *schema);

#endif
