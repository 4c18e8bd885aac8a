#include "common/avro_layout.h"

#include <stdlib.h>
#include <string.h>

struct builder {
	struct la_avro_layout *layout;
	const char *name;
	size_t targets;
	int depth;
	struct la_error *error;
};

static enum la_err place(struct builder *b, struct la_avro_target *target);

static enum la_err
fail(struct builder *b, const struct la_avro_target *target, const char *what)
{
	return (la_error_set(b->error, LA_ECONFIG, "%s: %s%s%s%s", b->name, *target->field == '\0' ? "" : "field ",
	    target->field, *target->field == '\0' ? "" : ": ", what));
}

static enum la_err
place_children(struct builder *b, struct la_avro_target *target)
{
	const struct la_avro_node *node = target->node;
	struct la_avro_target *children = la_arena_take(&b->layout->arena, node->count, sizeof(*children));
	size_t i;

	if (children == NULL)
		return (la_error_set(b->error, LA_ENOMEM, "%s: out of memory", b->name));
	target->children = children;
	for (i = 0; i < node->count; i++) {
		bool is_record = node->type == LA_AVRO_RECORD;
		enum la_err err;

		children[i].node = is_record ? node->fields[i].type : node->children[i];
		children[i].field = is_record ? node->fields[i].name : target->field;
		err = place(b, &children[i]);
		if (err != LA_OK)
			return (err);
	}
	return (LA_OK);
}

static enum la_err
place(struct builder *b, struct la_avro_target *target)
{
	enum la_avro_type type = target->node->type;
	enum la_err err = LA_OK;

	if (type == LA_AVRO_ARRAY || type == LA_AVRO_MAP)
		return (fail(b, target, "arrays and maps cannot be read, only skipped"));
	if (++b->targets > LA_AVRO_TARGETS_MAX || ++b->depth > LA_AVRO_DEPTH_MAX)
		return (fail(b, target, "a recursive or too large schema cannot be read, only skipped"));
	target->slot = (uint16_t)b->layout->slot_count;
	if (type != LA_AVRO_NULL && type != LA_AVRO_RECORD)
		b->layout->slot_count++;
	if (type == LA_AVRO_RECORD || type == LA_AVRO_UNION)
		err = place_children(b, target);
	b->depth--;
	return (err);
}

enum la_err
la_avro_layout_new(
    struct la_avro_layout **out, const char *name, const struct la_avro_schema *schema, struct la_error *error)
{
	struct la_avro_layout *layout = calloc(1, sizeof(*layout));
	struct builder b = {.layout = layout, .name = name, .error = error};
	struct la_avro_target *root;
	enum la_err err = LA_ENOMEM;

	root = layout == NULL ? NULL : la_arena_take(&layout->arena, 1, sizeof(*root));
	if (root != NULL) {
		root->node = schema->root;
		root->field = "";
		layout->root = root;
		err = place(&b, root);
	} else {
		(void)la_error_set(error, err, "%s: out of memory", name);
	}
	if (err == LA_OK)
		*out = layout;
	else
		la_avro_layout_free(layout);
	return (err);
}

void
la_avro_layout_free(struct la_avro_layout *layout)
{
	if (layout == NULL)
		return;
	la_arena_clear(&layout->arena);
	free(layout);
}

const struct la_avro_target *
la_avro_layout_field(const struct la_avro_target *target, const char *field)
{
	size_t i;

	if (target->node->type != LA_AVRO_RECORD)
		return (NULL);
	for (i = 0; i < target->node->count; i++) {
		if (strcmp(target->node->fields[i].name, field) == 0)
			return (&target->children[i]);
	}
	return (NULL);
}

const struct la_avro_target *
la_avro_layout_optional(const struct la_avro_target *target, size_t *branch)
{
	const struct la_avro_node *node = target->node;

	if (node->type != LA_AVRO_UNION || node->count != 2 ||
	    (node->children[0]->type == LA_AVRO_NULL) == (node->children[1]->type == LA_AVRO_NULL))
		return (NULL);
	*branch = node->children[0]->type == LA_AVRO_NULL ? 1 : 0;
	return (&target->children[*branch]);
}
