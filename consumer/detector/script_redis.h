/*
 * The compare-and-set script (DESIGN 4.1): one call is atomic on the server.
 *
 *   KEYS[1]  the member's key
 *   KEYS[2]  when it moves from an older epoch: the old key
 *   ARGV[1]  the record after
 *   ARGV[2]  its time to live, seconds
 *   ARGV[3]  the record before, in KEYS[2] if that is given, else in KEYS[1]; missing: there is none
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

#endif
