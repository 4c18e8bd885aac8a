/* A writer's schema whose plan takes much memory: for what is kept of schemas. Include after cmocka.h. */
#ifndef LA_TESTS_WIDE_SCHEMA_H
#define LA_TESTS_WIDE_SCHEMA_H

#include "common/avro_names.h"
#include "common/buf.h"

#define WIDE_FIELDS 900
#define WIDE_BYTES (WIDE_FIELDS * LA_AVRO_NAME_BYTES_MAX) /* its plan takes so much, and a little more */

/* The record of *text gets one more field, last: a union, of which a value takes the null, one byte 0 more. */
static inline void
widen_schema(struct la_buf *text)
{
	while (text->size > 0 && text->data[--text->size] != ']')
		;
	assert_int_equal(la_buf_add_text(text, ",{\"name\":\"z\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"Z\",\"fields\":["), LA_OK);
	for (int i = 0; i < WIDE_FIELDS; i++)
		assert_int_equal(la_buf_printf(text, "%s{\"name\":\"f%0*d\",\"type\":\"int\"}", i > 0 ? "," : "",
		                     LA_AVRO_NAME_BYTES_MAX - 1, i), LA_OK);
	assert_int_equal(la_buf_add_text(text, "]}]}]}"), LA_OK);
}

#endif
