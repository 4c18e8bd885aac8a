#include <stdlib.h>
#include <string.h>

#include "common/avro_code.h"

static enum la_err
compile(struct la_avro_compiler *c, const struct la_avro_schema *writer, const struct la_avro_layout *layout)
{
	enum la_err err = la_buf_add(&c->names, "", 1);
	uint32_t i;

	c->emptiness = calloc(writer->node_count, sizeof(*c->emptiness));
	c->routines = calloc(writer->node_count, sizeof(*c->routines));
	c->wanted = calloc(writer->node_count, sizeof(const struct la_avro_node *));
	if (err != LA_OK || c->emptiness == NULL || c->routines == NULL || c->wanted == NULL)
		return (la_error_set(c->error, LA_ENOMEM, "%s: out of memory", c->name));
	for (i = 0; i < writer->node_count; i++)
		c->routines[i] = LA_OP_NONE;
	err = la_avro_resolve(c, writer->root, layout->root);
	if (err != LA_OK)
		return (err);
	c->field = (struct la_avro_where){"", 0};
	err = la_avro_code_emit(c, (struct la_avro_op){.code = LA_OP_END});
	return (err == LA_OK ? la_avro_code_routines(c) : err);
}

static const void *
put(unsigned char **at, const struct la_buf *part)
{
	void *start = *at;

	if (part->size > 0)
		memcpy(start, part->data, part->size);
	*at += part->size;
	return (start);
}

/* What is kept: the parts one behind the other, those of the widest alignment first. NULL: out of memory. */
static struct la_avro_plan *
pack(struct la_avro_compiler *c)
{
	size_t bytes = sizeof(struct la_avro_plan) + c->constants.size + c->ops.size + c->words.size + c->names.size;
	struct la_avro_plan *plan = malloc(bytes);
	unsigned char *at = (unsigned char *)(plan + 1);

	if (plan == NULL)
		return (NULL);
	memset(plan, 0, sizeof(*plan));
	plan->constants = put(&at, &c->constants);
	plan->ops = put(&at, &c->ops);
	plan->words = put(&at, &c->words);
	plan->names = put(&at, &c->names);
	plan->arena = c->arena;
	c->arena = (struct la_arena)LA_ARENA_INIT;
	plan->bytes = bytes + plan->arena.bytes;
	return (plan);
}

static void
clear(struct la_avro_compiler *c)
{
	la_buf_clear(&c->ops);
	la_buf_clear(&c->words);
	la_buf_clear(&c->constants);
	la_buf_clear(&c->names);
	la_arena_clear(&c->arena);
	free(c->emptiness);
	free(c->routines);
	free(c->wanted);
}

enum la_err
la_avro_plan_new(struct la_avro_plan **out, const char *name, const struct la_avro_schema *writer,
    const struct la_avro_layout *layout, struct la_error *error)
{
	struct la_avro_compiler c = {.name = name, .field = {"", 0}, .error = error};
	struct la_avro_plan *plan = NULL;
	enum la_err err = compile(&c, writer, layout);

	if (err == LA_OK && (plan = pack(&c)) == NULL)
		err = la_error_set(error, LA_ENOMEM, "%s: out of memory", name);
	clear(&c);
	if (err == LA_OK)
		*out = plan;
	return (err);
}

void
la_avro_plan_free(struct la_avro_plan *plan)
{
	if (plan == NULL)
		return;
	la_arena_clear(&plan->arena);
	free(plan);
}

size_t
la_avro_plan_bytes(const struct la_avro_plan *plan)
{
	return (plan->bytes);
}
