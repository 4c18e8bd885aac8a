/* A key file's text line by line. */
#ifndef LA_COMMON_LINES_H
#define LA_COMMON_LINES_H

#include <stdbool.h>

#include "common/span.h"

struct la_lines {
	struct la_span rest; /* what is not taken yet */
	const char *name;    /* for errors: stands for the path */
	unsigned line;       /* of the line taken last, from 1 */
};

static inline bool
la_lines_is_blank(unsigned char c)
{
	return (c == ' ' || c == '\t' || c == '\r');
}

/* Takes the next line, without its end and the blanks before that. The caller looks at rest.size first. */
struct la_span la_lines_next(struct la_lines *lines);

#endif
