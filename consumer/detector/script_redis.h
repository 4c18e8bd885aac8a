/*
 * The compare-and-set script: one call is atomic on the server.
 *
 *   KEYS[1]  the member's key
 *   KEYS[2…] of its keys under other epochs those that matter: the old one when it moves, all when it is new or erased
 *   ARGV[1]  the record after
 *   ARGV[2]  its time to live, seconds
 *   ARGV[3]  which of KEYS has the record before: 2 when it moves from there, else 1
 *   ARGV[4]  what the rest of KEYS must be: "absent" (new), "deleted" (erased: they are, by this), "any"
 *   ARGV[5]  the record before; missing: there is none
 *   returns  1 done, 0 conflict
 *
 * A reply that was lost leaves its write in place. Sent again, the script finds what it would write, and is
 * done: nobody else writes the same bytes, since they hold the position of the event.
 */
#ifndef LA_DETECTOR_SCRIPT_REDIS_H
#define LA_DETECTOR_SCRIPT_REDIS_H

#include "common/buf.h"
#include "detector/store.h"

extern const char la_script_text[];

#define LA_SCRIPT_SHA_HEX 41

/* The name that SCRIPT LOAD gives (SHA-1, in hex) is taken from the server's answer. */
LA_MUST_CHECK enum la_err la_script_load_command(struct la_buf *out);
LA_MUST_CHECK enum la_err la_script_call(
    struct la_buf *out, const char *sha, const char *prefix, const struct la_store_write *write);

/*
 * Takes key away if its record is still that one (EVAL). The answer: 1 there is none any more, 0 it has another.
 */
LA_MUST_CHECK enum la_err la_script_remove(
    struct la_buf *out, const char *prefix, const struct la_member_key *key, struct la_span record);

#endif
