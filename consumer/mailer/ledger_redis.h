/*
 * The ledger in Redis over hiredis, pipelined, never waiting.
 *
 *   <prefix>:m:<job_id>        "c<mailer><number>": claimed; "s": sent. TTL as asked for.
 *                              "r<mailer><number>": free, given back by that mailer; for 10 minutes
 *                              "c<mailer>": a claim of a former version, read as one without number
 *   <prefix>:mailer:<mailer>   there while the mailer lives; it says so every 2 s, and is gone after 10 s
 *
 * A mailer's claims are numbered, 16 digits, each anew when it is sent again; a claim replaces the one entry that was seen,
 * or nothing: so no entry comes twice, and a command that arrives after later ones (by a connection that was given up, or
 * round a slot that moves) does nothing. A mark is right whenever it comes. Command by command: README.md.
 *
 * One key per command. On a cluster each master has a connection and asks of its own; claims are sent only while it is
 * known that others see this mailer alive, since no master waits for another; marks always. Commands: EVAL, SET, EXISTS, DEL,
 * CLUSTER SLOTS, ASKING.
 */
#ifndef LA_MAILER_LEDGER_REDIS_H
#define LA_MAILER_LEDGER_REDIS_H

#include "common/conf.h"
#include "common/connection_redis.h"
#include "mailer/ledger.h"

struct la_ledger_redis;

/* Reads redis.* of conf; does not connect. Errors: LA_ECONFIG, LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_ledger_redis_new(
    struct la_ledger_redis **ledger, const struct la_conf *conf, struct la_error *error);
/* Sends what is queued and says good-bye, within timeout_ms, so that others need not wait for claims that are left. */
void la_ledger_redis_close(struct la_ledger_redis *ledger, int timeout_ms);
const struct la_ledger *la_ledger_redis_port(struct la_ledger_redis *ledger);

/* For tests, which cannot wait: how long a mailer counts as alive, how often it says so, how long an answer may take. */
struct la_ledger_times {
	int64_t lease_ms, beat_ms, answer_ms;
};
void la_ledger_redis_set_times(struct la_ledger_redis *ledger, const struct la_ledger_times *times);

/* For check; as la_redis_check. */
LA_MUST_CHECK enum la_err la_ledger_redis_check(struct la_ledger_redis *ledger, int timeout_ms,
    void (*warn)(void *cookie, const char *line), void *cookie, struct la_error *error);

#endif
