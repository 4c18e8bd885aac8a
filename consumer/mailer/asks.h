/*
 * What is asked of the ledger, over one connection, and not answered yet, in order. Pure: the Redis
 * adapter's bookkeeping. Answers come in the order of the asks that were sent; after
 * a lost connection all are sent again.
 */
#ifndef LA_MAILER_ASKS_H
#define LA_MAILER_ASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/job.h"

#define LA_MAILER_ID_HEX 17    /* 64 random bits as hex digits and a NUL */
#define LA_LEDGER_ENTRY_BYTES 34 /* of a claim: "c", its mailer, its number, and a NUL (ledger_redis.h) */

enum la_ask_kind {
	LA_ASK_BEAT,      /* this mailer lives */
	LA_ASK_CLAIM,
	LA_ASK_IS_ALIVE,  /* the mailer whose claim was found */
	LA_ASK_TAKE_OVER, /* a claim, in the place of that of a mailer that is gone */
	LA_ASK_MARK,
	LA_ASK_RELEASE,
	LA_ASK_ASKING /* of a cluster: the next one although its slot is only on its way here */
};

struct la_ask {
	enum la_ask_kind kind;
	uint64_t token;
	char job_id[LA_ID_HEX];
	char other[LA_LEDGER_ENTRY_BYTES]; /* the entry that was found, and that a claim replaces; "": none */
	uint64_t number; /* of a claim: larger than that of each sent before; of a release: up to which */
	int64_t ttl_s;
	int64_t sent_ms; /* monotonic; set when it is sent */
	uint8_t redirects; /* of a cluster: so often somebody else was said to know */
};

struct la_asks {
	struct la_ask *ring;
	size_t cap, head, count; /* the oldest is at head */
	size_t sent;             /* so many of them are sent */
};

void la_asks_clear(struct la_asks *asks); /* frees; all zero is an empty one */

/* Errors: LA_ENOMEM; nothing is added then. */
LA_MUST_CHECK enum la_err la_asks_add(struct la_asks *asks, const struct la_ask *ask);

/* The next to be sent, which counts as sent then; NULL: none. */
struct la_ask *la_asks_send(struct la_asks *asks);

/* The one that is answered next, NULL: nothing is sent. Valid until it is taken. */
const struct la_ask *la_asks_awaited(const struct la_asks *asks);
void la_asks_take(struct la_asks *asks);

/*
 * The connection is lost: all are to be asked again, by to, before what is there, which was asked later; asks is empty
 * then. Beats and LA_ASK_ASKING are left out: they were of that connection. What was sent may arrive yet: a claim gets the
 * next number, so that whoever has seen it sees that its mailer asked again. Errors: LA_ENOMEM.
 */
LA_MUST_CHECK enum la_err la_asks_move(struct la_asks *asks, struct la_asks *to, uint64_t *number);

#endif
