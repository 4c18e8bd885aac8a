/*
 * What may happen next in a state of the ledger's model. The mailers' loop is told again here, in few words.
 */
#ifndef LA_TESTS_LEDGER_MODEL_H
#define LA_TESTS_LEDGER_MODEL_H

#include "ledger_model_state.h"

static inline bool
model_crash(struct model *model, unsigned who)
{
	struct model_mailer *mailer = &model->mailer[who];

	mailer->is_in_doubt |= mailer->slot == SLOT_DOT || (mailer->slot == SLOT_MARKING && !model_is_marked(model->entry));
	mailer->is_dead = true;
	mailer->is_valid = mailer->is_robbed = false;
	mailer->has_second = false;
	model_end_slot(mailer);
	if (model->owner == who)
		model->owner = MODEL_MAILERS;
	return (model_disconnect(model, who));
}

static inline bool
model_lapse(struct model *model, unsigned who)
{
	struct model_mailer *mailer = &model->mailer[who];

	mailer->is_in_doubt |= mailer->slot == SLOT_DOT || (mailer->slot == SLOT_MARKING && !model_is_marked(model->entry));
	mailer->is_valid = false;
	if (!model_disconnect(model, who))
		return (false);
	if ((mailer->slot == SLOT_SENDING || mailer->slot == SLOT_CLAIMED) && !mailer->is_kept)
		model_release(model, who);
	if (mailer->slot == SLOT_SENDING || mailer->slot == SLOT_CLAIMED)
		mailer->slot = SLOT_READY;
	return (true);
}

static inline void
model_notice(struct model_mailer *mailer)
{
	mailer->is_robbed = false;
	mailer->is_void = mailer->slot != SLOT_NONE;
	mailer->has_second = false;
}

static inline void
model_move(struct model *model, unsigned to)
{
	struct model_mailer *mailer = &model->mailer[to];

	if (model->owner < MODEL_MAILERS)
		model->mailer[model->owner].is_robbed = true;
	if (mailer->is_robbed)
		model_notice(mailer);
	model->owner = (uint8_t)to;
	if (mailer->slot == SLOT_NONE)
		mailer->slot = SLOT_READY;
	else
		mailer->has_second = true;
}

/* The answer to the oldest command. */
static inline void
model_read(struct model *model, unsigned who)
{
	struct model_mailer *mailer = &model->mailer[who];
	const struct model_wire wire = mailer->line[0];
	const struct la_ask what = model_asks[wire.ask].ask;
	enum la_ledger_verdict verdict = LA_LEDGER_MARKED;
	struct la_ask next;
	enum la_ledger_reading reading = model_meaning(who, &what, wire.reply, &verdict, &next);

	mailer->is_valid = true;
	memmove(mailer->line, mailer->line + 1, (MODEL_LINE - 1) * sizeof(mailer->line[0]));
	memset(&mailer->line[MODEL_LINE - 1], 0, sizeof(mailer->line[0]));
	mailer->count--;
	assert_int_not_equal(reading, LA_LEDGER_UNREADABLE);
	if (reading == LA_LEDGER_ASK_MORE)
		model_send(model, who, next);
	if (reading != LA_LEDGER_ANSWERED)
		return;
	switch (verdict) {
	case LA_LEDGER_CLAIMED:
	case LA_LEDGER_TAKEN_OVER:
		mailer->slot = SLOT_CLAIMED;
		break;
	case LA_LEDGER_BUSY:
		mailer->slot = SLOT_READY;
		break;
	case LA_LEDGER_DONE:
	case LA_LEDGER_MARKED:
		model_end_slot(mailer);
		break;
	}
}

/* The final dot: nobody else may have given it, or its outcome is not known. */
static inline void
model_give(struct model *model, unsigned who, struct model_verdict *verdict)
{
	for (unsigned i = 0; i < MODEL_MAILERS; i++) {
		if (model->mailer[i].gave && !model->mailer[i].is_in_doubt)
			verdict->wrong = "a mail was given to the relay twice, and the first giver knew what became of it";
	}
	model->mailer[who].gave = true;
	model->mailer[who].is_in_doubt = false;
	model->mailer[who].slot = SLOT_DOT;
}

/* False: there is nothing to do. */
static inline bool
model_step(struct model *model, unsigned who, struct model_verdict *verdict)
{
	struct model_mailer *mailer = &model->mailer[who];
	bool is_gone = mailer->is_void && (mailer->slot == SLOT_READY || mailer->slot == SLOT_CLAIMED);

	if (is_gone) {
		if (mailer->slot == SLOT_CLAIMED || mailer->is_kept)
			model_release(model, who);
		model_end_slot(mailer);
		return (true);
	}
	switch ((enum model_slot)mailer->slot) {
	case SLOT_READY:
		if (mailer->claims >= MODEL_CLAIMS && !model->is_calm)
			return (false);
		mailer->slot = SLOT_ASKED;
		model_send(model, who, (struct la_ask){.kind = LA_ASK_CLAIM, .number = ++mailer->claims});
		return (true);
	case SLOT_CLAIMED:
		if (!mailer->is_valid)
			return (false);
		mailer->slot = SLOT_SENDING;
		return (true);
	case SLOT_SENDING:
		if (!mailer->is_valid)
			return (false);
		model_give(model, who, verdict);
		return (true);
	case SLOT_DOT:
		mailer->slot = SLOT_MARKING;
		model_send(model, who, (struct la_ask){.kind = LA_ASK_MARK});
		return (true);
	case SLOT_NONE:
	case SLOT_ASKED:
	case SLOT_MARKING:
		break;
	}
	return (false);
}

