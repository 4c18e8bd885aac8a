/* The mailer's loop (delivery_world.h) with a directory, and jobs whose address must be asked for. */
#ifndef LA_TESTS_DIRECTORY_WORLD_H
#define LA_TESTS_DIRECTORY_WORLD_H

#include <sodium.h>

#include "delivery_world.h"

static inline struct world *
with_directory(struct world *world, const struct directory_rule *rules)
{
	world->options.directory = &world->directory.port;
	world->directory.rules = rules;
	reopen_loop(world);
	return (world);
}

static inline struct la_alert_job
job_of(int number, const char *member_id)
{
	struct la_alert_job job = job_to(number, "");

	la_text_set(&job.recipient_member_id, la_span_text(member_id));
	return (job);
}

/* Without an address. */
static inline void
add_member(struct world *world, int number, const char *member_id)
{
	struct la_alert_job job = job_of(number, member_id);

	add_job(world, number % PARTITIONS, &job);
}

#endif
