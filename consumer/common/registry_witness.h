/* Which other id a registry is asked for, when one fails: does it answer at all? Pure. */
#ifndef LA_COMMON_REGISTRY_WITNESS_H
#define LA_COMMON_REGISTRY_WITNESS_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed: none was found yet. */
struct la_registry_witness {
	uint32_t found; /* last */
	bool has_found;
	uint32_t fails;       /* witnesses that were not answered either, one after the other */
	unsigned failures;
};

void la_registry_witness_found(struct la_registry_witness *witness, uint32_t id);

/*
 * The id that was found last, else 1: that one is not known is an answer too. While witnesses fail, every other one is the
 * next id from 1 on. Never asked.
 */
uint32_t la_registry_witness_id(const struct la_registry_witness *witness, uint32_t asked);
void la_registry_witness_fails(struct la_registry_witness *witness);

/*
 * An id failed: is the witness next? At times it is the id once more: of several servers that are given questions in turn
 * the same one might be asked for it always.
 */
bool la_registry_witness_is_next(struct la_registry_witness *witness);

#endif
