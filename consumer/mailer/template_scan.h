/*
 * A template's source as a row of tags with the literal text between them.
 * Knows delimiters and standalone lines, not names or nesting.
 */
#ifndef LA_MAILER_TEMPLATE_SCAN_H
#define LA_MAILER_TEMPLATE_SCAN_H

#include <stdbool.h>

#include "common/err.h"
#include "common/span.h"

#define LA_TEMPLATE_DELIMITER_BYTES 8

enum la_template_tag_type {
	LA_TAG_END, /* of the source: only the literal counts */
	LA_TAG_VARIABLE,
	LA_TAG_UNESCAPED, /* {{{x}}} or {{&x}} */
	LA_TAG_SECTION,
	LA_TAG_INVERTED,
	LA_TAG_CLOSE,
	LA_TAG_PARTIAL,
	LA_TAG_COMMENT,
	LA_TAG_DELIMITERS /* already in force */
};

struct la_template_tag {
	enum la_template_tag_type type;
	struct la_span literal; /* what stands before the tag, without a standalone tag's indentation */
	struct la_span name;    /* trimmed; not empty where a name belongs */
	struct la_span indent;  /* the blanks before a standalone tag; absent when the tag is not standalone */
	int line;               /* from 1, of the tag's start */
};

struct la_template_scan {
	struct la_span source;
	size_t at;
	int line;
	char open[LA_TEMPLATE_DELIMITER_BYTES + 1], close[LA_TEMPLATE_DELIMITER_BYTES + 1];
};

void la_template_scan_init(struct la_template_scan *scan, struct la_span source);

/*
 * The next tag; its spans point into the source. After LA_TAG_END there are no more.
 * Errors: LA_ECONFIG "what" (an unclosed tag, a bad name or delimiter); tag->line is set.
 */
LA_MUST_CHECK enum la_err la_template_scan_next(
    struct la_template_scan *scan, struct la_template_tag *tag, struct la_error *error);

#endif
