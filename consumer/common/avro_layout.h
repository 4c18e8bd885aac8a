/*
 * Where a reader's schema puts its values: a tree of targets over a flat array
 * of slots. Nested records are flattened; a union has a slot for its branch.
 */
#ifndef LA_COMMON_AVRO_LAYOUT_H
#define LA_COMMON_AVRO_LAYOUT_H

#include "common/avro_schema.h"

#define LA_AVRO_TARGETS_MAX 4096

/*
 * One value as it was read, by the reader's type:
 *   boolean, int, long     integer
 *   float, double          real
 *   bytes, string, fixed   bytes
 *   enum                   integer: index of the reader's symbol
 *   union                  integer: index of the reader's branch; the branch's own slots follow
 * Null and record have no slot of their own. Slots of a branch that was not read hold anything,
 * except that bytes and string in a union of them and null are an absent span when it is null.
 */
struct la_avro_slot {
	union {
		struct la_span bytes;
		int64_t integer;
		double real;
	};
};

/* One place where a value of the reader's schema can stand; a type used twice has two. */
struct la_avro_target {
	const struct la_avro_node *node;
	const char *field; /* innermost field, for messages; "" at the top */
	uint16_t slot;
	const struct la_avro_target *children; /* of a record's fields or a union's branches, node->count */
};

struct la_avro_layout {
	struct la_arena arena;
	const struct la_avro_target *root;
	size_t slot_count;
};

/*
 * Lays out schema, which must outlive the layout. Refused: arrays, maps, recursive records, more than
 * LA_AVRO_TARGETS_MAX places. Errors: LA_ECONFIG "name: field f: what", LA_ENOMEM; *layout is untouched then.
 */
LA_MUST_CHECK enum la_err la_avro_layout_new(struct la_avro_layout **layout, const char *name,
    const struct la_avro_schema *schema, struct la_error *error);
void la_avro_layout_free(struct la_avro_layout *layout);

/* The target of a record's field by name; NULL when target is no record or has no such field. */
const struct la_avro_target *la_avro_layout_field(const struct la_avro_target *target, const char *field);
/* For a union of null and one other type: the other type's target and the index of its branch; else NULL. */
const struct la_avro_target *la_avro_layout_optional(const struct la_avro_target *target, size_t *branch);

#endif
