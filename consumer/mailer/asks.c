#include "mailer/asks.h"

#include <stdlib.h>

#define CAP_MIN 64

void
la_asks_clear(struct la_asks *asks)
{
	free(asks->ring);
	*asks = (struct la_asks){.ring = NULL};
}

static struct la_ask *
at(const struct la_asks *asks, size_t index)
{
	return (&asks->ring[(asks->head + index) % asks->cap]);
}

static enum la_err
grow(struct la_asks *asks)
{
	struct la_asks larger = {.cap = asks->cap == 0 ? CAP_MIN : asks->cap * 2, .count = asks->count, .sent = asks->sent};

	larger.ring = calloc(larger.cap, sizeof(larger.ring[0]));
	if (larger.ring == NULL)
		return (LA_ENOMEM);
	for (size_t i = 0; i < asks->count; i++)
		larger.ring[i] = *at(asks, i);
	free(asks->ring);
	*asks = larger;
	return (LA_OK);
}

enum la_err
la_asks_add(struct la_asks *asks, const struct la_ask *ask)
{
	struct la_ask copy = *ask; /* it may be one of the ring */

	if (asks->count == asks->cap && grow(asks) != LA_OK)
		return (LA_ENOMEM);
	*at(asks, asks->count++) = copy;
	return (LA_OK);
}

struct la_ask *
la_asks_send(struct la_asks *asks)
{
	return (asks->sent == asks->count ? NULL : at(asks, asks->sent++));
}

const struct la_ask *
la_asks_awaited(const struct la_asks *asks)
{
	return (asks->sent == 0 ? NULL : at(asks, 0));
}

void
la_asks_take(struct la_asks *asks)
{
	asks->head = (asks->head + 1) % asks->cap;
	asks->count--;
	asks->sent--;
}

static bool
is_of_a_connection(const struct la_ask *ask)
{
	return (ask->kind == LA_ASK_BEAT || ask->kind == LA_ASK_ASKING);
}

static void
begin_again(struct la_ask *ask, bool was_sent, uint64_t *number)
{
	ask->redirects = 0;
	if (was_sent && (ask->kind == LA_ASK_CLAIM || ask->kind == LA_ASK_TAKE_OVER))
		ask->number = ++*number;
}

enum la_err
la_asks_move(struct la_asks *asks, struct la_asks *to, uint64_t *number)
{
	struct la_asks moved = *asks;
	size_t kept = 0;

	for (size_t i = 0; i < moved.count; i++) {
		if (is_of_a_connection(at(&moved, i)))
			continue;
		*at(&moved, kept) = *at(&moved, i);
		begin_again(at(&moved, kept++), i < asks->sent, number);
	}
	moved.count = kept;
	moved.sent = 0;
	*asks = moved;
	for (size_t i = 0; i < to->count; i++) {
		if (la_asks_add(asks, at(to, i)) != LA_OK)
			return (LA_ENOMEM);
	}
	moved = *to;
	*to = *asks;
	*asks = (struct la_asks){.ring = moved.ring, .cap = moved.cap};
	return (LA_OK);
}
