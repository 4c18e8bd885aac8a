#include "mailer/template.h"

#include <stdio.h>
#include <stdlib.h>

#include "mailer/template_scan.h"
#include "mailer/template_steps.h"

/* One file that is being compiled: the template itself or a partial in it. */
struct unit {
	struct la_template *t;
	const struct la_template_source *source;
	const char *file;
	int depth;
	struct {
		size_t step;
		int line;
	} open[LA_TEMPLATE_DEPTH_MAX]; /* sections */
	size_t open_count;
	struct la_error *error;
};

static enum la_err compile_unit(struct unit *unit, struct la_span text);

static enum la_err
fail(struct unit *unit, int line, const char *what, struct la_span name)
{
	return (la_error_set(unit->error, LA_ECONFIG, "%s:%d: %s%s%.*s", unit->file, line, what,
	    name.size > 0 ? " " : "", (int)(name.size < 64 ? name.size : 64),
	    name.size > 0 ? (const char *)name.data : ""));
}

static enum la_err
add_step(struct la_template *t, struct la_template_step step)
{
	if (t->step_count == t->step_cap) {
		size_t cap = t->step_cap == 0 ? 32 : t->step_cap * 2;
		struct la_template_step *steps = realloc(t->steps, cap * sizeof(*steps));

		if (steps == NULL)
			return (LA_ENOMEM);
		t->steps = steps;
		t->step_cap = cap;
	}
	t->steps[t->step_count++] = step;
	return (LA_OK);
}

static enum la_err
add_literal(struct la_template *t, struct la_span text)
{
	struct la_template_step step = {STEP_LITERAL, t->literals.size, text.size};

	if (text.size == 0)
		return (LA_OK);
	if (la_buf_add(&t->literals, text.data, text.size) != LA_OK)
		return (LA_ENOMEM);
	return (add_step(t, step));
}

static bool
find_name(const struct la_template_source *source, struct la_span name, size_t *index)
{
	for (*index = 0; *index < source->name_count; (*index)++) {
		if (la_span_is(name, source->names[*index].name))
			return (true);
	}
	return (false);
}

static enum la_err
add_variable(struct unit *unit, const struct la_template_tag *tag)
{
	size_t index;

	if (tag->type == LA_TAG_UNESCAPED && unit->source->kind == LA_TEMPLATE_HTML)
		return (fail(unit, tag->line, "HTML has no unescaped form:", tag->name));
	if (!find_name(unit->source, tag->name, &index))
		return (fail(unit, tag->line, "unknown name", tag->name));
	if (unit->source->names[index].is_flag)
		return (fail(unit, tag->line, "a flag can only open a section:", tag->name));
	return (add_step(unit->t, (struct la_template_step){STEP_VARIABLE, index, 0}));
}

static enum la_err
open_section(struct unit *unit, const struct la_template_tag *tag)
{
	enum la_template_step_type type = tag->type == LA_TAG_SECTION ? STEP_SECTION : STEP_INVERTED;
	size_t index;

	if (!find_name(unit->source, tag->name, &index))
		return (fail(unit, tag->line, "unknown name", tag->name));
	if (unit->open_count == LA_TEMPLATE_DEPTH_MAX)
		return (fail(unit, tag->line, "sections nest too deep at", tag->name));
	unit->open[unit->open_count].step = unit->t->step_count;
	unit->open[unit->open_count++].line = tag->line;
	return (add_step(unit->t, (struct la_template_step){type, index, 0}));
}

static enum la_err
close_section(struct unit *unit, const struct la_template_tag *tag)
{
	struct la_template_step *step;

	if (unit->open_count == 0)
		return (fail(unit, tag->line, "nothing is open to close:", tag->name));
	step = &unit->t->steps[unit->open[unit->open_count - 1].step];
	if (!la_span_is(tag->name, unit->source->names[step->index].name))
		return (fail(unit, tag->line, "another section is open, not", tag->name));
	step->end = unit->t->step_count;
	unit->open_count--;
	return (LA_OK);
}

