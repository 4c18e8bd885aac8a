#include "common/avro_code.h"

#include <stdio.h>
#include <string.h>

enum emptiness { UNKNOWN, ASKING, EMPTY, NOT_EMPTY };

enum la_err
la_avro_code_fail(struct la_avro_compiler *c, const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return (la_error_set(c->error, LA_ECONFIG, "%s: %s%s%s%s", c->name, *c->field.text == '\0' ? "" : "field ",
	    c->field.text, *c->field.text == '\0' ? "" : ": ", what));
}

enum la_err
la_avro_code_too_large(struct la_avro_compiler *c)
{
	c->steps = LA_AVRO_STEPS_MAX; /* so that no union takes it for a branch that does not fit */
	return (la_avro_code_fail(c, "the schema is too large to compile"));
}

static enum la_err
no_memory(struct la_avro_compiler *c)
{
	return (la_error_set(c->error, LA_ENOMEM, "%s: out of memory", c->name));
}

uint32_t
la_avro_code_here(const struct la_avro_compiler *c)
{
	return ((uint32_t)(c->ops.size / sizeof(struct la_avro_op)));
}

struct la_avro_op *
la_avro_code_op(struct la_avro_compiler *c, uint32_t at)
{
	return (&((struct la_avro_op *)(void *)c->ops.data)[at]);
}

uint32_t *
la_avro_code_word(struct la_avro_compiler *c, size_t at)
{
	return (&((uint32_t *)(void *)c->words.data)[at]);
}

enum la_err
la_avro_code_step(struct la_avro_compiler *c, size_t count)
{
	if (count >= LA_AVRO_STEPS_MAX - c->steps)
		return (la_avro_code_too_large(c));
	c->steps += (uint32_t)count;
	return (LA_OK);
}

/* The field we are in has its name in the plan. */
static enum la_err
keep_name(struct la_avro_compiler *c)
{
	size_t size = strlen(c->field.text) + 1;

	if (c->field.at != LA_OP_NONE)
		return (LA_OK);
	if (size == 1) {
		c->field.at = 0;
		return (LA_OK);
	}
	if (c->names.size + size > LA_AVRO_NAMES_BYTES_MAX)
		return (la_avro_code_too_large(c));
	c->field.at = (uint32_t)c->names.size;
	return (la_buf_add(&c->names, c->field.text, size) == LA_OK ? LA_OK : no_memory(c));
}

enum la_err
la_avro_code_emit(struct la_avro_compiler *c, struct la_avro_op op)
{
	enum la_err err = keep_name(c);

	if (err != LA_OK)
		return (err);
	op.field = c->field.at;
	if (la_avro_code_here(c) >= LA_AVRO_OPS_MAX)
		return (la_avro_code_too_large(c));
	return (la_buf_add(&c->ops, &op, sizeof(op)) == LA_OK ? LA_OK : no_memory(c));
}

enum la_err
la_avro_code_set(struct la_avro_compiler *c, uint16_t slot, struct la_avro_slot value)
{
	uint32_t index = (uint32_t)(c->constants.size / sizeof(value));

	if (la_buf_add(&c->constants, &value, sizeof(value)) != LA_OK)
		return (no_memory(c));
	return (la_avro_code_emit(c, (struct la_avro_op){.code = LA_OP_SET, .slot = slot, .a = index}));
}

enum la_err
la_avro_code_words(struct la_avro_compiler *c, size_t count, uint32_t *first)
{
	struct la_buf *words = &c->words;

	*first = (uint32_t)(words->size / sizeof(uint32_t));
	if (count > (LA_AVRO_WORDS_BYTES_MAX - words->size) / sizeof(uint32_t))
		return (la_avro_code_too_large(c));
	if (la_buf_reserve(words, count * sizeof(uint32_t)) != LA_OK)
		return (no_memory(c));
	words->size += count * sizeof(uint32_t);
	return (LA_OK);
}

enum la_err
la_avro_code_branch(struct la_avro_compiler *c, const struct la_avro_target *target, size_t branch)
{
	size_t other;
	const struct la_avro_target *optional = la_avro_layout_optional(target, &other);
	enum la_err err = la_avro_code_set(c, target->slot, (struct la_avro_slot){.integer = (int64_t)branch});

	if (err == LA_OK && optional != NULL && branch != other &&
	    (optional->node->type == LA_AVRO_BYTES || optional->node->type == LA_AVRO_STRING))
		err = la_avro_code_set(c, optional->slot, (struct la_avro_slot){.bytes = {NULL, 0}});
	return (err);
}

/* Does every value of node take no byte? Within a recursion: no (such a value never ends; running it is refused). */
static bool
is_empty(struct la_avro_compiler *c, const struct la_avro_node *node)
{
	size_t i;

	if (node->type != LA_AVRO_RECORD)
		return (node->type == LA_AVRO_NULL || (node->type == LA_AVRO_FIXED && node->size == 0));
	if (c->emptiness[node->index] == UNKNOWN) {
		c->emptiness[node->index] = ASKING;
		for (i = 0; i < node->count && is_empty(c, node->fields[i].type); i++)
			;
		c->emptiness[node->index] = i == node->count ? EMPTY : NOT_EMPTY;
	}
	return (c->emptiness[node->index] == EMPTY);
}

