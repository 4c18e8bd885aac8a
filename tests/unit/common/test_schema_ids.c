/* Schemas by id: which of them a decoder keeps, asks for again, and holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/confluent.h"
#include "common/decoder_core.h"

#include "support/wide_schema.h"

#define USABLE 100000 /* ids from here on */
static const char lacking[] = "{\"type\":\"record\",\"name\":\"LoginEvent\",\"fields\":["
                              "{\"name\":\"event_id\",\"type\":\"string\"}]}";
static const char usable[] = "{\"type\":\"record\",\"name\":\"LoginEvent\",\"fields\":["
                             "{\"name\":\"event_id\",\"type\":\"string\"},{\"name\":\"member_id\",\"type\":\"string\"},"
                             "{\"name\":\"occurred_at\",\"type\":\"long\"}]}";

/* Schemas by id: of the record that the test's decoder reads. */
struct schemas {
	int asked;
	bool is_freed;
	struct la_registry_answer answer;
	enum la_err err;
	bool is_wide;
	bool once; /* a second question for an id finds nothing */
	uint8_t asked_for[1 << 17];
};

static enum la_err
schemas_find(void *cookie, uint32_t id, const struct la_registry_answer **answer, struct la_error *error)
{
	struct schemas *schemas = cookie;
	struct la_buf *text = &schemas->answer.schema;

	schemas->asked++;
	if (schemas->err != LA_OK)
		return (la_error_set(error, schemas->err, "said for %u", (unsigned)id));
	if (schemas->once && schemas->asked_for[id]++ > 0)
		return (la_error_set(error, LA_ENOSCHEMA, "deleted"));
	la_buf_reset(text);
	assert_int_equal(la_buf_add_text(text, id == 1 ? "\"string\"" : id == 2 ? "{" : id == 3 ? "\"other.Type\"" : id < USABLE ? lacking : usable), LA_OK);
	if (schemas->is_wide)
		widen_schema(text);
	*answer = &schemas->answer;
	return (LA_OK);
}

static void
schemas_free(void *cookie)
{
	((struct schemas *)cookie)->is_freed = true;
}

static char *
slurp_ours(struct la_buf *text)
{
	FILE *f = fopen(LA_TEST_SOURCE_DIR "/schemas/LoginEvent.avsc", "r");
	char piece[4096];
	size_t size;

	assert_non_null(f);
	while ((size = fread(piece, 1, sizeof(piece), f)) > 0)
		assert_int_equal(la_buf_add(text, piece, size), LA_OK);
	(void)fclose(f);
	return ((char *)text->data);
}

static struct la_decoder *
open_decoder(struct schemas *schemas)
{
	struct la_decoder *decoder = NULL;
	struct la_buf text = LA_BUF_INIT;
	struct la_error error;

	(void)slurp_ours(&text);
	if (la_decoder_make(&decoder, LA_RECORD_LOGIN_EVENT, LA_FRAMING_CONFLUENT, "ours", la_buf_span(&text), &error) != LA_OK)
		fail_msg("%s", error.text);
	la_buf_clear(&text);
	assert_int_equal(la_decoder_set_source(decoder, (struct la_decoder_source){.find = schemas_find, .free = schemas_free, .cookie = schemas}), LA_OK);
	return (decoder);
}

static enum la_err
decode(struct la_decoder *decoder, uint32_t id, struct la_error *error)
{
	unsigned char value[12];
	struct la_login_event event;

	la_confluent_header(id, value);
	memcpy(value + 5, "\4e1\4m1\2", 7);
	*error = (struct la_error)LA_ERROR_INIT;
	return (la_decoder_event(decoder, la_span_of(value, sizeof(value)), &event, error));
}

/* Of a wide schema. */
static enum la_err
decode_wide(struct la_decoder *decoder, uint32_t id, struct la_error *error)
{
	unsigned char value[13] = {0};
	struct la_login_event event;

	la_confluent_header(id, value);
	memcpy(value + 5, "\4e1\4m1\2", 7);
	*error = (struct la_error)LA_ERROR_INIT;
	return (la_decoder_event(decoder, la_span_of(value, sizeof(value)), &event, error));
}

