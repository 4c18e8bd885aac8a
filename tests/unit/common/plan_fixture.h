/* Two schemas compiled to a plan, for the tests of reading plans. Include after cmocka.h. */
#ifndef LA_TESTS_PLAN_FIXTURE_H
#define LA_TESTS_PLAN_FIXTURE_H

#include <stdlib.h>

#include "common/avro_plan.h"

struct compiled {
	struct la_avro_schema *writer, *reader;
	struct la_avro_layout *layout;
	struct la_avro_plan *plan;
	struct la_avro_slot *slots;
	struct la_error error;
};

static inline void
compiled_clear(struct compiled *c)
{
	la_avro_plan_free(c->plan);
	la_avro_layout_free(c->layout);
	la_avro_schema_free(c->writer);
	la_avro_schema_free(c->reader);
	free(c->slots);
}

/* The error of the plan's compilation; schemas and layout must be fine. */
static inline enum la_err
compiled_make(struct compiled *c, const char *writer, const char *reader)
{
	memset(c, 0, sizeof(*c));
	if (la_avro_schema_parse(&c->writer, "w", la_span_text(writer), &c->error) != LA_OK ||
	    la_avro_schema_parse(&c->reader, "r", la_span_text(reader), &c->error) != LA_OK ||
	    la_avro_layout_new(&c->layout, "r", c->reader, &c->error) != LA_OK)
		fail_msg("%s", c->error.text);
	c->slots = calloc(c->layout->slot_count + 1, sizeof(*c->slots));
	assert_non_null(c->slots);
	return (la_avro_plan_new(&c->plan, "w", c->writer, c->layout, &c->error));
}

/* Runs over a copy that ends where its memory ends, so that a sanitizer sees each byte read beyond. */
static inline enum la_err
compiled_run(struct compiled *c, const char *bytes, size_t size)
{
	unsigned char *copy = malloc(size + (size == 0));
	enum la_err err;
	size_t i;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	err = la_avro_plan_run(c->plan, la_span_of(copy, size), c->slots, &c->error);
	for (i = 0; err == LA_OK && i < c->layout->slot_count; i++) { /* borrowed spans move to the caller's bytes */
		const unsigned char *data = c->slots[i].bytes.data;

		if (data >= copy && data <= copy + size)
			c->slots[i].bytes.data = (const unsigned char *)bytes + (data - copy);
	}
	free(copy);
	return (err);
}

#endif
