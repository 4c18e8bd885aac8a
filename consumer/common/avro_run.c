/* Runs a plan. The helpers return NULL when all is well, else what is wrong; the cursor then stands where that is. */
#include "common/avro_code.h"
#include "common/avro_take.h"

#define COLD static __attribute__((noinline))

/* A number that becomes a float or a double. */
static const char *
read_promoted(const struct la_avro_op *op, struct la_avro_cursor *at, struct la_avro_slot *slot)
{
	bool from_int = op->code == LA_OP_READ_INT_FLOAT || op->code == LA_OP_READ_INT_DOUBLE;
	bool to_float = op->code == LA_OP_READ_INT_FLOAT || op->code == LA_OP_READ_LONG_FLOAT;
	int64_t value = 0;
	const char *what = from_int ? la_avro_take_int(at, &value) : la_avro_take_long(at, &value);

	slot->real = to_float ? (double)(float)value : (double)value;
	return (what);
}

LA_AVRO_HOT const char *
read_enum(const struct la_avro_op *op, struct la_avro_cursor *at, struct la_avro_slot *slot, const uint32_t *words)
{
	const unsigned char *start = at->p;
	int64_t index = 0;
	const char *what = la_avro_take_index(at, op->a, &index);

	if (what != NULL)
		return (what);
	slot->integer = words[op->b + (size_t)index];
	if (slot->integer == LA_OP_NONE) {
		at->p = start;
		return ("a symbol that the reader does not know");
	}
	return (NULL);
}

LA_AVRO_HOT const char *
read_optional_bytes(const struct la_avro_op *op, struct la_avro_cursor *at, struct la_avro_slot *slot)
{
	int64_t index = 0;
	const char *what;

	if (at->p < at->end && *at->p <= 2 && (*at->p & 1) == 0)
		index = *at->p++ >> 1;
	else if ((what = la_avro_take_index(at, 2, &index)) != NULL)
		return (what);
	if (index == op->a) {
		slot[0].integer = op->b;
		slot[1].bytes = (struct la_span){NULL, 0};
		return (NULL);
	}
	slot[0].integer = 1 - op->b;
	return (la_avro_take_bytes(at, &slot[1].bytes));
}

/* What our records do not have, and what skips. */
COLD const char *
run_rare(const struct la_avro_op *op, struct la_avro_cursor *at, struct la_avro_slot *slot)
{
	struct la_span bytes;
	int64_t number;

	switch (op->code) {
	case LA_OP_READ_BOOLEAN:
		return (la_avro_take_boolean(at, &slot->integer));
	case LA_OP_READ_FLOAT:
		return (la_avro_take_real(at, 4, &slot->real));
	case LA_OP_READ_DOUBLE:
		return (la_avro_take_real(at, 8, &slot->real));
	case LA_OP_SKIP_BOOLEAN:
		return (la_avro_take_boolean(at, &number));
	case LA_OP_SKIP_INT:
		return (la_avro_take_int(at, &number));
	case LA_OP_SKIP_LONG:
		return (la_avro_take_long(at, &number));
	case LA_OP_SKIP_BYTES:
		return (la_avro_take_bytes(at, &bytes));
	case LA_OP_SKIP_FIXED:
		return (la_avro_take_fixed(at, op->a, &bytes));
	case LA_OP_SKIP_ENUM:
		return (la_avro_take_index(at, op->a, &number));
	default:
		return (read_promoted(op, at, slot));
	}
}

LA_AVRO_HOT const char *
run_any(const struct la_avro_op *op, struct la_avro_cursor *at, struct la_avro_slot *slot)
{
	struct la_avro_cursor copy = *at;
	const char *what = run_rare(op, &copy, slot);

	*at = copy;
	return (what);
}

LA_AVRO_HOT const char *
run_value(const struct la_avro_plan *plan, const struct la_avro_op *op, struct la_avro_cursor *at, struct la_avro_slot *slot)
{
	switch (op->code) {
	case LA_OP_SET:
		*slot = plan->constants[op->a];
		return (NULL);
	case LA_OP_READ_INT:
		return (la_avro_take_int(at, &slot->integer));
	case LA_OP_READ_LONG:
		return (la_avro_take_long(at, &slot->integer));
	case LA_OP_READ_BYTES:
		return (la_avro_take_bytes(at, &slot->bytes));
	case LA_OP_READ_FIXED:
		return (la_avro_take_fixed(at, op->a, &slot->bytes));
	case LA_OP_READ_ENUM:
		return (read_enum(op, at, slot, plan->words));
	case LA_OP_READ_OPT_BYTES:
		return (read_optional_bytes(op, at, slot));
	default:
		return (run_any(op, at, slot));
	}
}

