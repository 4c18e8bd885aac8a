/*
 * Which field of our records (schemas/) is which member of our structs: one
 * table for reading and writing. Inside of the codec.
 */
#ifndef LA_COMMON_RECORD_FIELDS_H
#define LA_COMMON_RECORD_FIELDS_H

#include "common/avro_layout.h"
#include "common/decoder.h"

enum la_field_kind {
	LA_FIELD_SPAN,     /* struct la_span; absent when null */
	LA_FIELD_TEXT,     /* struct la_text; absent when null */
	LA_FIELD_HEX,      /* char[LA_ID_HEX] */
	LA_FIELD_LONG,     /* int64_t */
	LA_FIELD_INT,      /* int32_t */
	LA_FIELD_ENUM,     /* an enum whose order is that of the symbols */
	LA_FIELD_SEALED,   /* the job's recipient_sealed */
	LA_FIELD_RECIPIENT /* the job's has_recipient; its fields follow as "recipient.…" */
};

struct la_field_symbols {
	const char *const *names;
	size_t count;
};

struct la_field_row {
	const char *name;
	enum la_field_kind kind;
	enum la_avro_type type;
	bool optional;        /* a union with null */
	uint16_t member, has; /* offsets in the struct; has: 0 for what has no flag */
	const struct la_field_symbols *symbols; /* of an enum */
};

#define LA_FIELDS_MAX 32

/* One row and where its value is in our schema. */
struct la_field_bound {
	const struct la_field_row *row;
	uint16_t slot;
	uint16_t member; /* row's */
	uint8_t plain;   /* bytes of a span or number that is always there, to be copied as it is; 0: not so simple */
	size_t branch;        /* optional: of the value in its union */
	bool guarded;         /* there only when slots[guard] says so */
	uint16_t guard;
	int64_t guard_branch;
};

struct la_fields {
	struct la_field_bound bound[LA_FIELDS_MAX];
	size_t count;
};

/*
 * Finds each row of record in our schema, which must have it with the type and
 * the symbols that the struct has. Errors: LA_ECONFIG "name: field f: what".
 */
LA_MUST_CHECK enum la_err la_record_fields_bind(struct la_fields *fields, enum la_record_type record,
    const char *name, const struct la_avro_layout *layout, struct la_error *error);

/* "LoginEvent" … */
const char *la_record_fields_name(enum la_record_type record);

/* For a row "recipient.x": "x"; else NULL. */
const char *la_record_fields_inner(const struct la_field_row *row);

#endif
