#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/clock.h"
#include "mailer/ledger_internal_redis.h"

#define LOOKUP_MS 1000   /* so long a resolver may take before it counts as a server that is away */
#define REDIRECTS_MAX 16 /* of one ask, before a cluster that sends it in circles counts as down */

/* With several connections the loop polls one descriptor for all. */
static void
poll_with_others(struct la_ledger_redis *ledger, const struct la_connection *connection)
{
	struct epoll_event event = {.events = EPOLLIN};

	if (ledger->epoll_fd >= 0)
		(void)epoll_ctl(ledger->epoll_fd, EPOLL_CTL_ADD, connection->redis->fd, &event);
}

enum la_err
la_ledger_begin(struct la_ledger_redis *ledger, struct la_connection *connection, int64_t *lookup_until_ms, bool *going,
    struct la_error *error)
{
	int64_t now_ms = la_clock_now_ms(NULL);
	enum la_err err = la_connection_begin(connection, error);

	*going = err == LA_ETIMEOUT;
	if (err == LA_ETIMEOUT) {
		if (*lookup_until_ms == 0)
			*lookup_until_ms = now_ms + LOOKUP_MS;
		return (now_ms < *lookup_until_ms ? LA_OK : err);
	}
	*lookup_until_ms = 0;
	if (err == LA_OK)
		poll_with_others(ledger, connection);
	return (err);
}

static struct la_ledger_lane *
new_lane(const struct la_ledger_redis *ledger, const struct la_redis_place *place)
{
	struct la_ledger_lane *lane = calloc(1, sizeof(*lane));

	if (lane == NULL)
		return (NULL);
	lane->connection = &lane->own;
	if (la_connection_init_peer(&lane->own, &ledger->seed, place) == LA_OK)
		return (lane);
	la_connection_clear(&lane->own);
	free(lane);
	return (NULL);
}

static enum la_err
free_lane(struct la_ledger_redis *ledger, struct la_ledger_lane *lane)
{
	enum la_err err;

	if (lane == NULL)
		return (LA_OK);
	err = la_asks_move(&lane->asks, &ledger->waiting, &ledger->claims);
	la_asks_clear(&lane->asks);
	if (lane->connection == &lane->own)
		la_connection_clear(&lane->own);
	free(lane);
	return (err);
}

static bool
same_place(const struct la_redis_place *a, const struct la_redis_place *b)
{
	return (a->port == b->port && strcmp(a->host, b->host) == 0);
}

enum la_err
la_ledger_adopt(struct la_ledger_redis *ledger, struct la_slot_map *map)
{
	struct la_ledger_lane *lane[LA_MASTERS_MAX] = {NULL};
	enum la_err err = LA_OK;

	if (ledger->epoll_fd < 0 && (ledger->epoll_fd = epoll_create1(EPOLL_CLOEXEC)) < 0)
		err = LA_ENOMEM;
	for (size_t n = 0; n < map->count && err == LA_OK; n++) {
		for (size_t old = 0; old < ledger->lane_count && ledger->map != NULL && lane[n] == NULL; old++) {
			if (ledger->lane[old] != NULL && same_place(&ledger->map->master[old], &map->master[n])) {
				lane[n] = ledger->lane[old];
				ledger->lane[old] = NULL;
			}
		}
		if (lane[n] == NULL && (lane[n] = new_lane(ledger, &map->master[n])) == NULL)
			err = LA_ENOMEM;
	}
	for (size_t old = 0; old < LA_MASTERS_MAX; old++) {
		if (free_lane(ledger, ledger->lane[old]) != LA_OK)
			err = LA_ENOMEM;
	}
	memcpy(ledger->lane, lane, sizeof(lane));
	free(ledger->map);
	ledger->map = map;
	ledger->lane_count = map->count;
	ledger->stale = false;
	return (err);
}

enum la_err
la_ledger_adopt_single(struct la_ledger_redis *ledger)
{
	for (size_t n = 0; n < ledger->lane_count; n++) { /* of a cluster that is gone */
		if (free_lane(ledger, ledger->lane[n]) != LA_OK)
			return (LA_ENOMEM);
		ledger->lane[n] = NULL;
	}
	free(ledger->map);
	ledger->map = NULL;
	if (ledger->lane[0] == NULL && (ledger->lane[0] = calloc(1, sizeof(*ledger->lane[0]))) == NULL)
		return (LA_ENOMEM);
	ledger->lane[0]->connection = &ledger->seed;
	ledger->lane_count = 1;
	ledger->stale = false;
	return (LA_OK);
}

