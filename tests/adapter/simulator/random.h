/* Random numbers that a seed fixes: xorshift64* (Vigna 2016), started by a multiplication so that near seeds differ. */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct sim_random {
	uint64_t state;
};

static inline uint64_t
sim_next(struct sim_random *random)
{
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return (random->state * UINT64_C(0x2545f4914f6cdd1d));
}

static inline void
sim_random_init(struct sim_random *random, uint64_t seed)
{
	random->state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) | 1;
	for (int i = 0; i < 4; i++)
		(void)sim_next(random);
}

/* 0 to most - 1. */
static inline int
sim_below(struct sim_random *random, int most)
{
	return ((int)((sim_next(random) >> 33) % (uint64_t)most));
}

static inline bool
sim_chance(struct sim_random *random, int per_thousand)
{
	return (per_thousand > 0 && sim_below(random, 1000) < per_thousand);
}

#endif
