#include "common/registry_witness.h"

#define FIRST 1
#define TWICE_OF 3 /* failures: one of so many is asked about again */

void
la_registry_witness_found(struct la_registry_witness *witness, uint32_t id)
{
	witness->found = id;
	witness->has_found = true;
	witness->fails = 0;
}

uint32_t
la_registry_witness_id(const struct la_registry_witness *witness, uint32_t asked)
{
	uint32_t id = witness->has_found ? witness->found : FIRST;

	if (witness->fails % 2 == 1)
		id = FIRST + (witness->fails + !witness->has_found) / 2;
	if (id != asked)
		return (id);
	return (id == INT32_MAX ? id - 1 : id + 1);
}

void
la_registry_witness_fails(struct la_registry_witness *witness)
{
	witness->fails++;
}

bool
la_registry_witness_is_next(struct la_registry_witness *witness)
{
	return (witness->failures++ % TWICE_OF != TWICE_OF - 1);
}
