/*
 * Mustache (the specification's comments, delimiters, interpolation, inverted,
 * partials and sections modules). Compiled once; escaped by the part's kind;
 * what a variable holds is never expanded again.
 *
 * Departures, on purpose:
 * - values are flat texts and flags: no lists, no nested contexts; a dotted name is a name with dots in it;
 * - a name that the caller did not declare is an error at load, as is a missing partial;
 * - "{{{x}}}" and "{{&x}}" are an error in HTML; elsewhere they mean "{{x}}";
 * - in HTML, ' is escaped too, and a colon after a letter, so that no value can spell a scheme ("https:").
 */
#ifndef LA_MAILER_TEMPLATE_H
#define LA_MAILER_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/span.h"

#define LA_TEMPLATE_DEPTH_MAX 16            /* of sections in one file, and of partials in partials */
#define LA_TEMPLATE_PARTIALS_MAX 256          /* in all */
#define LA_TEMPLATE_BYTES_MAX (256u * 1024) /* literal text with all partials */
#define LA_TEMPLATE_STEPS_MAX 8192          /* literals, variables and sections with all partials */

/* TEXT: as it is. HTML: & < > " ' and a colon after a letter escaped. HEADER: control bytes dropped, line ends of the file too. */
enum la_template_kind { LA_TEMPLATE_TEXT, LA_TEMPLATE_HTML, LA_TEMPLATE_HEADER };

/* A name that templates may use. A section shows for a flag that is true or a text that is present and not empty. */
struct la_template_name {
	const char *name;
	bool is_flag; /* may open a section, has no text to show */
};

struct la_template_value {
	struct la_span text; /* absent: empty */
	bool flag;
};

struct la_template;

/* A partial's source: fills *text (borrowed, valid until the compile ends) or returns false. */
struct la_template_partials {
	bool (*find)(void *cookie, struct la_span name, struct la_span *text);
	void *cookie;
};

struct la_template_source {
	enum la_template_kind kind;
	const char *file; /* for errors */
	struct la_span text;
	const struct la_template_name *names;
	size_t name_count;
	const struct la_template_partials *partials; /* NULL: none */
};

/*
 * The result owns all that it needs; source may go.
 * Errors: LA_ECONFIG "file:line: what" (unknown name, unclosed section or tag,
 * missing partial, a limit), LA_ENOMEM. *out is untouched then.
 */
LA_MUST_CHECK enum la_err la_template_compile(
    struct la_template **out, const struct la_template_source *source, struct la_error *error);
void la_template_free(struct la_template *t);

/* Appends to out; values[i] belongs to names[i] of the source. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_template_render(
    const struct la_template *t, const struct la_template_value *values, struct la_buf *out);

#endif