/* A record that was read again goes before the first, which waits with its claim: its claim is that one's then. */
static inline bool
model_step_otherwise(struct model *model, unsigned who)
{
	struct model_mailer *mailer = &model->mailer[who];

	if (mailer->slot != SLOT_READY || !mailer->has_second)
		return (false);
	model_end_slot(mailer);
	return (true);
}

static inline bool
model_defer(struct model *model, unsigned who)
{
	struct model_mailer *mailer = &model->mailer[who];

	if (mailer->slot != SLOT_SENDING)
		return (false);
	if (!mailer->is_kept)
		model_release(model, who);
	mailer->slot = SLOT_READY;
	return (true);
}

static inline bool
model_cut(struct model *model, unsigned who)
{
	struct model_mailer *mailer = &model->mailer[who];

	if (mailer->slot != SLOT_DOT)
		return (false);
	mailer->is_in_doubt = true;
	if (mailer->is_kept) {
		mailer->slot = SLOT_MARKING;
		model_send(model, who, (struct la_ask){.kind = LA_ASK_MARK});
		return (true);
	}
	mailer->is_kept = true;
	mailer->slot = SLOT_READY;
	return (true);
}

static inline void
model_connect(struct model_mailer *mailer)
{
	mailer->is_connected = mailer->is_alive = true;
	for (uint8_t i = 0; i < mailer->count; i++)
		mailer->line[i].is_sent = true;
}

static inline bool
model_arrive(struct model *model, unsigned who)
{
	struct model_mailer *mailer = &model->mailer[who];
	struct model_wire *wire = mailer->line;

	while (wire < mailer->line + mailer->count && wire->is_done)
		wire++;
	if (wire == mailer->line + mailer->count || !wire->is_sent)
		return (false);
	wire->is_done = true;
	wire->reply = model_execute(wire->ask, &model->entry, (bool[]){model->mailer[0].is_alive,
	    model->mailer[1].is_alive, model->mailer[2].is_alive});
	return (true);
}

static inline bool
model_late(struct model *model, unsigned which)
{
	uint16_t ask = model->late[which];

	if (which >= model->late_count)
		return (false);
	model->late_count--;
	memmove(model->late + which, model->late + which + 1, (MODEL_LATE - 1 - which) * sizeof(model->late[0]));
	model->late[MODEL_LATE - 1] = 0;
	(void)model_execute(ask, &model->entry, NULL);
	return (true);
}

/* False: it cannot happen now. */
static inline bool
model_happen(struct model *model, unsigned event, unsigned who, struct model_verdict *verdict)
{
	struct model_mailer *mailer = &model->mailer[who];

	if (event >= EVENT_LATE)
		return (who == 0 && model_late(model, event - EVENT_LATE));
	if (mailer->is_dead)
		return (event == EVENT_EXPIRE && mailer->is_alive && !(mailer->is_alive = false));
	if (event < EVENT_EXPIRE && model->left[event]-- == 0)
		return (false);
	switch ((enum model_event)event) {
	case EVENT_CRASH:
		return (model_crash(model, who));
	case EVENT_LAPSE:
		return (mailer->is_valid && model_lapse(model, who));
	case EVENT_LOSS:
		return (mailer->is_connected && mailer->count > 0 && model_disconnect(model, who));
	case EVENT_MOVE:
		if (model->owner == who)
			return (false);
		model_move(model, who);
		return (true);
	case EVENT_DEFER:
		return (model_defer(model, who));
	case EVENT_CUT:
		return (model_cut(model, who));
	case EVENT_EXPIRE:
		return (mailer->is_alive && !mailer->is_valid && !(mailer->is_alive = false));
	case EVENT_NOTICE:
		if (!mailer->is_robbed)
			return (false);
		model_notice(mailer);
		return (true);
	case EVENT_CONNECT:
		if (mailer->is_connected || (mailer->count == 0 && mailer->slot == SLOT_NONE))
			return (false);
		model_connect(mailer);
		return (true);
	case EVENT_ARRIVE:
		return (model_arrive(model, who));
	case EVENT_READ:
		if (mailer->count == 0 || !mailer->line[0].is_done)
			return (false);
		if (!mailer->is_alive && !model->is_calm && model->left[EVENT_LAPSE]-- == 0)
			return (false);
		model_read(model, who);
		return (mailer->is_alive || model_lapse(model, who)); /* too late: it sees that */
	case EVENT_STEP:
		return (model_step(model, who, verdict));
	case EVENT_STEP_OTHERWISE:
		return (model_step_otherwise(model, who));
	case EVENT_LATE:
	case EVENT_COUNT:
		break;
	}
	return (false);
}

#endif
