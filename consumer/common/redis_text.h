/*
 * The texts of the Redis protocol: commands in, error replies out. Pure; no
 * connection. Protocol: https://redis.io/docs/latest/develop/reference/protocol-spec/ (RESP2).
 */
#ifndef LA_COMMON_REDIS_TEXT_H
#define LA_COMMON_REDIS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"

/* A command of count arguments (its name is the first): begin, then count times arg. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_redis_text_begin(struct la_buf *out, size_t count);
LA_MUST_CHECK enum la_err la_redis_text_arg(struct la_buf *out, struct la_span arg);

/* A whole command of text arguments, NULL-ended. */
LA_MUST_CHECK enum la_err la_redis_text_command(struct la_buf *out, const char *const *args);

#define LA_REDIS_HEAD_BYTES 32

/*
 * The mark, the number in decimal, CR LF; returns the size. Heads of the protocol, and whoever else counts: printf
 * would cost more than a look-up's other work.
 */
size_t la_redis_text_head(char out[LA_REDIS_HEAD_BYTES], char mark, size_t number);

/*
 * An error reply of the server called name -> *error, and what helps. Returns
 * LA_EUNAVAILABLE: each of them can be repaired on the server's side. What the server says
 * after a quote is left out: it may repeat what we sent.
 */
enum la_err la_redis_text_error(struct la_error *error, const char *name, const char *reply);

/* Is it one client too many? A server says so in the place of the first answer, whatever was asked, and hangs up. */
bool la_redis_text_is_full(const char *reply);

/* Does the error reply to CLUSTER SLOTS say that the server is alone (cluster support is disabled, or not known)? */
bool la_redis_text_is_alone(const char *reply);

#endif
