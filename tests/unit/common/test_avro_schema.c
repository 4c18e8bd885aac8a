/* Schemas: what is parsed, what is refused and with which words; canonical form and fingerprint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/avro_canonical.h"

static struct la_avro_schema *
parse(const char *text)
{
	struct la_avro_schema *schema = NULL;
	struct la_error error = LA_ERROR_INIT;

	if (la_avro_schema_parse(&schema, "t", la_span_text(text), &error) != LA_OK)
		fail_msg("%s: %s", text, error.text);
	return (schema);
}

static void
refused_schemas_are_named_with_record_field_and_cause(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
	    {"\"text\"", "t: type text is not known"},
	    {"5", "t: a type must be a name, a list or an object"},
	    {"{\"type\":5}", "t: a type without \"type\""},
	    {"{\"type\":\"array\"}", "t: array without \"items\""},
	    {"{\"type\":\"map\",\"items\":\"int\"}", "t: map without \"values\""},
	    {"{\"type\":\"fixed\",\"name\":\"F\"}", "t: fixed F: no valid size"},
	    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":-1}", "t: fixed F: no valid size"},
	    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":1e3}", "t: fixed F: no valid size"},
	    {"{\"type\":\"enum\",\"name\":\"E\"}", "t: enum E: no list of symbols"},
	    {"{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"A\"]}", "t: enum E: symbol A twice"},
	    {"{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A-B\"]}",
	        "t: aliases and symbols must be lists of names"},
	    {"{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"],\"default\":\"B\"}",
	        "t: enum E: its default is none of its symbols"},
	    {"{\"type\":\"record\",\"name\":\"R\"}", "t: record R: no list of fields"},
	    {"{\"type\":\"record\",\"fields\":[]}", "t: record without a valid name"},
	    {"{\"type\":\"record\",\"name\":\"1R\",\"fields\":[]}", "t: record without a valid name"},
	    {"{\"type\":\"record\",\"name\":\"x.int\",\"fields\":[]}", "t: record without a valid name"},
	    {"{\"type\":\"record\",\"name\":\"R\\u0000\",\"fields\":[]}", "t: record without a valid name"},
	    {"{\"type\":\"record\",\"name\":\"R\",\"namespace\":\"a..b\",\"fields\":[]}",
	        "t: record R: its namespace is not valid"},
	    {"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f\"}]}", "t: record R, field f: no type"},
	    {"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a.b\",\"type\":\"int\"}]}",
	        "t: record R: a field without a valid name"},
	    {"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f\",\"type\":\"int\"},"
	     "{\"name\":\"f\",\"type\":\"int\"}]}",
	        "t: record R, field f: declared twice"},
	    {"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f\",\"type\":[\"null\",\"S\"]}]}",
	        "t: record R, field f: type S is not known"},
	    {"[\"int\",[\"null\"]]", "t: a union inside a union"},
	    {"[\"int\",\"int\"]", "t: a union with two branches of one kind"},
	    {"[{\"type\":\"array\",\"items\":\"int\"},{\"type\":\"array\",\"items\":\"long\"}]",
	        "t: a union with two branches of one kind"},
	    {"[{\"type\":\"fixed\",\"name\":\"F\",\"size\":1},{\"type\":\"fixed\",\"name\":\"F\",\"size\":1}]",
	        "t: F is declared twice, or its name is too long"},
	};
	struct la_avro_schema *schema = NULL;
	struct la_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(la_avro_schema_parse(&schema, "t", la_span_text(rows[i].text), &error), LA_ECONFIG);
		assert_string_equal(error.text, rows[i].error);
		assert_null(schema);
	}
}

static void
broken_json_is_named_with_its_line(void **state)
{
	struct la_avro_schema *schema = NULL;
	struct la_error error;

	(void)state;
	assert_int_equal(la_avro_schema_parse(&schema, "t", la_span_text("{\n\"type\":}"), &error), LA_ECONFIG);
	assert_memory_equal(error.text, "t:2: ", 5);
	assert_int_equal(la_avro_schema_parse(&schema, "t", la_span_text(""), &error), LA_ECONFIG);
	assert_null(schema);
}

static void
nesting_is_limited(void **state)
{
	struct la_buf text = LA_BUF_INIT;
	struct la_avro_schema *schema = NULL;
	struct la_error error;

	(void)state;
	for (int depth = LA_AVRO_DEPTH_MAX - 1; depth <= LA_AVRO_DEPTH_MAX; depth++) {
		enum la_err err = LA_OK;

		la_buf_reset(&text);
		for (int i = 0; i < depth; i++)
			err = err != LA_OK ? err : la_buf_add_text(&text, "{\"type\":\"array\",\"items\":");
		err = err != LA_OK ? err : la_buf_add_text(&text, "\"int\"");
		for (int i = 0; i < depth; i++)
			err = err != LA_OK ? err : la_buf_add_text(&text, "}");
		assert_int_equal(err, LA_OK);
		err = la_avro_schema_parse(&schema, "t", la_buf_span(&text), &error);
		assert_int_equal(err, depth < LA_AVRO_DEPTH_MAX ? LA_OK : LA_ECONFIG);
		if (err == LA_OK)
			la_avro_schema_free(schema);
		else
			assert_string_equal(error.text, "t: nested deeper than 64");
	}
	la_buf_clear(&text);
}

static void
a_schema_of_more_than_a_mebibyte_is_refused(void **state)
{
	struct la_avro_schema *schema = NULL;
	char *text = malloc(LA_AVRO_TEXT_MAX + 1);

	(void)state;
	assert_non_null(text);
	memset(text, ' ', LA_AVRO_TEXT_MAX + 1);
	memcpy(text, "\"int\"", 5);
	assert_int_equal(
	    la_avro_schema_parse(&schema, "t", la_span_of(text, LA_AVRO_TEXT_MAX + 1), NULL), LA_ECONFIG);
	assert_int_equal(la_avro_schema_parse(&schema, "t", la_span_of(text, LA_AVRO_TEXT_MAX), NULL), LA_OK);
	la_avro_schema_free(schema);
	free(text);
}

static void
symbols_are_limited(void **state)
{
	struct la_buf text = LA_BUF_INIT;
	struct la_avro_schema *schema = NULL;
	struct la_error error = LA_ERROR_INIT;

	(void)state;
	assert_int_equal(la_buf_add_text(&text, "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"z\""), LA_OK);
	for (int i = 0; i < LA_AVRO_NODES_MAX; i++)
		assert_int_equal(la_buf_printf(&text, ",\"a%d\"", i), LA_OK);
	assert_int_equal(la_buf_add_text(&text, "]}"), LA_OK);
	assert_int_equal(la_avro_schema_parse(&schema, "t", la_buf_span(&text), &error), LA_ECONFIG);
	assert_non_null(strstr(error.text, "more than 10000 symbols"));
	la_buf_clear(&text);
}

/* A list of so many items, behind head and before tail; # in an item is its number. */
static void
make_list(struct la_buf *text, const char *head, const char *item, int count, const char *tail)
{
	la_buf_reset(text);
	assert_int_equal(la_buf_add_text(text, head), LA_OK);
	for (int i = 0; i < count; i++) {
		assert_int_equal(la_buf_add_text(text, i > 0 ? "," : ""), LA_OK);
		for (const char *at = item; *at != '\0'; at++)
			assert_int_equal(*at == '#' ? la_buf_printf(text, "%d", i) : la_buf_add(text, at, 1), LA_OK);
	}
	assert_int_equal(la_buf_add_text(text, tail), LA_OK);
}

