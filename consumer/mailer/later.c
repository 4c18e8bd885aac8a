#include "mailer/later.h"

#include <stdlib.h>
#include <string.h>

struct la_later {
	struct la_later_job *heap; /* each is due no later than the two at 2i + 1, 2i + 2 */
	size_t count, cap, bytes;
};

enum la_err
la_later_new(struct la_later **later)
{
	*later = calloc(1, sizeof(**later));
	return (*later == NULL ? LA_ENOMEM : LA_OK);
}

void
la_later_free(struct la_later *later)
{
	if (later == NULL)
		return;
	for (size_t i = 0; i < later->count; i++)
		free(later->heap[i].block);
	free(later->heap);
	free(later);
}

static size_t
block_bytes(const struct la_later_job *job)
{
	return (job->record.topic.size + job->record.value.size + job->record.key.size);
}

/* Of equals, the one that came first. */
static bool
is_before(const struct la_later_job *a, const struct la_later_job *b)
{
	return (a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->arrival < b->arrival);
}

static void
swap(struct la_later *later, size_t a, size_t b)
{
	struct la_later_job kept = later->heap[a];

	later->heap[a] = later->heap[b];
	later->heap[b] = kept;
}

static void
rise(struct la_later *later, size_t i)
{
	for (; i > 0 && is_before(&later->heap[i], &later->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(later, i, (i - 1) / 2);
}

static void
sink(struct la_later *later, size_t i)
{
	for (;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < later->count; child++) {
			if (is_before(&later->heap[child], &later->heap[least]))
				least = child;
		}
		if (least == i)
			return;
		swap(later, i, least);
		i = least;
	}
}

static void
order_all(struct la_later *later)
{
	for (size_t i = later->count / 2; i > 0; i--)
		sink(later, i - 1);
}

static enum la_err
grow(struct la_later *later)
{
	size_t cap = later->cap == 0 ? 64 : later->cap * 2;
	struct la_later_job *heap = realloc(later->heap, cap * sizeof(heap[0]));

	if (heap == NULL)
		return (LA_ENOMEM);
	later->heap = heap;
	later->cap = cap;
	return (LA_OK);
}

/* Moves the bytes to *at, which goes on; what is absent stays so. */
static void
move_bytes(struct la_span *bytes, unsigned char **at)
{
	if (!la_span_present(*bytes))
		return;
	memcpy(*at, bytes->data, bytes->size);
	bytes->data = *at;
	*at += bytes->size;
}

enum la_err
la_later_put(struct la_later *later, const struct la_later_job *job)
{
	struct la_later_job kept = *job;
	unsigned char *at;

	if (!kept.record.is_kept) {
		kept.record.key = la_span_of(NULL, 0);
		kept.record.handle = NULL;
		kept.kept_bytes = 0;
	}
	if ((later->count == later->cap && grow(later) != LA_OK) || (at = malloc(block_bytes(&kept) + 1)) == NULL)
		return (LA_ENOMEM);
	kept.block = at;
	move_bytes(&kept.record.topic, &at);
	move_bytes(&kept.record.value, &at);
	move_bytes(&kept.record.key, &at);
	later->heap[later->count++] = kept;
	later->bytes += block_bytes(&kept) + kept.kept_bytes;
	rise(later, later->count - 1);
	return (LA_OK);
}

const struct la_later_job *
la_later_next(const struct la_later *later)
{
	return (later->count == 0 ? NULL : &later->heap[0]);
}

void
la_later_take(struct la_later *later, struct la_later_job *job)
{
	*job = later->heap[0];
	later->bytes -= block_bytes(job) + job->kept_bytes;
	later->heap[0] = later->heap[--later->count];
	sink(later, 0);
}

void
la_later_wake(struct la_later *later, enum la_later_side side, int64_t now_ms)
{
	for (size_t i = 0; i < later->count; i++) {
		struct la_later_job *job = &later->heap[i];

		if (job->side == side && job->due_ms > now_ms)
			job->due_ms = now_ms;
	}
	order_all(later);
}

void
la_later_sweep(struct la_later *later, bool (*is_void)(void *cookie, const struct la_later_job *job),
    void (*dropped)(void *cookie, const struct la_later_job *job), void *cookie)
{
	size_t kept = 0;

	for (size_t i = 0; i < later->count; i++) {
		struct la_later_job *job = &later->heap[i];

		if (!is_void(cookie, job)) {
			later->heap[kept++] = *job;
			continue;
		}
		dropped(cookie, job);
		later->bytes -= block_bytes(job) + job->kept_bytes;
		free(job->block);
	}
	later->count = kept;
	order_all(later);
}

size_t
la_later_count(const struct la_later *later)
{
	return (later->count);
}

size_t
la_later_bytes(const struct la_later *later)
{
	return (later->bytes);
}
