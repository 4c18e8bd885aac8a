#include <stdlib.h>

#include "common/clock.h"
#include "common/cluster_map_redis.h"
#include "common/redis_text.h"
#include "mailer/ledger_internal_redis.h"

/* Nobody is asked any more; the next try asks somebody else. Returns err. */
static enum la_err
give_up_question(struct la_ledger_redis *ledger, enum la_err err, const struct la_error *error)
{
	struct la_ledger_question *question = &ledger->question;

	if (question->asked == &question->peer)
		la_connection_clear(&question->peer);
	else if (question->asked != NULL)
		la_connection_next_seed(&ledger->seed);
	question->asked = NULL;
	question->sent = false;
	question->lookup_until_ms = 0;
	question->turn++;
	question->in_vain = err == LA_OK ? 0 : question->in_vain + 1;
	question->not_before_ms = la_clock_now_ms(NULL) + LA_LEDGER_RECONNECT_MS;
	if (error != NULL)
		question->trouble = ledger->trouble = *error;
	return (err);
}

/* Masters and the servers of redis.url in turn. */
static enum la_err
choose(struct la_ledger_redis *ledger)
{
	struct la_ledger_question *question = &ledger->question;
	size_t masters = ledger->map == NULL ? 0 : ledger->map->count;
	size_t candidate = question->turn % (masters + ledger->seed.seed_count);

	question->asked = &ledger->seed;
	if (candidate >= masters)
		return (LA_OK);
	question->asked = &question->peer;
	return (la_connection_init_peer(&question->peer, &ledger->seed, &ledger->map->master[candidate]));
}

static enum la_err
take_answer(struct la_ledger_redis *ledger, const redisReply *reply, struct la_error *error)
{
	struct la_connection *asked = ledger->question.asked;
	struct la_slot_map *map;
	enum la_err err;

	if (la_cluster_map_is_single(reply) && asked == &ledger->seed && asked->seed_count == 1 &&
	    (ledger->map == NULL || ledger->question.in_vain >= ledger->map->count)) /* no master says anything else */
		return (la_ledger_adopt_single(ledger));
	if (la_cluster_map_is_single(reply))
		return (la_error_set(error, LA_EUNAVAILABLE, "%s is no cluster's node%s", asked->url.name,
		    ledger->map == NULL ? ": then redis.url must name one server" : " any more"));
	if (reply->type == REDIS_REPLY_ERROR)
		return (la_redis_text_error(error, asked->url.name, reply->str));
	if ((map = malloc(sizeof(*map))) == NULL)
		return (LA_ENOMEM);
	err = la_cluster_map_read(map, reply, asked->url.is_unix ? "" : asked->url.where, error);
	if (err == LA_OK && map->count == 0)
		err = la_error_set(error, LA_EUNAVAILABLE, "%s: no slot of the cluster has a master", asked->url.name);
	if (err == LA_OK)
		return (la_ledger_adopt(ledger, map));
	free(map);
	return (err);
}

/* The answer if it is there; *done: it was of use. */
static enum la_err
listen(struct la_ledger_redis *ledger, bool *done, struct la_error *error)
{
	struct la_ledger_question *question = &ledger->question;
	redisReply *reply;
	enum la_err err = la_connection_try_reply(question->asked, &reply, error);

	*done = false;
	if (err != LA_OK)
		return (err);
	if (reply == NULL && la_clock_now_ms(NULL) > question->until_ms)
		return (la_error_set(error, LA_ETIMEOUT, "%s: no answer in time", question->asked->url.name));
	if (reply == NULL)
		return (LA_OK);
	err = take_answer(ledger, reply, error);
	freeReplyObject(reply);
	*done = err == LA_OK;
	return (err);
}

static enum la_err
send_question(struct la_ledger_redis *ledger, struct la_error *error)
{
	struct la_ledger_question *question = &ledger->question;

	la_buf_reset(&ledger->commands);
	if (la_redis_text_command(&ledger->commands, (const char *const[]){"CLUSTER", "SLOTS", NULL}) != LA_OK)
		return (LA_ENOMEM);
	question->sent = true;
	question->until_ms = la_clock_now_ms(NULL) + ledger->times.answer_ms;
	return (la_connection_send(question->asked, la_buf_span(&ledger->commands), error));
}

static enum la_err
go_on_asking(struct la_ledger_redis *ledger, bool *done, struct la_error *error)
{
	struct la_ledger_question *question = &ledger->question;
	bool going = false;
	enum la_err err = LA_OK;

	*done = false;
	if (question->asked == NULL)
		err = choose(ledger);
	if (err == LA_OK && !question->sent)
		err = la_ledger_begin(ledger, question->asked, &question->lookup_until_ms, &going, error);
	if (going)
		return (err); /* the look-up goes on, even if it has been too long */
	if (err == LA_OK && !question->sent)
		err = send_question(ledger, error);
	return (err == LA_OK ? listen(ledger, done, error) : err);
}

enum la_err
la_ledger_find_servers(struct la_ledger_redis *ledger, struct la_error *error)
{
	struct la_ledger_question *question = &ledger->question;
	bool known = ledger->lane_count > 0, done;
	enum la_err err;

	if (known && !ledger->stale)
		return (LA_OK);
	if (question->asked == NULL && la_clock_now_ms(NULL) < question->not_before_ms)
		return (known ? LA_OK : la_error_set(error, question->trouble.code, "%s", question->trouble.text));
	err = go_on_asking(ledger, &done, error);
	if (err == LA_ENOMEM)
		return (la_error_set(error, LA_ENOMEM, "out of memory for the ledger"));
	if (err != LA_OK && question->lookup_until_ms == 0)
		(void)give_up_question(ledger, err, error);
	if (done) {
		if (ledger->map != NULL)
			(void)give_up_question(ledger, LA_OK, NULL);
		else
			*question = (struct la_ledger_question){.turn = question->turn}; /* the connection is the lane's */
	}
	return (known ? LA_OK : err); /* with an old map, the lanes say what is wrong */
}