static enum la_err
skip_blocks(struct la_avro_compiler *c, const struct la_avro_node *node)
{
	const struct la_avro_node *items = node->children[0];
	bool nothing = node->type == LA_AVRO_ARRAY && is_empty(c, items);
	uint32_t start = la_avro_code_here(c);
	enum la_err err = la_avro_code_emit(c, (struct la_avro_op){.code = LA_OP_BLOCKS, .b = nothing});

	if (err == LA_OK && node->type == LA_AVRO_MAP)
		err = la_avro_code_emit(c, (struct la_avro_op){.code = LA_OP_SKIP_BYTES});
	if (err == LA_OK)
		err = la_avro_code_skip(c, items);
	if (err == LA_OK)
		err = la_avro_code_emit(c, (struct la_avro_op){.code = LA_OP_NEXT});
	if (err == LA_OK)
		la_avro_code_op(c, start)->a = la_avro_code_here(c);
	return (err);
}

static enum la_err
skip_union(struct la_avro_compiler *c, const struct la_avro_node *node)
{
	uint32_t table, start = la_avro_code_here(c), at, end;
	enum la_err err = la_avro_code_words(c, node->count, &table);
	size_t i;

	if (err == LA_OK)
		err = la_avro_code_emit(
		    c, (struct la_avro_op){.code = LA_OP_UNION, .a = (uint32_t)node->count, .b = table});
	for (i = 0; i < node->count && err == LA_OK; i++) {
		*la_avro_code_word(c, table + i) = la_avro_code_here(c);
		err = la_avro_code_skip(c, node->children[i]);
		if (err == LA_OK)
			err = la_avro_code_emit(c, (struct la_avro_op){.code = LA_OP_JUMP, .a = LA_OP_NONE});
	}
	end = la_avro_code_here(c);
	for (at = start; err == LA_OK && at < end; at++) {
		struct la_avro_op *op = la_avro_code_op(c, at);

		if (op->code == LA_OP_JUMP && op->a == LA_OP_NONE)
			op->a = end;
	}
	return (err);
}

/* Named records are skipped by routines: a record may contain itself, or the same other one often. */
static enum la_err
skip_record(struct la_avro_compiler *c, const struct la_avro_node *node)
{
	if (is_empty(c, node))
		return (LA_OK);
	if (c->routines[node->index] == LA_OP_NONE) {
		c->routines[node->index] = 0;
		c->wanted[c->wanted_count++] = node;
	}
	return (la_avro_code_emit(c, (struct la_avro_op){.code = LA_OP_CALL, .a = node->index}));
}

enum la_err
la_avro_code_skip(struct la_avro_compiler *c, const struct la_avro_node *node)
{
	struct la_avro_op op = {.code = LA_OP_SKIP_LONG};

	switch (node->type) {
	case LA_AVRO_NULL:
		return (LA_OK);
	case LA_AVRO_BOOLEAN:
		op.code = LA_OP_SKIP_BOOLEAN;
		break;
	case LA_AVRO_INT:
		op.code = LA_OP_SKIP_INT;
		break;
	case LA_AVRO_LONG:
		break;
	case LA_AVRO_BYTES:
	case LA_AVRO_STRING:
		op.code = LA_OP_SKIP_BYTES;
		break;
	case LA_AVRO_FLOAT:
	case LA_AVRO_DOUBLE:
	case LA_AVRO_FIXED:
		op.code = LA_OP_SKIP_FIXED;
		op.a = node->type == LA_AVRO_FLOAT ? 4 : node->type == LA_AVRO_DOUBLE ? 8 : (uint32_t)node->size;
		if (op.a == 0)
			return (LA_OK);
		break;
	case LA_AVRO_ENUM:
		op.code = LA_OP_SKIP_ENUM;
		op.a = (uint32_t)node->count;
		break;
	case LA_AVRO_RECORD:
		return (skip_record(c, node));
	case LA_AVRO_UNION:
		return (skip_union(c, node));
	case LA_AVRO_ARRAY:
	case LA_AVRO_MAP:
		return (skip_blocks(c, node));
	}
	return (la_avro_code_emit(c, op));
}

enum la_err
la_avro_code_routines(struct la_avro_compiler *c)
{
	enum la_err err = LA_OK;
	uint32_t at;
	size_t i, f;

	for (i = 0; i < c->wanted_count; i++) { /* grows meanwhile */
		const struct la_avro_node *node = c->wanted[i];

		c->routines[node->index] = la_avro_code_here(c);
		for (f = 0; f < node->count && err == LA_OK; f++) {
			c->field = la_avro_where(node->fields[f].name);
			err = la_avro_code_skip(c, node->fields[f].type);
		}
		if (err == LA_OK)
			err = la_avro_code_emit(c, (struct la_avro_op){.code = LA_OP_RETURN});
		if (err != LA_OK)
			return (err);
	}
	for (at = 0; at < la_avro_code_here(c); at++) {
		struct la_avro_op *op = la_avro_code_op(c, at);

		if (op->code == LA_OP_CALL)
			op->a = c->routines[op->a];
	}
	return (LA_OK);
}
