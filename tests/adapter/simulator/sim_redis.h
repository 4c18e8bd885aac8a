/* What redis.c and connection.c share. */
#ifndef SIM_SIM_REDIS_H
#define SIM_SIM_REDIS_H

#include "simulator/sim.h"

/* The record of the newest of the keys that has one; valid until the next call. */
struct la_span sim_redis_get(struct sim *sim, const struct la_member_key *keys, size_t count, int8_t *found);
enum la_write_result sim_redis_write(struct sim *sim, const struct la_store_write *write);
/* A write that has changed something (hidden.c). */
void sim_judge_write(struct sim *sim, const struct la_store_write *write);
/* Takes it over. */
void sim_redis_keep_late(struct sim *sim, struct sim_write *write);

/* NULL for what is absent. */
unsigned char *sim_copy_of(struct la_span bytes);
void sim_write_copy(struct sim_write *copy, const struct la_store_write *write);
/* Its pointers into itself, wherever it lies now. */
void sim_write_point(struct sim_write *copy);
void sim_write_clear(struct sim_write *copy);

#endif
