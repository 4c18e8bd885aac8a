/* What a registry answers, which ids are asked for and when, and schemas by id. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/confluent.h"
#include "common/decoder_core.h"
#include "common/id_cache.h"
#include "common/registry.h"
#include "common/registry_url.h"

#include "support/wide_schema.h"

static void
a_header_is_byte_0_and_a_positive_id(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *wrong; /* NULL: nothing */
		uint32_t id;
	} rows[] = {
	    {"\0\0\0\0\1", 5, NULL, 1},
	    {"\0\1\2\3\4x", 6, NULL, 0x01020304},
	    {"\0\x7f\xff\xff\xff", 5, NULL, INT32_MAX},
	    {"\0\0\0\0\0", 5, NULL, 0},
	    {"\0\x80\0\0\0", 5, "byte 1: no schema has a negative id", 0},
	    {"\1\0\0\0\1", 5, "byte 0: no header of byte 0 and a schema's id", 0},
	    {"\0\0\0\0", 4, "byte 0: no header of byte 0 and a schema's id", 0},
	    {"", 0, "byte 0: no header of byte 0 and a schema's id", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_span value = la_span_of(rows[i].bytes, rows[i].size);
		struct la_error error = LA_ERROR_INIT;
		unsigned char header[LA_CONFLUENT_HEADER_BYTES];
		uint32_t id = 77;

		assert_int_equal(la_confluent_open(&value, &id, &error), rows[i].wrong == NULL ? LA_OK : LA_EDATA);
		assert_string_equal(error.text, rows[i].wrong == NULL ? "" : rows[i].wrong);
		assert_int_equal(id, rows[i].wrong == NULL ? rows[i].id : 77);
		assert_int_equal(value.size, rows[i].wrong == NULL ? rows[i].size - 5 : rows[i].size);
		la_confluent_header(rows[i].id, header);
		if (rows[i].wrong == NULL)
			assert_memory_equal(header, rows[i].bytes, 5);
	}
}

static void
of_ids_without_room_the_one_used_longest_ago_goes(void **state)
{
	struct la_id_cache *cache;
	size_t place;

	(void)state;
	assert_int_equal(la_id_cache_new(&cache, 100), LA_OK);
	assert_int_equal(la_id_cache_oldest(cache), LA_ID_CACHE_NONE);
	for (uint32_t id = 0; id < 100; id++)
		assert_true(la_id_cache_add(cache, id * 65536) < 100);
	for (uint32_t id = 0; id < 50; id++)
		assert_int_not_equal(la_id_cache_find(cache, id * 65536), LA_ID_CACHE_NONE);
	place = la_id_cache_oldest(cache);
	assert_int_equal(la_id_cache_add(cache, 5), place);
	assert_int_equal(la_id_cache_find(cache, 50 * 65536), LA_ID_CACHE_NONE);
	assert_int_equal(la_id_cache_find(cache, 5), place);
	la_id_cache_drop(cache, place);
	assert_int_equal(la_id_cache_find(cache, 5), LA_ID_CACHE_NONE);
	assert_int_equal(la_id_cache_add(cache, 6), place);
	for (uint32_t id = 1000; id < 100000; id++)
		assert_true(la_id_cache_add(cache, id) < 100);
	assert_int_equal(la_id_cache_find(cache, 99899), LA_ID_CACHE_NONE);
	assert_int_not_equal(la_id_cache_find(cache, 99900), LA_ID_CACHE_NONE);
	la_id_cache_free(cache);
}

