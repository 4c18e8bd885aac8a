/* The Redis that all instances share, and what may happen to it. */
#include <assert.h>
#include <stdlib.h>

#include "simulator/sim_redis.h"

static const struct la_store *
inner(struct sim *sim)
{
	return (la_store_memory_port(sim->redis.memory));
}

void
sim_redis_open(struct sim *sim)
{
	sim->redis = (struct sim_redis){.memory = NULL};
	if (la_store_memory_new(&sim->redis.memory) != LA_OK)
		abort();
}

static void
drop_snapshot(struct sim *sim)
{
	for (size_t m = 0; m < SIM_MEMBERS; m++) {
		for (size_t e = 0; e < SIM_EPOCHS; e++) {
			free(sim->redis.snapshot[m][e]);
			sim->redis.snapshot[m][e] = NULL;
		}
	}
	sim->redis.has_snapshot = false;
}

static void
drop_late(struct sim *sim)
{
	for (size_t i = 0; i < sim->redis.late_count; i++)
		sim_write_clear(&sim->redis.late[i]);
	sim->redis.late_count = 0;
}

void
sim_redis_close(struct sim *sim)
{
	drop_snapshot(sim);
	drop_late(sim);
	free(sim->redis.late);
	la_store_memory_free(sim->redis.memory);
	sim->redis = (struct sim_redis){.memory = NULL};
}

struct la_span
sim_redis_get(struct sim *sim, const struct la_member_key *keys, size_t count, int8_t *found)
{
	const struct la_store *store = inner(sim);
	struct la_store_read read = {.key_count = (uint8_t)count};

	memcpy(read.key, keys, count * sizeof(*keys));
	if (store->fetch_begin(store->self, &read, 1, NULL) != LA_OK || store->fetch_end(store->self, 0, NULL) != LA_OK)
		abort();
	*found = read.found;
	return (read.record);
}

/* The record without what the mutation forgets. */
static struct la_span
mutated(struct sim *sim, struct la_span record, unsigned char *out)
{
	static struct la_member_state state;

	if (la_state_decode(record, &state, NULL) != LA_OK)
		abort();
	if (sim->mutation == SIM_MEMO_FORGOTTEN)
		state.memo_count = 0;
	if (sim->mutation == SIM_POSITIONS_FORGOTTEN)
		state.position_count = 0;
	return (la_span_of(out, la_state_encode(&state, out)));
}

enum la_write_result
sim_redis_write(struct sim *sim, const struct la_store_write *asked)
{
	const struct la_store *store = inner(sim);
	struct la_store_write write = *asked;
	unsigned char forgetful[LA_STATE_RECORD_MAX], before[LA_STATE_RECORD_MAX];
	struct la_span now;
	bool repeated;
	int8_t found;

	if (sim->mutation == SIM_WRITES_LOST && sim_chance(&sim->random, 100))
		return (LA_WRITE_DONE);
	if (sim->mutation == SIM_MEMO_FORGOTTEN || sim->mutation == SIM_POSITIONS_FORGOTTEN)
		write.after = mutated(sim, write.after, forgetful);
	if (sim->mutation == SIM_WRITES_WITHOUT_COMPARE && write.move_from == NULL) {
		now = sim_redis_get(sim, &write.key, 1, &found);
		if (now.size > 0)
			memcpy(before, now.data, now.size);
		write.before = found < 0 ? la_span_of(NULL, 0) : la_span_of(before, now.size);
	}
	repeated = la_span_equal(sim_redis_get(sim, &write.key, 1, &found), write.after);
	if (store->write_begin(store->self, &write, 1, NULL) != LA_OK || store->write_end(store->self, 0, NULL) != LA_OK)
		abort();
	if (write.result == LA_WRITE_DONE && !repeated)
		sim_judge_write(sim, &write);
	return (write.result);
}

size_t
sim_redis_read(struct sim *sim, int member, unsigned char *out, int *epoch)
{
	int8_t found;
	struct la_span record = sim_redis_get(sim, sim->story->keys[member], SIM_EPOCHS, &found);

	if (found < 0)
		return (0);
	memcpy(out, record.data, record.size);
	*epoch = sim->story->keys[member][found].epoch;
	return (record.size);
}

void
sim_redis_snapshot(struct sim *sim)
{
	drop_snapshot(sim);
	for (size_t m = 0; m < SIM_MEMBERS; m++) {
		for (size_t e = 0; e < SIM_EPOCHS; e++) {
			int8_t found;
			struct la_span record = sim_redis_get(sim, &sim->story->keys[m][e], 1, &found);

			if (found < 0)
				continue;
			sim->redis.snapshot[m][e] = malloc(record.size);
			assert(sim->redis.snapshot[m][e] != NULL);
			memcpy(sim->redis.snapshot[m][e], record.data, record.size);
			sim->redis.snapshot_size[m][e] = record.size;
		}
	}
	sim->redis.has_snapshot = true;
}

/* Has this key another record than it had? */
static bool
has_changed(struct sim *sim, size_t m, size_t e)
{
	int8_t found;
	struct la_span record = sim_redis_get(sim, &sim->story->keys[m][e], 1, &found);
	struct la_span before = la_span_of(sim->redis.snapshot[m][e], sim->redis.snapshot_size[m][e]);

	return (!la_span_equal(before, found < 0 ? la_span_of(NULL, 0) : record));
}

void
sim_redis_forget(struct sim *sim)
{
	struct la_store_memory *memory = NULL, *old = sim->redis.memory;

	for (size_t m = 0; m < SIM_MEMBERS; m++) {
		for (size_t e = 0; e < SIM_EPOCHS; e++)
			sim->redis.lossy[m] = sim->redis.lossy[m] || has_changed(sim, m, e);
	}
	if (la_store_memory_new(&memory) != LA_OK)
		abort();
	sim->redis.memory = memory;
	la_store_memory_free(old);
	for (size_t m = 0; m < SIM_MEMBERS; m++) {
		for (size_t e = 0; e < SIM_EPOCHS; e++) {
			struct la_store_write write = {.key = sim->story->keys[m][e],
			    .after = la_span_of(sim->redis.snapshot[m][e], sim->redis.snapshot_size[m][e]),
			    .ttl_s = 1};
			const struct la_store *store = inner(sim);

			if (sim->redis.snapshot[m][e] != NULL &&
			    (store->write_begin(store->self, &write, 1, NULL) != LA_OK || write.result != LA_WRITE_DONE))
				abort();
		}
	}
	sim->counts->losses++;
	sim_trace(sim, -1, "redis loses its last writes");
	drop_late(sim);
	drop_snapshot(sim);
}

void
sim_redis_keep_late(struct sim *sim, struct sim_write *write)
{
	struct sim_redis *redis = &sim->redis;

	if (redis->late_count == redis->late_cap) {
		redis->late_cap = redis->late_cap == 0 ? 16 : 2 * redis->late_cap;
		redis->late = realloc(redis->late, redis->late_cap * sizeof(*redis->late));
		assert(redis->late != NULL);
	}
	redis->late[redis->late_count++] = *write;
}

void
sim_redis_late(struct sim *sim)
{
	struct sim_redis *redis = &sim->redis;

	if (redis->late_count == 0)
		return;
	if (sim_below(&sim->random, 4) > 0) {
		sim_write_point(&redis->late[0]);
		(void)sim_redis_write(sim, &redis->late[0].write);
		sim->counts->late_writes++;
		sim_trace(sim, -1, "a late write arrives");
	}
	sim_write_clear(&redis->late[0]);
	redis->late_count--;
	memmove(redis->late, redis->late + 1, redis->late_count * sizeof(*redis->late));
}
