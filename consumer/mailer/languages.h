/* Language tags (RFC 5646), alone and in lists: "ja, en". */
#ifndef LA_MAILER_LANGUAGES_H
#define LA_MAILER_LANGUAGES_H

#include <stdbool.h>

#include "common/span.h"

#define LA_LANGUAGES_BYTES 65 /* of a list, with its NUL */
#define LA_LANGUAGE_BYTES 36  /* of a tag that we compare with: RFC 5646 section 4.4.1 */

/* Is it well-formed: subtags of 1 to 8 letters and digits, the first of 2 to 8 letters, the last of two or more? */
bool la_language_ok(struct la_span tag);

/* The list with ", " between its tags; false: not a list of tags, one twice, too long. *out is undefined then. */
bool la_languages_read(struct la_span text, char out[LA_LANGUAGES_BYTES]);

/* Is each of some in all? Both as la_languages_read gives them. */
bool la_languages_within(const char *some, const char *all);

/*
 * RFC 4647 section 3.4, look-up: the longest of locale, cut at its hyphens, that find knows ("en-GB-x-a", "en-GB", "en").
 * find returns an index or -1. The result is -1 when there is none, or locale is no language tag.
 */
int la_language_find(struct la_span locale, int (*find)(const void *cookie, struct la_span tag), const void *cookie);

#endif
