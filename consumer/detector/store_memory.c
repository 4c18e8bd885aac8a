#include "detector/store_memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

/* One member's record under one epoch. */
struct slot {
	struct la_member_key key;
	uint32_t size;
	unsigned char *record; /* owned; NULL: the slot is free */
};

/* Open addressing, linear probing; a deletion moves later entries up, so that no probe is longer than it must be. */
struct la_store_memory {
	struct la_store port;
	struct slot *slots;
	size_t mask; /* slots - 1: a power of two, at most 3/4 taken */
	size_t taken;
	struct la_buf fetched; /* the records of the last fetch */
};

#define FIRST_SLOTS 64

static size_t
home_of(const struct la_store_memory *store, const struct la_member_key *key)
{
	uint64_t hash;

	memcpy(&hash, key->digest, sizeof(hash)); /* digests are spread evenly already */
	return ((size_t)(hash ^ key->epoch) & store->mask);
}

static bool
same_key(const struct la_member_key *a, const struct la_member_key *b)
{
	return (a->epoch == b->epoch && memcmp(a->digest, b->digest, sizeof(a->digest)) == 0);
}

/* The key's slot, or the free one where it would go. */
static struct slot *
find(const struct la_store_memory *store, const struct la_member_key *key)
{
	size_t at = home_of(store, key);

	while (store->slots[at].record != NULL && !same_key(&store->slots[at].key, key))
		at = (at + 1) & store->mask;
	return (&store->slots[at]);
}

static bool
holds(const struct slot *slot, struct la_span record)
{
	if (slot->record == NULL)
		return (!la_span_present(record));
	return (la_span_equal(la_span_of(slot->record, slot->size), record));
}

static enum la_err
grow(struct la_store_memory *store)
{
	struct slot *old = store->slots;
	size_t old_count = store->mask + 1;
	struct slot *slots = calloc(2 * old_count, sizeof(*slots));

	if (slots == NULL)
		return (LA_ENOMEM);
	store->slots = slots;
	store->mask = 2 * old_count - 1;
	for (size_t i = 0; i < old_count; i++) {
		if (old[i].record != NULL)
			*find(store, &old[i].key) = old[i];
	}
	free(old);
	return (LA_OK);
}

static enum la_err
put(struct la_store_memory *store, const struct la_member_key *key, struct la_span record)
{
	unsigned char *copy = malloc(record.size == 0 ? 1 : record.size);
	struct slot *slot;

	if (copy == NULL)
		return (LA_ENOMEM);
	if (4 * (store->taken + 1) > 3 * (store->mask + 1) && grow(store) != LA_OK) {
		free(copy);
		return (LA_ENOMEM);
	}
	if (record.size > 0)
		memcpy(copy, record.data, record.size);
	slot = find(store, key);
	store->taken += slot->record == NULL;
	free(slot->record);
	*slot = (struct slot){*key, (uint32_t)record.size, copy};
	return (LA_OK);
}

static void
drop(struct la_store_memory *store, struct slot *slot)
{
	size_t hole = (size_t)(slot - store->slots), at = hole;

	free(slot->record);
	slot->record = NULL;
	store->taken--;
	for (;;) {
		size_t home;

		at = (at + 1) & store->mask;
		if (store->slots[at].record == NULL)
			return;
		home = home_of(store, &store->slots[at].key);
		/* may it stand at the hole? only if its home is not between hole and where it is */
		if (((at - home) & store->mask) >= ((at - hole) & store->mask)) {
			store->slots[hole] = store->slots[at];
			store->slots[at].record = NULL;
			hole = at;
		}
	}
}

/* The newest record, where it lies in the store; it will be copied soon. */
static void
find_newest(const struct la_store_memory *store, struct la_store_read *read)
{
	read->found = -1;
	read->record = la_span_of(NULL, 0);
	for (uint8_t k = 0; k < read->key_count && read->found < 0; k++) {
		const struct slot *slot = find(store, &read->key[k]);

		if (slot->record == NULL)
			continue;
		__builtin_prefetch(slot->record);
		read->found = (int8_t)k;
		read->record = la_span_of(slot->record, slot->size);
	}
}

