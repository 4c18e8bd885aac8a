/*
 * Fields out of a JSON object. Private to json_*.c.
 *
 * A reader remembers its first error; what is asked of it after that does
 * nothing, so that a list of fields is read without a test after each.
 */
#ifndef LA_COMMON_JSON_READ_H
#define LA_COMMON_JSON_READ_H

#include <jansson.h>
#include <stdint.h>

#include "common/err.h"
#include "common/span.h"

#define LA_JSON_BYTES_MAX (16u << 20)

struct la_json_reader {
	json_t *object;
	struct la_error *error;
	enum la_err err;
};

/* One JSON object, nothing after it. Errors: LA_EDATA (line and column, never text of it). */
LA_MUST_CHECK enum la_err la_json_parse(struct la_span text, json_t **object, struct la_error *error);

/* Null counts as missing, everywhere. */
json_t *la_json_field(const struct la_json_reader *reader, const char *name);

/* Makes "name: must be what" the reader's error. */
void la_json_refuse(struct la_json_reader *reader, const char *name, const char *what);

/* Each leaves *out as it is when the field is missing, and says whether it was there. */
bool la_json_string(struct la_json_reader *reader, const char *name, struct la_span *out); /* borrowed */
bool la_json_integer(struct la_json_reader *reader, const char *name, int64_t least, int64_t most, int64_t *out);
bool la_json_time(struct la_json_reader *reader, const char *name, int64_t *ms);
/* Decoded into new memory, *bytes, the caller's to free. */
bool la_json_bytes(struct la_json_reader *reader, const char *name, unsigned char **bytes, size_t *size);

/* The symbols of an Avro enum; one that is not among them is unknown (its default). */
struct la_json_enum {
	const char *const *symbols;
	int count;
	int unknown;
};
bool la_json_symbol(struct la_json_reader *reader, const char *name, const struct la_json_enum *type, int *out);

/* LA_EDATA "name: required" when there was none. */
void la_json_require(struct la_json_reader *reader, const char *name);

#endif
