/*
 * Where member states live: a port. store_redis.c is the real one; store_memory.c
 * serves decide, replay and the simulator.
 *
 * Requests come in batches and are split into begin and end, so that another
 * batch can be decoded while the server answers. At most one fetch and one
 * write are under way at a time, and what was begun first is ended first: a fetch that begins after a write
 * finds what that write did, but for its conflicts. One thread calls everything.
 */
#ifndef LA_DETECTOR_STORE_H
#define LA_DETECTOR_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/span.h"
#include "detector/facts.h"
#include "detector/keys.h"

struct la_member_key {
	uint16_t epoch;
	unsigned char digest[LA_MEMBER_DIGEST_BYTES];
};

struct la_store_read {
	/* in */
	uint8_t key_count;
	struct la_member_key key[LA_EPOCHS_MAX]; /* newest epoch first */
	/* out */
	int8_t found;          /* index of the newest epoch that has a record; -1: none */
	struct la_span record; /* borrowed from the store; valid until the next fetch_begin */
};

enum la_write_result { LA_WRITE_DONE, LA_WRITE_CONFLICT };

/*
 * Compare and set: key holds before (absent: no record) -> after with ttl_s.
 * With move_from, before is the record of that older key, which must still hold it, key itself must be absent,
 * and the older key is deleted. A write that finds after in place is done: it is its own repetition, whose first
 * answer was lost.
 *
 * A new record (before absent) wants all of keys to be absent: else somebody has made the member meanwhile under
 * another epoch. A write that erases deletes what is under the others of keys, whatever it is.
 */
struct la_store_write {
	struct la_member_key key;
	struct la_span before; /* absent: the key must not exist */
	struct la_span after;
	int64_t ttl_s;
	const struct la_member_key *move_from; /* NULL: none */
	const struct la_member_key *keys;      /* all of the member, as looked for; NULL: key is the only one */
	uint8_t key_count;
	bool erases;
	/* out */
	enum la_write_result result;
};

struct la_store {
	void *self;

	/* begin queues and flushes; end waits for all answers, up to timeout_ms in all.
	 * Errors of end: LA_EUNAVAILABLE (connection, LOADING, READONLY, OOM …: text says which
	 * and what helps), LA_ETIMEOUT. After an error, of a begin too, nothing is known of the
	 * requests (a write may have happened) and none is under way any more: what was is begun again. The connection
	 * is made anew by the next begin. */
	enum la_err (*fetch_begin)(void *self, struct la_store_read *reads, size_t count, struct la_error *error);
	enum la_err (*fetch_end)(void *self, int timeout_ms, struct la_error *error);
	enum la_err (*write_begin)(void *self, struct la_store_write *writes, size_t count, struct la_error *error);
	enum la_err (*write_end)(void *self, int timeout_ms, struct la_error *error);
};

#endif
