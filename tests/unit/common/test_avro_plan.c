/* Schema resolution: which writer fits which reader, and what is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan_fixture.h"

/* How a value is compared: its first slot, or the first after a union's branch. */
enum look { NOTHING, INTEGER, REAL, BYTES };

#define REC(fields) "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}"
#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":" type "}"
#define ENUM(symbols, more) "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[" symbols "]" more "}"

#define RESOLVED(writer, reader, bytes) writer, reader, bytes, sizeof(bytes) - 1

static void
values_are_read_as_the_reader_wants_them(void **state)
{
	static const struct {
		const char *writer, *reader, *bytes;
		size_t size, slot;
		enum look look;
		int64_t integer;
		double real;
		const char *text;
	} rows[] = {
	    {RESOLVED("\"null\"", "\"null\"", ""), 0, NOTHING, 0, 0, NULL},
	    {RESOLVED("\"boolean\"", "\"boolean\"", "\x01"), 0, INTEGER, 1, 0, NULL},
	    {RESOLVED("\"int\"", "\"int\"", "\xff\xff\xff\xff\x0f"), 0, INTEGER, INT32_MIN, 0, NULL},
	    {RESOLVED("\"long\"", "\"long\"", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), 0, INTEGER, INT64_MIN, 0,
	        NULL},
	    {RESOLVED("\"long\"", "\"long\"", "\x80\x00"), 0, INTEGER, 0, 0, NULL},
	    {RESOLVED("\"float\"", "\"float\"", "\x00\x00\xc0\x3f"), 0, REAL, 0, 1.5, NULL},
	    {RESOLVED("\"double\"", "\"double\"", "\x00\x00\x00\x00\x00\x00\xf8\xbf"), 0, REAL, 0, -1.5, NULL},
	    {RESOLVED("\"string\"", "\"string\"", "\x04\xff\x00"), 0, BYTES, 2, 0, "\xff\x00"},
	    {RESOLVED("\"string\"", "\"string\"", "\x00"), 0, BYTES, 0, 0, ""},
	    {RESOLVED("{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}",
	        "{\"type\":\"fixed\",\"name\":\"x.F\",\"size\":2}", "ab"), 0,
	        BYTES, 2, 0, "ab"},
	    /* promotion */
	    {RESOLVED("\"int\"", "\"long\"", "\x03"), 0, INTEGER, -2, 0, NULL},
	    {RESOLVED("\"int\"", "\"float\"", "\x82\x80\x80\x10"), 0, REAL, 0, 16777216, NULL}, /* 2^24 + 1: rounded */
	    {RESOLVED("\"int\"", "\"double\"", "\x82\x80\x80\x10"), 0, REAL, 0, 16777217, NULL},
	    {RESOLVED("\"long\"", "\"float\"", "\x04"), 0, REAL, 0, 2, NULL},
	    {RESOLVED("\"long\"", "\"double\"", "\x04"), 0, REAL, 0, 2, NULL},
	    {RESOLVED("\"float\"", "\"double\"", "\x00\x00\xc0\x3f"), 0, REAL, 0, 1.5, NULL},
	    {RESOLVED("\"string\"", "\"bytes\"", "\x02z"), 0, BYTES, 1, 0, "z"},
	    {RESOLVED("\"bytes\"", "\"string\"", "\x02z"), 0, BYTES, 1, 0, "z"},
	    /* enums by name of the symbol, then the reader's default */
	    {RESOLVED(ENUM("\"A\",\"B\"", ""), ENUM("\"B\",\"A\"", ""), "\x00"), 0, INTEGER, 1, 0, NULL},
	    {RESOLVED(ENUM("\"A\",\"N\"", ",\"default\":\"A\""), ENUM("\"A\",\"Z\"", ",\"default\":\"Z\""), "\x02"), 0,
	        INTEGER, 1, 0,
	        NULL},
	    /* unions: into, out of, and between */
	    {RESOLVED("\"int\"", "[\"null\",\"int\"]", "\x06"), 0, INTEGER, 1, 0, NULL},
	    {RESOLVED("\"int\"", "[\"null\",\"int\"]", "\x06"), 1, INTEGER, 3, 0, NULL},
	    /* the same type before the first that it could be promoted to; of those, the first */
	    {RESOLVED("\"int\"", "[\"string\",\"double\",\"int\"]", "\x06"), 0, INTEGER, 2, 0, NULL},
	    {RESOLVED("\"int\"", "[\"string\",\"double\",\"long\"]", "\x06"), 0, INTEGER, 1, 0, NULL},
	    {RESOLVED("[\"string\",\"int\"]", "\"long\"", "\x02\x06"), 0, INTEGER, 3, 0, NULL},
	    {RESOLVED("[\"null\",\"string\"]", "[\"string\",\"null\"]", "\x02\x02x"), 0, INTEGER, 0, 0, NULL},
	    {RESOLVED("[\"null\",\"string\"]", "[\"string\",\"null\"]", "\x02\x02x"), 1, BYTES, 1, 0, "x"},
	    {RESOLVED("[\"string\",\"null\"]", "[\"null\",\"bytes\"]", "\x02"), 0, INTEGER, 0, 0, NULL},
	    {RESOLVED("[\"string\",\"null\"]", "[\"null\",\"bytes\"]", "\x02"), 1, BYTES, 0, 0, NULL},
	    {RESOLVED("[\"null\",\"int\",\"string\"]", "[\"null\",\"string\"]", "\x00"), 1, BYTES, 0, 0, NULL},
	    {RESOLVED("[\"null\",\"int\",\"string\"]", "[\"null\",\"string\"]", "\x04\x02y"), 1, BYTES, 1, 0, "y"},
	    {RESOLVED("\"null\"", "[\"null\",\"string\"]", ""), 1, BYTES, 0, 0, NULL},
	    /* records: by name, by alias, other order, skipped fields, defaults */
	    {RESOLVED(REC(FIELD("a", "\"int\"") "," FIELD("b", "\"int\"")), REC(FIELD("b", "\"int\"")), "\x02\x04"), 0,
	        INTEGER, 2, 0,
	        NULL},
	    {RESOLVED(REC(FIELD("a", "\"int\"")), REC("{\"name\":\"b\",\"type\":\"int\",\"aliases\":[\"x\",\"a\"]}"),
	        "\x02"), 0, INTEGER,
	        1, 0, NULL},
	    {RESOLVED("{\"type\":\"record\",\"name\":\"o.Old\",\"fields\":[" FIELD("a", "\"int\"") "]}",
	         "{\"type\":\"record\",\"name\":\"o.R\",\"aliases\":[\"Old\"],\"fields\":[" FIELD("a", "\"int\"") "]}",
	         "\x02"),
	        0, INTEGER, 1, 0, NULL},
	    {RESOLVED(REC(""), REC("{\"name\":\"a\",\"type\":\"int\",\"default\":-7}"), ""), 0, INTEGER, -7, 0, NULL},
	    {RESOLVED(REC(""), REC("{\"name\":\"a\",\"type\":\"string\",\"default\":\"\\u0000\xc3\xbf\"}"), ""), 0,
	        BYTES, 3, 0,
	        "\x00\xc3\xbf"},
	    {RESOLVED(REC(""), REC("{\"name\":\"a\",\"type\":\"bytes\",\"default\":\"\\u0000\\u00ff\"}"), ""), 0,
	        BYTES, 2, 0, "\x00\xff"},
	    {RESOLVED(REC(""), REC("{\"name\":\"a\",\"type\":\"double\",\"default\":3}"), ""), 0, REAL, 0, 3, NULL},
	    {RESOLVED(REC(""), REC("{\"name\":\"a\",\"type\":\"boolean\",\"default\":true}"), ""), 0, INTEGER, 1, 0,
	        NULL},
	    {RESOLVED(REC(""), REC("{\"name\":\"a\",\"type\":[\"null\",\"string\"],\"default\":null}"), ""), 1, BYTES,
	        0, 0, NULL},
	    {RESOLVED(REC(""), REC("{\"name\":\"a\",\"type\":[\"string\",\"null\"],\"default\":\"d\"}"), ""), 1, BYTES,
	        1, 0, "d"},
	    {RESOLVED(REC(""), REC("{\"name\":\"a\",\"default\":\"B\",\"type\":" ENUM("\"A\",\"B\"", "") "}"), ""), 0,
	        INTEGER, 1, 0, NULL},
	    {RESOLVED(REC(""),
	        REC("{\"name\":\"a\",\"default\":{\"q\":5},\"type\":{\"type\":\"record\",\"name\":\"S\",\"fields\":["
	                           "{\"name\":\"p\",\"type\":\"int\",\"default\":4}," FIELD("q", "\"int\"") "]}}"),
	         ""),
	        1, INTEGER, 5, 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct compiled c;
		struct la_avro_slot *slot;

		if (compiled_make(&c, rows[i].writer, rows[i].reader) != LA_OK ||
		    compiled_run(&c, rows[i].bytes, rows[i].size) != LA_OK)
			fail_msg("row %zu: %s", i, c.error.text);
		slot = &c.slots[rows[i].slot];
		if (rows[i].look == INTEGER)
			assert_int_equal(slot->integer, rows[i].integer);
		else if (rows[i].look == REAL)
			assert_true(slot->real == rows[i].real);
		else if (rows[i].look == BYTES)
			assert_true(la_span_equal(slot->bytes, la_span_of(rows[i].text, (size_t)rows[i].integer)));
		compiled_clear(&c);
	}
}

static void
schemas_that_do_not_fit_are_refused_with_field_and_cause(void **state)
{
	static const struct {
		const char *writer, *reader, *error;
	} rows[] = {
	    {"\"long\"", "\"int\"", "w: long does not fit int"},
	    {"\"double\"", "\"float\"", "w: double does not fit float"},
	    {"\"string\"", "\"int\"", "w: string does not fit int"},
	    {"\"null\"", "\"string\"", "w: null does not fit string"},
	    {"{\"type\":\"array\",\"items\":\"int\"}", "\"int\"", "w: array does not fit int"},
	    {"\"int\"", "[\"null\",\"string\"]", "w: int fits no branch of the reader's union"},
	    {"[\"null\",\"string\"]", "\"int\"", "w: no branch of the writer's union fits"},
	    {"[]", "\"int\"", "w: no branch of the writer's union fits"},
	    {"{\"type\":\"record\",\"name\":\"Q\",\"fields\":[]}", REC(""), "w: Q does not fit R"},
	    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}", "{\"type\":\"fixed\",\"name\":\"F\",\"size\":3}",
	        "w: F does not fit F"},
	    {"{\"type\":\"enum\",\"name\":\"D\",\"symbols\":[]}", ENUM("\"A\"", ""), "w: D does not fit E"},
	    {REC(""), REC(FIELD("a", "\"int\"")), "w: field a: the writer lacks it, and it has no default"},
	    {REC(FIELD("a", "\"string\"")), REC(FIELD("a", "\"int\"")), "w: field a: string does not fit int"},
	    {REC(FIELD("a", "\"int\"")), REC(FIELD("a",
	        "\"int\"") ",{\"name\":\"b\",\"type\":\"int\",\"aliases\":[\"a\"]}"),
	        "w: a and b would both be read from a"},
	    {REC(""), REC("{\"name\":\"a\",\"type\":\"int\",\"default\":\"x\"}"), "w: field a: its default is no int"},
	    {REC(""), REC("{\"name\":\"a\",\"type\":\"int\",\"default\":2147483648}"),
	        "w: field a: its default is no int"},
	    {REC(""), REC("{\"name\":\"a\",\"type\":\"bytes\",\"default\":\"\\u0100\"}"),
	        "w: field a: its default is no bytes"},
	    {REC(""), REC("{\"name\":\"a\",\"type\":[\"null\",\"int\"],\"default\":\"x\"}"),
	        "w: field a: its default is no union"},
	    {REC(""),
	        REC("{\"name\":\"a\",\"default\":\"ab\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":3}}"),
	        "w: field a: its default is no fixed"},
	    {REC(""), REC("{\"name\":\"a\",\"default\":\"C\",\"type\":" ENUM("\"A\"", "") "}"),
	        "w: field a: its default is no symbol of E"},
	    {REC(""),
	        REC("{\"name\":\"a\",\"default\":{},\"type\":{\"type\":\"record\",\"name\":\"S\",\"fields\":[" FIELD(
	                  "q", "\"int\"") "]}}"),
	        "w: field a: its default lacks q, which has none itself"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct compiled c;

		assert_int_equal(compiled_make(&c, rows[i].writer, rows[i].reader), LA_ECONFIG);
		assert_string_equal(c.error.text, rows[i].error);
		assert_null(c.plan);
		compiled_clear(&c);
	}
}

