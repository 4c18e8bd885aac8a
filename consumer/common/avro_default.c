/* Defaults of fields (Avro 1.11 specification, "Complex Types", table of default values) as constants of a plan. */
#include <string.h>

#include "common/avro_code.h"
#include "common/avro_names.h"
#include "common/text.h"

static enum la_err
misfit(struct la_avro_compiler *c, const struct la_avro_target *target)
{
	return (la_avro_code_fail(c, "its default is no %s", la_avro_names_of_type(target->node->type)));
}

/* Does the JSON value look like a default of this type? */
static bool
looks_like(const struct la_avro_node *node, const json_t *value)
{
	switch (node->type) {
	case LA_AVRO_NULL:
		return (json_is_null(value));
	case LA_AVRO_BOOLEAN:
		return (json_is_boolean(value));
	case LA_AVRO_INT:
	case LA_AVRO_LONG:
		return (json_is_integer(value));
	case LA_AVRO_FLOAT:
	case LA_AVRO_DOUBLE:
		return (json_is_number(value));
	case LA_AVRO_BYTES:
	case LA_AVRO_STRING:
	case LA_AVRO_FIXED:
	case LA_AVRO_ENUM:
		return (json_is_string(value));
	case LA_AVRO_RECORD:
	case LA_AVRO_MAP:
		return (json_is_object(value));
	case LA_AVRO_ARRAY:
		return (json_is_array(value));
	case LA_AVRO_UNION:
		break;
	}
	return (false);
}

/* In defaults of bytes and fixed each character U+0000 to U+00FF stands for a byte. */
static bool
bytes_of_text(struct la_span text, char *out, size_t *size)
{
	uint32_t code_point;
	size_t used;

	for (*size = 0; text.size > 0; text = la_span_of(text.data + used, text.size - used)) {
		used = la_utf8_decode(text, &code_point);
		if (used == 0 || code_point > 0xff)
			return (false);
		out[(*size)++] = (char)(unsigned char)code_point;
	}
	return (true);
}

/* A text stays where the reader's schema has it. */
static enum la_err
emit_bytes(struct la_avro_compiler *c, const struct la_avro_target *target, const json_t *value)
{
	struct la_span text = la_span_of(json_string_value(value), json_string_length(value));
	size_t size = 0;
	char *copy;

	if (target->node->type == LA_AVRO_STRING || text.size == 0) {
		size = text.size;
	} else {
		if ((copy = la_arena_copy(&c->arena, text.data, text.size)) == NULL)
			return (la_error_set(c->error, LA_ENOMEM, "%s: out of memory", c->name));
		if (!bytes_of_text(text, copy, &size))
			return (misfit(c, target));
		text.data = (const unsigned char *)copy;
	}
	if (target->node->type == LA_AVRO_FIXED && size != target->node->size)
		return (misfit(c, target));
	return (la_avro_code_set(c, target->slot, (struct la_avro_slot){.bytes = la_span_of(text.data, size)}));
}

static enum la_err
emit_enum(struct la_avro_compiler *c, const struct la_avro_target *target, const json_t *value)
{
	size_t i;

	for (i = 0; i < target->node->count; i++) {
		if (strcmp(target->node->symbols[i], json_string_value(value)) == 0)
			return (la_avro_code_set(c, target->slot, (struct la_avro_slot){.integer = (int64_t)i}));
	}
	return (la_avro_code_fail(c, "its default is no symbol of %s", target->node->name));
}

static enum la_err
emit_number(struct la_avro_compiler *c, const struct la_avro_target *target, const json_t *value)
{
	struct la_avro_slot slot = {.integer = 0};

	if (target->node->type == LA_AVRO_FLOAT)
		slot.real = (float)json_number_value(value);
	else if (target->node->type == LA_AVRO_DOUBLE)
		slot.real = json_number_value(value);
	else if (target->node->type == LA_AVRO_BOOLEAN)
		slot.integer = json_boolean_value(value);
	else
		slot.integer = json_integer_value(value);
	if (target->node->type == LA_AVRO_INT && (slot.integer < INT32_MIN || slot.integer > INT32_MAX))
		return (misfit(c, target));
	return (la_avro_code_set(c, target->slot, slot));
}

static enum la_err
emit_record(struct la_avro_compiler *c, const struct la_avro_target *target, const json_t *value)
{
	size_t i;

	for (i = 0; i < target->node->count; i++) {
		const struct la_avro_field *field = &target->node->fields[i];
		const json_t *inner = json_object_get(value, field->name);
		enum la_err err;

		if (inner == NULL)
			inner = field->value;
		if (inner == NULL)
			return (la_avro_code_fail(c, "its default lacks %s, which has none itself", field->name));
		err = la_avro_default_emit(c, &target->children[i], inner);
		if (err != LA_OK)
			return (err);
	}
	return (LA_OK);
}

/* 1.11 wants the default to be of the first branch; 1.12 of any: the first that it looks like. */
static enum la_err
emit_union(struct la_avro_compiler *c, const struct la_avro_target *target, const json_t *value)
{
	enum la_err err;
	size_t i;

	for (i = 0; i < target->node->count; i++) {
		if (!looks_like(target->node->children[i], value))
			continue;
		err = la_avro_code_branch(c, target, i);
		return (err != LA_OK ? err : la_avro_default_emit(c, &target->children[i], value));
	}
	return (misfit(c, target));
}

enum la_err
la_avro_default_emit(struct la_avro_compiler *c, const struct la_avro_target *target, const json_t *value)
{
	enum la_avro_type type = target->node->type;

	if (type == LA_AVRO_UNION)
		return (emit_union(c, target, value));
	if (!looks_like(target->node, value))
		return (misfit(c, target));
	if (type == LA_AVRO_NULL)
		return (LA_OK);
	if (type == LA_AVRO_RECORD)
		return (emit_record(c, target, value));
	if (type == LA_AVRO_ENUM)
		return (emit_enum(c, target, value));
	return (json_is_string(value) ? emit_bytes(c, target, value) : emit_number(c, target, value));
}
