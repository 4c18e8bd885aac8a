/*
 * The Mustache specification's own cases. MUSTACHE_SPEC names the folder with
 * comments.json, delimiters.json and so on (github.com/mustache/spec, specs/).
 * A case passes, or it stands in the table of intended differences with its reason.
 */
#include "unit/mailer/support.h"

#include <jansson.h>

#include "mailer/template.h"

#define NAMES_MAX 64

static const char lists[] = "no lists: a mail has no repeating part";
static const char contexts[] = "no nested contexts: names are flat, a dotted name is a name with dots in it";
static const char partial[] = "a missing partial is an error at load, not an empty text";
static const char raw[] = "no unescaped form in HTML: an error at load; in a text, which has no markup, it passes";
static const char recursion[] = "partials are compiled in place, so that a mail's size is known at load";

/*
 * (module, case, reason); every one must really differ. In HTML: texts have no escaping, and pass what differs by it.
 * Two more differences show in no case: ' is escaped too (the specification's data has none), and a name that nobody
 * declared is an error at load (each missing name of a case is declared as an absent text: see passes).
 */
static const struct {
	const char *module, *name, *reason;
} differences[] = {
    {"interpolation", "Dotted Names - Basic Interpolation", contexts},
    {"interpolation", "Dotted Names - Triple Mustache Interpolation", contexts},
    {"interpolation", "Dotted Names - Ampersand Interpolation", contexts},
    {"interpolation", "Dotted Names - Initial Resolution", contexts},
    {"interpolation", "Dotted Names - Context Precedence", contexts},
    {"interpolation", "Dotted Names are never single keys", contexts},
    {"interpolation", "Dotted Names - No Masking", contexts},
    {"interpolation", "Triple Mustache", raw},
    {"interpolation", "Ampersand", raw},
    {"interpolation", "Triple Mustache Integer Interpolation", raw},
    {"interpolation", "Ampersand Integer Interpolation", raw},
    {"interpolation", "Triple Mustache Decimal Interpolation", raw},
    {"interpolation", "Ampersand Decimal Interpolation", raw},
    {"interpolation", "Triple Mustache Null Interpolation", raw},
    {"interpolation", "Ampersand Null Interpolation", raw},
    {"interpolation", "Triple Mustache Context Miss Interpolation", raw},
    {"interpolation", "Ampersand Context Miss Interpolation", raw},
    {"interpolation", "Implicit Iterators - Triple Mustache", raw},
    {"interpolation", "Implicit Iterators - Ampersand", raw},
    {"interpolation", "Triple Mustache - Surrounding Whitespace", raw},
    {"interpolation", "Ampersand - Surrounding Whitespace", raw},
    {"interpolation", "Triple Mustache - Standalone", raw},
    {"interpolation", "Ampersand - Standalone", raw},
    {"interpolation", "Triple Mustache With Padding", raw},
    {"interpolation", "Ampersand With Padding", raw},
    {"partials", "Standalone Indentation", raw},
    {"partials", "Failed Lookup", partial},
    {"partials", "Recursion", recursion},
    {"sections", "Context", contexts},
    {"sections", "Parent contexts", contexts},
    {"sections", "Variable test", contexts},
    {"sections", "List Contexts", lists},
    {"sections", "Deeply Nested Contexts", contexts},
    {"sections", "List", lists},
    {"sections", "Implicit Iterator - String", lists},
    {"sections", "Implicit Iterator - Integer", lists},
    {"sections", "Implicit Iterator - Decimal", lists},
    {"sections", "Implicit Iterator - Array", lists},
    {"sections", "Implicit Iterator - HTML Escaping", lists},
    {"sections", "Implicit Iterator - Triple mustache", lists},
    {"sections", "Implicit Iterator - Ampersand", lists},
    {"sections", "Implicit Iterator - Root-level", lists},
};

/* The names of one case, as a caller would declare them, and their values. */
struct names {
	size_t count;
	struct la_template_name all[NAMES_MAX];
	struct la_template_value values[NAMES_MAX];
	char *owned[3 * NAMES_MAX]; /* what both point to */
	size_t owned_count;
};

static char *
own(struct names *names, const char *text)
{
	char *copy = strdup(text);

	assert_true(names->owned_count < sizeof(names->owned) / sizeof(names->owned[0]));
	names->owned[names->owned_count++] = copy;
	return (copy);
}

static void
declare(struct names *names, const char *name, const char *text, bool is_flag, bool flag)
{
	assert_true(names->count < NAMES_MAX);
	names->all[names->count] = (struct la_template_name){own(names, name), is_flag};
	names->values[names->count] = (struct la_template_value){.flag = flag};
	if (text != NULL)
		names->values[names->count].text = la_span_text(own(names, text));
	names->count++;
}