#define FAR "n23456789_123456789_123456789_123456789_123456789_123456789_123456789_123456789_123456789_123456789"

static void
what_would_take_much_memory_is_refused_before_it_does(void **state)
{
	static const struct {
		const char *head, *item, *error;
		int count;
	} rows[] = {
	    {"{\"type\":\"int\",\"x\":[", "{}", "t: a schema that takes more than 16777216 bytes of memory", 100000},
	    {"{\"type\":\"int\",\"x\":[", "[]", "t: a schema that takes more than 16777216 bytes of memory", 100000},
	    {"{\"type\":\"int\",\"x\":[", "1", "t: a schema that takes more than 16777216 bytes of memory", 180000},
	    {"{\"type\":\"fixed\",\"name\":\"" FAR "." FAR ".F\",\"size\":1,\"aliases\":[", "\"a#\"",
	        "t: a schema that takes more than 4194304 bytes of memory", 30000},
	};
	struct la_avro_schema *schema = NULL;
	struct la_buf text = LA_BUF_INIT;
	struct la_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_list(&text, rows[i].head, rows[i].item, rows[i].count, "]}");
		assert_int_equal(la_avro_schema_parse(&schema, "t", la_buf_span(&text), &error), LA_ECONFIG);
		assert_string_equal(error.text, rows[i].error);
		make_list(&text, rows[i].head, rows[i].item, 1000, "]}");
		assert_int_equal(la_avro_schema_parse(&schema, "t", la_buf_span(&text), &error), LA_OK);
		la_avro_schema_free(schema);
		schema = NULL;
	}
	la_buf_clear(&text);
}

