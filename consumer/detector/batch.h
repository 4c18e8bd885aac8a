/*
 * A batch: records from one or more polls, on their way from decoding to the
 * commit. Memory is fixed by its capacity; nothing in it is global, so that
 * several batches can be under way.
 *
 * Item i belongs to messages[i]. Records in [count, held) are carried over: read, but left for
 * the next batch.
 */
#ifndef LA_DETECTOR_BATCH_H
#define LA_DETECTOR_BATCH_H

#include "common/buf.h"
#include "common/bus.h"
#include "common/decoder.h"
#include "detector/policy.h"
#include "detector/store.h"
#include "detector/storm.h"

#define LA_BATCH_NONE UINT32_MAX
#define LA_BATCH_BYTES_MAX (16u << 20)  /* no more is read once this much is in hand, in all batches */
#define LA_BATCH_CANDIDATES_MAX LA_MEMO_MAX /* rule 2: of one member, uncommitted */

enum la_batch_stage {
	LA_BATCH_EMPTY,
	LA_BATCH_READ,         /* facts and members are there; the states of those pending are to be asked for */
	LA_BATCH_FETCHING,     /* asked for */
	LA_BATCH_DECIDED,      /* changed states are to be written */
	LA_BATCH_WRITING,      /* sent */
	LA_BATCH_WRITTEN,      /* every changed state is in the store */
	LA_BATCH_PRODUCED,     /* outputs are sent */
	LA_BATCH_ACKNOWLEDGED, /* the broker has them */
	LA_BATCH_COMMITTING    /* offsets are sent */
};

enum la_item_kind {
	LA_ITEM_VOID,     /* its partition is gone, or it was not decided: no output */
	LA_ITEM_REJECTED, /* rule 1: to the dead-letter topic */
	LA_ITEM_EVENT
};

struct la_item {
	enum la_item_kind kind;
	enum la_storm_mark storm; /* of an event that was decided */
	uint32_t position; /* index into positions */
	uint32_t next;     /* the member's next event, or LA_BATCH_NONE */
	enum la_err why;   /* REJECTED: the code */
	bool omit_value;   /* the broker finds its dead letter too large with it */
	uint8_t cause;     /* enum la_dead_cause, once its dead letter was written */
	struct la_verdict verdict;
	struct la_facts facts; /* last: of its digests there are only those of epochs that there are (la_batch_item) */
};

/* A member with events in this batch, and what is to be written for it. */
struct la_batch_member {
	uint32_t first, last; /* its events, in the order read */
	bool changed;         /* before, after: ranges of batch->records */
	bool has_before;
	size_t before_at, before_size, after_at, after_size;
	int64_t ttl_s;
	size_t candidates;    /* among its events, as decided last */
	struct la_member_key key, old_key;
	bool moves;  /* from old_key */
	bool erases; /* an event of it is ACCOUNT_ERASED */
};

/* A partition's assignment, with the end of what this batch does there. */
struct la_batch_position {
	struct la_position_done done;
	bool held; /* the lease was still good when last asked */
};

/* Where a member is found by its active digest. */
struct la_batch_slot {
	uint32_t member; /* LA_BATCH_NONE: empty */
	uint32_t tag;    /* of the digest: most that differ are told apart without looking at the member */
};

struct la_batch {
	enum la_batch_stage stage;
	uint64_t number; /* of its outputs on the bus */
	bool letters_one_by_one; /* the broker finds one of the small dead letters too large */
	size_t cap, count, held;
	size_t bytes; /* of keys and values in hand */
	size_t rejected; /* dead letters to be */
	bool guarded;    /* the storm guard has let it pass */
	bool again;      /* a write of it conflicted */
	bool asks;       /* for a schema, of the record behind those counted: nothing more is read until its turn */
	bool waits;      /* until every earlier batch is committed: rule 2, or Redis has lost what they wrote */
	int64_t since_ms; /* when its outputs were sent, or its commit */
	int64_t read_us, asked_us, acknowledged_ms; /* for whoever watches: when it was read, the store asked; wall clock */
	struct la_message *messages;
	unsigned char *items; /* of item_bytes each */
	size_t item_bytes;
	struct la_batch_member *members;
	size_t member_count;
	struct la_batch_slot *slots; /* hash table; slot_mask + 1 entries */
	size_t slot_mask; /* as the batch's records need */
	struct la_batch_position *positions;
	size_t position_count;
	uint32_t *pending; /* members that are not settled: to be fetched, decided, written */
	size_t pending_count;
	struct la_store_read *reads; /* of pending, in its order */
	struct la_store_write *writes;
	uint32_t *write_members; /* whose write it is */
	size_t write_count;
	struct la_buf records; /* before and after of what is to be written */
	struct la_decoder_hold schemas; /* by which its records were read: they are read again for its outputs */
};

/* For events digested under so many epochs. Errors: LA_ENOMEM; la_batch_clear is needed also then. */
LA_MUST_CHECK enum la_err la_batch_init(struct la_batch *batch, size_t cap, size_t epochs);
void la_batch_clear(struct la_batch *batch); /* the messages have been released */

/* count more messages are there, behind those in hand. */
void la_batch_hold(struct la_batch *batch, size_t count);

/* Takes all records in hand as the batch and forgets members and positions of the last one. */
void la_batch_start(struct la_batch *batch);

/* The position of message i, made if it is new. */
void la_batch_place(struct la_batch *batch, size_t i);

/* Item i, an event whose facts are there, joins the events of its member. */
void la_batch_join(struct la_batch *batch, size_t i);

/* The member of item i of another batch in this one; NULL: it has no events here. */
const struct la_batch_member *la_batch_find(
    const struct la_batch *batch, const struct la_batch *other, size_t i);

/* All members are to be settled. */
void la_batch_pend_all(struct la_batch *batch);

/* Asks the bus for every lease. False: none is good any more. */
bool la_batch_check_leases(struct la_batch *batch, const struct la_bus *bus);

/* Never to be copied as a whole: there is no memory for digests of epochs that there are not. */
static inline struct la_item *
la_batch_item(const struct la_batch *batch, size_t i)
{
	return ((struct la_item *)(void *)(batch->items + i * batch->item_bytes));
}

static inline bool
la_batch_holds(const struct la_batch *batch, size_t i)
{
	return (batch->positions[la_batch_item(batch, i)->position].held);
}

/* Fills out (room for position_count) with what is done when items [0, count) are; returns how many. */
size_t la_batch_done(struct la_batch *batch, struct la_position_done *out);

/* Gives everything back: a batch without records and members. */
void la_batch_drop(struct la_batch *batch, const struct la_bus *bus);

/* Releases messages [0, count); what was carried over becomes the start of the next batch. */
void la_batch_finish(struct la_batch *batch, const struct la_bus *bus);

#endif
