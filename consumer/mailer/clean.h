/*
 * The cleaner of DESIGN section 7: every text of a job goes through it before a
 * template sees it. It cleans or cuts; it never refuses.
 */
#ifndef LA_MAILER_CLEAN_H
#define LA_MAILER_CLEAN_H

#include "common/span.h"
#include "common/text.h"

/*
 * Valid UTF-8 (else U+FFFD); controls, U+2028/9, bidi and zero-width characters and
 * U+FEFF dropped; at most 64 grapheme clusters (UAX #29) and 256 bytes; a full
 * stop between word characters before a letter becomes U+2024; "://" loses its
 * slashes. An absent src gives an absent text.
 */
void la_clean_text(struct la_span src, struct la_text *out);

#endif