/* Gives copies: a write frees the record before. */
static enum la_err
fetch_begin(void *self, struct la_store_read *reads, size_t count, struct la_error *error)
{
	struct la_store_memory *store = self;
	struct la_buf *copies = &store->fetched;
	size_t size = 0;

	for (size_t i = 0; i < count; i++) {
		find_newest(store, &reads[i]);
		size += reads[i].record.size;
	}
	la_buf_reset(copies);
	if (la_buf_reserve(copies, size + 1) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory for %zu records", count));
	for (size_t i = 0; i < count; i++) {
		if (reads[i].found < 0)
			continue;
		memcpy(copies->data + copies->size, reads[i].record.data, reads[i].record.size);
		reads[i].record.data = copies->data + copies->size;
		copies->size += reads[i].record.size;
	}
	return (LA_OK);
}

/* Has any of the member's keys but its own a record? */
static bool
is_elsewhere(const struct la_store_memory *store, const struct la_store_write *write)
{
	for (size_t k = 0; k < write->key_count; k++) {
		if (!same_key(&write->keys[k], &write->key) && find(store, &write->keys[k])->record != NULL)
			return (true);
	}
	return (false);
}

static void
drop_others(struct la_store_memory *store, const struct la_store_write *write)
{
	for (size_t k = 0; k < write->key_count; k++) {
		struct slot *slot = find(store, &write->keys[k]);

		if (slot->record != NULL && !same_key(&write->keys[k], &write->key))
			drop(store, slot);
	}
}

static enum la_err
write_one(struct la_store_memory *store, struct la_store_write *write)
{
	struct slot *slot = find(store, &write->key);
	struct slot *old = write->move_from == NULL ? slot : find(store, write->move_from);
	bool written = slot->record != NULL && holds(slot, write->after);
	bool free_to_move = write->move_from == NULL || slot->record == NULL;
	enum la_err err = LA_OK;

	write->result = LA_WRITE_CONFLICT;
	if (!written && (!free_to_move || !holds(old, write->before)))
		return (LA_OK);
	if (!written && !la_span_present(write->before) && !write->erases && is_elsewhere(store, write))
		return (LA_OK);
	if (!written)
		err = put(store, &write->key, write->after);
	if (err != LA_OK)
		return (err);
	if (write->move_from != NULL) {
		old = find(store, write->move_from); /* put may have moved it */
		if (old->record != NULL && holds(old, write->before))
			drop(store, old);
	}
	if (write->erases)
		drop_others(store, write);
	write->result = LA_WRITE_DONE;
	return (LA_OK);
}

static enum la_err
write_begin(void *self, struct la_store_write *writes, size_t count, struct la_error *error)
{
	for (size_t i = 0; i < count; i++) {
		if (write_one(self, &writes[i]) != LA_OK)
			return (la_error_set(error, LA_ENOMEM, "out of memory for a member's record"));
	}
	return (LA_OK);
}

/* All is done at the beginning already. */
static enum la_err
fetch_end(void *self, int timeout_ms, struct la_error *error)
{
	(void)self;
	(void)timeout_ms;
	(void)error;
	return (LA_OK);
}

static enum la_err
write_end(void *self, int timeout_ms, struct la_error *error)
{
	return (fetch_end(self, timeout_ms, error));
}

enum la_err
la_store_memory_new(struct la_store_memory **store)
{
	struct la_store_memory *made = calloc(1, sizeof(*made));

	if (made == NULL)
		return (LA_ENOMEM);
	made->slots = calloc(FIRST_SLOTS, sizeof(*made->slots));
	if (made->slots == NULL) {
		free(made);
		return (LA_ENOMEM);
	}
	made->mask = FIRST_SLOTS - 1;
	made->port = (struct la_store){made, fetch_begin, fetch_end, write_begin, write_end};
	*store = made;
	return (LA_OK);
}

void
la_store_memory_free(struct la_store_memory *store)
{
	if (store == NULL)
		return;
	for (size_t i = 0; i <= store->mask; i++)
		free(store->slots[i].record);
	free(store->slots);
	la_buf_clear(&store->fetched);
	free(store);
}

const struct la_store *
la_store_memory_port(struct la_store_memory *store)
{
	return (&store->port);
}