static void
each_answer_has_its_verdict(void **state)
{
	static const struct {
		bool of_id; /* an answer to a text */
		long status;
		const char *body;
		enum la_registry_verdict verdict;
		const char *detail; /* or the schema */
	} rows[] = {
	    {false, 200, "{\"schema\":\"\\\"int\\\"\"}", LA_REGISTRY_FOUND, "\"int\""},
	    {false, 200, "{\"schema\":\"x\",\"schemaType\":\"AVRO\",\"references\":[]}", LA_REGISTRY_FOUND, "x"},
	    {false, 200, "{\"schema\":\"x\",\"schemaType\":null}", LA_REGISTRY_FOUND, "x"},
	    {false, 200, "{\"schema\":\"x\",\"schemaType\":\"PROTOBUF\"}", LA_REGISTRY_UNUSABLE, "h:1: the schema is not of type AVRO"},
	    {false, 200, "{\"schema\":\"x\",\"references\":{}}", LA_REGISTRY_UNUSABLE, "h:1: its references are no list"},
	    {false, 200, "{\"schema\":\"x\",\"references\":[{\"subject\":\"s\",\"version\":0}]}", LA_REGISTRY_UNUSABLE,
	        "h:1: it refers to another schema without subject and version"},
	    {false, 200, "{\"schema\":\"x\",\"references\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}", LA_REGISTRY_UNUSABLE,
	        "h:1: it refers to more than 16 other schemas"},
	    {false, 404, "{\"error_code\":40402}", LA_REGISTRY_UNKNOWN, "h:1: it has no schema of that subject and version"},
	    {false, 429, "", LA_REGISTRY_AWAY, "h:1: HTTP 429, it is asked too often"},
	    {false, 200, "{\"schema\":1}", LA_REGISTRY_AWAY, "h:1: HTTP 200 without a JSON object that has a schema"},
	    {false, 200, "{\"schema\":\"a\",\"schema\":\"b\"}", LA_REGISTRY_AWAY, "h:1: HTTP 200 without a JSON object that has a schema"},
	    {false, 200, "[]", LA_REGISTRY_AWAY, "h:1: HTTP 200 without a JSON object that has a schema"},
	    {false, 200, "<html>", LA_REGISTRY_AWAY, "h:1: HTTP 200 without a JSON object that has a schema"},
	    {false, 200, "", LA_REGISTRY_AWAY, "h:1: HTTP 200 without a JSON object that has a schema"},
	    {false, 404, "{\"error_code\":40403,\"message\":\"secret\"}", LA_REGISTRY_UNKNOWN, "h:1: it has no schema with that id"},
	    {false, 404, "{\"error_code\":404}", LA_REGISTRY_AWAY,
	        "h:1: HTTP 404 without a registry's error code; is schema.registry.url right?"},
	    {false, 404, "{\"error_code\":\"40403\"}", LA_REGISTRY_AWAY,
	        "h:1: HTTP 404 without a registry's error code; is schema.registry.url right?"},
	    {false, 404, "", LA_REGISTRY_AWAY, "h:1: HTTP 404 without a registry's error code; is schema.registry.url right?"},
	    {false, 500, "{\"error_code\":40403}", LA_REGISTRY_AWAY, "h:1: HTTP 500"},
	    {false, 301, "", LA_REGISTRY_AWAY, "h:1: HTTP 301, and redirects are not followed"},
	    {false, 401, "", LA_REGISTRY_AWAY,
	        "h:1: HTTP 401, it refuses us (schema.registry.user, schema.registry.password.file)"},
	    {true, 200, "{\"id\":7}", LA_REGISTRY_FOUND, "7"},
	    {true, 200, "{\"id\":2147483648}", LA_REGISTRY_AWAY, "h:1: HTTP 200 without a JSON object that has an id"},
	    {true, 200, "{\"id\":-1}", LA_REGISTRY_AWAY, "h:1: HTTP 200 without a JSON object that has an id"},
	    {true, 200, "{}", LA_REGISTRY_AWAY, "h:1: HTTP 200 without a JSON object that has an id"},
	    {true, 404, "{\"error_code\":40401}", LA_REGISTRY_UNKNOWN, "h:1: it does not have the schema"},
	    {true, 404, "{\"error_code\":40403}", LA_REGISTRY_UNKNOWN, "h:1: it does not have the schema"},
	    {true, 404, "{}", LA_REGISTRY_AWAY, "h:1: HTTP 404 without a registry's error code; is schema.registry.url right?"},
	    {true, 409, "{\"message\":\"no\\n\\u00e9\"}", LA_REGISTRY_REFUSED,
	        "h:1: HTTP 409, incompatible with what the subject has: no???"},
	    {true, 422, "{\"error_code\":42205,\"message\":\"read-only\"}", LA_REGISTRY_REFUSED, "h:1: HTTP 422: read-only"},
	    {true, 403, "", LA_REGISTRY_REFUSED, "h:1: HTTP 403, it does not let us"},
	    {true, 503, "", LA_REGISTRY_AWAY, "h:1: HTTP 503"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_registry_answer answer = {.schema = LA_BUF_INIT};
		struct la_span body = la_span_text(rows[i].body);
		char found[200];

		assert_int_equal((rows[i].of_id ? la_registry_reply_id : la_registry_reply_schema)(
		                     "h:1", rows[i].status, body, &answer),
		    LA_OK);
		(void)snprintf(found, sizeof(found), "%.*s", (int)answer.schema.size,
		    answer.schema.data == NULL ? "" : (const char *)answer.schema.data);
		if (rows[i].of_id)
			(void)snprintf(found, sizeof(found), "%u", (unsigned)answer.id);
		if (answer.verdict != rows[i].verdict ||
		    strcmp(answer.verdict == LA_REGISTRY_FOUND ? found : answer.detail, rows[i].detail) != 0)
			fail_msg("%ld %s: %d %s %s", rows[i].status, rows[i].body, answer.verdict, found, answer.detail);
		la_buf_clear(&answer.schema);
	}
}

static void
references_are_noticed_and_a_question_is_json(void **state)
{
	struct la_registry_answer answer = {.schema = LA_BUF_INIT};
	struct la_buf question = LA_BUF_INIT;

	(void)state;
	assert_int_equal(la_registry_reply_schema("h:1", 200,
	                     la_span_text("{\"schema\":\"x\",\"references\":[{\"name\":\"n\",\"subject\":\"s\",\"version\":1}]}"), &answer),
	    LA_OK);
	assert_int_equal(answer.reference_count, 1);
	assert_string_equal(answer.references[0].subject, "s");
	assert_int_equal(answer.references[0].version, 1);
	la_buf_clear(&answer.schema);
	assert_int_equal(la_registry_reply_question(la_span_text("{\"a\":\n\"\xc3\xa9\"}"), &question), LA_OK);
	assert_true(la_span_is(la_buf_span(&question), "{\"schema\":\"{\\\"a\\\":\\n\\\"\xc3\xa9\\\"}\"}"));
	la_buf_clear(&question);
}

static void
urls_are_built_upon_the_configured_one(void **state)
{
	static const struct {
		const char *text, *name, *schema; /* name NULL: schema is what is wrong */
	} rows[] = {
	    {"http://r", "r:80", "http://r/schemas/ids/7"},
	    {"https://r.example:8081/", "r.example:8081", "https://r.example:8081/schemas/ids/7"},
	    {"https://[::1]/a/b//", "[::1]:443", "https://[::1]/a/b/schemas/ids/7"},
	    {"http://u:p@r", NULL, "bad port"},
	    {"http://u@r", NULL, "no host name"},
	    {"http://", NULL, "no host name"},
	    {"http://r:x", NULL, "bad port"},
	    {"http://r?x", NULL, "a query, a fragment, or a byte that a path must not have"},
	    {"http://r/#x", NULL, "a query, a fragment, or a byte that a path must not have"},
	    {"http://r/ x", NULL, "a query, a fragment, or a byte that a path must not have"},
	    {"ftp://r", NULL, "neither http: nor https:"},
	};
	struct la_registry_url url;
	struct la_error error;
	char out[LA_REGISTRY_URL_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum la_err err = la_registry_url_parse(rows[i].text, &url, &error);

		assert_int_equal(err, rows[i].name == NULL ? LA_ECONFIG : LA_OK);
		if (err != LA_OK) {
			(void)snprintf(out, sizeof(out), "schema.registry.url: %s; allowed: http[s]://host[:port]/path", rows[i].schema);
			assert_string_equal(error.text, out);
			continue;
		}
		assert_string_equal(url.name, rows[i].name);
		la_registry_url_schema(&url, 7, out);
		assert_string_equal(out, rows[i].schema);
	}
	assert_int_equal(la_registry_url_parse("http://r", &url, &error), LA_OK);
	la_registry_url_subject(&url, "a.b_c-d", false, out);
	assert_string_equal(out, "http://r/subjects/a.b_c-d-value");
	la_registry_url_subject(&url, "a/b", true, out);
	assert_string_equal(out, "http://r/subjects/a%2Fb-value/versions");
	la_registry_url_version(&url, "a/b c", 3, out);
	assert_string_equal(out, "http://r/subjects/a%2Fb%20c/versions/3?deleted=true");
}

/* A registry whose next answer the test says; NULL: none comes. */
struct world {
	int64_t now_ms;
	int asked;
	uint32_t id;
	struct la_registry_answer *next;
	struct la_registry_port port;
	struct la_registry *registry;
	struct la_error error;
};

static enum la_err
world_ask(void *self, uint32_t id, struct la_error *error)
{
	struct world *world = self;

	(void)error;
	world->asked++;
	world->id = id;
	return (LA_OK);
}

static enum la_err
world_ask_version(void *self, const struct la_registry_reference *reference, struct la_error *error)
{
	(void)self;
	(void)reference;
	(void)error;
	fail_msg("nothing refers to others here");
	return (LA_EINTERNAL);
}

static enum la_err
world_work(void *self, int wait_ms, const struct la_registry_answer **answer, bool *done, struct la_error *error)
{
	struct world *world = self;

	(void)error;
	*answer = world->next;
	*done = world->next != NULL;
	if (!*done)
		world->now_ms += wait_ms;
	return (LA_OK);
}

static int64_t
world_now(void *cookie)
{
	return (((const struct world *)cookie)->now_ms);
}

static void
open_world(struct world *world)
{
	*world = (struct world){.now_ms = 1000000, .port = {world, "h:1", world_ask, world_ask_version, world_work}};
	assert_int_equal(la_registry_new(&world->registry,
	                     &(struct la_registry_options){&world->port, world_now, world}, &world->error),
	    LA_OK);
}

static enum la_err
find(struct world *world, uint32_t id)
{
	const struct la_registry_answer *answer;

	return (la_registry_find(world->registry, id, &answer, &world->error));
}

static struct la_registry_answer found = {.verdict = LA_REGISTRY_FOUND}, unknown = {.verdict = LA_REGISTRY_UNKNOWN},
                                 away = {.verdict = LA_REGISTRY_AWAY, .detail = "h:1: HTTP 503"},
                                 unusable = {.verdict = LA_REGISTRY_UNUSABLE, .detail = "h:1: no"};

static void
an_unknown_id_is_not_asked_for_again_until_its_time_is_over(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	world.next = &unknown;
	assert_int_equal(find(&world, 7), LA_ENOSCHEMA);
	assert_string_equal(world.error.text, "byte 1: the registry has no schema with id 7");
	world.next = &found; /* registered meanwhile */
	world.now_ms += LA_REGISTRY_UNKNOWN_MS - 1;
	for (int i = 0; i < 100000; i++)
		assert_int_equal(find(&world, 7), LA_ENOSCHEMA);
	assert_int_equal(world.asked, 1);
	world.now_ms++;
	assert_int_equal(find(&world, 7), LA_OK);
	assert_int_equal(world.asked, 2);
	la_registry_free(world.registry);
}

static void
a_flood_of_unknown_ids_is_asked_about_at_a_bounded_rate(void **state)
{
	struct world world;
	int64_t start_ms;
	uint32_t id = 0;

	(void)state;
	open_world(&world);
	world.next = &unknown;
	start_ms = world.now_ms;
	while (world.now_ms < start_ms + 10000) {
		enum la_err err = find(&world, id);

		assert_true(err == LA_ENOSCHEMA || err == LA_ETIMEOUT);
		id += err == LA_ENOSCHEMA;
		world.now_ms += err == LA_ETIMEOUT;
	}
	assert_int_equal(world.asked, LA_REGISTRY_BURST + 10000 / LA_REGISTRY_EVERY_MS);
	assert_int_equal(id, world.asked);
	la_registry_free(world.registry);
}

static void
a_registry_that_fails_is_asked_again_after_a_rest_and_nothing_is_decided(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	world.next = &away;
	assert_int_equal(find(&world, 7), LA_EUNAVAILABLE);
	assert_string_equal(world.error.text, "h:1: HTTP 503 (schema id 7)");
	assert_int_equal(find(&world, 7), LA_EUNAVAILABLE);
	assert_int_equal(find(&world, 8), LA_EUNAVAILABLE);
	assert_string_equal(world.error.text, "h:1: HTTP 503 (schema id 7)");
	assert_int_equal(world.asked, 1);
	for (int64_t end_ms = world.now_ms + 60000; world.now_ms < end_ms; world.now_ms++)
		assert_int_equal(find(&world, 7), LA_EUNAVAILABLE);
	assert_in_range(world.asked, 60, 65);
	world.next = &found;
	world.now_ms += 1000;
	assert_int_equal(find(&world, 7), LA_OK);
	la_registry_free(world.registry);
}

static void
an_answer_that_does_not_come_is_waited_for_a_moment_and_then_said(void **state)
{
	struct world world;
	int64_t start_ms;

	(void)state;
	open_world(&world);
	start_ms = world.now_ms;
	assert_int_equal(find(&world, 7), LA_ETIMEOUT);
	assert_int_equal(world.now_ms, start_ms + LA_REGISTRY_FIRST_WAIT_MS);
	assert_int_equal(find(&world, 7), LA_ETIMEOUT);
	assert_int_equal(world.now_ms, start_ms + LA_REGISTRY_FIRST_WAIT_MS); /* at once: others wait */
	world.now_ms = start_ms + LA_REGISTRY_QUIET_MS;
	assert_int_equal(find(&world, 7), LA_EUNAVAILABLE);
	assert_string_equal(world.error.text, "h:1: no answer yet (schema id 7)");
	assert_int_equal(world.asked, 1);
	assert_int_equal(find(&world, 8), LA_ETIMEOUT); /* the record of 7 went to another instance */
	assert_int_equal(world.id, 8);
	world.next = &unusable;
	assert_int_equal(find(&world, 8), LA_EDATA);
	assert_string_equal(world.error.text, "byte 1: schema id 8: h:1: no");
	la_registry_free(world.registry);
}

/* ---- the decoder's side ---- */

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
	la_decoder_release(&first);
	for (uint32_t id = others + 2 * LA_DECODER_IDS_MAX; id < others + 4 * LA_DECODER_IDS_MAX; id++)
		assert_int_equal(decode(decoder, id, &error), LA_OK);
	assert_int_equal(decode(decoder, USABLE, &error), LA_OK); /* held by the second */
	assert_int_equal(decode(decoder, 1, &error), LA_ENOSCHEMA);
	la_decoder_release(&second);
	la_decoder_release(&second);
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
	assert_int_equal(decode(decoder, USABLE + LA_DECODER_IDS_MAX, &error), LA_ETIMEOUT);
	assert_string_equal(error.text, "records in hand need all schemas that are kept");
	assert_int_equal(decode(decoder, USABLE, &error), LA_OK);
	la_decoder_hold(decoder, &other); /* the greedy one may be waiting for it */
	assert_int_equal(decode(decoder, USABLE + LA_DECODER_IDS_MAX, &error), LA_OK);
	assert_int_equal(decode(decoder, USABLE + LA_DECODER_IDS_MAX + 1, &error), LA_ETIMEOUT);
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
	    cmocka_unit_test(a_header_is_byte_0_and_a_positive_id),
	    cmocka_unit_test(of_ids_without_room_the_one_used_longest_ago_goes),
	    cmocka_unit_test(each_answer_has_its_verdict),
	    cmocka_unit_test(references_are_noticed_and_a_question_is_json),
	    cmocka_unit_test(urls_are_built_upon_the_configured_one),
	    cmocka_unit_test(an_unknown_id_is_not_asked_for_again_until_its_time_is_over),
	    cmocka_unit_test(a_flood_of_unknown_ids_is_asked_about_at_a_bounded_rate),
	    cmocka_unit_test(a_registry_that_fails_is_asked_again_after_a_rest_and_nothing_is_decided),
	    cmocka_unit_test(an_answer_that_does_not_come_is_waited_for_a_moment_and_then_said),
	    cmocka_unit_test(what_cannot_be_used_is_refused_for_good_and_what_may_change_is_asked_again),
	    cmocka_unit_test(schemas_that_are_kept_are_bounded_in_number),
	    cmocka_unit_test(schemas_that_are_kept_are_bounded_in_bytes_of_memory),
	    cmocka_unit_test(what_is_held_is_read_again_as_it_was_first_and_nobody_is_asked),
	    cmocka_unit_test(whoever_holds_all_there_is_room_for_gets_no_more_but_the_next_goes_on),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
