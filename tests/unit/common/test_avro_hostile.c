/* What is on the wire is hostile: every length, count, index and depth has a limit, and every byte an owner. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan_fixture.h"

#include "common/buf.h"

/* A writer whose fields are all skipped: the reader has none. */
#define SKIPPED(type) "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f\",\"type\":" type "}]}"
#define NOTHING "{\"type\":\"record\",\"name\":\"R\",\"fields\":[]}"
#define ARRAY(items) "{\"type\":\"array\",\"items\":" items "}"
#define MAP(values) "{\"type\":\"map\",\"values\":" values "}"
#define LIST "{\"type\":\"record\",\"name\":\"N\",\"fields\":[{\"name\":\"next\",\"type\":[\"null\",\"N\"]}]}"
#define ENDLESS \
	"{\"type\":\"record\",\"name\":\"N\",\"fields\":[{\"name\":\"a\",\"type\":\"N\"},{\"name\":\"b\",\"type\":\"N\"}]}"
#define EMPTY "{\"type\":\"record\",\"name\":\"V\",\"fields\":[{\"name\":\"n\",\"type\":\"null\"}]}"
#define MOST "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"  /* 2^63 - 1 */
#define LEAST "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" /* -2^63 */

#define VALUE(type, bytes) type, bytes, sizeof(bytes) - 1

static const struct row {
	const char *type, *bytes;
	size_t size;
	const char *error; /* NULL: accepted, both read and skipped */
} scalars[] = {
    {VALUE("\"boolean\"", ""), "byte 0, field f: the value ends too early"},
    {VALUE("\"boolean\"", "\x02"), "byte 0, field f: a boolean that is neither 0 nor 1"},
    {VALUE("\"boolean\"", "\x01\x01"), "byte 1: the value should end here"},
    {VALUE("\"int\"", ""), "byte 0, field f: the value ends too early"},
    {VALUE("\"int\"", "\x80"), "byte 0, field f: the value ends too early"},
    {VALUE("\"int\"", "\x80\x80\x80"), "byte 0, field f: the value ends too early"},
    {VALUE("\"int\"", "\x80\x80\x80\x80\x10"), "byte 0, field f: an int of more than 32 bits"},
    {VALUE("\"int\"", "\x81\x80\x80\x80\x10"), "byte 0, field f: an int of more than 32 bits"},
    {VALUE("\"int\"", "\xfe\xff\xff\xff\x0f"), NULL},
    {VALUE("\"long\"", MOST), NULL},
    {VALUE("\"long\"", LEAST), NULL},
    {VALUE("\"long\"", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), NULL}, /* long-winded, but ten bytes */
    {VALUE("\"long\"", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02"), "byte 0, field f: a number of more than 64 bits"},
    {VALUE("\"long\"", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"),
        "byte 0, field f: a number of more than 64 bits"},
    {VALUE("\"float\"", "abc"), "byte 0, field f: the value ends too early"},
    {VALUE("\"double\"", "abcdefg"), "byte 0, field f: the value ends too early"},
    {VALUE("\"string\"", "\x04" "a"), "byte 0, field f: a length below zero or beyond the end"},
    {VALUE("\"string\"", "\x01"), "byte 0, field f: a length below zero or beyond the end"},
    {VALUE("\"bytes\"", MOST), "byte 0, field f: a length below zero or beyond the end"},
    {VALUE("\"bytes\"", LEAST), "byte 0, field f: a length below zero or beyond the end"},
    {VALUE("\"string\"", "\xfe\xff\xff\xff\x0f"), "byte 0, field f: a length below zero or beyond the end"}, /* 2 GiB */
    {VALUE("\"string\"", "\x04\xc3\x28"), NULL}, /* invalid UTF-8 is no reason */
    {VALUE("{\"type\":\"fixed\",\"name\":\"F\",\"size\":3}", "ab"), "byte 0, field f: the value ends too early"},
    {VALUE("{\"type\":\"fixed\",\"name\":\"F\",\"size\":0}", ""), NULL},
    {VALUE("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}", "\x04"),
        "byte 0, field f: no such branch or symbol"},
    {VALUE("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}", "\x01"),
        "byte 0, field f: no such branch or symbol"},
    {VALUE("[\"null\",\"string\"]", "\x04"), "byte 0, field f: no such branch or symbol"},
    {VALUE("[\"null\",\"string\"]", "\x01"), "byte 0, field f: no such branch or symbol"},
    {VALUE("[\"null\",\"string\"]", "\x02\x02"), "byte 1, field f: a length below zero or beyond the end"},
    {VALUE("[\"null\",\"long\"]", "\x02"), "byte 1, field f: the value ends too early"},
};

static const struct row skipped[] = {
    {VALUE(ARRAY("\"int\""), ""), "byte 0, field f: the value ends too early"},
    {VALUE(ARRAY("\"int\""), "\x02\x02"), "byte 2, field f: the value ends too early"},
    {VALUE(ARRAY("\"int\""), MOST "\x00"), "byte 10, field f: more items than bytes"},
    {VALUE(ARRAY("\"int\""), LEAST "\x00\x00"), "byte 11, field f: a block with a size below zero or beyond the end"},
    {VALUE(ARRAY("\"int\""), "\x04\x02\x04\x02\x06\x00"), NULL},     /* blocks of 2 and 1 */
    {VALUE(ARRAY("\"int\""), "\x03\x04\x02\x04\x00"), NULL},         /* a block of 2 items in 2 bytes */
    {VALUE(ARRAY("\"int\""), "\x03\x02\x02\x04\x00"), "byte 4, field f: a block that is not as long as it says"},
    {VALUE(ARRAY("\"int\""), "\x03\x06\x02\x04\x00"), "byte 4, field f: a block that is not as long as it says"},
    {VALUE(ARRAY("\"int\""), "\x03\x05\x02\x04\x00"),
        "byte 2, field f: a block with a size below zero or beyond the end"},
    {VALUE(ARRAY("\"int\""), "\x03\x7e\x02\x04\x00"),
        "byte 2, field f: a block with a size below zero or beyond the end"},
    {VALUE(ARRAY("\"null\""), "\x80\x80\x08\x00"), NULL}, /* 65536 nulls */
    {VALUE(ARRAY("\"null\""), "\x82\x80\x08\x00"), "byte 3, field f: too many items without content"},
    {VALUE(ARRAY("\"null\""), MOST "\x00"), "byte 10, field f: too many items without content"},
    {VALUE(ARRAY("\"null\""), "\x01\x00\x00"), NULL},
    {VALUE(ARRAY("\"null\""), "\x01\x02\x00\x00"), "byte 2, field f: too many items without content"},
    {VALUE(ARRAY(EMPTY), MOST "\x00"), "byte 10, field f: too many items without content"},
    {VALUE(ARRAY(ENDLESS), "\x02\x00"), "byte 1, field a: nested too deep"},
    {VALUE(ENDLESS, ""), "byte 0, field a: nested too deep"},
    {VALUE(ARRAY(ARRAY("\"null\"")), "\x04\x02\x00\x02\x00\x00"), NULL},
    {VALUE(MAP("\"null\""), "\x02\x02k\x00"), NULL},
    {VALUE(MAP("\"int\""), "\x02\x08k\x02\x00"), "byte 1, field f: a length below zero or beyond the end"},
    {VALUE(MAP(MAP("\"int\"")), "\x02\x00\x02\x02k\x04\x00\x00"), NULL},
    {VALUE(LIST, "\x02\x02\x02\x00"), NULL},
    {VALUE(LIST, "\x02\x02\x04"), "byte 2, field next: no such branch or symbol"},
};

static void
check(const struct row *row, const char *reader)
{
	struct compiled c;
	char writer[512];

	(void)snprintf(writer, sizeof(writer), SKIPPED("%s"), row->type);
	if (compiled_make(&c, writer, reader == NULL ? writer : reader) != LA_OK)
		fail_msg("%s: %s", row->type, c.error.text);
	if (row->error == NULL) {
		if (compiled_run(&c, row->bytes, row->size) != LA_OK)
			fail_msg("%s: %s", row->type, c.error.text);
	} else {
		assert_int_equal(compiled_run(&c, row->bytes, row->size), LA_EDATA);
		assert_string_equal(c.error.text, row->error);
	}
	compiled_clear(&c);
}

static void
bytes_that_are_no_value_are_refused_with_place_and_cause(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++)
		check(&scalars[i], NULL);
}

static void
what_is_skipped_is_checked_as_if_it_were_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++)
		check(&scalars[i], NOTHING);
	for (size_t i = 0; i < sizeof(skipped) / sizeof(skipped[0]); i++)
		check(&skipped[i], NOTHING);
}

