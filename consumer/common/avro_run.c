/*
 * Runs a plan. The helpers return NULL when all is well, else what is wrong;
 * the cursor then stands where that is.
 *
 * What is done for every field is inlined, so that the cursor stays in registers; what is called gets a copy of it,
 * for the same reason.
 */
#include <string.h>

#include "common/avro_code.h"

#define HOT static inline __attribute__((always_inline))
#define COLD static __attribute__((noinline))

struct cursor {
	const unsigned char *p, *end;
};

static const char *const cut = "the value ends too early";

COLD const char *
take_long_varint(struct cursor *at, int64_t *out)
{
	const unsigned char *p = at->p;
	uint64_t value = 0;
	unsigned shift;

	for (shift = 0; shift < 70; shift += 7, p++) {
		if (p == at->end)
			return (cut);
		if (shift == 63 && *p > 1)
			break;
		value |= (uint64_t)(*p & 0x7f) << shift;
		if (*p < 0x80) {
			*out = (int64_t)(value >> 1 ^ -(value & 1));
			at->p = p + 1;
			return (NULL);
		}
	}
	return ("a number of more than 64 bits");
}

HOT const char *
take_any_long(struct cursor *at, int64_t *out)
{
	struct cursor copy = *at;
	int64_t value = 0;
	const char *what = take_long_varint(&copy, &value);

	*at = copy;
	*out = value;
	return (what);
}

HOT const char *
take_long(struct cursor *at, int64_t *out)
{
	const unsigned char *p = at->p;
	uint64_t value;

	if (__builtin_expect(at->end - p < 2, 0))
		return (take_any_long(at, out));
	value = p[0];
	if (value >= 0x80) {
		if (p[1] >= 0x80)
			return (take_any_long(at, out));
		value = (value & 0x7f) | (uint64_t)p[1] << 7;
		p++;
	}
	*out = (int64_t)(value >> 1 ^ -(value & 1));
	at->p = p + 1;
	return (NULL);
}

HOT const char *
take_int(struct cursor *at, int64_t *out)
{
	const unsigned char *start = at->p;
	const char *what = take_long(at, out);

	if (what == NULL && *out != (int32_t)*out) {
		at->p = start;
		what = "an int of more than 32 bits";
	}
	return (what);
}

/* An index below limit: of an enum's symbol or a union's branch. */
HOT const char *
take_index(struct cursor *at, uint32_t limit, int64_t *out)
{
	const unsigned char *start = at->p;
	const char *what = take_long(at, out);

	if (what == NULL && (uint64_t)*out >= limit) {
		at->p = start;
		what = "no such branch or symbol";
	}
	return (what);
}

HOT const char *
take_fixed(struct cursor *at, uint64_t size, struct la_span *out)
{
	if (size > (uint64_t)(at->end - at->p))
		return (cut);
	*out = la_span_of(at->p, (size_t)size);
	at->p += size;
	return (NULL);
}

COLD const char *
take_long_bytes(struct cursor *at, struct la_span *out)
{
	const unsigned char *start = at->p;
	int64_t size;
	const char *what = take_long(at, &size);

	if (what == NULL && (uint64_t)size > (uint64_t)(at->end - at->p)) { /* negative is large */
		at->p = start;
		what = "a length below zero or beyond the end";
	}
	return (what != NULL ? what : take_fixed(at, (uint64_t)size, out));
}

HOT const char *
take_any_bytes(struct cursor *at, struct la_span *out)
{
	struct cursor copy = *at;
	struct la_span bytes = {NULL, 0};
	const char *what = take_long_bytes(&copy, &bytes);

	*at = copy;
	*out = bytes;
	return (what);
}

/* Nearly all lengths are of one or two bytes; what is not plainly right is looked at again. */
HOT const char *
take_bytes(struct cursor *at, struct la_span *out)
{
	const unsigned char *p = at->p;
	size_t left = (size_t)(at->end - p), size;

	if (left >= 2) {
		size = *p++;
		if (size >= 0x80)
			size = (size & 0x7f) | (size_t)*p++ << 7;
		if ((size & 1) == 0 && size < 0x80 << 7 && size / 2 <= left - 2) {
			*out = la_span_of(p, size / 2);
			at->p = p + size / 2;
			return (NULL);
		}
	}
	return (take_any_bytes(at, out));
}

static const char *
take_boolean(struct cursor *at, int64_t *out)
{
	if (at->p == at->end)
		return (cut);
	if (*at->p > 1)
		return ("a boolean that is neither 0 nor 1");
	*out = *at->p++;
	return (NULL);
}

/* IEEE 754, lowest byte first. */
static const char *
take_real(struct cursor *at, size_t size, double *out)
{
	struct la_span bytes;
	const char *what = take_fixed(at, size, &bytes);
	uint64_t bits = 0;
	float single;
	size_t i;

	if (what != NULL)
		return (what);
	for (i = size; i > 0; i--)
		bits = bits << 8 | bytes.data[i - 1];
	if (size == sizeof(single)) {
		uint32_t half = (uint32_t)bits;

		memcpy(&single, &half, sizeof(single));
		*out = single;
	} else {
		memcpy(out, &bits, sizeof(*out));
	}
	return (NULL);
}

