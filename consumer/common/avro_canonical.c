#include "common/avro_canonical.h"

#include <stdlib.h>

#include "common/avro_names.h"

struct printer {
	struct la_buf *out;
	bool *seen; /* by node index: a named type is spelled out once */
};

static enum la_err
add_name(struct la_buf *out, const char *name)
{
	return (la_buf_printf(out, "\"%s\"", name)); /* names are ASCII: nothing to escape */
}

static enum la_err print_node(struct printer *p, const struct la_avro_node *node);

static enum la_err
print_fields(struct printer *p, const struct la_avro_node *node)
{
	size_t i;

	if (la_buf_add_text(p->out, ",\"fields\":[") != LA_OK)
		return (LA_ENOMEM);
	for (i = 0; i < node->count; i++) {
		if (la_buf_printf(p->out, "%s{\"name\":\"%s\",\"type\":", i > 0 ? "," : "",
		    node->fields[i].name) != LA_OK ||
		    print_node(p, node->fields[i].type) != LA_OK || la_buf_add_text(p->out, "}") != LA_OK)
			return (LA_ENOMEM);
	}
	return (la_buf_add_text(p->out, "]"));
}

static enum la_err
print_symbols(struct printer *p, const struct la_avro_node *node)
{
	size_t i;

	if (la_buf_add_text(p->out, ",\"symbols\":[") != LA_OK)
		return (LA_ENOMEM);
	for (i = 0; i < node->count; i++) {
		if (la_buf_add_text(p->out, i > 0 ? "," : "") != LA_OK || add_name(p->out, node->symbols[i]) != LA_OK)
			return (LA_ENOMEM);
	}
	return (la_buf_add_text(p->out, "]"));
}

static enum la_err
print_named(struct printer *p, const struct la_avro_node *node)
{
	enum la_err err;

	if (p->seen[node->index])
		return (add_name(p->out, node->name));
	p->seen[node->index] = true;
	if (la_buf_printf(p->out, "{\"name\":\"%s\",\"type\":\"%s\"", node->name,
	    la_avro_names_of_type(node->type)) != LA_OK)
		return (LA_ENOMEM);
	if (node->type == LA_AVRO_RECORD)
		err = print_fields(p, node);
	else if (node->type == LA_AVRO_ENUM)
		err = print_symbols(p, node);
	else
		err = la_buf_printf(p->out, ",\"size\":%zu", node->size);
	return (err != LA_OK ? err : la_buf_add_text(p->out, "}"));
}

static enum la_err
print_union(struct printer *p, const struct la_avro_node *node)
{
	size_t i;

	if (la_buf_add_text(p->out, "[") != LA_OK)
		return (LA_ENOMEM);
	for (i = 0; i < node->count; i++) {
		if (la_buf_add_text(p->out, i > 0 ? "," : "") != LA_OK || print_node(p, node->children[i]) != LA_OK)
			return (LA_ENOMEM);
	}
	return (la_buf_add_text(p->out, "]"));
}

static enum la_err
print_node(struct printer *p, const struct la_avro_node *node)
{
	const char *type = la_avro_names_of_type(node->type);

	if (node->type < LA_AVRO_PRIMITIVES)
		return (add_name(p->out, type));
	if (node->name != NULL)
		return (print_named(p, node));
	if (node->type == LA_AVRO_UNION)
		return (print_union(p, node));
	if (la_buf_printf(p->out, "{\"type\":\"%s\",\"%s\":", type,
	        node->type == LA_AVRO_ARRAY ? "items" : "values") != LA_OK ||
	    print_node(p, node->children[0]) != LA_OK)
		return (LA_ENOMEM);
	return (la_buf_add_text(p->out, "}"));
}

enum la_err
la_avro_canonical_form(const struct la_avro_schema *schema, struct la_buf *out)
{
	struct printer p = {out, calloc(schema->node_count, sizeof(bool))};
	enum la_err err = p.seen == NULL ? LA_ENOMEM : print_node(&p, schema->root);

	free(p.seen);
	return (err);
}

uint64_t
la_avro_canonical_crc64(struct la_span bytes)
{
	const uint64_t empty = 0xc15d213aa4d7a795u; /* the specification's EMPTY */
	uint64_t crc = empty;
	size_t i;
	int bit;

	for (i = 0; i < bytes.size; i++) {
		uint64_t row = (crc ^ bytes.data[i]) & 0xff; /* of the specification's table, computed in place */

		for (bit = 0; bit < 8; bit++)
			row = row >> 1 ^ (empty & -(row & 1));
		crc = crc >> 8 ^ row;
	}
	return (crc);
}

enum la_err
la_avro_canonical_fingerprint(const struct la_avro_schema *schema, uint64_t *fingerprint)
{
	struct la_buf form = LA_BUF_INIT;
	enum la_err err = la_avro_canonical_form(schema, &form);

	if (err == LA_OK)
		*fingerprint = la_avro_canonical_crc64(la_buf_span(&form));
	la_buf_clear(&form);
	return (err);
}