static void
names_are_compared_however_many_there_are(void **state)
{
	static const struct {
		const char *head, *item, *tail, *error;
	} rows[] = {
	    {"{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[", "\"a#\"", ",\"b\",\"a0\"]}", "t: enum E: symbol a0 twice"},
	    {"{\"type\":\"record\",\"name\":\"R\",\"fields\":[", "{\"name\":\"f#\",\"type\":\"int\"}",
	        ",{\"name\":\"f17\",\"type\":\"int\"}]}", "t: record R, field f17: declared twice"},
	    {"[", "{\"type\":\"fixed\",\"name\":\"F#\",\"size\":1}", ",\"F999\"]", "t: a union with two branches of one kind"},
	    {"[", "{\"type\":\"fixed\",\"name\":\"F#\",\"size\":1}",
	        ",{\"type\":\"fixed\",\"name\":\"F500\",\"size\":1}]", "t: F500 is declared twice, or its name is too long"},
	};
	struct la_avro_schema *schema = NULL;
	struct la_buf text = LA_BUF_INIT;
	struct la_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_list(&text, rows[i].head, rows[i].item, 1000, rows[i].tail);
		assert_int_equal(la_avro_schema_parse(&schema, "t", la_buf_span(&text), &error), LA_ECONFIG);
		assert_string_equal(error.text, rows[i].error);
	}
	la_buf_clear(&text);
	schema = parse("[{\"type\":\"map\",\"values\":\"int\"},{\"type\":\"fixed\",\"name\":\"map\",\"size\":1}]");
	assert_int_equal(schema->root->count, 2);
	la_avro_schema_free(schema);
}

static void
a_schema_of_several_texts_is_the_last_with_the_types_of_those_before(void **state)
{
	const struct la_span texts[] = {
	    la_span_text("{\"type\":\"enum\",\"name\":\"x.E\",\"symbols\":[\"A\"]}"),
	    la_span_text("{\"type\":\"record\",\"name\":\"x.P\",\"fields\":[{\"name\":\"e\",\"type\":\"E\"}]}"),
	    la_span_text("{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"p\",\"type\":\"x.P\"}]}"),
	};
	const struct la_span wrong[] = {texts[1], texts[0]}, twice[] = {texts[0], texts[0]};
	struct la_avro_schema *schema = NULL;
	struct la_error error;

	(void)state;
	assert_int_equal(la_avro_schema_parse_all(&schema, "t", texts, 3, &error), LA_OK);
	assert_string_equal(schema->root->name, "R");
	assert_string_equal(schema->root->fields[0].type->fields[0].type->symbols[0], "A");
	la_avro_schema_free(schema);
	assert_int_equal(la_avro_schema_parse_all(&schema, "t", wrong, 2, &error), LA_ECONFIG);
	assert_string_equal(error.text, "t: record x.P, field e: type x.E is not known");
	assert_int_equal(la_avro_schema_parse_all(&schema, "t", twice, 2, &error), LA_ECONFIG);
	assert_string_equal(error.text, "t: x.E is declared twice, or its name is too long");
}

