/* What a registry answers, and where it is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/registry.h"
#include "common/registry_url.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_answer_has_its_verdict),
	    cmocka_unit_test(references_are_noticed_and_a_question_is_json),
	    cmocka_unit_test(urls_are_built_upon_the_configured_one),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
