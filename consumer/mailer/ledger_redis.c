#include "mailer/ledger_redis.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/redis_text.h"
#include "mailer/asks.h"
#include "mailer/ledger_command.h"

#define RECONNECT_MS 500   /* between two tries */
#define LOOKUP_MS 1000     /* so long a resolver may take before it counts as a server that is away */
#define LEASE_MARGIN_MS 500 /* a lease counts as over a little before the server says so */

static const struct la_ledger_times usual = {.lease_ms = 10000, .beat_ms = 2000, .answer_ms = 3000};

struct la_ledger_redis {
	struct la_ledger port;
	struct la_connection connection;
	struct la_ledger_times times;
	struct la_ledger_names names;
	struct la_asks asks;
	struct la_buf commands;
	int64_t beat_at_ms, connect_at_ms; /* not before */
	int64_t lookup_until_ms;           /* 0: no name is being looked up */
	int64_t heard_ms;                  /* when something came last, or the first ask was sent */
	int64_t valid_until_ms;
	struct la_error trouble; /* why there is no connection */
};

static enum la_err
ask(struct la_ledger_redis *ledger, const struct la_ask *what, struct la_error *error)
{
	return (la_asks_add(&ledger->asks, what) == LA_OK
	    ? LA_OK : la_error_set(error, LA_ENOMEM, "out of memory for the ledger"));
}

static enum la_err
ask_of_job(struct la_ledger_redis *ledger, struct la_ask what, const char *job_id, struct la_error *error)
{
	(void)snprintf(what.job_id, sizeof(what.job_id), "%s", job_id);
	return (ask(ledger, &what, error));
}

static enum la_err
ledger_claim(void *self, uint64_t token, const char *job_id, int64_t ttl_s, struct la_error *error)
{
	return (ask_of_job(self, (struct la_ask){.kind = LA_ASK_CLAIM, .token = token, .ttl_s = ttl_s}, job_id, error));
}

static enum la_err
ledger_mark(void *self, uint64_t token, const char *job_id, int64_t ttl_s, struct la_error *error)
{
	return (ask_of_job(self, (struct la_ask){.kind = LA_ASK_MARK, .token = token, .ttl_s = ttl_s}, job_id, error));
}

static enum la_err
ledger_release(void *self, const char *job_id, struct la_error *error)
{
	return (ask_of_job(self, (struct la_ask){.kind = LA_ASK_RELEASE}, job_id, error));
}

/* The connection is of no use any more: what is asked will be asked again over the next one. Returns err. */
static enum la_err
give_up(struct la_ledger_redis *ledger, enum la_err err, struct la_error *error)
{
	if (error != NULL)
		ledger->trouble = *error;
	la_connection_close(&ledger->connection);
	ledger->connect_at_ms = la_clock_now_ms(NULL) + RECONNECT_MS;
	return (err);
}