static void
names_follow_the_namespace_they_are_in(void **state)
{
	static const char text[] =
	    "{\"type\":\"record\",\"name\":\"R\",\"namespace\":\"a.b\",\"aliases\":[\"Q\",\"c.P\"],"
	    "\"fields\":[{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"X\"]}},"
	    "{\"name\":\"f\",\"type\":{\"type\":\"record\",\"name\":\"z.F\",\"fields\":["
	    "{\"name\":\"g\",\"type\":{\"type\":\"fixed\",\"name\":\"G\",\"size\":1}}]}},"
	    "{\"name\":\"h\",\"type\":{\"type\":\"fixed\",\"namespace\":\"\",\"name\":\"H\",\"size\":0}},"
	    "{\"name\":\"i\",\"type\":\"E\"},{\"name\":\"j\",\"type\":\"z.G\"}]}";
	struct la_avro_schema *s = parse(text);
	const struct la_avro_node *r = s->root;

	(void)state;
	assert_string_equal(r->name, "a.b.R");
	assert_string_equal(r->aliases[0], "a.b.Q");
	assert_string_equal(r->aliases[1], "c.P");
	assert_string_equal(r->fields[0].type->name, "a.b.E");
	assert_string_equal(r->fields[1].type->name, "z.F");
	assert_string_equal(r->fields[1].type->fields[0].type->name, "z.G");
	assert_string_equal(r->fields[2].type->name, "H");
	assert_ptr_equal(r->fields[3].type, r->fields[0].type);
	assert_ptr_equal(r->fields[4].type, r->fields[1].type->fields[0].type);
	la_avro_schema_free(s);
}

