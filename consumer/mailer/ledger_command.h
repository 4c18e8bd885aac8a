/*
 * The commands that ask Redis for the ledger's asks (asks.h). Pure. What stands where: ledger_redis.h.
 */
#ifndef LA_MAILER_LEDGER_COMMAND_H
#define LA_MAILER_LEDGER_COMMAND_H

#include "common/buf.h"
#include "mailer/asks.h"

struct la_ledger_names {
	char prefix[72];
	char mailer[LA_MAILER_ID_HEX]; /* this one */
	int64_t lease_ms;
};

/*
 * Adds the command. Its answer: BEAT, MARK: a status; CLAIM, TAKE_OVER: 1, or the entry that is there instead;
 * IS_ALIVE: 1 or 0; RELEASE: 1. Errors: LA_ENOMEM.
 */
LA_MUST_CHECK enum la_err la_ledger_command(
    struct la_buf *out, const struct la_ledger_names *names, const struct la_ask *ask);

/* This mailer is gone; the answer is an integer. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_ledger_goodbye(struct la_buf *out, const struct la_ledger_names *names);

#endif
