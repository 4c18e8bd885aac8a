/*
 * A schema of the registry with those that it refers to, as they come: the schema is part 0, a subject's version is a part
 * once, whoever refers to it. Pure.
 */
#ifndef LA_COMMON_REGISTRY_PARTS_H
#define LA_COMMON_REGISTRY_PARTS_H

#include "common/registry_reply.h"

#define LA_REGISTRY_PARTS_MAX (LA_REGISTRY_REFERENCES_MAX + 1)
#define LA_REGISTRY_PARTS_BYTES (1u << 20) /* of all texts: no schema may have more */

struct la_registry_part {
	struct la_registry_reference of; /* but for part 0 */
	struct la_buf text;
	uint8_t needs[LA_REGISTRY_REFERENCES_MAX]; /* parts it refers to */
	size_t need_count;
	bool is_there;
};

/* Zeroed: empty. */
struct la_registry_parts {
	struct la_registry_part part[LA_REGISTRY_PARTS_MAX];
	struct la_span texts[LA_REGISTRY_PARTS_MAX]; /* in order, once all are there */
	size_t count, bytes;
};

void la_registry_parts_clear(struct la_registry_parts *parts); /* empty again */

/* The first part that is to be asked for; LA_REGISTRY_PARTS_MAX: all are there. */
size_t la_registry_parts_missing(const struct la_registry_parts *parts);

/* Part i's answer, FOUND. Errors: LA_EDATA (too many, or too large: *wrong says it), LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_registry_parts_add(
    struct la_registry_parts *parts, size_t i, const struct la_registry_answer *answer, const char **wrong);

/* All are there: fills texts, part 0 last, each behind what it needs. False: they refer to each other in a circle. */
bool la_registry_parts_order(struct la_registry_parts *parts);

#endif
