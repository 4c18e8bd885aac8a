#include "mailer/ledger_redis.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "mailer/ledger_internal_redis.h"

static const struct la_ledger_times usual = {.lease_ms = 10000, .beat_ms = 2000, .answer_ms = 3000};

static enum la_err
no_memory(struct la_error *error)
{
	return (la_error_set(error, LA_ENOMEM, "out of memory for the ledger"));
}

static enum la_err
ask_of_job(struct la_ledger_redis *ledger, struct la_ask what, const char *job_id, struct la_error *error)
{
	(void)snprintf(what.job_id, sizeof(what.job_id), "%s", job_id);
	return (la_asks_add(&ledger->waiting, &what) == LA_OK ? LA_OK : no_memory(error));
}

static enum la_err
ledger_claim(void *self, uint64_t token, const char *job_id, int64_t ttl_s, struct la_error *error)
{
	struct la_ledger_redis *ledger = self;

	return (ask_of_job(ledger,
	    (struct la_ask){.kind = LA_ASK_CLAIM, .token = token, .number = ++ledger->claims, .ttl_s = ttl_s}, job_id, error));
}

static enum la_err
ledger_mark(void *self, uint64_t token, const char *job_id, int64_t ttl_s, struct la_error *error)
{
	return (ask_of_job(self, (struct la_ask){.kind = LA_ASK_MARK, .token = token, .ttl_s = ttl_s}, job_id, error));
}

static enum la_err
ledger_release(void *self, const char *job_id, struct la_error *error)
{
	struct la_ledger_redis *ledger = self;

	return (ask_of_job(ledger, (struct la_ask){.kind = LA_ASK_RELEASE, .number = ledger->claims}, job_id, error));
}

/*
 * This mailer could not say in time that it lives: others may have taken its claims over since. Answers that are on
 * their way speak of before: the connections go, and all is asked again.
 */
static enum la_err
look_for_lapse(struct la_ledger_redis *ledger, struct la_error *error)
{
	if (ledger->valid_until_ms == 0 || la_clock_now_ms(NULL) < ledger->valid_until_ms)
		return (LA_OK);
	ledger->valid_until_ms = 0;
	return (la_ledger_close_lanes(ledger) == LA_OK ? LA_OK : no_memory(error));
}

/*
 * To its lane, behind all that is there. A beat goes first: it is to be there before anybody finds a claim. Of a
 * cluster's masters none waits for another: there it must be answered first. A mark is right in any case, and the sooner
 * it is there the less is mailed again by whoever takes over.
 */
static enum la_err
hand_out(struct la_ledger_redis *ledger, struct la_error *error)
{
	bool held = ledger->map != NULL && ledger->valid_until_ms == 0;
	enum la_err err = LA_OK;

	for (size_t left = ledger->waiting.count; left > 0; left--) {
		const struct la_ask next = *la_asks_send(&ledger->waiting);
		bool stays = held && next.kind != LA_ASK_MARK;
		struct la_ledger_lane *lane = stays ? NULL : la_ledger_lane_of(ledger, &next);

		la_asks_take(&ledger->waiting);
		if (lane == NULL && !stays)
			err = la_error_set(error, LA_EUNAVAILABLE, "redis cluster: some slots have no master");
		if (la_asks_add(lane == NULL ? &ledger->waiting : &lane->asks, &next) != LA_OK)
			return (no_memory(error));
	}
	if (err != LA_OK)
		ledger->stale = true;
	return (err);
}

static enum la_err
beat(struct la_ledger_redis *ledger, struct la_error *error)
{
	static const struct la_ask what = {.kind = LA_ASK_BEAT};
	int64_t now_ms = la_clock_now_ms(NULL);
	struct la_ledger_lane *lane = la_ledger_lane_of(ledger, &what);

	if (now_ms < ledger->beat_at_ms)
		return (LA_OK);
	if (lane == NULL) {
		ledger->stale = true;
		return (la_error_set(error, LA_EUNAVAILABLE, "redis cluster: some slots have no master"));
	}
	ledger->beat_at_ms = now_ms + ledger->times.beat_ms;
	return (la_asks_add(&lane->asks, &what) == LA_OK ? LA_OK : no_memory(error));
}

/* Every lane, whatever befalls another; *error is the first one's. */
static enum la_err
work_lanes(struct la_ledger_redis *ledger, const struct la_ledger_room *room, struct la_error *error)
{
	struct la_error other = LA_ERROR_INIT;
	enum la_err first = LA_OK, err;

	for (size_t n = 0; n < ledger->lane_count && first != LA_ENOMEM; n++) {
		err = la_ledger_work_lane(ledger, ledger->lane[n], room, first == LA_OK ? error : &other);
		if (err != LA_OK && (first == LA_OK || err == LA_ENOMEM))
			first = err;
	}
	return (first);
}

static enum la_err
work(struct la_ledger_redis *ledger, const struct la_ledger_room *room, struct la_error *error)
{
	enum la_err err, handed;

	if ((err = look_for_lapse(ledger, error)) != LA_OK || (err = la_ledger_find_servers(ledger, error)) != LA_OK ||
	    ledger->lane_count == 0)
		return (err);
	if ((err = beat(ledger, error)) != LA_OK)
		return (err);
	handed = hand_out(ledger, error);
	if (handed == LA_ENOMEM || (err = work_lanes(ledger, room, error)) != LA_OK || handed != LA_OK)
		return (handed == LA_ENOMEM || err == LA_OK ? handed : err);
	/* what an answer made us ask, or may be asked now */
	if (ledger->waiting.count == 0 || ledger->lane_count == 0)
		return (LA_OK);
	if ((err = hand_out(ledger, error)) != LA_OK)
		return (err);
	return (work_lanes(ledger, room, error));
}

