#include "common/json_read.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/calendar.h"
#include "common/json_repair.h"

#define FLAGS (JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES)

/* What jansson does not take, repaired; where stays that of the text as it was. */
static enum la_err
load_repaired(struct la_span text, json_t **root)
{
	struct la_buf repaired = LA_BUF_INIT;
	enum la_err err = la_json_repair(text, &repaired);

	if (err == LA_OK)
		*root = json_loadb((const char *)repaired.data, repaired.size, FLAGS, NULL);
	la_buf_clear(&repaired);
	return (err);
}

/* jansson's own error text quotes the input; only where it stopped is told. */
enum la_err
la_json_parse(struct la_span text, json_t **object, struct la_error *error)
{
	json_error_t where = {.text = ""};
	json_t *root;

	if (text.size > LA_JSON_BYTES_MAX)
		return (la_error_set(error, LA_EDATA, "larger than %u bytes", LA_JSON_BYTES_MAX));
	root = json_loadb((const char *)text.data, text.size, FLAGS, &where);
	/* jansson 2.14 says nothing at all when it lacks the memory to begin. */
	if (root == NULL && (where.text[0] == '\0' || json_error_code(&where) == json_error_out_of_memory))
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	if (root == NULL && load_repaired(text, &root) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	if (root == NULL)
		return (la_error_set(
		    error, LA_EDATA, "no valid JSON object: line %d, column %d", where.line, where.column));
	if (!json_is_object(root)) {
		json_decref(root);
		return (la_error_set(error, LA_EDATA, "no JSON object"));
	}
	*object = root;
	return (LA_OK);
}

json_t *
la_json_field(const struct la_json_reader *reader, const char *name)
{
	json_t *value = json_object_get(reader->object, name);

	return (json_is_null(value) ? NULL : value);
}

void
la_json_refuse(struct la_json_reader *reader, const char *name, const char *what)
{
	if (reader->err == LA_OK)
		reader->err = la_error_set(reader->error, LA_EDATA, "%s: must be %s", name, what);
}

void
la_json_require(struct la_json_reader *reader, const char *name)
{
	if (reader->err == LA_OK && la_json_field(reader, name) == NULL)
		reader->err = la_error_set(reader->error, LA_EDATA, "%s: required", name);
}

bool
la_json_string(struct la_json_reader *reader, const char *name, struct la_span *out)
{
	json_t *value = la_json_field(reader, name);

	if (reader->err != LA_OK || value == NULL)
		return (false);
	if (!json_is_string(value)) {
		la_json_refuse(reader, name, "a string");
		return (false);
	}
	*out = la_span_of(json_string_value(value), json_string_length(value));
	return (true);
}

bool
la_json_integer(struct la_json_reader *reader, const char *name, int64_t least, int64_t most, int64_t *out)
{
	json_t *value = la_json_field(reader, name);

	if (reader->err != LA_OK || value == NULL)
		return (false);
	if (!json_is_integer(value) || json_integer_value(value) < least || json_integer_value(value) > most) {
		reader->err = la_error_set(reader->error, LA_EDATA, "%s: must be a whole number from %lld to %lld",
		    name, (long long)least, (long long)most);
		return (false);
	}
	*out = json_integer_value(value);
	return (true);
}

bool
la_json_time(struct la_json_reader *reader, const char *name, int64_t *ms)
{
	json_t *value = la_json_field(reader, name);

	if (reader->err != LA_OK || value == NULL)
		return (false);
	if (json_is_integer(value)) {
		*ms = json_integer_value(value);
		return (true);
	}
	if (json_is_string(value) &&
	    la_calendar_parse(la_span_of(json_string_value(value), json_string_length(value)), ms) == LA_OK)
		return (true);
	la_json_refuse(reader, name, "milliseconds since 1970 as a number, or a text as 2025-07-01T00:00:00+09:00");
	return (false);
}

bool
la_json_bytes(struct la_json_reader *reader, const char *name, unsigned char **bytes, size_t *size)
{
	struct la_span text = {NULL, 0};
	unsigned char *decoded;

	if (!la_json_string(reader, name, &text))
		return (false);
	decoded = malloc(text.size / 4 * 3 + 1);
	if (decoded == NULL) {
		reader->err = la_error_set(reader->error, LA_ENOMEM, "out of memory");
		return (false);
	}
	if (sodium_base642bin(decoded, text.size / 4 * 3 + 1, (const char *)text.data, text.size, NULL, size, NULL,
	        sodium_base64_VARIANT_ORIGINAL) != 0) {
		free(decoded);
		la_json_refuse(reader, name, "base64 (RFC 4648 section 4, with padding)");
		return (false);
	}
	*bytes = decoded;
	return (true);
}

bool
la_json_symbol(struct la_json_reader *reader, const char *name, const struct la_json_enum *type, int *out)
{
	struct la_span text = {NULL, 0};
	int i;

	if (!la_json_string(reader, name, &text))
		return (false);
	*out = type->unknown;
	for (i = 0; i < type->count; i++) {
		if (la_span_is(text, type->symbols[i]))
			*out = i;
	}
	return (true);
}