/* Input, canonical form, fingerprint: values of the specification's own test data. */
static void
canonical_forms_and_fingerprints_are_those_of_the_specification(void **state)
{
	static const struct {
		const char *text, *form;
		int64_t fingerprint;
	} rows[] = {
	    {"\"null\"", "\"null\"", 7195948357588979594},
	    {"{\"type\":\"boolean\"}", "\"boolean\"", -6970731678124411036},
	    {"{\"type\":\"int\",\"logicalType\":\"date\"}", "\"int\"", 8247732601305521295},
	    {"\"long\"", "\"long\"", -3434872931120570953},
	    {"\"float\"", "\"float\"", 5583340709985441680},
	    {"\"double\"", "\"double\"", -8181574048448539266},
	    {"\"bytes\"", "\"bytes\"", 5746618253357095269},
	    {"\"string\"", "\"string\"", -8142146995180207161},
	    {"[ ]", "[]", -1241056759729112623},
	    {"[ \"int\", {\"type\":\"boolean\"} ]", "[\"int\",\"boolean\"]", 5392556393470105090},
	    {"{\"fields\":[],\"type\":\"record\",\"name\":\"foo\",\"doc\":\"d\",\"aliases\":[\"foo\",\"bar\"]}",
	        "{\"name\":\"foo\",\"type\":\"record\",\"fields\":[]}", -4824392279771201922},
	    {"{\"fields\":[],\"type\":\"record\",\"name\":\"foo\",\"namespace\":\"x.y\"}",
	        "{\"name\":\"x.y.foo\",\"type\":\"record\",\"fields\":[]}", 5916914534497305771},
	    {"{\"fields\":[],\"type\":\"record\",\"name\":\"a.b.foo\",\"namespace\":\"x.y\"}",
	        "{\"name\":\"a.b.foo\",\"type\":\"record\",\"fields\":[]}", -4616218487480524110},
	    {"{\"fields\":[{\"type\":\"boolean\",\"aliases\":[],\"name\":\"f1\",\"default\":\"true\"},"
	     "{\"order\":\"descending\",\"name\":\"f2\",\"doc\":\"Hello\",\"type\":\"int\"}],"
	     "\"type\":\"record\",\"name\":\"foo\"}",
	        "{\"name\":\"foo\",\"type\":\"record\",\"fields\":[{\"name\":\"f1\",\"type\":\"boolean\"},"
	        "{\"name\":\"f2\",\"type\":\"int\"}]}",
	        -4860222112080293046},
	    {"{\"namespace\":\"x.y.z\",\"type\":\"enum\",\"name\":\"foo\",\"doc\":\"d\",\"symbols\":[\"A1\",\"A2\"],"
	     "\"default\":\"A1\"}",
	        "{\"name\":\"x.y.z.foo\",\"type\":\"enum\",\"symbols\":[\"A1\",\"A2\"]}", -4448647247586288245},
	    {"{\"name\":\"foo\",\"type\":\"fixed\",\"size\":15}", "{\"name\":\"foo\",\"type\":\"fixed\",\"size\":15}",
	        1756455273707447556},
	    {"{\"items\":{\"type\":\"null\"},\"type\":\"array\"}", "{\"type\":\"array\",\"items\":\"null\"}",
	        -589620603366471059},
	    {"{\"values\":\"string\",\"type\":\"map\"}", "{\"type\":\"map\",\"values\":\"string\"}",
	        -8732877298790414990},
	    {"{\"name\":\"PigValue\",\"type\":\"record\",\"fields\":[{\"name\":\"value\",\"type\":[\"null\",\"int\","
	     "\"long\",\"PigValue\"]}]}",
	        "{\"name\":\"PigValue\",\"type\":\"record\",\"fields\":[{\"name\":\"value\",\"type\":[\"null\",\"int\","
	        "\"long\",\"PigValue\"]}]}",
	        -1759257747318642341},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_avro_schema *schema = parse(rows[i].text);
		struct la_buf form = LA_BUF_INIT;
		uint64_t fingerprint = 0;

		assert_int_equal(la_avro_canonical_form(schema, &form), LA_OK);
		assert_int_equal(la_buf_add(&form, "", 1), LA_OK);
		assert_string_equal((const char *)form.data, rows[i].form);
		assert_int_equal(la_avro_canonical_fingerprint(schema, &fingerprint), LA_OK);
		assert_int_equal((int64_t)fingerprint, rows[i].fingerprint);
		la_buf_clear(&form);
		la_avro_schema_free(schema);
	}
}

static void
the_fingerprint_of_nothing_is_the_constant_of_the_specification(void **state)
{
	(void)state;
	assert_int_equal(la_avro_canonical_crc64(la_span_text("")), 0xc15d213aa4d7a795u);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(refused_schemas_are_named_with_record_field_and_cause),
	    cmocka_unit_test(broken_json_is_named_with_its_line),
	    cmocka_unit_test(nesting_is_limited),
	    cmocka_unit_test(a_schema_of_more_than_a_mebibyte_is_refused),
	    cmocka_unit_test(symbols_are_limited),
	    cmocka_unit_test(what_would_take_much_memory_is_refused_before_it_does),
	    cmocka_unit_test(names_are_compared_however_many_there_are),
	    cmocka_unit_test(a_schema_of_several_texts_is_the_last_with_the_types_of_those_before),
	    cmocka_unit_test(names_follow_the_namespace_they_are_in),
	    cmocka_unit_test(canonical_forms_and_fingerprints_are_those_of_the_specification),
	    cmocka_unit_test(the_fingerprint_of_nothing_is_the_constant_of_the_specification),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
