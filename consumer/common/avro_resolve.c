/* The writer's schema against the reader's (Avro 1.11 specification, "Schema Resolution"): what code reads which slot. */
#include <stdlib.h>
#include <string.h>

#include "common/avro_code.h"
#include "common/avro_names.h"

/* How a primitive of the writer is read as one of the reader's, promotion included; LA_OP_END: not at all. */
static uint16_t
primitive_code(enum la_avro_type writer, enum la_avro_type reader)
{
	switch (writer) {
	case LA_AVRO_BOOLEAN:
		return (reader == LA_AVRO_BOOLEAN ? LA_OP_READ_BOOLEAN : LA_OP_END);
	case LA_AVRO_INT:
		return (reader == LA_AVRO_INT || reader == LA_AVRO_LONG ? LA_OP_READ_INT
		    : reader == LA_AVRO_FLOAT                       ? LA_OP_READ_INT_FLOAT
		    : reader == LA_AVRO_DOUBLE                      ? LA_OP_READ_INT_DOUBLE
		                                                    : LA_OP_END);
	case LA_AVRO_LONG:
		return (reader == LA_AVRO_LONG  ? LA_OP_READ_LONG
		    : reader == LA_AVRO_FLOAT   ? LA_OP_READ_LONG_FLOAT
		    : reader == LA_AVRO_DOUBLE  ? LA_OP_READ_LONG_DOUBLE
		                                : LA_OP_END);
	case LA_AVRO_FLOAT:
		return (reader == LA_AVRO_FLOAT || reader == LA_AVRO_DOUBLE ? LA_OP_READ_FLOAT : LA_OP_END);
	case LA_AVRO_DOUBLE:
		return (reader == LA_AVRO_DOUBLE ? LA_OP_READ_DOUBLE : LA_OP_END);
	case LA_AVRO_BYTES:
	case LA_AVRO_STRING:
		return (reader == LA_AVRO_BYTES || reader == LA_AVRO_STRING ? LA_OP_READ_BYTES : LA_OP_END);
	default:
		return (LA_OP_END);
	}
}

/* The specification's "to match", which looks no deeper than the name. Neither is a union. */
static bool
matches(const struct la_avro_node *w, const struct la_avro_node *r)
{
	if (w->name != NULL || r->name != NULL)
		return (w->type == r->type && la_avro_names_match(w, r) &&
		    (w->type != LA_AVRO_FIXED || w->size == r->size));
	if (w->type == LA_AVRO_NULL)
		return (r->type == LA_AVRO_NULL);
	return (primitive_code(w->type, r->type) != LA_OP_END);
}

/* How well the writer's type fits a branch of the reader's union; 0: not at all. */
static int
likeness(const struct la_avro_node *w, const struct la_avro_node *r)
{
	if (!matches(w, r))
		return (0);
	if (w->type != r->type)
		return (1); /* promoted */
	return (w->name != NULL && strcmp(w->name, r->name) != 0 ? 2 : 3);
}

/*
 * The specification takes the first branch that matches. We take the first of
 * those that match best, as Avro for Java does: else [double, long] would read
 * its own longs as doubles, and not even exactly.
 */
static enum la_err
resolve_into_union(struct la_avro_compiler *c, const struct la_avro_node *w, const struct la_avro_target *t)
{
	enum la_err err;
	size_t i, best = 0;
	int most = 0;

	for (i = 0; i < t->node->count; i++) {
		int like = likeness(w, t->node->children[i]);

		if (like > most) {
			most = like;
			best = i;
		}
	}
	if (most == 0)
		return (la_avro_code_fail(c, "%s fits no branch of the reader's union",
		    la_avro_names_of_type(w->type)));
	err = la_avro_code_branch(c, t, best);
	return (err != LA_OK ? err : la_avro_resolve(c, w, &t->children[best]));
}

static bool
is_text(const struct la_avro_node *node)
{
	return (node->type == LA_AVRO_BYTES || node->type == LA_AVRO_STRING);
}

