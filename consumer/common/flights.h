/*
 * Outputs under way, counted by batch number. Pure: the Kafka adapter's
 * bookkeeping, and that of a bus in memory.
 */
#ifndef LA_COMMON_FLIGHTS_H
#define LA_COMMON_FLIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

struct la_flight {
	uint64_t batch;
	size_t open;      /* not yet acknowledged or refused */
	enum la_err code; /* LA_OK, or why one was refused */
	char reason[160];
};

struct la_flights {
	struct la_flight *list; /* sorted by batch; a batch without open outputs and refusals is not in it */
	size_t count;
	size_t cap;
};

void la_flights_clear(struct la_flights *flights); /* frees; usable afterwards. All zero is an empty one. */

/* One more output of batch is under way. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_flights_took_off(struct la_flights *flights, uint64_t batch);

/* It was not sent after all: as if it had not taken off. */
void la_flights_stayed(struct la_flights *flights, uint64_t batch);

/* One arrived (refusal->code LA_OK) or was refused. A batch that has nothing open is ignored. */
void la_flights_landed(struct la_flights *flights, uint64_t batch, const struct la_error *refusal);

/* All that are open are refused. */
void la_flights_fail(struct la_flights *flights, const struct la_error *refusal);

/* Is any output of batch numbers <= batch still open? */
bool la_flights_under_way(const struct la_flights *flights, uint64_t batch);

/* Was any output of batch numbers <= batch refused as too large? Then *error says so; nothing is forgotten. */
bool la_flights_too_large(const struct la_flights *flights, uint64_t batch, struct la_error *error);

/*
 * With nothing open up to batch: LA_OK, or the first refusal (LA_ETOOLARGE
 * before others, since trying again does not help there); either way they are
 * forgotten, so that the numbers can be used again.
 */
LA_MUST_CHECK enum la_err la_flights_settle(struct la_flights *flights, uint64_t batch, struct la_error *error);

#endif