static void
what_cannot_be_used_is_refused_for_good_and_what_may_change_is_asked_again(void **state)
{
	struct schemas schemas = {.answer = {.schema = LA_BUF_INIT}};
	struct la_decoder *decoder = open_decoder(&schemas);
	struct la_error error;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(decode(decoder, 1, &error), LA_EDATA);
		assert_string_equal(error.text, "schema id 1: it is no LoginEvent");
		assert_int_equal(decode(decoder, 2, &error), LA_EDATA);
		assert_int_equal(decode(decoder, 4, &error), LA_EDATA);
		assert_non_null(strstr(error.text, "schema id 4: "));
		assert_non_null(strstr(error.text, "the writer lacks it"));
		assert_int_equal(schemas.asked, 3);
	}
	schemas.asked = 0;
	schemas.err = LA_ENOSCHEMA;
	assert_int_equal(decode(decoder, 5, &error), LA_ENOSCHEMA);
	schemas.err = LA_EUNAVAILABLE;
	assert_int_equal(decode(decoder, 5, &error), LA_EUNAVAILABLE);
	assert_string_equal(error.text, "said for 5");
	assert_int_equal(decode(decoder, 1, &error), LA_EDATA);
	assert_int_equal(schemas.asked, 2);
	la_decoder_free(decoder);
	assert_true(schemas.is_freed);
	la_buf_clear(&schemas.answer.schema);
}

static void
schemas_that_are_kept_are_bounded_in_number(void **state)
{
	struct schemas schemas = {.answer = {.schema = LA_BUF_INIT}};
	struct la_decoder *decoder = open_decoder(&schemas);
	struct la_error error;

	(void)state;
	for (uint32_t id = 10; id < 10 + LA_DECODER_IDS_MAX; id++)
		assert_int_equal(decode(decoder, id, &error), LA_EDATA);
	assert_int_equal(decode(decoder, 10, &error), LA_EDATA);
	assert_int_equal(schemas.asked, LA_DECODER_IDS_MAX);
	assert_int_equal(decode(decoder, 9, &error), LA_EDATA); /* in the place of 11 */
	assert_int_equal(decode(decoder, 10, &error), LA_EDATA);
	assert_int_equal(schemas.asked, LA_DECODER_IDS_MAX + 1);
	assert_int_equal(decode(decoder, 11, &error), LA_EDATA);
	assert_int_equal(schemas.asked, LA_DECODER_IDS_MAX + 2);
	la_decoder_free(decoder);
	la_buf_clear(&schemas.answer.schema);
}

static void
schemas_that_are_kept_are_bounded_in_bytes_of_memory(void **state)
{
	static struct schemas schemas = {.answer = {.schema = LA_BUF_INIT}, .is_wide = true};
	struct la_decoder *decoder = open_decoder(&schemas);
	struct la_error error;
	const uint32_t fit = LA_DECODER_IDS_BYTES / (WIDE_BYTES + WIDE_FIELDS * 20);

	(void)state;
	for (int again = 0; again < 2; again++) {
		for (uint32_t id = USABLE; id < USABLE + fit; id++)
			assert_int_equal(decode_wide(decoder, id, &error), LA_OK);
	}
	assert_int_equal(schemas.asked, fit);
	assert_int_equal(decode_wide(decoder, USABLE + fit, &error), LA_OK); /* in the place of the first */
	assert_int_equal(decode_wide(decoder, USABLE + 1, &error), LA_OK);
	assert_int_equal(schemas.asked, fit + 1);
	assert_int_equal(decode_wide(decoder, USABLE, &error), LA_OK);
	assert_int_equal(schemas.asked, fit + 2);
	la_decoder_free(decoder);
	la_buf_clear(&schemas.answer.schema);
}