/* Start of a block of an array or map, or its end: *op is the BLOCKS operation, and then the one before the next. */
static const char *
run_blocks(struct la_avro_plan *plan, const struct la_avro_op **op, struct la_avro_cursor *at, size_t *depth)
{
	struct la_avro_frame frame = {.op = (uint32_t)(*op - plan->ops)};
	int64_t count, size = -1;
	const char *what = la_avro_take_long(at, &count);

	if (what != NULL)
		return (what);
	if (count == 0) {
		*op = plan->ops + (*op)->a - 1;
		return (NULL);
	}
	if (count < 0) { /* its size in bytes follows */
		what = la_avro_take_long(at, &size);
		if (what != NULL)
			return (what);
		if (size < 0 || size > at->end - at->p || count == INT64_MIN)
			return ("a block with a size below zero or beyond the end");
		count = -count;
		frame.end = at->p + size;
	}
	if ((*op)->b) {
		if (count > LA_AVRO_NOTHINGS_MAX || size > 0)
			return ("too many items without content");
		*op -= 1; /* the next block */
		return (NULL);
	}
	if (count > at->end - at->p)
		return ("more items than bytes");
	if (*depth == LA_AVRO_NESTING_MAX)
		return ("nested too deep");
	frame.left = (uint64_t)count;
	plan->frames[(*depth)++] = frame;
	return (NULL);
}

static const char *
run_next(struct la_avro_plan *plan, const struct la_avro_op **op, struct la_avro_cursor *at, size_t *depth)
{
	struct la_avro_frame *frame = &plan->frames[*depth - 1];

	if (--frame->left > 0) {
		*op = plan->ops + frame->op;
		return (NULL);
	}
	if (frame->end != NULL && frame->end != at->p)
		return ("a block that is not as long as it says");
	*op = plan->ops + frame->op - 1; /* the next block */
	*depth -= 1;
	return (NULL);
}

/* Operations that change what comes next: *op becomes the operation before it. */
COLD const char *
run_control(struct la_avro_plan *plan, const struct la_avro_op **op, struct la_avro_cursor *at, size_t *depth)
{
	const char *what;
	int64_t index;

	switch ((*op)->code) {
	case LA_OP_UNION:
		what = la_avro_take_index(at, (*op)->a, &index);
		if (what == NULL)
			*op = plan->ops + plan->words[(*op)->b + (size_t)index] - 1;
		return (what);
	case LA_OP_JUMP:
		*op = plan->ops + (*op)->a - 1;
		return (NULL);
	case LA_OP_CALL:
		if (*depth == LA_AVRO_NESTING_MAX)
			return ("nested too deep");
		plan->frames[(*depth)++] = (struct la_avro_frame){.op = (uint32_t)(*op - plan->ops)};
		*op = plan->ops + (*op)->a - 1;
		return (NULL);
	case LA_OP_RETURN:
		*op = plan->ops + plan->frames[--*depth].op;
		return (NULL);
	case LA_OP_BLOCKS:
		return (run_blocks(plan, op, at, depth));
	case LA_OP_NEXT:
		return (run_next(plan, op, at, depth));
	default:
		return ("a branch of the writer's union that does not fit the reader");
	}
}

enum la_err
la_avro_plan_run(
    struct la_avro_plan *plan, struct la_span value, struct la_avro_slot *slots, struct la_error *error)
{
	struct la_avro_cursor at = {value.data, value.data + value.size}, copy;
	const struct la_avro_op *op, *next;
	const char *what = NULL;
	size_t depth = 0;

	for (op = plan->ops; op->code != LA_OP_END; op++) {
		if (op->code < LA_OP_UNION) {
			what = run_value(plan, op, &at, &slots[op->slot]);
		} else {
			copy = at;
			next = op;
			what = run_control(plan, &next, &copy, &depth);
			op = next;
			at = copy;
		}
		if (__builtin_expect(what != NULL, 0))
			break;
	}
	if (what == NULL && at.p == at.end)
		return (LA_OK);
	return (la_error_set(error, LA_EDATA, "byte %zu%s%s: %s", (size_t)(at.p - value.data),
	    op->field == 0 ? "" : ", field ", plan->names + op->field, what != NULL ? what : "the value should end here"));
}
