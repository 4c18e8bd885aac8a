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
	LA_RELAY_REFUSED,  /* final, for this mail */
	LA_RELAY_DEFER,    /* later */
	LA_RELAY_UNKNOWN,  /* cut after the final dot */
	LA_RELAY_AT_FAULT  /* the relay refuses us: pause and say so */
};

struct la_relay_result {
	uint64_t token; /* of the submit */
	enum la_relay_outcome outcome;
	enum la_smtp_stage stage;
	int smtp_code;           /* 0: none */
	char enhanced_code[16];  /* "5.1.1" or "" */
	char relay[256];         /* host:port */
	char detail[160];        /* for the log: no address, no reply text */
};

struct la_relay {
	void *self;
	/* Free connections: how many more submits are taken now. */
	size_t (*room)(void *self);
	/*
	 * Takes one mail; from, to and data must live until its result. Errors: LA_EUNAVAILABLE (no room),
	 * LA_ENOMEM, LA_EINTERNAL.
	 */
	enum la_err (*submit)(void *self, uint64_t token, const char *from, const char *to, struct la_span data,
	    struct la_error *error);
	/* Works up to wait_ms (or until extra_fd, -1: none, is readable); gives at most cap results. */
	enum la_err (*work)(void *self, int wait_ms, int extra_fd, struct la_relay_result *out, size_t cap,
	    size_t *count, struct la_error *error);
};

#endif
