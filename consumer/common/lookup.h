/*
 * A host name looked up by a thread of its own, so that a resolver that hangs holds up nobody: getaddrinfo cannot be
 * told to stop, so the thread is left to itself when nobody waits any more. lookup_os.c
 */
#ifndef LA_COMMON_LOOKUP_H
#define LA_COMMON_LOOKUP_H

#include <stddef.h>

#include "common/err.h"

#define LA_LOOKUP_ADDRESS_BYTES 64

struct la_lookup;

/* Is it an address, which need not be looked up? */
bool la_lookup_is_address(const char *host);

/* Errors: LA_ENOMEM, LA_EUNAVAILABLE (no more threads). */
LA_MUST_CHECK enum la_err la_lookup_start(struct la_lookup **lookup, const char *host, struct la_error *error);

/*
 * The address in digits, of IPv4 if there is one; waits for it up to wait_ms. LA_ETIMEOUT: not yet. Errors:
 * LA_EUNAVAILABLE (what the resolver says). The lookup is to be freed after either.
 */
LA_MUST_CHECK enum la_err la_lookup_take(
    struct la_lookup *lookup, int wait_ms, char address[LA_LOOKUP_ADDRESS_BYTES], struct la_error *error);

void la_lookup_free(struct la_lookup *lookup); /* waits for nothing */

#endif
