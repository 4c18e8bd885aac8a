/*
 * Mustache (spec 1.x): variables, sections, inverted sections, comments,
 * partials, set delimiters. Compiled once; escaped by the part's kind; what a
 * variable holds is never expanded again.
 *
 * Departures, on purpose: "{{{x}}}" and "{{&x}}" are an error in HTML; a name
 * that the caller did not declare is an error at load; ' is escaped too.
 */
#ifndef LA_MAILER_TEMPLATE_H
#define LA_MAILER_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/span.h"

enum la_template_kind { LA_TEMPLATE_TEXT, LA_TEMPLATE_HTML, LA_TEMPLATE_HEADER };

/* A name that templates may use. A section shows for a flag that is true or a text that is present and not empty. */
struct la_template_name {
	const char *name;
	bool is_flag;
};

struct la_template_value {
	struct la_span text; /* absent: empty */
	bool flag;
};

struct la_template;

/* A partial's source: fills *text (borrowed, valid until the compile ends) or returns false. */
struct la_template_partials {
	bool (*find)(void *cookie, const char *name, struct la_span *text);
	void *cookie;
};

/* Errors: LA_ECONFIG "file:line: what": unknown name, unclosed section, missing partial, recursion over 16. LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_template_compile(struct la_template **out, enum la_template_kind kind,
    const char *file, struct la_span source, const struct la_template_name *names, size_t name_count,
    const struct la_template_partials *partials, struct la_error *error);
void la_template_free(struct la_template *t);

/* Appends to out; values[i] belongs to names[i]. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_template_render(
    const struct la_template *t, const struct la_template_value *values, struct la_buf *out);

#endif
