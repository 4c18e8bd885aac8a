/*
 * Who gets a mail whose job has no address, asked by member id: a port. directory_curl.c is the real one
 * (recipient.url). Never text of an answer in a detail.
 */
#ifndef LA_MAILER_DIRECTORY_H
#define LA_MAILER_DIRECTORY_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/span.h"
#include "common/text.h"

enum la_directory_verdict {
	LA_DIRECTORY_FOUND,
	LA_DIRECTORY_NONE,    /* no such member, or one without an address: final */
	LA_DIRECTORY_LATER,   /* no answer, or one that says nothing of the member */
	LA_DIRECTORY_AT_FAULT /* it refuses us, or is not the one we trust: pause and say so */
};

struct la_directory_answer {
	uint64_t token; /* of the question */
	enum la_directory_verdict verdict;
	struct la_text email;   /* FOUND: never cut; may still be none that mail can go to */
	struct la_text locale;  /* FOUND: may be absent */
	int64_t retry_after_ms; /* LATER: not before; 0: not said */
	char detail[240];       /* for the log, but for FOUND */
};

struct la_directory {
	void *self;
	/* How many more questions are taken now. */
	size_t (*room)(void *self);
	/*
	 * Asks; work answers once, in any order, with LATER when it takes too long. Copies. Errors: LA_EDATA (nothing
	 * that can be asked for: REFUSED), LA_EUNAVAILABLE (no room), LA_ENOMEM, LA_EINTERNAL.
	 */
	enum la_err (*ask)(
	    void *self, uint64_t token, struct la_span tenant, struct la_span member_id, struct la_error *error);
	/* Works without waiting; gives at most cap answers. Errors: LA_EINTERNAL. */
	enum la_err (*work)(
	    void *self, struct la_directory_answer *out, size_t cap, size_t *count, struct la_error *error);
	/* To be polled for input before the next work; -1: none. */
	int (*fd)(void *self);
	/* The next work is due then, if fd is not ready before; INT64_MAX: never. */
	int64_t (*wait_ms)(void *self);
};

#endif