static enum la_err
connect_again(struct la_ledger_redis *ledger, struct la_error *error)
{
	int64_t now_ms = la_clock_now_ms(NULL);
	enum la_err err;

	if (now_ms < ledger->connect_at_ms)
		return (la_error_set(error, ledger->trouble.code, "%s", ledger->trouble.text));
	if (la_asks_again(&ledger->asks) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory for the ledger"));
	if ((err = la_connection_begin(&ledger->connection, error)) == LA_ETIMEOUT) {
		if (ledger->lookup_until_ms == 0)
			ledger->lookup_until_ms = now_ms + LOOKUP_MS;
		return (now_ms < ledger->lookup_until_ms ? LA_OK : err);
	}
	ledger->lookup_until_ms = 0;
	if (err != LA_OK)
		return (err == LA_ENOMEM ? err : give_up(ledger, err, error));
	ledger->heard_ms = now_ms;
	ledger->beat_at_ms = now_ms + ledger->times.beat_ms;
	return (LA_OK);
}

/* All that is not sent yet, in one piece. */
static enum la_err
send_asks(struct la_ledger_redis *ledger, struct la_error *error)
{
	int64_t now_ms = la_clock_now_ms(NULL);
	struct la_ask *next;

	la_buf_reset(&ledger->commands);
	if (la_asks_awaited(&ledger->asks) == NULL)
		ledger->heard_ms = now_ms; /* nothing was waited for */
	while ((next = la_asks_send(&ledger->asks)) != NULL) {
		next->sent_ms = now_ms;
		if (la_ledger_command(&ledger->commands, &ledger->names, next) != LA_OK)
			return (la_error_set(error, LA_ENOMEM, "out of memory for the ledger"));
	}
	if (ledger->commands.size == 0)
		return (LA_OK);
	return (la_connection_send(&ledger->connection, la_buf_span(&ledger->commands), error));
}

/* The answer to the oldest ask. *answered: it is one for the caller. */
static enum la_err
judge(struct la_ledger_redis *ledger, const redisReply *reply, struct la_ledger_answer *answer, bool *answered,
    struct la_error *error)
{
	const struct la_ledger_reply plain = {.is_integer = reply->type == REDIS_REPLY_INTEGER,
	    .integer = reply->integer,
	    .text = reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS ? reply->str : NULL};
	const struct la_ask what = *la_asks_awaited(&ledger->asks);
	struct la_ask next = what;
	enum la_err err = LA_OK;

	*answered = false;
	answer->token = what.token;
	if (reply->type == REDIS_REPLY_ERROR)
		return (la_redis_text_error(error, ledger->connection.url.name, reply->str));
	switch (la_ledger_read(&what, &plain, &answer->verdict, &next)) {
	case LA_LEDGER_ANSWERED:
		*answered = true;
		break;
	case LA_LEDGER_ASK_MORE:
		err = ask(ledger, &next, error);
		break;
	case LA_LEDGER_NOTED:
		if (what.kind == LA_ASK_BEAT)
			ledger->valid_until_ms = what.sent_ms + ledger->times.lease_ms - LEASE_MARGIN_MS;
		break;
	case LA_LEDGER_UNREADABLE:
		return (la_error_set(error, LA_EUNAVAILABLE, "%s: unexpected answer, or an entry that this version cannot read",
		    ledger->connection.url.name));
	}
	if (err == LA_OK)
		la_asks_take(&ledger->asks);
	return (err);
}

static enum la_err
take_answers(struct la_ledger_redis *ledger, struct la_ledger_answer *out, size_t cap, size_t *count,
    struct la_error *error)
{
	redisReply *reply;
	bool answered;
	enum la_err err;

	while (*count < cap && la_asks_awaited(&ledger->asks) != NULL) {
		if ((err = la_connection_try_reply(&ledger->connection, &reply, error)) != LA_OK)
			return (err);
		if (reply == NULL)
			break;
		ledger->heard_ms = la_clock_now_ms(NULL);
		err = judge(ledger, reply, &out[*count], &answered, error);
		freeReplyObject(reply);
		if (err != LA_OK)
			return (err);
		*count += answered;
	}
	if (la_asks_awaited(&ledger->asks) != NULL && *count < cap &&
	    la_clock_now_ms(NULL) - ledger->heard_ms > ledger->times.answer_ms)
		return (la_error_set(error, LA_ETIMEOUT, "%s: no answer in time", ledger->connection.url.name));
	return (LA_OK);
}

/*
 * This mailer could not say in time that it lives: others may have taken its claims over since. Answers that are on
 * their way speak of before: the connection goes, and all is asked again.
 */
static void
look_for_lapse(struct la_ledger_redis *ledger)
{
	if (ledger->valid_until_ms == 0 || la_clock_now_ms(NULL) < ledger->valid_until_ms)
		return;
	ledger->valid_until_ms = 0;
	la_connection_close(&ledger->connection);
	ledger->connect_at_ms = 0;
}

static enum la_err
ledger_work(void *self, struct la_ledger_answer *out, size_t cap, size_t *count, struct la_error *error)
{
	static const struct la_ask beat = {.kind = LA_ASK_BEAT};
	struct la_ledger_redis *ledger = self;
	int64_t now_ms = la_clock_now_ms(NULL);
	enum la_err err;

	*count = 0;
	look_for_lapse(ledger);
	if (ledger->connection.redis == NULL &&
	    ((err = connect_again(ledger, error)) != LA_OK || ledger->connection.redis == NULL))
		return (err);
	if (now_ms >= ledger->beat_at_ms) {
		if ((err = ask(ledger, &beat, error)) != LA_OK)
			return (err);
		ledger->beat_at_ms = now_ms + ledger->times.beat_ms;
	}
	if ((err = send_asks(ledger, error)) == LA_OK)
		err = take_answers(ledger, out, cap, count, error);
	if (err == LA_OK)
		err = send_asks(ledger, error); /* what an answer made us ask */
	return (err == LA_OK || err == LA_ENOMEM ? err : give_up(ledger, err, error));
}

static int
ledger_fd(void *self)
{
	const struct la_ledger_redis *ledger = self;

	return (ledger->connection.redis == NULL ? -1 : ledger->connection.redis->fd);
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
	(void)snprintf(made->names.prefix, sizeof(made->names.prefix), "%s", la_conf_text(conf, "redis.prefix"));
	if ((err = la_connection_init(&made->connection, conf, error)) != LA_OK)
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

/* Whatever the answers are; but they say that the commands before them arrived. */
static void
say_goodbye(struct la_ledger_redis *ledger, int64_t until_ms)
{
	redisReply *reply;

	if (send_asks(ledger, NULL) != LA_OK)
		return;
	la_buf_reset(&ledger->commands);
	if (la_ledger_goodbye(&ledger->commands, &ledger->names) != LA_OK ||
	    la_connection_send(&ledger->connection, la_buf_span(&ledger->commands), NULL) != LA_OK)
		return;
	for (size_t left = ledger->asks.sent + 1 + (size_t)ledger->connection.greetings; left > 0; left--) {
		if (la_connection_reply(&ledger->connection, until_ms, &reply, NULL) != LA_OK)
			return;
		freeReplyObject(reply);
	}
}

void
la_ledger_redis_close(struct la_ledger_redis *ledger, int timeout_ms)
{
	if (ledger == NULL)
		return;
	if (ledger->connection.redis != NULL && timeout_ms > 0)
		say_goodbye(ledger, la_clock_now_ms(NULL) + timeout_ms);
	la_connection_clear(&ledger->connection);
	la_asks_clear(&ledger->asks);
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

	return (la_connection_check(&ledger->connection, timeout_ms, &warnings, error));
}
