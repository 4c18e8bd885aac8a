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

enum la_err
la_asks_again(struct la_asks *asks)
{
	static const struct la_ask beat = {.kind = LA_ASK_BEAT};
	size_t kept = 0;

	for (size_t i = 0; i < asks->count; i++) {
		if (at(asks, i)->kind != LA_ASK_BEAT)
			*at(asks, kept++) = *at(asks, i);
	}
	asks->count = kept;
	asks->sent = 0;
	if (asks->count == asks->cap && grow(asks) != LA_OK)
		return (LA_ENOMEM);
	asks->head = (asks->head + asks->cap - 1) % asks->cap;
	*at(asks, 0) = beat;
	asks->count++;
	return (LA_OK);
}
