/*
 * The commands that ask Redis what the ledger is asked (asks.h), and what their answers mean. Pure. What stands where:
 * ledger_redis.h.
 */
#ifndef LA_MAILER_LEDGER_COMMAND_H
#define LA_MAILER_LEDGER_COMMAND_H

#include "common/buf.h"
#include "mailer/asks.h"
#include "mailer/ledger.h"

struct la_ledger_names {
	char prefix[72];
	char mailer[LA_MAILER_ID_HEX]; /* this one */
	int64_t lease_ms;
};

#define LA_LEDGER_KEY_BYTES 128

/* The one key that it asks about; "" for LA_ASK_ASKING. */
void la_ledger_key(char key[LA_LEDGER_KEY_BYTES], const struct la_ledger_names *names, const struct la_ask *ask);

/*
 * Adds the command. Its answer: BEAT, MARK, ASKING: a status; CLAIM, TAKE_OVER: 1, or the entry that is there instead;
 * IS_ALIVE: 1 or 0; RELEASE: 1. Errors: LA_ENOMEM.
 */
LA_MUST_CHECK enum la_err la_ledger_command(
    struct la_buf *out, const struct la_ledger_names *names, const struct la_ask *ask);

/* This mailer is gone; the answer is an integer. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_ledger_goodbye(struct la_buf *out, const struct la_ledger_names *names);

/* No error reply; text: of a string or a status. */
struct la_ledger_reply {
	bool is_integer;
	int64_t integer;
	const char *text; /* NULL: neither */
};

enum la_ledger_reading {
	LA_LEDGER_ANSWERED,  /* *verdict */
	LA_LEDGER_ASK_MORE,  /* *next is to be asked for the same token */
	LA_LEDGER_NOTED,     /* nobody waits for it */
	LA_LEDGER_UNREADABLE /* not an answer to that, or an entry of a newer version */
};

enum la_ledger_reading la_ledger_read(const struct la_ledger_names *names, const struct la_ask *ask,
    const struct la_ledger_reply *reply, enum la_ledger_verdict *verdict, struct la_ask *next);

#endif