struct la_ledger_lane *
la_ledger_lane_of(const struct la_ledger_redis *ledger, const struct la_ask *ask)
{
	char key[LA_LEDGER_KEY_BYTES];
	uint16_t master;

	if (ledger->map == NULL)
		return (ledger->lane[0]);
	la_ledger_key(key, &ledger->names, ask);
	master = ledger->map->of_slot[la_redis_slot(la_span_text(key))];
	return (master == LA_SLOT_NOBODY ? NULL : ledger->lane[master]);
}

enum la_err
la_ledger_lane_connect(struct la_ledger_redis *ledger, struct la_ledger_lane *lane, struct la_error *error)
{
	int64_t now_ms = la_clock_now_ms(NULL);
	bool going;
	enum la_err err;

	if (now_ms < lane->connect_at_ms)
		return (la_error_set(error, lane->trouble.code, "%s", lane->trouble.text));
	err = la_ledger_begin(ledger, lane->connection, &lane->lookup_until_ms, &going, error);
	if (err == LA_OK)
		lane->heard_ms = now_ms;
	return (err == LA_OK || going || err == LA_ENOMEM ? err : la_ledger_lane_give_up(ledger, lane, err, error));
}

/* What it was asked waits again; the connection may be made at once. */
static enum la_err
drop_lane(struct la_ledger_redis *ledger, struct la_ledger_lane *lane)
{
	la_connection_close(lane->connection);
	lane->connect_at_ms = 0;
	ledger->beat_at_ms = 0;
	return (la_asks_move(&lane->asks, &ledger->waiting, &ledger->claims));
}

enum la_err
la_ledger_lane_give_up(
    struct la_ledger_redis *ledger, struct la_ledger_lane *lane, enum la_err err, const struct la_error *error)
{
	if (drop_lane(ledger, lane) != LA_OK)
		return (LA_ENOMEM);
	lane->failed = true;
	lane->trouble = ledger->trouble = *error;
	lane->connect_at_ms = la_clock_now_ms(NULL) + LA_LEDGER_RECONNECT_MS;
	ledger->stale = true;
	if (ledger->map == NULL) { /* when it is back, it may be another one */
		ledger->lane_count = 0;
		ledger->question.not_before_ms = lane->connect_at_ms;
		ledger->question.trouble = *error;
		la_connection_next_seed(&ledger->seed);
	}
	return (err);
}

enum la_err
la_ledger_redirect(struct la_ledger_redis *ledger, const struct la_redirect *redirect, struct la_ask ask,
    struct la_error *error)
{
	uint16_t master;

	if (ledger->map == NULL || ask.redirects++ == REDIRECTS_MAX ||
	    !la_slot_map_find(ledger->map, &redirect->place, &master))
		return (la_error_set(error, LA_EUNAVAILABLE, "redis cluster: its nodes do not agree who has a slot"));
	ledger->lane_count = ledger->map->count;
	if (ledger->lane[master] == NULL && (ledger->lane[master] = new_lane(ledger, &redirect->place)) == NULL)
		return (LA_ENOMEM);
	ledger->stale = true;
	if (!redirect->ask)
		ledger->map->of_slot[redirect->slot] = master;
	else if (la_asks_add(&ledger->lane[master]->asks, &(struct la_ask){.kind = LA_ASK_ASKING}) != LA_OK)
		return (LA_ENOMEM);
	return (la_asks_add(&ledger->lane[master]->asks, &ask));
}

enum la_err
la_ledger_close_lanes(struct la_ledger_redis *ledger)
{
	for (size_t n = 0; n < ledger->lane_count; n++) {
		struct la_ledger_lane *lane = ledger->lane[n];

		if (lane != NULL && drop_lane(ledger, lane) != LA_OK)
			return (LA_ENOMEM);
	}
	if (ledger->map == NULL)
		ledger->lane_count = 0;
	return (LA_OK);
}

void
la_ledger_clear_lanes(struct la_ledger_redis *ledger)
{
	if (ledger->question.asked == &ledger->question.peer)
		la_connection_clear(&ledger->question.peer);
	for (size_t n = 0; n < LA_MASTERS_MAX; n++)
		(void)!free_lane(ledger, ledger->lane[n]);
	free(ledger->map);
	if (ledger->epoll_fd >= 0)
		(void)close(ledger->epoll_fd);
}