static void
recursion_on_the_wire_is_limited(void **state)
{
	char bytes[LA_AVRO_NESTING_MAX + 1];
	struct compiled c;

	(void)state;
	assert_int_equal(compiled_make(&c, SKIPPED(LIST), NOTHING), LA_OK);
	memset(bytes, 2, sizeof(bytes)); /* each a further N */
	bytes[LA_AVRO_NESTING_MAX - 1] = 0;
	assert_int_equal(compiled_run(&c, bytes, LA_AVRO_NESTING_MAX), LA_OK);
	bytes[LA_AVRO_NESTING_MAX - 1] = 2;
	bytes[LA_AVRO_NESTING_MAX] = 0;
	assert_int_equal(compiled_run(&c, bytes, sizeof(bytes)), LA_EDATA);
	assert_string_equal(c.error.text, "byte 64, field next: nested too deep");
	compiled_clear(&c);
}

/* Records that hold the next one twice: 2^30 if spelled out. */
static void
records_that_refer_to_others_often_do_not_blow_up(void **state)
{
	struct la_buf text = LA_BUF_INIT;
	struct compiled c;
	enum la_err err = la_buf_add_text(&text, "{\"type\":\"record\",\"name\":\"R\",\"fields\":[");

	(void)state;
	for (int i = 0; i < 30 && err == LA_OK; i++)
		err = la_buf_printf(&text,
		    "{\"name\":\"a%d\",\"type\":{\"type\":\"record\",\"name\":\"R%d\",\"fields\":[", i, i);
	if (err == LA_OK)
		err = la_buf_add_text(&text, "{\"name\":\"x\",\"type\":\"null\"}");
	for (int i = 29; i >= 0 && err == LA_OK; i--)
		err = la_buf_printf(&text, "]}},{\"name\":\"b%d\",\"type\":\"R%d\"}", i, i);
	assert_int_equal(err != LA_OK ? err : la_buf_add(&text, "]}", 3), LA_OK);
	assert_int_equal(compiled_make(&c, (const char *)text.data, NOTHING), LA_OK);
	assert_int_equal(compiled_run(&c, "", 0), LA_OK);
	compiled_clear(&c);
	la_buf_clear(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_that_are_no_value_are_refused_with_place_and_cause),
	    cmocka_unit_test(what_is_skipped_is_checked_as_if_it_were_read),
	    cmocka_unit_test(recursion_on_the_wire_is_limited),
	    cmocka_unit_test(records_that_refer_to_others_often_do_not_blow_up),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
