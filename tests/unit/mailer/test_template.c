/* Mustache: our own cases; with MUSTACHE_SPEC set to its folder, test_mustache_spec.c runs the specification too. */
#include "unit/mailer/support.h"

#include "mailer/template.h"

static const struct la_template_name names[] = {
    {"text", false}, {"other", false}, {"empty", false}, {"absent", false}, {"on", true}, {"off", true}};
#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

static const struct {
	const char *name, *text;
} partials[] = {
    {"word", "w"},
    {"lines", "a\nb\n"},
    {"open-end", "a\nb"},
    {"value", "<{{text}}>\n"},
    {"outer", "({{>word}}{{>word}})"},
    {"own-delimiters", "{{=<% %>=}}<%text%>"},
    {"loop", "x{{>loop}}"},
    {"wide", "{{>wide2}}{{>wide2}}{{>wide2}}{{>wide2}}{{>wide2}}{{>wide2}}{{>wide2}}{{>wide2}}"},
    {"wide2", "{{>wide3}}{{>wide3}}{{>wide3}}{{>wide3}}{{>wide3}}{{>wide3}}{{>wide3}}{{>wide3}}"},
    {"wide3", "{{>word}}{{>word}}{{>word}}{{>word}}{{>word}}{{>word}}{{>word}}{{>word}}"},
    {"bad", "\n{{nobody}}"},
    {"unclosed", "{{#on}}"},
    {"closing", "{{/on}}"},
};

static bool
find(void *cookie, struct la_span name, struct la_span *text)
{
	(void)cookie;
	for (size_t i = 0; i < sizeof(partials) / sizeof(partials[0]); i++) {
		if (!la_span_is(name, partials[i].name))
			continue;
		*text = la_span_text(partials[i].text);
		return (true);
	}
	return (false);
}

static enum la_err
compile(struct la_template **t, enum la_template_kind kind, struct la_span text, struct la_error *error)
{
	struct la_template_partials source_of = {find, NULL};
	struct la_template_source source = {kind, "mail", text, names, NAME_COUNT, &source_of};

	return (la_template_compile(t, &source, error));
}

static void
assert_rendered(enum la_template_kind kind, const char *template, const char *value, const char *want)
{
	struct la_template_value values[NAME_COUNT] = {{.text = la_span_text(value)}, {.text = la_span_text("other")},
	    {.text = la_span_text("")}, {.flag = false}, {.flag = true}, {.flag = false}};
	struct la_error error = LA_ERROR_INIT;
	struct la_buf out = LA_BUF_INIT;
	struct la_template *t = NULL;

	if (compile(&t, kind, la_span_text(template), &error) != LA_OK)
		fail_msg("%s: %s", template, error.text);
	assert_int_equal(la_template_render(t, values, &out), LA_OK);
	assert_int_equal(la_buf_add(&out, "", 1), LA_OK);
	assert_string_equal((char *)out.data, want);
	la_buf_clear(&out);
	la_template_free(t);
}

struct row {
	const char *template, *want;
};

static void
assert_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_rendered(LA_TEMPLATE_TEXT, rows[i].template, "v", rows[i].want);
}

#define ASSERT_ROWS(rows) assert_rows((rows), sizeof(rows) / sizeof((rows)[0]))

static void
variables_and_comments(void **state)
{
	static const struct row rows[] = {
	    {"", ""},
	    {"no tag {here}\n", "no tag {here}\n"},
	    {"{{text}}{{ text }}{{\ttext\n}}", "vvv"},
	    {"({{empty}}{{absent}})", "()"},
	    {"{{{text}}} {{{ text }}} {{&text}} {{& text }}", "v v v v"},
	    {"a{{! any {{ thing \n <here> }}b", "ab"},
	    {"a\n {{! alone }} \nb", "a\nb"},
	    {"a\n{{!\n two\n lines }}\r\nb", "a\nb"},
	    {"a {{! not alone }}\nb", "a \nb"},
	    {"{{text}} {{! not alone }}\n", "v \n"},
	    {"{{! alone at the end }}", ""},
	    {" {{text}}\n", " v\n"},
	};

	(void)state;
	ASSERT_ROWS(rows);
}

