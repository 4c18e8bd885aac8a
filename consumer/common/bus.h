/*
 * The bus as the loops see it: a port. bus_kafka.c is the real one; tests bring
 * their own in memory.
 *
 * One thread calls everything here. A record belongs to the assignment it was
 * read under: when its partition is revoked or lost, even if it comes back,
 * the record's lease is void: la_bus_commit leaves it out (P5).
 *
 * With exactly_once the outputs since the last commit, and the offsets of the
 * commit, are one transaction, which the first produce opens: readers with
 * isolation.level=read_committed see all of it or nothing. Records may be read
 * while it is open; only a commit that covers all of its outputs may end it.
 */
#ifndef LA_COMMON_BUS_H
#define LA_COMMON_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/span.h"

struct la_message {
	struct la_span topic; /* valid until released, as key and value */
	int32_t partition;
	int64_t offset;
	bool has_timestamp;
	int64_t timestamp_ms;
	struct la_span key;
	struct la_span value;
	uint64_t lease; /* the partition's assignment this record was read under */
	void *handle;   /* the bus's own */
	bool is_kept;   /* handle has its headers alone: see keep_headers */
};

/* One header of an output. */
struct la_header {
	const char *name;
	struct la_span value;
};

struct la_output {
	const char *topic;
	struct la_span key;   /* absent: null */
	struct la_span value; /* absent: null */
	const struct la_message *headers_of; /* its headers come first, byte for byte; NULL: none */
	const char *const *only_headers;     /* with headers_of: only these names (NULL-ended list); NULL: all */
	const struct la_header *headers;     /* then these */
	size_t header_count;
	uint64_t batch; /* the number to await */
};

/* All records before next_offset are done. */
struct la_position_done {
	struct la_span topic;
	int32_t partition;
	uint64_t lease; /* of the record before next_offset */
	int64_t next_offset;
};

struct la_bus {
	void *self;

	/*
	 * Waits up to wait_ms for the first record, then takes what is there, at
	 * most cap. 0 records is no error. Serves rebalances. The caller releases
	 * every record it got, in any order. An acknowledgement, or the answer to a commit, ends the wait early.
	 * Errors: LA_EUNAVAILABLE (brokers away; keep calling), LA_EFENCED (the
	 * group has another member with our name), LA_EINTERNAL.
	 */
	enum la_err (*poll)(void *self, int wait_ms, struct la_message *out, size_t cap, size_t *count,
	    struct la_error *error);

	void (*release)(void *self, struct la_message *messages, size_t count);

	/*
	 * *kept is the message again, with headers of its own that outlive it; topic, key and value are still the
	 * message's, to be copied by the caller. It works as headers_of, and is released besides the message. *bytes:
	 * what it holds, about. Errors: LA_ENOMEM.
	 */
	enum la_err (*keep_headers)(void *self, const struct la_message *message, struct la_message *kept, size_t *bytes);

	/*
	 * Stops (resumes) fetching on all partitions, those assigned later too.
	 * While paused the caller goes on calling poll, which gives no records and
	 * keeps the group membership.
	 */
	void (*pause)(void *self, bool paused);

	/*
	 * Queues one output (copied). LA_ETIMEOUT when the local queue stays full, or the
	 * portion before (portion.h) unanswered, for wait_ms. Errors: LA_ETOOLARGE; LA_EUNAVAILABLE (exactly_once: after
	 * this, discard).
	 */
	enum la_err (*produce)(void *self, const struct la_output *output, int wait_ms, struct la_error *error);

	/*
	 * Waits up to wait_ms until every output of batch numbers <= batch is
	 * acknowledged by the broker. LA_ETIMEOUT: not yet. A refused output gives
	 * its error (LA_ETOOLARGE for MSG_SIZE_TOO_LARGE, LA_EUNAVAILABLE else) and
	 * is forgotten: the caller produces the batch again (exactly_once: after discard; also where produce failed, LA_ETOOLARGE
	 * tells that an output before was the cause).
	 */
	enum la_err (*await)(void *self, uint64_t batch, int wait_ms, struct la_error *error);

	/*
	 * The caller gives up what it has produced since the last commit: exactly_once
	 * aborts it. With at_least_once, what is sent stays sent.
	 */
	void (*discard)(void *self);

	/*
	 * Commits, synchronously. Positions with a void lease are left out, quietly.
	 * Errors: LA_EUNAVAILABLE, LA_EREVOKED (nothing of it was committed: the
	 * group has moved on; sooner or later the leases say what is void, and
	 * until then nothing that was read may be dropped). exactly_once: a void lease
	 * since the first output, or a commit whose outcome is not known, is LA_EREVOKED too;
	 * what is still ours is then read again from the committed offsets on.
	 */
	enum la_err (*commit)(void *self, const struct la_position_done *positions, size_t count,
	    struct la_error *error);

	/*
	 * The same in two parts, so that the answer need not be waited for. begin takes copies; at most one commit is
	 * under way. end waits up to wait_ms for the answer; LA_ETIMEOUT: not yet; LA_OK also when none is under way.
	 * After any other error none is under way, and the caller begins again. Errors: those of commit. With a
	 * transaction begin does all of it.
	 */
	enum la_err (*commit_begin)(void *self, const struct la_position_done *positions, size_t count,
	    struct la_error *error);
	enum la_err (*commit_end)(void *self, int wait_ms, struct la_error *error);

	/* Is the lease still the partition's? */
	bool (*holds)(void *self, struct la_span topic, int32_t partition, uint64_t lease);

	/* The broker's cluster id, "" while unknown; valid as long as the bus. */
	const char *(*cluster_id)(void *self);
};

#endif
