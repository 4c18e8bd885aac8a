/*
 * The addresses that were asked for lately, so that a member's second alert does not ask again: bounded, each kept for
 * LA_RECIPIENTS_TTL_MS, then wiped. Pure; libsodium. No core dump has them (sodium_malloc), and members are known by a
 * keyed digest only.
 */
#ifndef LA_MAILER_RECIPIENTS_H
#define LA_MAILER_RECIPIENTS_H

#include "common/err.h"
#include "common/span.h"
#include "common/text.h"

#define LA_RECIPIENTS_MAX 512
#define LA_RECIPIENTS_TTL_MS 60000

struct la_recipients;

/* Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_recipients_new(struct la_recipients **recipients);
void la_recipients_free(struct la_recipients *recipients); /* wipes */

/* In the place of the one that is over soonest of the few it may replace. */
void la_recipients_put(struct la_recipients *recipients, struct la_span tenant, struct la_span member_id,
    const struct la_text *email, const struct la_text *locale, int64_t now_ms);

/* False: it is not there, or over. */
bool la_recipients_get(struct la_recipients *recipients, struct la_span tenant, struct la_span member_id,
    int64_t now_ms, struct la_text *email, struct la_text *locale);

/* Wipes what is over. */
void la_recipients_sweep(struct la_recipients *recipients, int64_t now_ms);

#endif
