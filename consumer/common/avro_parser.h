/* What the parser of schemas consists of: avro_schema.c (types without a name) and avro_named.c (those with one). */
#ifndef LA_COMMON_AVRO_PARSER_H
#define LA_COMMON_AVRO_PARSER_H

#include "common/avro_names.h"
#include "common/buf.h"

struct la_avro_parser {
	struct la_avro_schema *schema;
	const char *file;
	const char *record; /* where we are, for messages */
	const char *field;
	struct la_buf known; /* of const struct la_avro_node *: the named types so far, by name */
	int depth;
	bool is_too_large;
	struct la_error *error;
};

enum la_err la_avro_parser_fail(struct la_avro_parser *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Memory of the schema, zeroed; NULL: return la_avro_parser_no_memory. */
void *la_avro_parser_take(struct la_avro_parser *p, size_t count, size_t size);
/* Errors: LA_ECONFIG (it has taken LA_AVRO_TREE_BYTES_MAX), LA_ENOMEM. */
enum la_err la_avro_parser_no_memory(struct la_avro_parser *p);

/* The text of a JSON string; NULL for anything else, and for one with a NUL inside (defaults may have them). */
const char *la_avro_parser_text(const json_t *json);

/* Is a name there twice? Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_avro_parser_twice(
    struct la_avro_parser *p, const char *const *names, size_t count, const char **twice);

/* Any type, seen from namespace space ("" for none). */
LA_MUST_CHECK enum la_err la_avro_parser_node(
    struct la_avro_parser *p, const json_t *json, const char *space, const struct la_avro_node **out);
/* avro_named.c: the rest of a record, enum or fixed; a named type that is known, or NULL. */
LA_MUST_CHECK enum la_err la_avro_parser_named(
    struct la_avro_parser *p, const json_t *json, const char *space, struct la_avro_node *node);
const struct la_avro_node *la_avro_parser_find(const struct la_avro_parser *p, const char *full);

/* The full name of name, which is valid, seen from namespace space: at most twice a name's bytes and a dot. */
#define LA_AVRO_FULL_BYTES (2 * LA_AVRO_NAME_BYTES_MAX + 2)
void la_avro_parser_full_name(const char *name, const char *space, char out[LA_AVRO_FULL_BYTES]);

#endif
