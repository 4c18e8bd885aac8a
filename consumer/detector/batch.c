#include "detector/batch.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static size_t
slots_for(size_t records)
{
	size_t slots = 16;

	while (slots < 2 * records)
		slots *= 2;
	return (slots);
}

enum la_err
la_batch_init(struct la_batch *batch, size_t cap, size_t epochs)
{
	size_t slots = slots_for(cap);

	*batch = (struct la_batch){.cap = cap, .records = LA_BUF_INIT};
	batch->item_bytes = offsetof(struct la_item, facts.by_epoch) + epochs * sizeof(struct la_digests);
	batch->messages = calloc(cap, sizeof(*batch->messages));
	batch->items = calloc(cap, batch->item_bytes);
	batch->members = calloc(cap, sizeof(*batch->members));
	batch->slots = calloc(slots, sizeof(*batch->slots));
	batch->positions = calloc(cap, sizeof(*batch->positions));
	batch->pending = calloc(cap, sizeof(*batch->pending));
	batch->reads = calloc(cap, sizeof(*batch->reads));
	batch->writes = calloc(cap, sizeof(*batch->writes));
	batch->write_members = calloc(cap, sizeof(*batch->write_members));
	if (batch->messages == NULL || batch->items == NULL || batch->members == NULL || batch->slots == NULL ||
	    batch->positions == NULL || batch->pending == NULL || batch->reads == NULL || batch->writes == NULL ||
	    batch->write_members == NULL)
		return (LA_ENOMEM);
	return (LA_OK);
}

void
la_batch_clear(struct la_batch *batch)
{
	free(batch->messages);
	free(batch->items);
	free(batch->members);
	free(batch->slots);
	free(batch->positions);
	free(batch->pending);
	free(batch->reads);
	free(batch->writes);
	free(batch->write_members);
	la_buf_clear(&batch->records);
	*batch = (struct la_batch){.stage = LA_BATCH_EMPTY};
}

static size_t
size_of(const struct la_message *message)
{
	return (message->key.size + message->value.size);
}

void
la_batch_hold(struct la_batch *batch, size_t count)
{
	for (; count > 0; count--)
		batch->bytes += size_of(&batch->messages[batch->held++]);
}

void
la_batch_start(struct la_batch *batch)
{
	batch->count = batch->held;
	batch->member_count = 0;
	batch->position_count = 0;
	batch->pending_count = 0;
	batch->write_count = 0;
	batch->rejected = 0;
	la_decoder_release(&batch->schemas);
	batch->guarded = batch->again = batch->asks = batch->waits = batch->letters_one_by_one = false;
	batch->slot_mask = slots_for(batch->held) - 1;
	memset(batch->slots, 0xff, (batch->slot_mask + 1) * sizeof(*batch->slots));
}

static bool
same_assignment(const struct la_position_done *done, const struct la_message *message)
{
	return (done->partition == message->partition && done->lease == message->lease &&
	    (done->topic.data == message->topic.data || la_span_equal(done->topic, message->topic)));
}

void
la_batch_place(struct la_batch *batch, size_t i)
{
	const struct la_message *message = &batch->messages[i];
	size_t p = batch->position_count;

	/* records of one partition come in runs: look from the newest */
	while (p > 0 && !same_assignment(&batch->positions[p - 1].done, message))
		p--;
	if (p == 0) {
		p = ++batch->position_count;
		batch->positions[p - 1] = (struct la_batch_position){
		    .done = {.topic = message->topic, .partition = message->partition, .lease = message->lease},
		    .held = true};
	}
	la_batch_item(batch, i)->position = (uint32_t)(p - 1);
	la_batch_item(batch, i)->omit_value = false;
}

static const unsigned char *
digest_of(const struct la_batch *batch, size_t i)
{
	const struct la_facts *facts = &la_batch_item(batch, i)->facts;

	return (facts->by_epoch[facts->active].member);
}

