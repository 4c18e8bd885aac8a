/*
 * The cleaner: every text of a job goes through it before a template sees it.
 * It cleans or cuts; it never refuses.
 */
#ifndef LA_MAILER_CLEAN_H
#define LA_MAILER_CLEAN_H

#include "common/span.h"
#include "common/text.h"

#define LA_CLEAN_GRAPHEMES 64

/*
 * In this order:
 * 1. Ill-formed UTF-8 becomes U+FFFD (la_text_set); only the first LA_TEXT_BYTES are read.
 * 2. Dropped: controls (Cc), U+2028, U+2029, all that Unicode calls default-ignorable
 *    (bidi and zero-width characters, U+FEFF, soft hyphen, fillers, variation
 *    selectors, tags), U+FFF9-FFFB, noncharacters.
 * 3. ':' before two or more '/' loses all of them.
 * 4. '.' between a word character (letter, mark, number, '_' or the like, symbol such as an
 *    emoji) and a letter becomes U+2024: it looks the same and makes no host name.
 * 5. Cut after LA_CLEAN_GRAPHEMES grapheme clusters (UAX #29) and before the cluster that would
 *    exceed LA_TEXT_BYTES; when that is the first one, inside it, at a character.
 * An absent src gives an absent text.
 */
void la_clean_text(struct la_span src, struct la_text *out);

#endif
