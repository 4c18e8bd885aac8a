/*
 * What a reading plan consists of; shared by compiler (avro_plan.c, avro_resolve.c,
 * avro_default.c, avro_code.c) and interpreter (avro_run.c) alone.
 */
#ifndef LA_COMMON_AVRO_CODE_H
#define LA_COMMON_AVRO_CODE_H

#include "common/avro_plan.h"
#include "common/buf.h"

/*
 * READ_ puts what it reads into slot; SKIP_ reads, checks and drops.
 * Every operation but END, SET, JUMP, CALL, RETURN, NEXT and FAIL takes at least one byte, and a
 * CALL leads to one or deeper; so a run takes time in proportion to the bytes.
 */
enum la_avro_opcode {
	LA_OP_END,
	LA_OP_SET,             /* slot = constants[a] */
	LA_OP_READ_BOOLEAN,
	LA_OP_READ_INT,
	LA_OP_READ_LONG,
	LA_OP_READ_INT_FLOAT,  /* promoted: int on the wire, float in the slot */
	LA_OP_READ_INT_DOUBLE,
	LA_OP_READ_LONG_FLOAT,
	LA_OP_READ_LONG_DOUBLE,
	LA_OP_READ_FLOAT,
	LA_OP_READ_DOUBLE,
	LA_OP_READ_BYTES,
	LA_OP_READ_FIXED,      /* a: size */
	LA_OP_READ_ENUM,       /* a: symbols of the writer, b: in words, the reader's index for each or LA_OP_NONE */
	LA_OP_READ_OPT_BYTES,  /* union of null and bytes or string on both sides; a: writer's null, b: reader's null;
	                          slot: the branch, slot + 1: the bytes */
	LA_OP_SKIP_BOOLEAN,
	LA_OP_SKIP_INT,
	LA_OP_SKIP_LONG,
	LA_OP_SKIP_BYTES,
	LA_OP_SKIP_FIXED,      /* a: size */
	LA_OP_SKIP_ENUM,       /* a: symbols of the writer */
	LA_OP_UNION,           /* a: branches of the writer, b: in words, where the code for each starts */
	LA_OP_JUMP,            /* a: where to */
	LA_OP_CALL,            /* a: where to */
	LA_OP_RETURN,
	LA_OP_BLOCKS,          /* of an array or map; a: after the loop, b: 1 if an item takes no byte; an item's code
	                          follows */
	LA_OP_NEXT,            /* end of the items' code */
	LA_OP_FAIL             /* the branch of the writer's union that was chosen does not fit the reader */
};

#define LA_OP_NONE UINT32_MAX

struct la_avro_op {
	uint16_t code;
	uint16_t slot;
	uint32_t a, b;
	uint32_t field; /* for messages: where in the names */
};

struct la_avro_frame {
	uint32_t op;              /* CALL: where to go on; BLOCKS: itself */
	uint64_t left;            /* items of this block */
	const unsigned char *end; /* of this block, NULL when it does not say */
};

/* One piece of memory, with what the pointers lead to behind it. */
struct la_avro_plan {
	const struct la_avro_slot *constants;
	const struct la_avro_op *ops;
	const uint32_t *words;
	const char *names;     /* each ends with a NUL; the first is empty */
	size_t bytes;          /* of all */
	struct la_arena arena; /* bytes of constants that the reader's schema does not have */
	struct la_avro_frame frames[LA_AVRO_NESTING_MAX];
};

/* Of one plan. */
#define LA_AVRO_OPS_MAX 65536
#define LA_AVRO_WORDS_BYTES_MAX (1u << 19)
#define LA_AVRO_NAMES_BYTES_MAX (1u << 19)
#define LA_AVRO_STEPS_MAX 1000000 /* of one compilation, those given up included */

/* A field, and where its name is in the plan; LA_OP_NONE: not yet. */
struct la_avro_where {
	const char *text;
	uint32_t at;
};

struct la_avro_compiler {
	struct la_buf ops, words, constants, names; /* what becomes the plan */
	struct la_arena arena;
	const char *name;           /* of the writer's schema */
	struct la_avro_where field; /* where we are */
	uint8_t *emptiness;    /* by writer's node index: what avro_code.c knows of its values' size */
	uint32_t *routines;    /* by writer's node index: where skipping it starts, LA_OP_NONE if not asked for */
	const struct la_avro_node **wanted; /* nodes with a routine, in order of asking */
	size_t wanted_count;
	uint32_t steps;
	struct la_error *error;
};

static inline struct la_avro_where
la_avro_where(const char *field)
{
	return ((struct la_avro_where){field, LA_OP_NONE});
}

/* avro_resolve.c: code that reads the writer's type w where t is. Errors: as below; LA_ECONFIG also: they do not fit. */
LA_MUST_CHECK enum la_err la_avro_resolve(
    struct la_avro_compiler *c, const struct la_avro_node *w, const struct la_avro_target *t);

/* avro_code.c. All errors: LA_ECONFIG (a limit), LA_ENOMEM. */
enum la_err la_avro_code_fail(struct la_avro_compiler *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
enum la_err la_avro_code_too_large(struct la_avro_compiler *c);
LA_MUST_CHECK enum la_err la_avro_code_emit(struct la_avro_compiler *c, struct la_avro_op op);
LA_MUST_CHECK enum la_err la_avro_code_set(struct la_avro_compiler *c, uint16_t slot, struct la_avro_slot value);
/* So much more work. */
LA_MUST_CHECK enum la_err la_avro_code_step(struct la_avro_compiler *c, size_t count);
/* Room for count words; *first is their index. */
LA_MUST_CHECK enum la_err la_avro_code_words(struct la_avro_compiler *c, size_t count, uint32_t *first);
uint32_t la_avro_code_here(const struct la_avro_compiler *c);
struct la_avro_op *la_avro_code_op(struct la_avro_compiler *c, uint32_t at);
uint32_t *la_avro_code_word(struct la_avro_compiler *c, size_t at);
/* The branch of the reader's union; for null, its optional bytes become absent. */
LA_MUST_CHECK enum la_err la_avro_code_branch(
    struct la_avro_compiler *c, const struct la_avro_target *target, size_t branch);
LA_MUST_CHECK enum la_err la_avro_code_skip(struct la_avro_compiler *c, const struct la_avro_node *node);
/* The routines that skipping has asked for; after END. */
LA_MUST_CHECK enum la_err la_avro_code_routines(struct la_avro_compiler *c);

/* avro_default.c: code that puts a field's default there. */
LA_MUST_CHECK enum la_err la_avro_default_emit(
    struct la_avro_compiler *c, const struct la_avro_target *target, const json_t *value);

#endif
