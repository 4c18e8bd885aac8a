#include "common/flights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
la_flights_clear(struct la_flights *flights)
{
	free(flights->list);
	*flights = (struct la_flights){NULL, 0, 0};
}

/* Index of the first entry whose batch is not below. */
static size_t
lower_bound(const struct la_flights *flights, uint64_t batch)
{
	size_t low = 0, high = flights->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (flights->list[middle].batch < batch)
			low = middle + 1;
		else
			high = middle;
	}
	return (low);
}

static struct la_flight *
find(struct la_flights *flights, uint64_t batch)
{
	size_t at = lower_bound(flights, batch);

	return (at < flights->count && flights->list[at].batch == batch ? &flights->list[at] : NULL);
}

static void
remove_at(struct la_flights *flights, size_t at)
{
	flights->count--;
	memmove(&flights->list[at], &flights->list[at + 1], (flights->count - at) * sizeof(flights->list[0]));
}

static void
forget_if_done(struct la_flights *flights, struct la_flight *flight)
{
	if (flight->open == 0 && flight->code == LA_OK)
		remove_at(flights, (size_t)(flight - flights->list));
}

static enum la_err
make_room(struct la_flights *flights)
{
	size_t cap = flights->cap == 0 ? 16 : flights->cap * 2;
	struct la_flight *list;

	if (flights->count < flights->cap)
		return (LA_OK);
	list = realloc(flights->list, cap * sizeof(*list));
	if (list == NULL)
		return (LA_ENOMEM);
	flights->list = list;
	flights->cap = cap;
	return (LA_OK);
}

enum la_err
la_flights_took_off(struct la_flights *flights, uint64_t batch)
{
	struct la_flight *flight = find(flights, batch);
	size_t at;

	if (flight == NULL) {
		if (make_room(flights) != LA_OK)
			return (LA_ENOMEM);
		at = lower_bound(flights, batch);
		flight = &flights->list[at];
		memmove(flight + 1, flight, (flights->count - at) * sizeof(*flight));
		*flight = (struct la_flight){batch, 0, LA_OK, ""};
		flights->count++;
	}
	flight->open++;
	return (LA_OK);
}

void
la_flights_stayed(struct la_flights *flights, uint64_t batch)
{
	struct la_flight *flight = find(flights, batch);

	if (flight == NULL || flight->open == 0)
		return;
	flight->open--;
	forget_if_done(flights, flight);
}

static void
refuse(struct la_flight *flight, const struct la_error *refusal)
{
	if (flight->code == LA_ETOOLARGE || (flight->code != LA_OK && refusal->code != LA_ETOOLARGE))
		return;
	flight->code = refusal->code;
	(void)snprintf(flight->reason, sizeof(flight->reason), "%s", refusal->text);
}

void
la_flights_landed(struct la_flights *flights, uint64_t batch, const struct la_error *refusal)
{
	struct la_flight *flight = find(flights, batch);

	if (flight == NULL || flight->open == 0)
		return;
	flight->open--;
	if (refusal->code != LA_OK)
		refuse(flight, refusal);
	forget_if_done(flights, flight);
}

void
la_flights_fail(struct la_flights *flights, const struct la_error *refusal)
{
	size_t i;

	for (i = 0; i < flights->count; i++) {
		if (flights->list[i].open == 0)
			continue;
		flights->list[i].open = 0;
		refuse(&flights->list[i], refusal);
	}
}

bool
la_flights_under_way(const struct la_flights *flights, uint64_t batch)
{
	size_t i;

	for (i = 0; i < flights->count && flights->list[i].batch <= batch; i++) {
		if (flights->list[i].open > 0)
			return (true);
	}
	return (false);
}

bool
la_flights_too_large(const struct la_flights *flights, uint64_t batch, struct la_error *error)
{
	for (size_t i = 0; i < flights->count && flights->list[i].batch <= batch; i++) {
		if (flights->list[i].code == LA_ETOOLARGE) {
			(void)la_error_set(error, LA_ETOOLARGE, "%s", flights->list[i].reason);
			return (true);
		}
	}
	return (false);
}

enum la_err
la_flights_settle(struct la_flights *flights, uint64_t batch, struct la_error *error)
{
	struct la_flight worst = {0, 0, LA_OK, ""};

	while (flights->count > 0 && flights->list[0].batch <= batch) {
		if (worst.code == LA_OK || (worst.code != LA_ETOOLARGE && flights->list[0].code == LA_ETOOLARGE))
			worst = flights->list[0];
		remove_at(flights, 0);
	}
	return (worst.code == LA_OK ? LA_OK : la_error_set(error, worst.code, "%s", worst.reason));
}