static void
sections_show_for_true_flags_and_texts_that_are_not_empty(void **state)
{
	static const struct row rows[] = {
	    {"{{#on}}1{{/on}}{{#off}}2{{/off}}{{^on}}3{{/on}}{{^off}}4{{/off}}", "14"},
	    {"{{#text}}1{{/text}}{{#empty}}2{{/empty}}{{#absent}}3{{/absent}}", "1"},
	    {"{{^text}}1{{/text}}{{^empty}}2{{/empty}}{{^absent}}3{{/absent}}", "23"},
	    {"{{#on}}a{{#off}}b{{#on}}c{{/on}}{{/off}}d{{/on}}e", "ade"},
	    {"{{#off}}a{{^on}}b{{/on}}{{/off}}{{#on}}{{/on}}", ""},
	    {"a\n{{#on}}\nb\n{{/on}}\nc\n", "a\nb\nc\n"},
	    {"a\n  {{#off}}\nb\n\t{{/off}}  \nc\n", "a\nc\n"},
	    {"a\r\n{{#on}}\r\nb\r\n{{/on}}\r\nc", "a\r\nb\r\nc"},
	    {"a {{#on}} b {{/on}} c\n", "a  b  c\n"},
	    {"{{#on}}\n{{/on}} x\n", " x\n"},
	    {"{{# on }}x{{/ on }}", "x"},
	};

	(void)state;
	ASSERT_ROWS(rows);
}

static void
partials_stand_in_place_and_keep_their_indent(void **state)
{
	static const struct row rows[] = {
	    {"[{{>word}}]", "[w]"},
	    {"[{{> word }}]", "[w]"},
	    {"{{>outer}}", "(ww)"},
	    {"  {{>lines}}\nend", "  a\n  b\nend"},
	    {"  {{>open-end}}\nend", "  a\n  bend"},
	    {"x {{>lines}}y", "x a\nb\ny"},
	    {"\t{{>value}}\n", "\t<v>\n"},
	    {"{{=| |=}}|>own-delimiters||text|", "vv"},
	    {"{{>own-delimiters}}{{text}}", "vv"},
	};

	(void)state;
	ASSERT_ROWS(rows);
	/* The indent is the partial's, not that of what a variable holds. */
	assert_rendered(LA_TEMPLATE_TEXT, " {{>value}}\n", "1\n2", " <1\n2>\n");
}

static void
delimiters_change_until_changed_again(void **state)
{
	static const struct row rows[] = {
	    {"{{=<% %>=}}<%text%>{{text}}", "v{{text}}"},
	    {"({{= [ ] =}}[text])", "(v)"},
	    {"{{=| |=}}|#on|x|/on||={{ }}=|{{text}}", "xv"},
	    {"a\n {{=@ @=}} \nb", "a\nb"},
	    {"{{=<% %>=}}<%{text}%>", "v"},
	};

	(void)state;
	ASSERT_ROWS(rows);
}

static void
values_are_escaped_by_kind_and_never_expanded_again(void **state)
{
	(void)state;
	assert_rendered(LA_TEMPLATE_HTML, "<{{text}}>", "<&>\"'{{other}}", "<&lt;&amp;&gt;&quot;&#39;{{other}}>");
	assert_rendered(LA_TEMPLATE_TEXT, "<{{text}}>", "<&>\"'{{other}}", "<<&>\"'{{other}}>");
	assert_rendered(LA_TEMPLATE_TEXT, "{{text}}{{text}}", "{{#off}}", "{{#off}}{{#off}}");
	assert_rendered(LA_TEMPLATE_HTML, "{{text}}", "http:x 00:00 (a):", "http&#58;x 00:00 (a):");
	assert_rendered(LA_TEMPLATE_HEADER, "{{text}}\n", "a\r\nBcc: b\x7f\t\x1b", "aBcc: b");
	assert_rendered(LA_TEMPLATE_HEADER, "one\r\nline\n", "", "oneline");
	assert_rendered(LA_TEMPLATE_TEXT, "{{text}}", "a\nb", "a\nb");
}