/* The member's slot, or the empty one where it belongs; *tag goes with it. */
static struct la_batch_slot *
slot_of(const struct la_batch *batch, const unsigned char *digest, uint32_t *tag)
{
	uint64_t bits; /* keyed: nobody outside can make collisions */
	size_t at;

	memcpy(&bits, digest, sizeof(bits));
	*tag = (uint32_t)(bits >> 32);
	for (at = bits & batch->slot_mask; batch->slots[at].member != LA_BATCH_NONE; at = (at + 1) & batch->slot_mask) {
		const struct la_batch_slot *slot = &batch->slots[at];

		if (slot->tag == *tag && memcmp(digest_of(batch, batch->members[slot->member].first), digest,
					     LA_MEMBER_DIGEST_BYTES) == 0)
			break;
	}
	return (&batch->slots[at]);
}

const struct la_batch_member *
la_batch_find(const struct la_batch *batch, const struct la_batch *other, size_t i)
{
	uint32_t tag;
	const struct la_batch_slot *slot = slot_of(batch, digest_of(other, i), &tag);

	return (slot->member == LA_BATCH_NONE ? NULL : &batch->members[slot->member]);
}

void
la_batch_join(struct la_batch *batch, size_t i)
{
	uint32_t tag;
	struct la_batch_slot *slot = slot_of(batch, digest_of(batch, i), &tag);

	la_batch_item(batch, i)->next = LA_BATCH_NONE;
	if (slot->member != LA_BATCH_NONE) {
		struct la_batch_member *member = &batch->members[slot->member];

		la_batch_item(batch, member->last)->next = (uint32_t)i;
		member->last = (uint32_t)i;
		return;
	}
	*slot = (struct la_batch_slot){(uint32_t)batch->member_count, tag};
	batch->members[batch->member_count++] =
	    (struct la_batch_member){.first = (uint32_t)i, .last = (uint32_t)i, .changed = false};
}

void
la_batch_pend_all(struct la_batch *batch)
{
	for (size_t m = 0; m < batch->member_count; m++)
		batch->pending[m] = (uint32_t)m;
	batch->pending_count = batch->member_count;
}

bool
la_batch_check_leases(struct la_batch *batch, const struct la_bus *bus)
{
	bool any = false;

	for (size_t p = 0; p < batch->position_count; p++) {
		struct la_batch_position *position = &batch->positions[p];

		position->held = position->held &&
		    bus->holds(bus->self, position->done.topic, position->done.partition, position->done.lease);
		any = any || position->held;
	}
	return (any);
}

size_t
la_batch_done(struct la_batch *batch, struct la_position_done *out)
{
	size_t count = 0;

	for (size_t p = 0; p < batch->position_count; p++)
		batch->positions[p].done.next_offset = -1;
	for (size_t i = 0; i < batch->count; i++)
		batch->positions[la_batch_item(batch, i)->position].done.next_offset = batch->messages[i].offset + 1;
	for (size_t p = 0; p < batch->position_count; p++) {
		if (batch->positions[p].held && batch->positions[p].done.next_offset >= 0)
			out[count++] = batch->positions[p].done;
	}
	return (count);
}

void
la_batch_finish(struct la_batch *batch, const struct la_bus *bus)
{
	for (size_t i = 0; i < batch->count; i++)
		batch->bytes -= size_of(&batch->messages[i]);
	if (batch->count > 0)
		bus->release(bus->self, batch->messages, batch->count);
	la_decoder_release(&batch->schemas);
	batch->held -= batch->count;
	memmove(batch->messages, batch->messages + batch->count, batch->held * sizeof(*batch->messages));
	batch->count = 0;
	batch->stage = LA_BATCH_EMPTY;
}

void
la_batch_drop(struct la_batch *batch, const struct la_bus *bus)
{
	if (batch->messages == NULL)
		return;
	batch->count = batch->held;
	la_batch_finish(batch, bus);
	la_batch_start(batch);
}
