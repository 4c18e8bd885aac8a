#include "common/clock.h"
#include "common/redis_text.h"
#include "mailer/ledger_internal_redis.h"

#define LEASE_MARGIN_MS 500 /* a lease counts as over a little before the server says so */

static enum la_err
no_memory(struct la_error *error)
{
	return (la_error_set(error, LA_ENOMEM, "out of memory for the ledger"));
}

/* In one piece. */
enum la_err
la_ledger_send_asks(struct la_ledger_redis *ledger, struct la_ledger_lane *lane, struct la_error *error)
{
	int64_t now_ms = la_clock_now_ms(NULL);
	struct la_ask *next;

	la_buf_reset(&ledger->commands);
	if (la_asks_awaited(&lane->asks) == NULL)
		lane->heard_ms = now_ms; /* nothing was waited for */
	while ((next = la_asks_send(&lane->asks)) != NULL) {
		next->sent_ms = now_ms;
		if (la_ledger_command(&ledger->commands, &ledger->names, next) != LA_OK)
			return (no_memory(error));
	}
	if (ledger->commands.size == 0)
		return (LA_OK);
	return (la_connection_send(lane->connection, la_buf_span(&ledger->commands), error));
}

/* It may be one job's entry, which nobody may repair for long: it is asked for behind all others then. Returns err. */
static enum la_err
put_behind(struct la_ledger_redis *ledger, struct la_ledger_lane *lane, enum la_err err, struct la_error *error)
{
	const struct la_ask what = *la_asks_awaited(&lane->asks);

	if (what.kind != LA_ASK_CLAIM && what.kind != LA_ASK_TAKE_OVER)
		return (err);
	if (la_asks_add(&ledger->waiting, &what) != LA_OK)
		return (no_memory(error));
	la_asks_take(&lane->asks);
	return (err);
}

/* An error reply: the ask may have to go elsewhere, or the server has trouble. */
static enum la_err
judge_error(struct la_ledger_redis *ledger, struct la_ledger_lane *lane, const char *reply, struct la_error *error)
{
	const struct la_ask what = *la_asks_awaited(&lane->asks);
	struct la_redirect redirect;
	enum la_err err;

	if (!la_redirect_read(reply, lane->connection->url.where, &redirect))
		return (put_behind(ledger, lane, la_redis_text_error(error, lane->connection->url.name, reply), error));
	if ((err = la_ledger_redirect(ledger, &redirect, what, error)) == LA_OK)
		la_asks_take(&lane->asks);
	return (err == LA_ENOMEM ? no_memory(error) : err);
}

/* The answer to a lane's oldest ask. *answered: it is one for the caller. */
static enum la_err
judge(struct la_ledger_redis *ledger, struct la_ledger_lane *lane, const redisReply *reply,
    struct la_ledger_answer *answer, bool *answered, struct la_error *error)
{
	const struct la_ledger_reply plain = {.is_integer = reply->type == REDIS_REPLY_INTEGER,
	    .integer = reply->integer,
	    .text = reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS ? reply->str : NULL};
	const struct la_ask what = *la_asks_awaited(&lane->asks);
	struct la_ask next = what;
	enum la_err err = LA_OK;

	*answered = false;
	answer->token = what.token;
	if (reply->type == REDIS_REPLY_ERROR)
		return (judge_error(ledger, lane, reply->str, error));
	switch (la_ledger_read(&ledger->names, &what, &plain, &answer->verdict, &next)) {
	case LA_LEDGER_ANSWERED:
		*answered = true;
		break;
	case LA_LEDGER_ASK_MORE:
		if (la_asks_add(&ledger->waiting, &next) != LA_OK)
			err = no_memory(error);
		break;
	case LA_LEDGER_NOTED:
		if (what.kind == LA_ASK_BEAT)
			ledger->valid_until_ms = what.sent_ms + ledger->times.lease_ms - LEASE_MARGIN_MS;
		break;
	case LA_LEDGER_UNREADABLE:
		err = la_error_set(error, LA_EUNAVAILABLE, "%s: unexpected answer, or an entry that this version cannot read",
		    lane->connection->url.name);
		return (put_behind(ledger, lane, err, error));
	}
	if (err == LA_OK)
		la_asks_take(&lane->asks);
	return (err);
}

static enum la_err
too_late(const struct la_ledger_redis *ledger, const struct la_ledger_lane *lane, struct la_error *error)
{
	if (la_clock_now_ms(NULL) - lane->heard_ms <= ledger->times.answer_ms)
		return (LA_OK);
	return (la_error_set(error, LA_ETIMEOUT, "%s: no answer in time", lane->connection->url.name));
}

static enum la_err
take_answers(struct la_ledger_redis *ledger, struct la_ledger_lane *lane, const struct la_ledger_room *room,
    struct la_error *error)
{
	redisReply *reply;
	bool answered;
	enum la_err err;

	while (*room->count < room->cap && la_asks_awaited(&lane->asks) != NULL) {
		if ((err = la_connection_try_reply(lane->connection, &reply, error)) != LA_OK)
			return (err);
		if (reply == NULL)
			break;
		lane->heard_ms = la_clock_now_ms(NULL);
		err = judge(ledger, lane, reply, &room->out[*room->count], &answered, error);
		freeReplyObject(reply);
		if (err != LA_OK)
			return (err);
		lane->failed = false;
		*room->count += answered;
	}
	return (la_asks_awaited(&lane->asks) != NULL && *room->count < room->cap ? too_late(ledger, lane, error) : LA_OK);
}

/* A master of a cluster is asked nothing before it is known to be one still. */
static bool
is_greeted(const struct la_ledger_lane *lane)
{
	return (lane->connection != &lane->own || lane->connection->greetings == 0);
}

static enum la_err
await_greeting(const struct la_ledger_redis *ledger, struct la_ledger_lane *lane, struct la_error *error)
{
	redisReply *reply;
	enum la_err err;

	if (is_greeted(lane))
		return (LA_OK);
	if ((err = la_connection_try_reply(lane->connection, &reply, error)) != LA_OK)
		return (err);
	freeReplyObject(reply); /* nothing was asked: none */
	return (is_greeted(lane) ? LA_OK : too_late(ledger, lane, error));
}

enum la_err
la_ledger_work_lane(struct la_ledger_redis *ledger, struct la_ledger_lane *lane, const struct la_ledger_room *room,
    struct la_error *error)
{
	enum la_err err;

	if (lane == NULL || lane->asks.count == 0)
		return (LA_OK);
	if (lane->connection->redis == NULL && ((err = la_ledger_lane_connect(ledger, lane, error)) != LA_OK ||
	    lane->connection->redis == NULL))
		return (err);
	if ((err = await_greeting(ledger, lane, error)) == LA_OK && is_greeted(lane) &&
	    (err = la_ledger_send_asks(ledger, lane, error)) == LA_OK)
		err = take_answers(ledger, lane, room, error);
	return (err == LA_OK || err == LA_ENOMEM ? err : la_ledger_lane_give_up(ledger, lane, err, error));
}