static void
mistakes_are_errors_with_file_and_line(void **state)
{
	static const struct row rows[] = {
	    {"{{nobody}}", "mail:1: unknown name nobody"},
	    {"\n\n {{text}} {{#nobody}}", "mail:3: unknown name nobody"},
	    {"{{^nobody}}{{/nobody}}", "mail:1: unknown name nobody"},
	    {"{{on}}", "mail:1: a flag can only open a section: on"},
	    {"a\n{{#on}}\nb\n", "mail:2: the section is not closed: on"},
	    {"{{#on}}{{^off}}{{/on}}{{/off}}", "mail:1: another section is open, not on"},
	    {"\n{{/on}}", "mail:2: nothing is open to close: on"},
	    {"a\n{{text", "mail:2: the tag is not closed with }}"},
	    {"{{{text}}", "mail:1: the tag is not closed with }}}"},
	    {"{{! a\n\n", "mail:1: the tag is not closed with }}"},
	    {"{{}}", "mail:1: a name has"},
	    {"{{a b}}", "mail:1: a name has"},
	    {"{{te{{xt}}", "mail:1: a name has"},
	    {"{{=x=}}", "mail:1: delimiters are"},
	    {"{{=a b c=}}", "mail:1: a delimiter has no"},
	    {"{{=== ==}}", "mail:1: "},
	    {"{{=123456789 x=}}", "mail:1: delimiters are"},
	    {"x\n{{>nothing}}", "mail:2: missing partial nothing"},
	    {"x\n{{>bad}}", "mail:2: bad:2: unknown name nobody"},
	    {"{{>unclosed}}{{/on}}", "mail:1: unclosed:1: the section is not closed: on"},
	    {"{{#on}}{{>closing}}", "mail:1: closing:1: nothing is open to close: on"},
	    {"{{>loop}}", "mail:1: loop:1: "},
	    {"{{>wide}}", "mail:1: wide:1: "},
	    {"\n\n\n{{! two\n lines }}\n{{! alone }}\n{{nobody}}", "mail:7: unknown name nobody"},
	    {"{{#on}}{{#on}}{{#on}}{{#on}}{{#on}}{{#on}}{{#on}}{{#on}}{{#on}}{{#on}}{{#on}}{{#on}}{{#on}}{{#on}}{{#on}}"
	     "{{#on}}{{#on}}", "mail:1: sections nest too deep"},
	};
	struct la_error error = LA_ERROR_INIT;
	struct la_template *t = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(compile(&t, LA_TEMPLATE_TEXT, la_span_text(rows[i].template), &error), LA_ECONFIG);
		assert_null(t);
		if (strncmp(error.text, rows[i].want, strlen(rows[i].want)) != 0)
			fail_msg("%s: %s", rows[i].template, error.text);
	}
	assert_int_equal(compile(&t, LA_TEMPLATE_HTML, la_span_text("{{{text}}}"), &error), LA_ECONFIG);
	assert_string_equal(error.text, "mail:1: HTML has no unescaped form: text");
	assert_int_equal(compile(&t, LA_TEMPLATE_HTML, la_span_text("\n{{&text}}"), NULL), LA_ECONFIG);
}

static void
limits_stop_templates_that_grow(void **state)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_buf text = LA_BUF_INIT;
	struct la_template *t = NULL;

	(void)state;
	for (size_t i = 0; i <= LA_TEMPLATE_STEPS_MAX; i++)
		assert_int_equal(la_buf_add_text(&text, "{{text}}"), LA_OK);
	assert_int_equal(la_buf_add_text(&text, "{{text}}"), LA_OK);
	assert_int_equal(compile(&t, LA_TEMPLATE_TEXT, la_buf_span(&text), &error), LA_ECONFIG);
	la_buf_reset(&text);
	while (text.size <= LA_TEMPLATE_BYTES_MAX)
		assert_int_equal(la_buf_add_text(&text, "literal text of some length"), LA_OK);
	assert_int_equal(compile(&t, LA_TEMPLATE_TEXT, la_buf_span(&text), &error), LA_ECONFIG);
	la_buf_clear(&text);
}

static void
random_sources_compile_or_say_why(void **state)
{
	static const char *const pieces[] = {"{{", "}}", "{{{", "}}}", "#", "^", "/", ">", "!", "=", "&", "on", "text", "word",
	    "\n", "\r\n", " ", "\t", "<%", "%>", "x", "{{#on}}", "{{/on}}", "{{text}}", "{{>lines}}", "\xe6\x97\xa5"};
	static const struct la_template_value values[NAME_COUNT];

	(void)state;
	srand(1);
	for (int round = 0; round < 50000; round++) {
		struct la_buf text = LA_BUF_INIT, out = LA_BUF_INIT;
		struct la_error error = LA_ERROR_INIT;
		struct la_template *t = NULL;

		for (int i = rand() % 12; i > 0; i--)
			assert_int_equal(la_buf_add_text(&text, pieces[(size_t)rand() % (sizeof(pieces) / sizeof(pieces[0]))]), LA_OK);
		if (compile(&t, LA_TEMPLATE_TEXT, la_buf_span(&text), &error) == LA_OK)
			assert_int_equal(la_template_render(t, values, &out), LA_OK);
		else
			assert_memory_equal(error.text, "mail:", 5);
		la_template_free(t);
		la_buf_clear(&text);
		la_buf_clear(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(variables_and_comments),
	    cmocka_unit_test(sections_show_for_true_flags_and_texts_that_are_not_empty),
	    cmocka_unit_test(partials_stand_in_place_and_keep_their_indent),
	    cmocka_unit_test(delimiters_change_until_changed_again),
	    cmocka_unit_test(values_are_escaped_by_kind_and_never_expanded_again),
	    cmocka_unit_test(mistakes_are_errors_with_file_and_line),
	    cmocka_unit_test(limits_stop_templates_that_grow),
	    cmocka_unit_test(random_sources_compile_or_say_why),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
