/*
 * A dead letter: key, value and headers of the record byte for
 * byte, then Kafka Connect's headers (KIP-298) and ours. Never text of the
 * payload.
 */
#ifndef LA_COMMON_DEAD_LETTER_H
#define LA_COMMON_DEAD_LETTER_H

#include "common/bus.h"

enum la_dead_letter_stage {
	LA_DEAD_BYTES, /* the bytes are no record: VALUE_CONVERTER */
	LA_DEAD_VALUES /* a value breaks rule 1: TRANSFORMATION */
};

struct la_dead_letter {
	struct la_output output; /* points into this struct and the message */
	struct la_header headers[8];
	char partition[12], offset[21], timestamp[21], omitted[21];
	char text[LA_ERROR_TEXT_BYTES];
};

/* The cause: name, word */
#define LA_DEAD_CAUSE_LIST(X)                       \
	X(LA_DEAD_UNDECODABLE, "undecodable")       \
	X(LA_DEAD_INVALID_VALUE, "invalid_value")   \
	X(LA_DEAD_TOO_LARGE, "too_large")           \
	X(LA_DEAD_UNKNOWN_SCHEMA, "unknown_schema")

enum la_dead_cause {
#define LA_DEAD_CAUSE_ENUM(name, word) name,
	LA_DEAD_CAUSE_LIST(LA_DEAD_CAUSE_ENUM)
#undef LA_DEAD_CAUSE_ENUM
};

enum la_dead_cause la_dead_letter_cause_of(enum la_dead_letter_stage stage, enum la_err code);

/* Its word, e.g. "undecodable". A static string. */
const char *la_dead_letter_cause(enum la_dead_letter_stage stage, enum la_err code);

/*
 * Fills letter->output; all but its batch number. why is the reason in our own words.
 * Valid as long as message, topic and letter are (letter must not move).
 */
void la_dead_letter_init(struct la_dead_letter *letter, const char *topic, const struct la_message *message,
    enum la_dead_letter_stage stage, const struct la_error *why);

/* For a broker that finds the value too large: null instead, and its size in a header. Once a letter. */
void la_dead_letter_omit_value(struct la_dead_letter *letter);

#endif
