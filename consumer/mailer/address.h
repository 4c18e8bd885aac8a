/*
 * One strict parser for mail addresses, for envelope and header (RFC 5321
 * section 4.1.2, RFC 5322 section 3.4.1; lengths RFC 5321 4.5.3.1).
 */
#ifndef LA_MAILER_ADDRESS_H
#define LA_MAILER_ADDRESS_H

#include "common/err.h"
#include "common/span.h"

#define LA_ADDRESS_LOCAL_MAX 64
#define LA_ADDRESS_DOMAIN_MAX 255
#define LA_ADDRESS_BYTES (LA_ADDRESS_LOCAL_MAX + 1 + LA_ADDRESS_DOMAIN_MAX)

struct la_address {
	char text[LA_ADDRESS_BYTES + 1]; /* local@domain as it goes on the wire: ASCII, quoted if it must be, A-labels */
	size_t at;                       /* index of the '@' before the domain */
};

/*
 * Exactly one address, nothing around it. The local part is a dot-atom or a
 * quoted string; the domain has labels of letters, digits and hyphens.
 * Refused: control bytes, angle brackets, over-long parts (local 64, label 63,
 * domain 255 bytes, as they go on the wire), a non-ASCII local part, comments,
 * address literals, a dot at the end of the domain.
 * A Unicode domain becomes A-labels (libidn2, UTS #46 non-transitional).
 * The old Japanese carrier forms with dots (foo..bar@docomo.ne.jp,
 * foo.@ezweb.ne.jp) are quoted; a local part that starts with a dot never existed there.
 * Errors: LA_EDATA says what is wrong and at which byte (from 0), without the address.
 */
LA_MUST_CHECK enum la_err la_address_parse(struct la_span src, struct la_address *out, struct la_error *error);

#endif