/* text with indent before each line that it has. */
static enum la_err
indent_lines(struct la_span text, struct la_span indent, struct la_buf *out)
{
	while (text.size > 0) {
		const unsigned char *newline = memchr(text.data, '\n', text.size);
		size_t size = newline == NULL ? text.size : (size_t)(newline - text.data) + 1;

		if (la_buf_add(out, indent.data, indent.size) != LA_OK || la_buf_add(out, text.data, size) != LA_OK)
			return (LA_ENOMEM);
		text = la_span_of(text.data + size, text.size - size);
	}
	return (LA_OK);
}

/* A partial is compiled in place; a standalone one is indented first, as the specification wants it. */
static enum la_err
add_partial(struct unit *unit, const struct la_template_tag *tag)
{
	const struct la_template_partials *partials = unit->source->partials;
	struct la_buf indented = LA_BUF_INIT;
	char file[65];
	struct unit inner = {unit->t, unit->source, file, unit->depth + 1, {{0, 0}}, 0, unit->error};
	struct la_span text;
	enum la_err err;

	if (partials == NULL || tag->name.size >= sizeof(file) || !partials->find(partials->cookie, tag->name, &text))
		return (fail(unit, tag->line, "missing partial", tag->name));
	if (inner.depth > LA_TEMPLATE_DEPTH_MAX || ++unit->t->partial_count > LA_TEMPLATE_PARTIALS_MAX)
		return (fail(unit, tag->line, "too many partials in partials at", tag->name));
	(void)snprintf(file, sizeof(file), "%.*s", (int)tag->name.size, (const char *)tag->name.data);
	err = indent_lines(text, tag->indent, &indented);
	if (err == LA_OK && (err = compile_unit(&inner, la_buf_span(&indented))) == LA_ECONFIG)
		la_error_prefix(unit->error, "%s:%d", unit->file, tag->line);
	la_buf_clear(&indented);
	return (err);
}

static enum la_err
add_tag(struct unit *unit, const struct la_template_tag *tag)
{
	switch (tag->type) {
	case LA_TAG_VARIABLE:
	case LA_TAG_UNESCAPED:
		return (add_variable(unit, tag));
	case LA_TAG_SECTION:
	case LA_TAG_INVERTED:
		return (open_section(unit, tag));
	case LA_TAG_CLOSE:
		return (close_section(unit, tag));
	case LA_TAG_PARTIAL:
		return (add_partial(unit, tag));
	case LA_TAG_COMMENT:
	case LA_TAG_DELIMITERS:
	case LA_TAG_END:
		break;
	}
	return (LA_OK);
}

static enum la_err
compile_unit(struct unit *unit, struct la_span text)
{
	struct la_template_scan scan;
	struct la_template_tag tag;
	enum la_err err;

	la_template_scan_init(&scan, text);
	do {
		if ((err = la_template_scan_next(&scan, &tag, unit->error)) != LA_OK) {
			la_error_prefix(unit->error, "%s:%d", unit->file, tag.line);
			return (err);
		}
		if (unit->t->literals.size + tag.literal.size > LA_TEMPLATE_BYTES_MAX ||
		    unit->t->step_count > LA_TEMPLATE_STEPS_MAX)
			return (fail(unit, tag.line, "the template with its partials is too large", la_span_of("", 0)));
		if ((err = add_literal(unit->t, tag.literal)) != LA_OK || (err = add_tag(unit, &tag)) != LA_OK)
			return (err);
	} while (tag.type != LA_TAG_END);
	if (unit->open_count > 0) {
		const char *name = unit->source->names[unit->t->steps[unit->open[unit->open_count - 1].step].index].name;

		return (fail(unit, unit->open[unit->open_count - 1].line, "the section is not closed:", la_span_text(name)));
	}
	return (LA_OK);
}

enum la_err
la_template_compile(struct la_template **out, const struct la_template_source *source, struct la_error *error)
{
	struct la_template *t = calloc(1, sizeof(*t));
	struct unit unit = {t, source, source->file, 0, {{0, 0}}, 0, error};
	enum la_err err;

	if (t == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	t->kind = source->kind;
	if ((err = compile_unit(&unit, source->text)) != LA_OK) {
		la_template_free(t);
		return (err == LA_ENOMEM ? la_error_set(error, LA_ENOMEM, "out of memory") : err);
	}
	*out = t;
	return (LA_OK);
}

void
la_template_free(struct la_template *t)
{
	if (t == NULL)
		return;
	la_buf_clear(&t->literals);
	free(t->steps);
	free(t);
}