/* The commonest union has an operation of its own: null and bytes or string on both sides. */
static bool
find_optional_text(const struct la_avro_node *w, const struct la_avro_target *t, struct la_avro_op *op)
{
	size_t branch;
	const struct la_avro_target *inner = la_avro_layout_optional(t, &branch);
	uint32_t null;

	if (inner == NULL || !is_text(inner->node) || w->count != 2)
		return (false);
	null = w->children[0]->type == LA_AVRO_NULL ? 0 : 1;
	if (w->children[null]->type != LA_AVRO_NULL || !is_text(w->children[1 - null]))
		return (false);
	*op = (struct la_avro_op){
	    .code = LA_OP_READ_OPT_BYTES, .slot = t->slot, .a = null, .b = (uint32_t)(1 - branch)};
	return (true);
}

/* One branch of the writer's union; a misfit is a failure of the values that choose it, not of the plan. */
static enum la_err
resolve_branch(struct la_avro_compiler *c, const struct la_avro_node *w, const struct la_avro_target *t, bool *fits)
{
	size_t ops = c->ops.size, words = c->words.size, constants = c->constants.size, names = c->names.size;
	struct la_avro_where outer = c->field;
	enum la_err err = la_avro_resolve(c, w, t);

	*fits = err == LA_OK;
	if (err != LA_ECONFIG || c->steps >= LA_AVRO_STEPS_MAX)
		return (err);
	c->ops.size = ops;
	c->words.size = words;
	c->constants.size = constants;
	c->names.size = names;
	c->field = outer;
	return (la_avro_code_emit(c, (struct la_avro_op){.code = LA_OP_FAIL}));
}

static enum la_err
resolve_union(struct la_avro_compiler *c, const struct la_avro_node *w, const struct la_avro_target *t)
{
	struct la_avro_op op = {.code = LA_OP_UNION, .a = (uint32_t)w->count};
	uint32_t end = LA_OP_NONE; /* the jumps to the end are a list until the end is known */
	enum la_err err;
	bool fits, any = false;
	size_t i;

	if (find_optional_text(w, t, &op))
		return (la_avro_code_emit(c, op));
	err = la_avro_code_words(c, w->count, &op.b);
	if (err == LA_OK)
		err = la_avro_code_emit(c, op);
	for (i = 0; i < w->count && err == LA_OK; i++) {
		uint32_t start = la_avro_code_here(c);

		*la_avro_code_word(c, op.b + i) = start;
		err = resolve_branch(c, w->children[i], t, &fits);
		any = any || fits;
		if (err == LA_OK) {
			err = la_avro_code_emit(c, (struct la_avro_op){.code = LA_OP_JUMP, .a = end});
			end = la_avro_code_here(c) - 1;
		}
	}
	while (err == LA_OK && end != LA_OP_NONE) {
		struct la_avro_op *jump = la_avro_code_op(c, end);

		end = jump->a;
		jump->a = la_avro_code_here(c);
	}
	if (err == LA_OK && !any)
		err = la_avro_code_fail(c, "no branch of the writer's union fits");
	return (err);
}

/* The field of the writer's record that the reader's field takes its value from: by name, else by alias. */
static size_t
find_source(const struct la_avro_node *w, const struct la_avro_field *field)
{
	size_t i, a;

	for (i = 0; i < w->count; i++) {
		if (strcmp(w->fields[i].name, field->name) == 0)
			return (i);
	}
	for (a = 0; a < field->alias_count; a++) {
		for (i = 0; i < w->count; i++) {
			if (strcmp(w->fields[i].name, field->aliases[a]) == 0)
				return (i);
		}
	}
	return (w->count);
}

/* sources[i]: the writer's field for the reader's field i; fields that have none take their default. */
static enum la_err
resolve_fields(
    struct la_avro_compiler *c, const struct la_avro_node *w, const struct la_avro_target *t, const size_t *sources)
{
	enum la_err err = LA_OK;
	size_t i, f;

