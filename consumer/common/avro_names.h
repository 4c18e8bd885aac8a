/* Names in schemas (Avro 1.11 specification, "Names", "Aliases"). */
#ifndef LA_COMMON_AVRO_NAMES_H
#define LA_COMMON_AVRO_NAMES_H

#include "common/avro_schema.h"

#define LA_AVRO_NAME_BYTES_MAX 512

const char *la_avro_names_of_type(enum la_avro_type type);
/* What stands after the last dot of a full name. */
const char *la_avro_names_short(const char *full_name);
/* Do the names of two named types match: unqualified, or the writer's is an alias of the reader's? */
bool la_avro_names_match(const struct la_avro_node *writer, const struct la_avro_node *reader);

/* The primitive type of that name, if there is one. */
bool la_avro_names_primitive(const char *name, enum la_avro_type *type);
/* [A-Za-z_][A-Za-z0-9_]*, with dots between such parts where dots is set; at most LA_AVRO_NAME_BYTES_MAX bytes. */
bool la_avro_names_valid(const char *text, bool dots);

#endif
