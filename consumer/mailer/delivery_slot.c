#include <stdlib.h>
#include <string.h>

#include "mailer/delivery_internal.h"

static void
unlink_slot(struct la_slot_list *list, struct la_slot *slot)
{
	if (slot->before == NULL)
		list->first = slot->after;
	else
		slot->before->after = slot->after;
	if (slot->after == NULL)
		list->last = slot->before;
	else
		slot->after->before = slot->before;
	list->count--;
}

/* Behind after; NULL: first. */
static void
link_slot(struct la_slot_list *list, struct la_slot *slot, struct la_slot *after)
{
	slot->before = after;
	slot->after = after == NULL ? list->first : after->after;
	if (slot->after == NULL)
		list->last = slot;
	else
		slot->after->before = slot;
	if (after == NULL)
		list->first = slot;
	else
		after->after = slot;
	list->count++;
}

/* The oldest goes first: a newer one before it, and an old one would wait for ever, its offset too. */
static struct la_slot *
place_by_arrival(const struct la_slot_list *list, const struct la_slot *slot)
{
	struct la_slot *after = NULL;

	if (list->last == NULL || list->last->arrival < slot->arrival)
		return (list->last);
	for (struct la_slot *next = list->first; next != NULL && next->arrival < slot->arrival; next = next->after)
		after = next;
	return (after);
}

void
la_slot_start(struct la_slot *slot, const struct la_message *message)
{
	/* It stays in its list, and the mail keeps its buffers. */
	*slot = (struct la_slot){.stage = slot->stage,
	    .before = slot->before,
	    .after = slot->after,
	    .mail = slot->mail,
	    .message = *message};
}

/* As long as the ledger or a relay has to do with it. */
static bool
has_bucket(enum la_slot_stage stage)
{
	return (stage >= LA_SLOT_CLAIMING && stage <= LA_SLOT_MARKING);
}

void
la_slot_move(struct la_delivery_loop *loop, struct la_slot *slot, enum la_slot_stage stage)
{
	struct la_slot_list *to = &loop->lists[stage];

	unlink_slot(&loop->lists[slot->stage], slot);
	if (has_bucket(slot->stage) && !has_bucket(stage))
		la_twins_remove(loop, slot);
	else if (!has_bucket(slot->stage) && has_bucket(stage))
		la_twins_add(loop, slot);
	slot->stage = stage;
	link_slot(to, slot, stage == LA_SLOT_READY || stage == LA_SLOT_TO_ASK ? place_by_arrival(to, slot) : to->last);
}

size_t
la_slot_in_hand(const struct la_delivery_loop *loop)
{
	return (loop->slot_count - loop->lists[LA_SLOT_FREE].count);
}

void
la_slot_judge(struct la_delivery_loop *loop, struct la_slot *slot, enum la_delivered outcome)
{
	slot->delivery.outcome = outcome;
	slot->produce_at_ms = 0;
	la_slot_move(loop, slot, LA_SLOT_JUDGED);
}

void
la_slot_unpin(struct la_delivery_loop *loop, struct la_slot *slot)
{
	la_decoder_unpin(loop->options.decoder, slot->schema);
	slot->schema = 0;
}

void
la_slot_drop(struct la_delivery_loop *loop, struct la_slot *slot)
{
	const struct la_bus *bus = loop->options.bus;

	la_window_finish(loop->window, slot->ticket);
	if (slot->block == NULL || slot->message.is_kept)
		bus->release(bus->self, &slot->message, 1);
	free(slot->block);
	slot->block = NULL;
	la_slot_unpin(loop, slot);
	la_slot_move(loop, slot, LA_SLOT_FREE);
}

bool
la_slot_is_void(const struct la_delivery_loop *loop, const struct la_message *message)
{
	const struct la_bus *bus = loop->options.bus;

	return (!bus->holds(bus->self, message->topic, message->partition, message->lease));
}

enum la_err
la_slot_release(struct la_delivery_loop *loop, struct la_slot *slot, struct la_error *error)
{
	const struct la_ledger *ledger = loop->options.ledger;

	return (ledger->release(ledger->self, slot->job.job_id, error));
}
