#include "common/text.h"
#include "mailer/template.h"
#include "mailer/template_steps.h"

static bool
is_letter(unsigned char c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
}

/* What stands for the byte at text[i] in this kind of part; NULL: the byte itself. */
static const char *
escape_of(enum la_template_kind kind, struct la_span text, size_t i)
{
	unsigned char c = text.data[i];

	if (kind == LA_TEMPLATE_HEADER)
		return (c < 0x20 || c == 0x7f ? "" : NULL);
	if (kind == LA_TEMPLATE_TEXT)
		return (NULL);
	if (c == ':')
		return (i > 0 && is_letter(text.data[i - 1]) ? "&#58;" : NULL);
	return (la_html_entity(c));
}

static enum la_err
add_escaped(enum la_template_kind kind, struct la_span text, struct la_buf *out)
{
	size_t plain = 0;

	for (size_t i = 0; i < text.size; i++) {
		const char *escape = escape_of(kind, text, i);

		if (escape == NULL)
			continue;
		if (la_buf_add(out, text.data + plain, i - plain) != LA_OK || la_buf_add_text(out, escape) != LA_OK)
			return (LA_ENOMEM);
		plain = i + 1;
	}
	if (text.size == plain)
		return (LA_OK);
	return (la_buf_add(out, text.data + plain, text.size - plain));
}

enum la_err
la_template_render(const struct la_template *t, const struct la_template_value *values, struct la_buf *out)
{
	enum la_err err = LA_OK;

	for (size_t i = 0; i < t->step_count && err == LA_OK; i++) {
		const struct la_template_step *step = &t->steps[i];
		const struct la_template_value *value;

		if (step->type == STEP_LITERAL) {
			struct la_span literal = la_span_of(t->literals.data + step->index, step->end);

			/* A header is one line, whatever line ends its file has. */
			err = t->kind == LA_TEMPLATE_HEADER ? add_escaped(t->kind, literal, out)
			                                    : la_buf_add(out, literal.data, literal.size);
			continue;
		}
		value = &values[step->index];
		if (step->type == STEP_VARIABLE)
			err = add_escaped(t->kind, value->text, out);
		else if ((value->flag || value->text.size > 0) == (step->type == STEP_INVERTED))
			i = step->end - 1;
	}
	return (err);
}
