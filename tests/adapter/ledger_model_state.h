/*
 * One job, a few mailers, a Redis, and a network that brings a command at once, late, or twice: each state as a value. What
 * a command does is asked of a real Redis (ledger_model_redis.h), what a mailer makes of the answer of the real code
 * (ledger_command.h, asks.h).
 */
#ifndef LA_TESTS_LEDGER_MODEL_STATE_H
#define LA_TESTS_LEDGER_MODEL_STATE_H

#include "ledger_model_redis.h"

#define MODEL_MAILERS 3
#define MODEL_LINE 4
#define MODEL_LATE 3
#define MODEL_CLAIMS 4 /* of each mailer, before no more misfortune comes */

enum model_slot {
	SLOT_NONE,
	SLOT_READY,
	SLOT_ASKED,
	SLOT_CLAIMED,
	SLOT_SENDING,
	SLOT_DOT, /* the relay has the mail, or will have it; its answer is not there yet */
	SLOT_MARKING
};

struct model_wire {
	uint16_t ask; /* of the Redis's table */
	uint8_t is_sent, is_done;
	int16_t reply;
};

struct model_mailer {
	uint8_t is_dead, is_connected;
	uint8_t is_alive; /* for Redis: its key is there */
	uint8_t is_valid; /* for itself: its claims hold */
	uint8_t is_robbed; /* its partition went, and it does not know yet */
	uint8_t slot, is_void, is_kept; /* the record's partition went; the mail was cut, and its claim is kept */
	uint8_t has_second; /* the record was read again meanwhile, and waits for the first to be over */
	uint8_t is_in_doubt; /* what became of the mail that it gave is not known */
	uint8_t gave, claims, count;
	struct model_wire line[MODEL_LINE]; /* the oldest first */
};

struct model {
	uint8_t entry, owner; /* of the partition */
	uint8_t is_calm;
	uint8_t late_count;
	uint16_t late[MODEL_LATE]; /* commands of connections that were given up */
	uint8_t left[8]; /* how often an event of that kind may happen yet */
	struct model_mailer mailer[MODEL_MAILERS];
};

enum model_event {
	/* misfortune, of which there is a bounded number */
	EVENT_CRASH,
	EVENT_LAPSE, /* it could not say in time that it lives, and knows it */
	EVENT_LOSS,  /* of its connection */
	EVENT_MOVE,  /* the partition goes to it */
	EVENT_DEFER, /* the relay says: later */
	EVENT_CUT,   /* the relay says nothing after the final dot */
	/* the course of things */
	EVENT_EXPIRE, /* Redis forgets that it lives */
	EVENT_NOTICE, /* that its partition went */
	EVENT_CONNECT,
	EVENT_ARRIVE, /* of its line, the next command */
	EVENT_READ,
	EVENT_STEP, /* what the loop does by itself */
	EVENT_STEP_OTHERWISE,
	EVENT_LATE, /* + which */
	EVENT_COUNT = EVENT_LATE + MODEL_LATE
};

/* NULL: fine; else what must not be. */
struct model_verdict {
	const char *wrong;
};

static inline void
model_send(struct model *model, unsigned who, struct la_ask what)
{
	struct model_mailer *mailer = &model->mailer[who];

	assert_true(mailer->count < MODEL_LINE);
	mailer->line[mailer->count++] = (struct model_wire){
	    .ask = model_ask_number(who, &what), .is_sent = mailer->is_connected};
}

static inline void
model_release(struct model *model, unsigned who)
{
	model_send(model, who, (struct la_ask){.kind = LA_ASK_RELEASE, .number = model->mailer[who].claims});
}

/* What of its commands has not arrived may do so yet. False: there would be too many. */
static inline bool
model_leave(struct model *model, const struct model_mailer *mailer)
{
	for (uint8_t i = 0; i < mailer->count; i++) {
		const struct model_wire *wire = &mailer->line[i];

		if (!wire->is_sent || wire->is_done || model_asks[wire->ask].ask.kind == LA_ASK_IS_ALIVE)
			continue;
		if (model->late_count == MODEL_LATE)
			return (false);
		model->late[model->late_count++] = wire->ask;
	}
	return (true);
}

/* All that is not answered is asked again. False: too much would be late. */
static inline bool
model_disconnect(struct model *model, unsigned who)
{
	struct model_mailer *mailer = &model->mailer[who];
	struct la_asks asks = {.ring = NULL}, again = {.ring = NULL};
	uint64_t claims = mailer->claims;
	bool is_room = model_leave(model, mailer);

	for (uint8_t i = 0; i < mailer->count; i++)
		assert_int_equal(la_asks_add(&asks, &model_asks[mailer->line[i].ask].ask), LA_OK);
	for (uint8_t i = 0; i < mailer->count && mailer->is_connected; i++)
		assert_non_null(la_asks_send(&asks));
	assert_int_equal(la_asks_move(&asks, &again, &claims), LA_OK);
	memset(mailer->line, 0, sizeof(mailer->line));
	mailer->count = mailer->is_connected = 0;
	mailer->claims = (uint8_t)claims;
	for (const struct la_ask *next; !mailer->is_dead && (next = la_asks_send(&again)) != NULL;)
		model_send(model, who, *next);
	la_asks_clear(&asks);
	la_asks_clear(&again);
	return (is_room);
}

static inline void
model_end_slot(struct model_mailer *mailer)
{
	mailer->slot = mailer->has_second ? SLOT_READY : SLOT_NONE;
	mailer->is_void = mailer->is_kept = mailer->has_second = false;
}

#endif