/* A number that becomes a float or a double. */
static const char *
read_promoted(const struct la_avro_op *op, struct cursor *at, struct la_avro_slot *slot)
{
	bool from_int = op->code == LA_OP_READ_INT_FLOAT || op->code == LA_OP_READ_INT_DOUBLE;
	bool to_float = op->code == LA_OP_READ_INT_FLOAT || op->code == LA_OP_READ_LONG_FLOAT;
	int64_t value = 0;
	const char *what = from_int ? take_int(at, &value) : take_long(at, &value);

	slot->real = to_float ? (double)(float)value : (double)value;
	return (what);
}

HOT const char *
read_enum(const struct la_avro_op *op, struct cursor *at, struct la_avro_slot *slot, const uint32_t *words)
{
	const unsigned char *start = at->p;
	int64_t index = 0;
	const char *what = take_index(at, op->a, &index);

	if (what != NULL)
		return (what);
	slot->integer = words[op->b + (size_t)index];
	if (slot->integer == LA_OP_NONE) {
		at->p = start;
		return ("a symbol that the reader does not know");
	}
	return (NULL);
}

HOT const char *
read_optional_bytes(const struct la_avro_op *op, struct cursor *at, struct la_avro_slot *slot)
{
	int64_t index = 0;
	const char *what;

	if (at->p < at->end && *at->p <= 2 && (*at->p & 1) == 0)
		index = *at->p++ >> 1;
	else if ((what = take_index(at, 2, &index)) != NULL)
		return (what);
	if (index == op->a) {
		slot[0].integer = op->b;
		slot[1].bytes = (struct la_span){NULL, 0};
		return (NULL);
	}
	slot[0].integer = 1 - op->b;
	return (take_bytes(at, &slot[1].bytes));
}

/* What our records do not have, and what skips. */
COLD const char *
run_rare(const struct la_avro_op *op, struct cursor *at, struct la_avro_slot *slot)
{
	struct la_span bytes;
	int64_t number;

	switch (op->code) {
	case LA_OP_READ_BOOLEAN:
		return (take_boolean(at, &slot->integer));
	case LA_OP_READ_FLOAT:
		return (take_real(at, 4, &slot->real));
	case LA_OP_READ_DOUBLE:
		return (take_real(at, 8, &slot->real));
	case LA_OP_SKIP_BOOLEAN:
		return (take_boolean(at, &number));
	case LA_OP_SKIP_INT:
		return (take_int(at, &number));
	case LA_OP_SKIP_LONG:
		return (take_long(at, &number));
	case LA_OP_SKIP_BYTES:
		return (take_bytes(at, &bytes));
	case LA_OP_SKIP_FIXED:
		return (take_fixed(at, op->a, &bytes));
	case LA_OP_SKIP_ENUM:
		return (take_index(at, op->a, &number));
	default:
		return (read_promoted(op, at, slot));
	}
}

HOT const char *
run_any(const struct la_avro_op *op, struct cursor *at, struct la_avro_slot *slot)
{
	struct cursor copy = *at;
	const char *what = run_rare(op, &copy, slot);

	*at = copy;
	return (what);
}

HOT const char *
run_value(const struct la_avro_plan *plan, const struct la_avro_op *op, struct cursor *at, struct la_avro_slot *slot)
{
	switch (op->code) {
	case LA_OP_SET:
		*slot = plan->constants[op->a];
		return (NULL);
	case LA_OP_READ_INT:
		return (take_int(at, &slot->integer));
	case LA_OP_READ_LONG:
		return (take_long(at, &slot->integer));
	case LA_OP_READ_BYTES:
		return (take_bytes(at, &slot->bytes));
	case LA_OP_READ_FIXED:
		return (take_fixed(at, op->a, &slot->bytes));
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
run_blocks(struct la_avro_plan *plan, const struct la_avro_op **op, struct cursor *at, size_t *depth)
{
	struct la_avro_frame frame = {.op = (uint32_t)(*op - plan->ops)};
	int64_t count, size = -1;
	const char *what = take_long(at, &count);

	if (what != NULL)
		return (what);
	if (count == 0) {
		*op = plan->ops + (*op)->a - 1;
		return (NULL);
	}
	if (count < 0) { /* its size in bytes follows */
		what = take_long(at, &size);
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
run_next(struct la_avro_plan *plan, const struct la_avro_op **op, struct cursor *at, size_t *depth)
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
run_control(struct la_avro_plan *plan, const struct la_avro_op **op, struct cursor *at, size_t *depth)
{
	const char *what;
	int64_t index;

	switch ((*op)->code) {
	case LA_OP_UNION:
		what = take_index(at, (*op)->a, &index);
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
	struct cursor at = {value.data, value.data + value.size}, copy;
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
