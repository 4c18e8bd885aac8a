/*
 * Reads values by avro-c's generic value interface with the writer's own schema:
 * questions and answers are those of plan_read.c, without "reader"; arrays and
 * maps are read and printed as null. Leaks and grows on bad input (that is
 * avro-c's): run it as a child with limits.
 */
#include <avro.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *
print_bytes(const void *data, size_t size)
{
	char *hex = malloc(2 * size + 1);
	json_t *out = NULL;
	size_t i;

	if (hex != NULL) {
		hex[0] = '\0';
		for (i = 0; i < size; i++)
			(void)sprintf(hex + 2 * i, "%02x", ((const unsigned char *)data)[i]);
		out = json_pack("{s:s}", "b", hex);
	}
	free(hex);
	return (out);
}

static json_t *
print_real(double real)
{
	uint64_t bits;
	char hex[17];

	memcpy(&bits, &real, sizeof(bits));
	(void)snprintf(hex, sizeof(hex), "%016" PRIx64, bits);
	return (json_pack("{s:s}", "f", hex));
}

static json_t *
print_number(const avro_value_t *value, avro_type_t type)
{
	int32_t narrow = 0;
	int64_t wide = 0;
	int boolean = 0;
	float single = 0;
	double real = 0;

	switch (type) {
	case AVRO_BOOLEAN:
		(void)avro_value_get_boolean(value, &boolean);
		return (json_boolean(boolean));
	case AVRO_INT32:
		(void)avro_value_get_int(value, &narrow);
		return (json_integer(narrow));
	case AVRO_INT64:
		(void)avro_value_get_long(value, &wide);
		return (json_integer(wide));
	case AVRO_FLOAT:
		(void)avro_value_get_float(value, &single);
		return (print_real((double)single));
	default:
		(void)avro_value_get_double(value, &real);
		return (print_real(real));
	}
}

static json_t *print_value(const avro_value_t *value);

static json_t *
print_record(const avro_value_t *value)
{
	json_t *fields = json_object();
	size_t i, count = 0;

	(void)avro_value_get_size(value, &count);
	for (i = 0; i < count; i++) {
		avro_value_t field;
		const char *name;

		if (avro_value_get_by_index(value, i, &field, &name) == 0)
			(void)json_object_set_new(fields, name, print_value(&field));
	}
	return (json_pack("{s:o}", "r", fields));
}

/* NULL: an index that avro-c took and that names nothing. */
static json_t *
print_enum(const avro_value_t *value)
{
	const char *symbol;
	int index = -1;

	(void)avro_value_get_enum(value, &index);
	symbol = avro_schema_enum_get(avro_value_get_schema(value), index);
	return (symbol == NULL ? NULL : json_pack("{s:s}", "e", symbol));
}

static json_t *
print_union(const avro_value_t *value)
{
	avro_value_t branch;
	int index = 0;

	if (avro_value_get_discriminant(value, &index) != 0 || avro_value_get_current_branch(value, &branch) != 0)
		return (NULL);
	return (json_pack("{s:i, s:o}", "u", index, "v", print_value(&branch)));
}

static json_t *
print_value(const avro_value_t *value)
{
	avro_type_t type = avro_value_get_type(value);
	const void *data = NULL;
	const char *text = NULL;
	size_t size = 0;

	switch (type) {
	case AVRO_NULL:
	case AVRO_ARRAY:
	case AVRO_MAP:
		return (json_null());
	case AVRO_STRING:
		(void)avro_value_get_string(value, &text, &size);
		return (print_bytes(text, size - 1));
	case AVRO_BYTES:
		(void)avro_value_get_bytes(value, &data, &size);
		return (print_bytes(data, size));
	case AVRO_FIXED:
		(void)avro_value_get_fixed(value, &data, &size);
		return (print_bytes(data, size));
	case AVRO_ENUM:
		return (print_enum(value));
	case AVRO_RECORD:
		return (print_record(value));
	case AVRO_UNION:
		return (print_union(value));
	default:
		return (print_number(value, type));
	}
}

static json_t *
read_value(avro_value_iface_t *class, const char *hex)
{
	size_t size = strlen(hex) / 2, i;
	char *bytes = malloc(size + 1), rest;
	avro_reader_t reader;
	avro_value_t value;
	json_t *out = NULL;
	unsigned byte;

	for (i = 0; bytes != NULL && i < size && sscanf(hex + 2 * i, "%2x", &byte) == 1; i++)
		bytes[i] = (char)(unsigned char)byte;
	if (bytes == NULL || i < size || avro_generic_value_new(class, &value) != 0)
		abort();
	reader = avro_reader_memory(bytes, (int64_t)size);
	if (avro_value_read(reader, &value) != 0)
		out = json_pack("{s:s}", "error", avro_strerror());
	else if (avro_read(reader, &rest, 1) == 0)
		out = json_pack("{s:s}", "error", "bytes are left");
	else
		out = print_value(&value);
	avro_reader_free(reader);
	avro_value_decref(&value);
	free(bytes);
	return (out != NULL ? out : json_pack("{s:s}", "error", "no symbol or branch of that index"));
}

static json_t *
answer(const json_t *question)
{
	char *text = json_dumps(json_object_get(question, "writer"), JSON_ENCODE_ANY);
	avro_schema_t schema = NULL;
	avro_value_iface_t *class = NULL;
	json_t *values = json_array(), *value;
	size_t i;

	if (avro_schema_from_json_length(text, strlen(text), &schema) != 0 ||
	    (class = avro_generic_class_from_schema(schema)) == NULL)
		values = json_pack("{s:s}", "error", avro_strerror());
	json_array_foreach(json_object_get(question, "values"), i, value) {
		if (class != NULL)
			(void)json_array_append_new(values, read_value(class, json_string_value(value)));
	}
	if (class != NULL)
		avro_value_iface_decref(class);
	if (schema != NULL)
		avro_schema_decref(schema);
	free(text);
	return (class == NULL ? values : json_pack("{s:o}", "values", values));
}

int
main(void)
{
	char *line = NULL;
	size_t cap = 0;
	int rc = 0;

	while (rc == 0 && getline(&line, &cap, stdin) > 0) {
		json_t *question = json_loads(line, JSON_ALLOW_NUL, NULL), *out;

		if (question == NULL)
			abort();
		out = answer(question);
		rc = json_dumpf(out, stdout, JSON_COMPACT) != 0 || putchar('\n') == EOF || fflush(stdout) != 0;
		json_decref(out);
		json_decref(question);
	}
	free(line);
	return (rc ? 65 : 0);
}
