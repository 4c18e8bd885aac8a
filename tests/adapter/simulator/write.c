/* Writes on their way to Redis, which outlive who has sent them. */
#include <assert.h>
#include <stdlib.h>

#include "simulator/sim_redis.h"

unsigned char *
sim_copy_of(struct la_span bytes)
{
	unsigned char *copy;

	if (!la_span_present(bytes))
		return (NULL);
	copy = malloc(bytes.size == 0 ? 1 : bytes.size);
	assert(copy != NULL);
	if (bytes.size > 0)
		memcpy(copy, bytes.data, bytes.size);
	return (copy);
}

void
sim_write_copy(struct sim_write *copy, const struct la_store_write *write)
{
	*copy = (struct sim_write){.write = *write, .before = sim_copy_of(write->before), .after = sim_copy_of(write->after)};
	if (write->keys != NULL)
		memcpy(copy->keys, write->keys, write->key_count * sizeof(*write->keys));
	if (write->move_from != NULL)
		copy->move_from = *write->move_from;
}

void
sim_write_point(struct sim_write *copy)
{
	copy->write.before.data = copy->before;
	copy->write.after.data = copy->after;
	if (copy->write.keys != NULL)
		copy->write.keys = copy->keys;
	if (copy->write.move_from != NULL)
		copy->write.move_from = &copy->move_from;
}

void
sim_write_clear(struct sim_write *copy)
{
	free(copy->before);
	free(copy->after);
	*copy = (struct sim_write){.executed = true};
}
