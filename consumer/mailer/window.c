#include "mailer/window.h"

#include <stdlib.h>

#define TOPIC_BYTES 250 /* Kafka: at most 249 */
#define NONE UINT32_MAX
#define NOT_ASKED (-1)

/* A record in hand; a list per run, oldest first. Finished ones are in no list: they cost nothing. */
struct record {
	int64_t offset;
	uint32_t before, next; /* next also links the free ones */
	uint32_t run;
};

/* The records of one partition under one lease. */
struct run {
	char topic[TOPIC_BYTES];
	size_t topic_size;
	int32_t partition;
	uint64_t lease;
	uint32_t first, last; /* NONE: nothing in hand */
	int64_t end; /* behind the last record that was added */
	bool moved;  /* the position is to be committed */
	int64_t asked; /* the position that was given last, or NOT_ASKED; only of one that moved */
};

struct la_window {
	struct record *records;
	uint32_t free, room; /* the first free one; how many there are */
	struct run *runs;
	struct la_position_done *positions;
	size_t run_count, run_cap;
};

enum la_err
la_window_new(struct la_window **window, uint32_t cap)
{
	struct la_window *made = calloc(1, sizeof(*made));

	if (made == NULL)
		return (LA_ENOMEM);
	made->records = calloc(cap, sizeof(made->records[0]));
	if (made->records == NULL) {
		free(made);
		return (LA_ENOMEM);
	}
	for (uint32_t i = 0; i < cap; i++)
		made->records[i].next = i + 1 < cap ? i + 1 : NONE;
	made->free = cap > 0 ? 0 : NONE;
	made->room = cap;
	*window = made;
	return (LA_OK);
}

void
la_window_free(struct la_window *window)
{
	if (window == NULL)
		return;
	free(window->records);
	free(window->runs);
	free(window->positions);
	free(window);
}

static bool
is_idle(const struct run *run)
{
	return (run->first == NONE && !run->moved);
}

static enum la_err
grow(struct la_window *window)
{
	size_t cap = window->run_cap == 0 ? 16 : window->run_cap * 2;
	struct la_position_done *positions = realloc(window->positions, cap * sizeof(positions[0]));
	struct run *runs;

	if (positions == NULL)
		return (LA_ENOMEM);
	window->positions = positions;
	runs = realloc(window->runs, cap * sizeof(runs[0]));
	if (runs == NULL)
		return (LA_ENOMEM);
	window->runs = runs;
	window->run_cap = cap;
	return (LA_OK);
}

static int64_t
position(const struct la_window *window, const struct run *run)
{
	return (run->first == NONE ? run->end : window->records[run->first].offset);
}

static bool
is_of(const struct run *run, struct la_span topic, int32_t partition, uint64_t lease)
{
	return (run->partition == partition && run->lease == lease &&
	    la_span_equal(la_span_of(run->topic, run->topic_size), topic));
}

/* The run of a message: the one that is there, else an idle place, else a new one. */
static enum la_err
find_run(struct la_window *window, const struct la_message *message, uint32_t *found)
{
	size_t i, place = window->run_count;
	struct run *run;

	for (i = 0; i < window->run_count; i++) {
		run = &window->runs[i];
		if (is_idle(run)) {
			place = i;
		} else if (is_of(run, message->topic, message->partition, message->lease)) {
			*found = (uint32_t)i;
			return (LA_OK);
		}
	}
	if (place == window->run_cap && grow(window) != LA_OK)
		return (LA_ENOMEM);
	if (place == window->run_count)
		window->run_count++;
	run = &window->runs[place];
	*run = (struct run){.partition = message->partition,
	    .lease = message->lease,
	    .first = NONE,
	    .last = NONE,
	    .asked = NOT_ASKED};
	run->topic_size = message->topic.size < sizeof(run->topic) ? message->topic.size : sizeof(run->topic) - 1;
	memcpy(run->topic, message->topic.data, run->topic_size);
	*found = (uint32_t)place;
	return (LA_OK);
}

enum la_err
la_window_add(struct la_window *window, const struct la_message *message, uint32_t *ticket, struct la_error *error)
{
	uint32_t taken = window->free, found;
	struct record *record;
	struct run *run;

	if (taken == NONE)
		return (la_error_set(error, LA_EINTERNAL, "more records in hand than there is room for"));
	if (find_run(window, message, &found) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	record = &window->records[taken];
	window->free = record->next;
	window->room--;
	run = &window->runs[found];
	*record = (struct record){.offset = message->offset, .before = run->last, .next = NONE, .run = found};
	if (run->first == NONE)
		run->first = taken;
	else
		window->records[run->last].next = taken;
	run->last = taken;
	run->end = message->offset + 1;
	*ticket = taken;
	return (LA_OK);
}

uint32_t
la_window_room(const struct la_window *window)
{
	return (window->room);
}

void
la_window_finish(struct la_window *window, uint32_t ticket)
{
	struct record *record = &window->records[ticket];
	struct run *run = &window->runs[record->run];

	if (run->first == ticket) {
		run->first = record->next;
		run->moved = true;
	} else {
		window->records[record->before].next = record->next;
	}
	if (run->last == ticket)
		run->last = record->before;
	else
		window->records[record->next].before = record->before;
	record->next = window->free;
	window->free = ticket;
	window->room++;
}

static struct la_position_done
position_done(const struct la_window *window, const struct run *run)
{
	return ((struct la_position_done){.topic = la_span_of(run->topic, run->topic_size),
	    .partition = run->partition,
	    .lease = run->lease,
	    .next_offset = position(window, run)});
}

size_t
la_window_positions(struct la_window *window, const struct la_position_done **positions)
{
	size_t count = 0;

	for (size_t i = 0; i < window->run_count; i++) {
		struct run *run = &window->runs[i];

		run->asked = run->moved ? position(window, run) : NOT_ASKED;
		if (run->moved)
			window->positions[count++] = position_done(window, run);
	}
	*positions = window->positions;
	return (count);
}

void
la_window_settle(
    struct la_window *window, bool (*only)(void *cookie, const struct la_position_done *position), void *cookie)
{
	for (size_t i = 0; i < window->run_count; i++) {
		struct run *run = &window->runs[i];
		struct la_position_done done = position_done(window, run);

		if (run->asked == done.next_offset && (only == NULL || only(cookie, &done)))
			run->moved = false;
		run->asked = NOT_ASKED;
	}
}
