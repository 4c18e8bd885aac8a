/*
 * The relay as the delivery loop sees it: a port. relay_curl.c is the real one.
 */
#ifndef LA_MAILER_RELAY_H
#define LA_MAILER_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/span.h"

/* Where a conversation stopped. */
enum la_smtp_stage {
	LA_SMTP_CONNECT, LA_SMTP_BANNER, LA_SMTP_EHLO, LA_SMTP_STARTTLS, LA_SMTP_AUTH, LA_SMTP_MAIL, LA_SMTP_RCPT,
	LA_SMTP_DATA, LA_SMTP_END_OF_DATA
};

/* What a reply at a stage means: README.md, "What an answer means". */
enum la_relay_outcome {
	LA_RELAY_SENT,
	LA_RELAY_REFUSED,   /* final, for this mail */
	LA_RELAY_DEFER,     /* later */
	LA_RELAY_UNKNOWN,   /* cut after the final dot */
	LA_RELAY_AT_FAULT,  /* the relay refuses us: pause and say so */
	LA_RELAY_WITHDRAWN  /* by us, before the final dot: see trust */
};

struct la_relay_result {
	uint64_t token; /* of the submit */
	size_t which;   /* relay */
	enum la_relay_outcome outcome;
	enum la_smtp_stage stage;
	int smtp_code;           /* 0: none */
	char enhanced_code[16];  /* "5.1.1" or "" */
	char detail[416];        /* for the log: host:port and what happened; no address, no reply text */
};

/* from, to and data must live until the result. */
struct la_relay_mail {
	uint64_t token;
	const char *from, *to;
	struct la_span data;
};

#define LA_RELAYS_MAX 8
#define LA_RELAY_WAIT_FDS 3
#define LA_RELAY_WAIT_NO_FDS {-1, -1, -1}

/* How long to wait, and for what else to be readable (-1: nothing). */
struct la_relay_wait {
	int ms;
	int fds[LA_RELAY_WAIT_FDS];
};

/* One or more relays, in order of preference; which is one's place in it. */
struct la_relay {
	void *self;
	const char *const *names; /* "host:port" */
	size_t count;
	/* Free connections to it: how many more submits are taken now. */
	size_t (*room)(void *self, size_t which);
	/* Takes one mail. Errors: LA_EUNAVAILABLE (no room), LA_ENOMEM, LA_EINTERNAL. */
	enum la_err (*submit)(void *self, size_t which, const struct la_relay_mail *mail, struct la_error *error);
	/*
	 * Mails are ours to be sent until until_ms (monotonic). From then on, or when this is called later than
	 * that, those whose final dot is not out are withdrawn. Never called: for ever.
	 */
	void (*trust)(void *self, int64_t until_ms);
	/* Works, waiting as wait says; gives at most cap results. */
	enum la_err (*work)(void *self, const struct la_relay_wait *wait, struct la_relay_result *out, size_t cap,
	    size_t *count, struct la_error *error);
};

#endif