	for (f = 0; f < w->count && err == LA_OK; f++) {
		c->field = la_avro_where(w->fields[f].name);
		for (i = 0; i < t->node->count && sources[i] != f; i++)
			;
		err = i < t->node->count ? la_avro_resolve(c, w->fields[f].type, &t->children[i])
		                         : la_avro_code_skip(c, w->fields[f].type);
	}
	for (i = 0; i < t->node->count && err == LA_OK; i++) {
		if (sources[i] != w->count)
			continue;
		c->field = la_avro_where(t->node->fields[i].name);
		if (t->node->fields[i].value == NULL)
			err = la_avro_code_fail(c, "the writer lacks it, and it has no default");
		else
			err = la_avro_default_emit(c, &t->children[i], t->node->fields[i].value);
	}
	return (err);
}

static enum la_err
resolve_record(struct la_avro_compiler *c, const struct la_avro_node *w, const struct la_avro_target *t)
{
	struct la_avro_where outer = c->field;
	size_t *sources = calloc(t->node->count + 1, sizeof(*sources)), i, j;
	enum la_err err = la_avro_code_step(c, w->count);

	if (sources == NULL)
		return (la_error_set(c->error, LA_ENOMEM, "%s: out of memory", c->name));
	for (i = 0; i < t->node->count && err == LA_OK; i++) {
		sources[i] = find_source(w, &t->node->fields[i]);
		for (j = 0; j < i && sources[i] != w->count; j++) {
			if (sources[j] == sources[i])
				err = la_avro_code_fail(c, "%s and %s would both be read from %s",
				    t->node->fields[j].name,
				    t->node->fields[i].name, w->fields[sources[i]].name);
		}
	}
	if (err == LA_OK)
		err = resolve_fields(c, w, t, sources);
	free(sources);
	if (err == LA_OK)
		c->field = outer; /* else it stays where the failure is */
	return (err);
}

static enum la_err
resolve_enum(struct la_avro_compiler *c, const struct la_avro_node *w, const struct la_avro_target *t)
{
	struct la_avro_op op = {.code = LA_OP_READ_ENUM, .slot = t->slot, .a = (uint32_t)w->count};
	enum la_err err = la_avro_code_step(c, w->count);
	size_t i, j;

	if (err == LA_OK)
		err = la_avro_code_words(c, w->count, &op.b);
	for (i = 0; i < w->count && err == LA_OK; i++) {
		uint32_t *word = la_avro_code_word(c, op.b + i);

		*word = t->node->default_symbol < 0 ? LA_OP_NONE : (uint32_t)t->node->default_symbol;
		for (j = 0; j < t->node->count; j++) {
			if (strcmp(w->symbols[i], t->node->symbols[j]) == 0)
				*word = (uint32_t)j;
		}
	}
	return (err != LA_OK ? err : la_avro_code_emit(c, op));
}

enum la_err
la_avro_resolve(struct la_avro_compiler *c, const struct la_avro_node *w, const struct la_avro_target *t)
{
	enum la_err err = la_avro_code_step(c, 1);

	if (err != LA_OK)
		return (err);
	if (w->type == LA_AVRO_UNION)
		return (resolve_union(c, w, t));
	if (t->node->type == LA_AVRO_UNION)
		return (resolve_into_union(c, w, t));
	if (!matches(w, t->node))
		return (la_avro_code_fail(c, "%s does not fit %s",
		    w->name != NULL ? w->name : la_avro_names_of_type(w->type),
		    t->node->name != NULL ? t->node->name : la_avro_names_of_type(t->node->type)));
	switch (w->type) {
	case LA_AVRO_NULL:
		return (LA_OK);
	case LA_AVRO_RECORD:
		return (resolve_record(c, w, t));
	case LA_AVRO_ENUM:
		return (resolve_enum(c, w, t));
	case LA_AVRO_FIXED:
		return (la_avro_code_emit(
		    c, (struct la_avro_op){.code = LA_OP_READ_FIXED, .slot = t->slot, .a = (uint32_t)w->size}));
	default:
		return (la_avro_code_emit(
		    c, (struct la_avro_op){.code = primitive_code(w->type, t->node->type), .slot = t->slot}));
	}
}