/* However many others come meanwhile, and whatever the registry says now. */
static void
what_is_held_is_read_again_as_it_was_first_and_nobody_is_asked(void **state)
{
	static struct schemas schemas = {.answer = {.schema = LA_BUF_INIT}, .once = true};
	struct la_decoder *decoder = open_decoder(&schemas);
	struct la_decoder_hold first = {.count = 0}, second = {.count = 0};
	struct la_error error;
	const uint32_t others = USABLE + 1000;
	uint32_t pin;

	(void)state;
	la_decoder_hold(decoder, &first);
	assert_int_equal(decode(decoder, USABLE, &error), LA_OK);
	assert_int_equal(decode(decoder, 1, &error), LA_EDATA);
	la_decoder_hold(decoder, &second);
	assert_int_equal(decode(decoder, USABLE, &error), LA_OK); /* both do */
	la_decoder_hold(decoder, NULL);
	for (uint32_t id = others; id < others + 2 * LA_DECODER_IDS_MAX; id++)
		assert_int_equal(decode(decoder, id, &error), LA_OK);
	assert_int_equal(decode(decoder, USABLE, &error), LA_OK);
	assert_int_equal(decode(decoder, 1, &error), LA_EDATA);
	assert_string_equal(error.text, "schema id 1: it is no LoginEvent");
	assert_int_equal(decode(decoder, others, &error), LA_ENOSCHEMA); /* nobody held it */
	assert_int_equal(decode(decoder, others + 2 * LA_DECODER_IDS_MAX, &error), LA_OK);
	pin = la_decoder_pin(decoder);
	assert_int_not_equal(pin, 0);
	la_decoder_release(&first);
	for (uint32_t id = others + 2 * LA_DECODER_IDS_MAX + 1; id < others + 4 * LA_DECODER_IDS_MAX; id++)
		assert_int_equal(decode(decoder, id, &error), LA_OK);
	assert_int_equal(decode(decoder, USABLE, &error), LA_OK); /* held by the second */
	assert_int_equal(decode(decoder, 1, &error), LA_ENOSCHEMA);
	la_decoder_release(&second);
	la_decoder_release(&second);
	assert_int_equal(decode(decoder, others + 2 * LA_DECODER_IDS_MAX, &error), LA_OK); /* pinned */
	la_decoder_unpin(decoder, pin);
	la_decoder_unpin(decoder, 0);
	for (uint32_t id = others + 4 * LA_DECODER_IDS_MAX; id < others + 6 * LA_DECODER_IDS_MAX; id++)
		assert_int_equal(decode(decoder, id, &error), LA_OK);
	assert_int_equal(decode(decoder, others + 2 * LA_DECODER_IDS_MAX, &error), LA_ENOSCHEMA);
	la_decoder_free(decoder);
	la_buf_clear(&schemas.answer.schema);
}

static void
whoever_holds_all_there_is_room_for_gets_no_more_but_the_next_goes_on(void **state)
{
	static struct schemas schemas = {.answer = {.schema = LA_BUF_INIT}};
	struct la_decoder *decoder = open_decoder(&schemas);
	struct la_decoder_hold greedy = {.count = 0}, other = {.count = 0};
	struct la_error error;

	(void)state;
	la_decoder_hold(decoder, &greedy);
	for (uint32_t id = USABLE; id < USABLE + LA_DECODER_IDS_MAX; id++)
		assert_int_equal(decode(decoder, id, &error), LA_OK);
	assert_int_equal(decode(decoder, USABLE + LA_DECODER_IDS_MAX, &error), LA_EUNAVAILABLE);
	assert_string_equal(error.text, "records in hand need all schemas that there is room for");
	assert_int_equal(decode(decoder, USABLE, &error), LA_OK);
	la_decoder_hold(decoder, &other); /* the greedy one may be waiting for it */
	assert_int_equal(decode(decoder, USABLE + LA_DECODER_IDS_MAX, &error), LA_OK);
	assert_int_equal(decode(decoder, USABLE + LA_DECODER_IDS_MAX + 1, &error), LA_EUNAVAILABLE);
	la_decoder_release(&greedy);
	assert_int_equal(decode(decoder, USABLE + LA_DECODER_IDS_MAX + 1, &error), LA_OK);
	la_decoder_release(&other);
	la_decoder_free(decoder);
	la_buf_clear(&schemas.answer.schema);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_cannot_be_used_is_refused_for_good_and_what_may_change_is_asked_again),
	    cmocka_unit_test(schemas_that_are_kept_are_bounded_in_number),
	    cmocka_unit_test(schemas_that_are_kept_are_bounded_in_bytes_of_memory),
	    cmocka_unit_test(what_is_held_is_read_again_as_it_was_first_and_nobody_is_asked),
	    cmocka_unit_test(whoever_holds_all_there_is_room_for_gets_no_more_but_the_next_goes_on),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