/* Texts and numbers become texts, truth values, objects and lists flags; "a": {"b": …} is the name "a.b". */
static void
declare_data(struct names *names, const char *prefix, json_t *data)
{
	const char *key;
	json_t *value;

	if (json_is_object(data)) {
		if (prefix[0] != '\0')
			declare(names, prefix, NULL, true, true);
		json_object_foreach(data, key, value) {
			char name[256];

			(void)snprintf(name, sizeof(name), "%s%s%s", prefix, prefix[0] == '\0' ? "" : ".", key);
			declare_data(names, name, value);
		}
		return;
	}
	prefix = prefix[0] == '\0' ? "." : prefix;
	if (json_is_string(data)) {
		declare(names, prefix, json_string_value(data), false, false);
	} else if (json_is_number(data)) {
		char number[32];

		(void)snprintf(number, sizeof(number), "%g", json_number_value(data));
		declare(names, prefix, number, false, false);
	} else if (json_is_null(data)) {
		declare(names, prefix, NULL, false, false);
	} else {
		declare(names, prefix, NULL, true, json_is_true(data) || json_array_size(data) > 0);
	}
}

static bool
find(void *cookie, struct la_span name, struct la_span *text)
{
	json_t *value = json_object_getn(cookie, (const char *)name.data, name.size);

	*text = la_span_text(json_string_value(value));
	return (value != NULL);
}

static bool
compile_and_compare(const struct la_template_source *source, const struct names *names, const char *expected,
    struct la_error *error)
{
	struct la_buf out = LA_BUF_INIT;
	struct la_template *t = NULL;
	bool same;

	if (la_template_compile(&t, source, error) != LA_OK)
		return (false);
	assert_int_equal(la_template_render(t, names->values, &out), LA_OK);
	same = la_span_is(la_buf_span(&out), expected);
	la_buf_clear(&out);
	la_template_free(t);
	return (same);
}

/* A name that the data lacks is declared as an absent text: we refuse names that nobody declared. */
static bool
passes(json_t *test, enum la_template_kind kind)
{
	struct la_template_partials partials = {find, json_object_get(test, "partials")};
	struct la_template_source source = {.kind = kind, .file = "case",
	    .text = la_span_text(json_string_value(json_object_get(test, "template"))), .partials = &partials};
	const char *expected = json_string_value(json_object_get(test, "expected")), *unknown;
	struct names names = {.count = 0};
	bool same;

	declare_data(&names, "", json_object_get(test, "data"));
	for (;;) {
		struct la_error error = LA_ERROR_INIT;

		source.names = names.all;
		source.name_count = names.count;
		same = compile_and_compare(&source, &names, expected, &error);
		if (same || (unknown = strstr(error.text, "unknown name ")) == NULL)
			break;
		declare(&names, unknown + strlen("unknown name "), NULL, false, false);
	}
	for (size_t i = 0; i < names.owned_count; i++)
		free(names.owned[i]);
	return (same);
}

/* Its reason; NULL: there is none. */
static const char *
difference(const char *module, const char *name, bool *met)
{
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
		if (strcmp(differences[i].module, module) == 0 && strcmp(differences[i].name, name) == 0) {
			met[i] = true;
			return (differences[i].reason);
		}
	}
	return (NULL);
}

/* It passes in HTML, or differs as it is meant to. */
static bool
is_as_meant(json_t *test, const char *reason)
{
	if (passes(test, LA_TEMPLATE_HTML) != (reason == NULL))
		return (false);
	return (reason != raw || passes(test, LA_TEMPLATE_TEXT));
}

static size_t
run_module(const char *folder, const char *module, bool *met)
{
	char path[4096];
	json_t *root, *test;
	size_t index, wrong = 0;
	json_error_t error;

	(void)snprintf(path, sizeof(path), "%s/%s.json", folder, module);
	root = json_load_file(path, 0, &error);
	if (root == NULL)
		fail_msg("%s: %s", path, error.text);
	json_array_foreach(json_object_get(root, "tests"), index, test) {
		const char *name = json_string_value(json_object_get(test, "name"));

		if (is_as_meant(test, difference(module, name, met)))
			continue;
		print_error("%s: %s\n", module, name);
		wrong++;
	}
	json_decref(root);
	return (wrong);
}

static void
every_case_passes_or_is_an_intended_difference(void **state)
{
	static const char *const modules[] = {"comments", "delimiters", "interpolation", "inverted", "partials", "sections"};
	const char *folder = getenv("MUSTACHE_SPEC");
	bool met[sizeof(differences) / sizeof(differences[0])] = {false};
	size_t wrong = 0;

	(void)state;
	if (folder == NULL) {
		print_message("MUSTACHE_SPEC is not set; test_template has our own cases\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		wrong += run_module(folder, modules[i], met);
	assert_int_equal(wrong, 0);
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
		if (!met[i])
			fail_msg("no such case: %s: %s (%s)", differences[i].module, differences[i].name, differences[i].reason);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_case_passes_or_is_an_intended_difference),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