static void
a_branch_that_does_not_fit_refuses_only_the_values_that_choose_it(void **state)
{
	struct compiled c;

	(void)state;
	assert_int_equal(compiled_make(&c, "[\"string\",\"int\"]", "\"int\""), LA_OK);
	assert_int_equal(compiled_run(&c, "\x02\x06", 2), LA_OK);
	assert_int_equal(c.slots[0].integer, 3);
	assert_int_equal(compiled_run(&c, "\x00\x02x", 3), LA_EDATA);
	assert_string_equal(c.error.text, "byte 1: a branch of the writer's union that does not fit the reader");
	compiled_clear(&c);
}

static void
readers_that_cannot_be_laid_out_are_refused(void **state)
{
	static const struct {
		const char *reader, *error;
	} rows[] = {
	    {REC(FIELD("a", "{\"type\":\"array\",\"items\":\"int\"}")),
	        "r: field a: arrays and maps cannot be read, only skipped"},
	    {"{\"type\":\"map\",\"values\":\"int\"}", "r: arrays and maps cannot be read, only skipped"},
	    {REC(FIELD("next", "[\"null\",\"R\"]")),
	        "r: field next: a recursive or too large schema cannot be read, only skipped"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_avro_schema *schema = NULL;
		struct la_avro_layout *layout = NULL;
		struct la_error error;

		assert_int_equal(la_avro_schema_parse(&schema, "r", la_span_text(rows[i].reader), &error), LA_OK);
		assert_int_equal(la_avro_layout_new(&layout, "r", schema, &error), LA_ECONFIG);
		assert_string_equal(error.text, rows[i].error);
		la_avro_schema_free(schema);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_are_read_as_the_reader_wants_them),
	    cmocka_unit_test(schemas_that_do_not_fit_are_refused_with_field_and_cause),
	    cmocka_unit_test(a_branch_that_does_not_fit_refuses_only_the_values_that_choose_it),
	    cmocka_unit_test(readers_that_cannot_be_laid_out_are_refused),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
