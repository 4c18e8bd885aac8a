/*
 * Which jobs were mailed, as the delivery loop sees it: a port. ledger_redis.c is
 * the real one.
 *
 * A job is claimed before its mail goes to the relay, and marked once the relay has
 * it, or may have it. A claim names its mailer. As long as that mailer lives, nobody
 * else gets the job; when it is gone, the next one takes the claim over: its mail may
 * have gone out, and goes once more with the same Message-ID.
 */
#ifndef LA_MAILER_LEDGER_H
#define LA_MAILER_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

enum la_ledger_verdict {
	LA_LEDGER_CLAIMED,    /* it is ours to be mailed */
	LA_LEDGER_TAKEN_OVER, /* the same, and before it was that of a mailer that is gone */
	LA_LEDGER_BUSY,       /* another mailer, which lives, is at it: ask again later */
	LA_LEDGER_DONE,       /* it was mailed, or may have been for good */
	LA_LEDGER_MARKED      /* the mark is there */
};

struct la_ledger_answer {
	uint64_t token; /* of the claim or mark */
	enum la_ledger_verdict verdict;
};

struct la_ledger {
	void *self;

	/*
	 * Asks; work answers each once, in any order, however often the server goes away in between. Claiming what
	 * is ours already is no error. ttl_s: how long the ledger remembers. Errors: LA_ENOMEM.
	 */
	enum la_err (*claim)(void *self, uint64_t token, const char *job_id, int64_t ttl_s, struct la_error *error);
	enum la_err (*mark)(void *self, uint64_t token, const char *job_id, int64_t ttl_s, struct la_error *error);
	/* Gives a claim back, if it is ours; there is no answer. Errors: LA_ENOMEM. */
	enum la_err (*release)(void *self, const char *job_id, struct la_error *error);

	/*
	 * Sends what was asked and takes what has come, without waiting. Errors: LA_EUNAVAILABLE, LA_ETIMEOUT: the
	 * server is away; keep calling. Answers may be given along with an error.
	 */
	enum la_err (*work)(void *self, struct la_ledger_answer *out, size_t cap, size_t *count, struct la_error *error);

	/* To be polled for input before the next work; -1: none. */
	int (*fd)(void *self);

	/* Claims of this mailer hold until then (monotonic ms); 0: they do not, since it could not say that it lives. */
	int64_t (*valid_until_ms)(void *self);
};

/*
 * How long a job's entry must be remembered: a day beyond not_after, for clocks that differ; 30 days, longer than
 * topics usually keep their records, for a job without limit (its not_after is in the year 2100).
 */
int64_t la_ledger_ttl_s(int64_t not_after_ms, int64_t wall_ms);

#endif
