#include <stdlib.h>
#include <string.h>

#include "mailer/delivery_internal.h"

enum la_err
la_twins_init(struct la_delivery_loop *loop)
{
	size_t buckets = 1;

	while (buckets < loop->slot_count)
		buckets *= 2;
	loop->twins = calloc(buckets, sizeof(loop->twins[0]));
	loop->twins_mask = buckets - 1;
	return (loop->twins == NULL ? LA_ENOMEM : LA_OK);
}

/* FNV-1a: only spreads ids over the buckets. */
static struct la_slot **
bucket_of(const struct la_delivery_loop *loop, const char *job_id)
{
	uint32_t hash = 2166136261u;

	for (const char *at = job_id; *at != '\0'; at++)
		hash = (hash ^ (unsigned char)*at) * 16777619u;
	return (&loop->twins[hash & loop->twins_mask]);
}

void
la_twins_add(struct la_delivery_loop *loop, struct la_slot *slot)
{
	struct la_slot **bucket = bucket_of(loop, slot->job.job_id);

	slot->next_twin = *bucket;
	*bucket = slot;
}

void
la_twins_remove(struct la_delivery_loop *loop, struct la_slot *slot)
{
	struct la_slot **place = bucket_of(loop, slot->job.job_id);

	while (*place != slot)
		place = &(*place)->next_twin;
	*place = slot->next_twin;
	slot->next_twin = NULL;
}

bool
la_twins_has(const struct la_delivery_loop *loop, const char *job_id)
{
	const struct la_slot *other = *bucket_of(loop, job_id);

	while (other != NULL && strcmp(other->job.job_id, job_id) != 0)
		other = other->next_twin;
	return (other != NULL);
}
