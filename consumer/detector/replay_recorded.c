#include "detector/replay_recorded.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_HEADS 1024

void
la_recorded_init(struct la_recorded_store *store)
{
	*store = (struct la_recorded_store){.records = NULL};
}

void
la_recorded_clear(struct la_recorded_store *store)
{
	free(store->records);
	free(store->deliveries);
	free(store->places.heads);
	free(store->jobs.heads);
	la_buf_clear(&store->values);
	la_recorded_init(store);
}

static uint64_t
mix(uint64_t hash)
{
	hash ^= hash >> 33;
	hash *= UINT64_C(0xff51afd7ed558ccd);
	return (hash ^ hash >> 33);
}

static uint64_t
hash_place(enum la_recorded_kind kind, int32_t partition, int64_t offset)
{
	return (mix(((uint64_t)offset << 9) ^ ((uint64_t)(uint32_t)partition << 1) ^ (uint64_t)kind));
}

/* FNV-1a: an id may come from a foreign writer, so not all of it need be a digest. */
static uint64_t
hash_job(const char *job_id)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *job_id != '\0'; job_id++)
		hash = (hash ^ (unsigned char)*job_id) * UINT64_C(0x100000001b3);
	return (mix(hash));
}

/* Room for one more in an array that doubles. */
static bool
has_room(void **array, size_t *cap, size_t count, size_t size)
{
	size_t more = *cap == 0 ? 256 : 2 * *cap;
	void *grown;

	if (count < *cap)
		return (true);
	if (more >= LA_RECORDED_NONE || (grown = realloc(*array, more * size)) == NULL)
		return (false);
	*array = grown;
	*cap = more;
	return (true);
}

/* A table of at least as many heads as there are entries; the caller fills it anew when *made says so. */
static bool
fit(struct la_recorded_index *index, size_t count, bool *made)
{
	size_t heads = index->heads == NULL ? FIRST_HEADS : 2 * (index->mask + 1);
	uint32_t *grown;

	*made = false;
	if (index->heads != NULL && count <= index->mask)
		return (true);
	if ((grown = malloc(heads * sizeof(*grown))) == NULL)
		return (false);
	memset(grown, 0xff, heads * sizeof(*grown));
	free(index->heads);
	*index = (struct la_recorded_index){grown, heads - 1};
	*made = true;
	return (true);
}

/* Behind those that are there, so that they are found in their order. */
static void
link_record(struct la_recorded_store *store, uint32_t at)
{
	const struct la_recorded *record = &store->records[at];
	uint32_t *link = &store->places.heads[hash_place(record->kind, record->partition, record->offset) &
	    store->places.mask];

	while (*link != LA_RECORDED_NONE)
		link = &store->records[*link].next;
	*link = at;
	store->records[at].next = LA_RECORDED_NONE;
}

static void
link_delivery(struct la_recorded_store *store, uint32_t at)
{
	uint32_t *link = &store->jobs.heads[hash_job(store->deliveries[at].job_id) & store->jobs.mask];

	while (*link != LA_RECORDED_NONE)
		link = &store->deliveries[*link].next;
	*link = at;
	store->deliveries[at].next = LA_RECORDED_NONE;
}

static bool
is_there(const struct la_recorded_store *store, const struct la_recorded *record, struct la_span value)
{
	const struct la_recorded *r = la_recorded_find(store, record->kind, record->partition, record->offset);

	for (; r != NULL; r = la_recorded_next(store, r)) {
		if (la_span_equal(la_recorded_value(store, r), value))
			return (true);
	}
	return (false);
}

enum la_err
la_recorded_add(struct la_recorded_store *store, const struct la_recorded *record, struct la_span value,
    struct la_error *error)
{
	size_t at = store->values.size;
	bool made;

	if (is_there(store, record, value)) {
		store->repeats++;
		return (LA_OK);
	}
	if (!has_room((void **)&store->records, &store->record_cap, store->record_count, sizeof(*store->records)) ||
	    !fit(&store->places, store->record_count + 1, &made) ||
	    la_buf_add(&store->values, value.data, value.size) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "no memory for what was recorded"));
	store->records[store->record_count] = *record;
	store->records[store->record_count].at = at;
	store->records[store->record_count++].size = (uint32_t)value.size;
	for (size_t i = made ? 0 : store->record_count - 1; i < store->record_count; i++)
		link_record(store, (uint32_t)i);
	return (LA_OK);
}

enum la_err
la_recorded_add_delivery(struct la_recorded_store *store, const struct la_delivery *delivery, struct la_error *error)
{
	struct la_recorded_delivery *kept;
	bool made;

	if (!has_room((void **)&store->deliveries, &store->delivery_cap, store->delivery_count,
		sizeof(*store->deliveries)) ||
	    !fit(&store->jobs, store->delivery_count + 1, &made))
		return (la_error_set(error, LA_ENOMEM, "no memory for what was recorded"));
	kept = &store->deliveries[store->delivery_count++];
	*kept = (struct la_recorded_delivery){.outcome = delivery->outcome,
	    .smtp_code = delivery->has_smtp_code ? delivery->smtp_code : 0,
	    .attempts = delivery->attempts,
	    .at_ms = delivery->at_ms};
	memcpy(kept->job_id, delivery->job_id, sizeof(kept->job_id));
	for (size_t i = made ? 0 : store->delivery_count - 1; i < store->delivery_count; i++)
		link_delivery(store, (uint32_t)i);
	return (LA_OK);
}

/* From this entry of a chain on, the first of the place. */
static struct la_recorded *
seek(const struct la_recorded_store *store, uint32_t at, enum la_recorded_kind kind, int32_t partition, int64_t offset)
{
	for (; at != LA_RECORDED_NONE; at = store->records[at].next) {
		struct la_recorded *record = &store->records[at];

		if (record->kind == kind && record->partition == partition && record->offset == offset)
			return (record);
	}
	return (NULL);
}

struct la_recorded *
la_recorded_find(
    const struct la_recorded_store *store, enum la_recorded_kind kind, int32_t partition, int64_t offset)
{
	if (store->places.heads == NULL)
		return (NULL);
	return (seek(store, store->places.heads[hash_place(kind, partition, offset) & store->places.mask], kind,
	    partition, offset));
}

struct la_recorded *
la_recorded_next(const struct la_recorded_store *store, const struct la_recorded *record)
{
	return (seek(store, record->next, record->kind, record->partition, record->offset));
}

struct la_span
la_recorded_value(const struct la_recorded_store *store, const struct la_recorded *record)
{
	return (la_span_of(store->values.data + record->at, record->size));
}

static const struct la_recorded_delivery *
seek_delivery(const struct la_recorded_store *store, uint32_t at, const char *job_id)
{
	for (; at != LA_RECORDED_NONE; at = store->deliveries[at].next) {
		if (strcmp(store->deliveries[at].job_id, job_id) == 0)
			return (&store->deliveries[at]);
	}
	return (NULL);
}

const struct la_recorded_delivery *
la_recorded_find_delivery(const struct la_recorded_store *store, const char *job_id)
{
	if (store->jobs.heads == NULL)
		return (NULL);
	return (seek_delivery(store, store->jobs.heads[hash_job(job_id) & store->jobs.mask], job_id));
}

const struct la_recorded_delivery *
la_recorded_next_delivery(const struct la_recorded_store *store, const struct la_recorded_delivery *delivery)
{
	return (seek_delivery(store, delivery->next, delivery->job_id));
}
