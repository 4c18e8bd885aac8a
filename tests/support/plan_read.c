/*
 * Reads values by our reading plans, for tests that compare with other readers.
 *
 * A line on stdin is {"writer": schema, "reader": schema, "values": ["hex", …]};
 * a line on stdout {"error": text} when the schemas do not fit, else {"values": [value, …]}
 * with {"error": text} for each that is refused. A value is, by the reader's type:
 * null, true, 5, {"f": bits of a double in hex}, {"b": "hex"}, {"e": symbol}, {"r": {field: value}}
 * or {"u": branch, "v": value}.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/avro_plan.h"

struct reading {
	struct la_avro_schema *writer, *reader;
	struct la_avro_layout *layout;
	struct la_avro_plan *plan;
	struct la_avro_slot *slots;
	struct la_error error;
};

static json_t *
print_bytes(struct la_span bytes)
{
	char *hex = malloc(2 * bytes.size + 1);
	json_t *out = NULL;
	size_t i;

	if (hex != NULL) {
		hex[0] = '\0';
		for (i = 0; i < bytes.size; i++)
			(void)sprintf(hex + 2 * i, "%02x", bytes.data[i]);
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
print_target(const struct la_avro_target *target, const struct la_avro_slot *slots)
{
	const struct la_avro_node *node = target->node;
	const struct la_avro_slot *slot = &slots[target->slot];
	json_t *fields;
	size_t i;

	switch (node->type) {
	case LA_AVRO_NULL:
		return (json_null());
	case LA_AVRO_BOOLEAN:
		return (json_boolean(slot->integer));
	case LA_AVRO_INT:
	case LA_AVRO_LONG:
		return (json_integer(slot->integer));
	case LA_AVRO_FLOAT:
	case LA_AVRO_DOUBLE:
		return (print_real(slot->real));
	case LA_AVRO_ENUM:
		return (json_pack("{s:s}", "e", node->symbols[slot->integer]));
	case LA_AVRO_UNION:
		return (json_pack("{s:I, s:o}", "u", (json_int_t)slot->integer, "v",
		    print_target(&target->children[slot->integer], slots)));
	case LA_AVRO_RECORD:
		fields = json_object();
		for (i = 0; i < node->count; i++)
			(void)json_object_set_new(fields, node->fields[i].name, print_target(&target->children[i], slots));
		return (json_pack("{s:o}", "r", fields));
	default:
		return (print_bytes(slot->bytes));
	}
}

/* The copy ends where its memory ends, so that a sanitizer sees each byte read beyond. */
static json_t *
read_value(struct reading *r, const char *hex)
{
	size_t size = strlen(hex) / 2, i;
	unsigned char *bytes = malloc(size == 0 ? 1 : size);
	json_t *out;
	unsigned byte;

	for (i = 0; bytes != NULL && i < size && sscanf(hex + 2 * i, "%2x", &byte) == 1; i++)
		bytes[i] = (unsigned char)byte;
	if (bytes == NULL || i < size)
		abort();
	memset(r->slots, 0xa5, r->layout->slot_count * sizeof(*r->slots)); /* what is not read must not look like a value */
	if (la_avro_plan_run(r->plan, la_span_of(bytes, size), r->slots, &r->error) == LA_OK)
		out = print_target(r->layout->root, r->slots);
	else
		out = json_pack("{s:s}", "error", r->error.text);
	free(bytes);
	return (out);
}

static struct la_avro_schema *
parse(struct reading *r, const json_t *json, const char *name)
{
	char *text = json_dumps(json, JSON_ENCODE_ANY);
	struct la_avro_schema *schema = NULL;

	if (la_avro_schema_parse(&schema, name, la_span_text(text), &r->error) != LA_OK)
		schema = NULL;
	free(text);
	return (schema);
}

static json_t *
answer(struct reading *r, const json_t *question)
{
	json_t *values, *value;
	size_t i;

	r->writer = parse(r, json_object_get(question, "writer"), "writer");
	r->reader = r->writer == NULL ? NULL : parse(r, json_object_get(question, "reader"), "reader");
	if (r->reader == NULL || la_avro_layout_new(&r->layout, "reader", r->reader, &r->error) != LA_OK ||
	    la_avro_plan_new(&r->plan, "writer", r->writer, r->layout, &r->error) != LA_OK)
		return (json_pack("{s:s}", "error", r->error.text));
	r->slots = calloc(r->layout->slot_count + 1, sizeof(*r->slots));
	if (r->slots == NULL)
		abort();
	values = json_array();
	json_array_foreach(json_object_get(question, "values"), i, value)
		(void)json_array_append_new(values, read_value(r, json_string_value(value)));
	return (json_pack("{s:o}", "values", values));
}

static int
serve_line(const char *line)
{
	json_t *question = json_loads(line, JSON_ALLOW_NUL, NULL), *out;
	struct reading r;
	int rc;

	if (question == NULL)
		return (-1);
	memset(&r, 0, sizeof(r));
	out = answer(&r, question);
	rc = out == NULL || json_dumpf(out, stdout, JSON_COMPACT) != 0 || putchar('\n') == EOF || fflush(stdout) != 0;
	json_decref(out);
	json_decref(question);
	la_avro_plan_free(r.plan);
	la_avro_layout_free(r.layout);
	la_avro_schema_free(r.writer);
	la_avro_schema_free(r.reader);
	free(r.slots);
	return (rc ? -1 : 0);
}

int
main(void)
{
	char *line = NULL;
	size_t cap = 0;
	int rc = 0;

	while (rc == 0 && getline(&line, &cap, stdin) > 0)
		rc = serve_line(line);
	free(line);
	return (rc == 0 ? 0 : 65);
}
