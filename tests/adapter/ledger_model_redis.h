/*
 * What each command of the ledger does to each entry: asked of a real Redis the first time, known from then on. Entries and
 * commands have numbers.
 */
#ifndef LA_TESTS_LEDGER_MODEL_REDIS_H
#define LA_TESTS_LEDGER_MODEL_REDIS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mailer/ledger_command.h"

#include "private_redis.h"

#define MODEL_ENTRIES 250 /* 0: none */
#define MODEL_ASKS 2000
#define MODEL_OK 999       /* a reply: a status; less: an entry */
#define MODEL_INTEGER 1000 /* + which */
#define MODEL_UNKNOWN (-1)
#define MODEL_JOB "00000000000000000000000000000001"
#define MODEL_TTL "1000"

struct model_ask {
	unsigned who;
	struct la_ask ask;
};

struct model_effect {
	int16_t reply;
	uint8_t entry;
};

static struct private_redis model_redis;
static redisContext *model_link;
static struct model_ask model_asks[MODEL_ASKS];
static struct model_effect model_effects[MODEL_ENTRIES][MODEL_ASKS];
static char model_entries[MODEL_ENTRIES][LA_LEDGER_ENTRY_BYTES];
static uint16_t model_ask_count, model_entry_count;

static inline void
model_redis_start(void)
{
	private_redis_start(&model_redis, NULL);
	model_link = redisConnectUnix(model_redis.socket);
	model_entry_count = 1;
	for (size_t entry = 0; entry < MODEL_ENTRIES; entry++) {
		for (size_t ask = 0; ask < MODEL_ASKS; ask++)
			model_effects[entry][ask].reply = MODEL_UNKNOWN;
	}
}

static inline void
model_redis_stop(void)
{
	redisFree(model_link);
	private_redis_remove(&model_redis);
}

static inline const struct la_ledger_names *
model_names(unsigned who)
{
	static const struct la_ledger_names names[] = {{"t", "aaaaaaaaaaaaaaaa", 10000}, {"t", "bbbbbbbbbbbbbbbb", 10000},
	    {"t", "cccccccccccccccc", 10000}};

	return (&names[who]);
}

static inline uint16_t
model_ask_number(unsigned who, const struct la_ask *ask)
{
	for (uint16_t i = 0; i < model_ask_count; i++) {
		const struct model_ask *known = &model_asks[i];

		if (known->who == who && known->ask.kind == ask->kind && known->ask.number == ask->number &&
		    strcmp(known->ask.other, ask->other) == 0)
			return (i);
	}
	assert_true(model_ask_count < MODEL_ASKS);
	model_asks[model_ask_count] = (struct model_ask){who, *ask};
	model_asks[model_ask_count].ask.ttl_s = 1000;
	memcpy(model_asks[model_ask_count].ask.job_id, MODEL_JOB, sizeof(MODEL_JOB));
	return (model_ask_count++);
}

static inline uint8_t
model_entry_number(const char *entry)
{
	for (uint16_t i = 0; i < model_entry_count; i++) {
		if (strcmp(model_entries[i], entry) == 0)
			return ((uint8_t)i);
	}
	assert_true(model_entry_count < MODEL_ENTRIES);
	(void)snprintf(model_entries[model_entry_count], LA_LEDGER_ENTRY_BYTES, "%s", entry);
	return ((uint8_t)model_entry_count++);
}

static inline bool
model_is_marked(uint8_t entry)
{
	return (strcmp(model_entries[entry], "s") == 0);
}

static inline int16_t
model_reply_number(const redisReply *reply)
{
	assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
	if (reply->type == REDIS_REPLY_INTEGER)
		return ((int16_t)(MODEL_INTEGER + reply->integer));
	return (reply->type == REDIS_REPLY_STRING ? model_entry_number(reply->str) : MODEL_OK);
}

static inline redisReply *
model_answer(void)
{
	void *reply = NULL;

	assert_int_equal(redisGetReply(model_link, &reply), REDIS_OK);
	return (reply);
}

static inline void
model_try(uint16_t ask, uint8_t entry, struct model_effect *effect)
{
	struct la_buf command = LA_BUF_INIT;
	redisReply *reply;

	if (entry == 0)
		assert_int_equal(redisAppendCommand(model_link, "DEL t:m:" MODEL_JOB), REDIS_OK);
	else
		assert_int_equal(redisAppendCommand(model_link, "SET t:m:" MODEL_JOB " %s EX " MODEL_TTL,
		    model_entries[entry]), REDIS_OK);
	assert_int_equal(la_ledger_command(&command, model_names(model_asks[ask].who), &model_asks[ask].ask), LA_OK);
	assert_int_equal(redisAppendFormattedCommand(model_link, (const char *)command.data, command.size), REDIS_OK);
	assert_int_equal(redisAppendCommand(model_link, "GET t:m:" MODEL_JOB), REDIS_OK);
	freeReplyObject(model_answer());
	reply = model_answer();
	effect->reply = model_reply_number(reply);
	freeReplyObject(reply);
	reply = model_answer();
	effect->entry = reply->type == REDIS_REPLY_NIL ? 0 : model_entry_number(reply->str);
	freeReplyObject(reply);
	la_buf_clear(&command);
}

/* alive: who is there for Redis. Gives the reply. */
static inline int16_t
model_execute(uint16_t ask, uint8_t *entry, const bool *alive)
{
	struct model_effect *effect = &model_effects[*entry][ask];
	unsigned whom = 0;

	if (model_asks[ask].ask.kind == LA_ASK_IS_ALIVE) {
		while (strncmp(model_asks[ask].ask.other + 1, model_names(whom)->mailer, LA_MAILER_ID_HEX - 1) != 0)
			whom++;
		return ((int16_t)(MODEL_INTEGER + alive[whom]));
	}
	if (effect->reply == MODEL_UNKNOWN)
		model_try(ask, *entry, effect);
	*entry = effect->entry;
	return (effect->reply);
}

static inline enum la_ledger_reading
model_meaning(unsigned who, const struct la_ask *ask, int16_t number, enum la_ledger_verdict *verdict, struct la_ask *next)
{
	const struct la_ledger_reply reply = {.is_integer = number > MODEL_OK,
	    .integer = number - MODEL_INTEGER,
	    .text = number == MODEL_OK ? "OK" : number < MODEL_OK ? model_entries[number] : NULL};

	return (la_ledger_read(model_names(who), ask, &reply, verdict, next));
}

#endif