/* Does every server that is asked something answer again? */
static bool
is_well(const struct la_ledger_redis *ledger)
{
	bool well = ledger->lane_count > 0;

	for (size_t n = 0; n < ledger->lane_count; n++) {
		struct la_ledger_lane *lane = ledger->lane[n];

		if (lane != NULL && lane->asks.count == 0)
			lane->failed = false;
		well = well && (lane == NULL || !lane->failed);
	}
	return (well);
}

/* A connection that is being made, or a question that is on its way, does not end a trouble: an answer does. */
static enum la_err
ledger_work(void *self, struct la_ledger_answer *out, size_t cap, size_t *count, struct la_error *error)
{
	struct la_ledger_redis *ledger = self;
	enum la_err err;

	*count = 0;
	err = work(ledger, &(struct la_ledger_room){.out = out, .cap = cap, .count = count}, error);
	if (err != LA_OK || ledger->trouble.code == LA_OK)
		return (err);
	if (!is_well(ledger))
		return (la_error_set(error, ledger->trouble.code, "%s", ledger->trouble.text));
	ledger->trouble.code = LA_OK;
	return (LA_OK);
}

static int
ledger_fd(void *self)
{
	const struct la_ledger_redis *ledger = self;

	if (ledger->epoll_fd >= 0)
		return (ledger->epoll_fd);
	return (ledger->seed.redis == NULL ? -1 : ledger->seed.redis->fd);
}

static int64_t
ledger_valid_until(void *self)
{
	return (((struct la_ledger_redis *)self)->valid_until_ms);
}

enum la_err
la_ledger_redis_new(struct la_ledger_redis **ledger, const struct la_conf *conf, struct la_error *error)
{
	struct la_ledger_redis *made = calloc(1, sizeof(*made));
	unsigned char id[(LA_MAILER_ID_HEX - 1) / 2];
	enum la_err err = LA_ENOMEM;

	if (made == NULL)
		goto fail;
	made->epoll_fd = -1;
	(void)snprintf(made->names.prefix, sizeof(made->names.prefix), "%s", la_conf_text(conf, "redis.prefix"));
	if ((err = la_connection_init(&made->seed, conf, error)) != LA_OK)
		goto fail;
	if (sodium_init() < 0) {
		err = la_error_set(error, LA_EINTERNAL, "libsodium does not start");
		goto fail;
	}
	randombytes_buf(id, sizeof(id));
	(void)sodium_bin2hex(made->names.mailer, LA_MAILER_ID_HEX, id, sizeof(id));
	made->times = usual;
	made->names.lease_ms = usual.lease_ms;
	made->port = (struct la_ledger){made, ledger_claim, ledger_mark, ledger_release, ledger_work, ledger_fd,
	    ledger_valid_until};
	*ledger = made;
	return (LA_OK);

fail:
	if (err == LA_ENOMEM)
		(void)la_error_set(error, LA_ENOMEM, "out of memory for the ledger");
	la_ledger_redis_close(made, 0);
	return (err);
}

static void
read_to_the_end(struct la_ledger_lane *lane, size_t answers, int64_t until_ms)
{
	redisReply *reply;

	for (size_t left = answers + (size_t)lane->connection->greetings; left > 0; left--) {
		if (la_connection_reply(lane->connection, until_ms, &reply, NULL) != LA_OK)
			return;
		freeReplyObject(reply);
	}
}

/* Whatever the answers are; but they say that the commands before them arrived. */
static void
say_goodbye(struct la_ledger_redis *ledger, int64_t until_ms)
{
	static const struct la_ask mine = {.kind = LA_ASK_BEAT};
	struct la_ledger_lane *last = la_ledger_lane_of(ledger, &mine);

	if (hand_out(ledger, NULL) != LA_OK)
		return;
	for (size_t n = 0; n < ledger->lane_count; n++) {
		struct la_ledger_lane *lane = ledger->lane[n];

		if (lane == NULL || lane->connection->redis == NULL || la_ledger_send_asks(ledger, lane, NULL) != LA_OK || lane == last)
			continue;
		read_to_the_end(lane, lane->asks.sent, until_ms);
	}
	if (last == NULL || last->connection->redis == NULL)
		return;
	la_buf_reset(&ledger->commands);
	if (la_ledger_goodbye(&ledger->commands, &ledger->names) == LA_OK &&
	    la_connection_send(last->connection, la_buf_span(&ledger->commands), NULL) == LA_OK)
		read_to_the_end(last, last->asks.sent + 1, until_ms);
}

void
la_ledger_redis_close(struct la_ledger_redis *ledger, int timeout_ms)
{
	if (ledger == NULL)
		return;
	if (ledger->lane_count > 0 && timeout_ms > 0)
		say_goodbye(ledger, la_clock_now_ms(NULL) + timeout_ms);
	la_ledger_clear_lanes(ledger);
	la_connection_clear(&ledger->seed);
	la_asks_clear(&ledger->waiting);
	la_buf_clear(&ledger->commands);
	free(ledger);
}

const struct la_ledger *
la_ledger_redis_port(struct la_ledger_redis *ledger)
{
	return (&ledger->port);
}

void
la_ledger_redis_set_times(struct la_ledger_redis *ledger, const struct la_ledger_times *times)
{
	ledger->times = *times;
	ledger->names.lease_ms = times->lease_ms;
}

enum la_err
la_ledger_redis_check(struct la_ledger_redis *ledger, int timeout_ms, void (*warn)(void *cookie, const char *line),
    void *cookie, struct la_error *error)
{
	const struct la_redis_warnings warnings = {
	    .warn = warn, .cookie = cookie, .if_evicted = "a mark can vanish, and a mail that is read again is sent again"};

	return (la_redis_check(&ledger->seed, timeout_ms, &warnings, error));
}
