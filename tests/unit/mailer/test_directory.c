/* Asking for an address: the URL of a member, what an answer means, how long it is remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "mailer/directory_reply.h"
#include "mailer/directory_url.h"
#include "mailer/recipients.h"

static const char *
made_of(const char *text, const char *tenant, struct la_span member_id)
{
	static char out[LA_DIRECTORY_URL_BYTES];
	struct la_directory_url url;
	struct la_error error = LA_ERROR_INIT;

	if (la_directory_url_parse(text, &url, &error) != LA_OK)
		fail_msg("%s: %s", text, error.text);
	return (la_directory_url_make(&url, la_span_text(tenant), member_id, out, &error) == LA_OK ? out : NULL);
}

static void
a_member_has_a_url_of_its_own(void **state)
{
	static const struct {
		const char *text, *tenant, *member_id, *url;
	} rows[] = {
	    {"https://h/m/{member_id}", "default", "m-1", "https://h/m/m-1"},
	    {"https://h/{tenant}/{member_id}", "t", "m", "https://h/t/m"},
	    {"https://h?m={member_id}&t={tenant}", "t", "m", "https://h?m=m&t=t"},
	    {"https://h/x", "default", "m", "https://h/x?tenant=default&member_id=m"},
	    {"https://h/x?", "t", "m", "https://h/x?tenant=t&member_id=m"},
	    {"https://h/x?a=b", "t", "m", "https://h/x?a=b&tenant=t&member_id=m"},
	    {"https://h:8443/m/{member_id}/", "default", "a/b?c#d e&f=g%2", "https://h:8443/m/a%2Fb%3Fc%23d%20e%26f%3Dg%252/"},
	    {"https://[::1]:1/{member_id}", "default", "日\r\n", "https://[::1]:1/%E6%97%A5%0D%0A"},
	    {"https://h/{member_id}", "default", "...", "https://h/..."},
	    {"https://h/{member_id}", "default", "{tenant}", "https://h/%7Btenant%7D"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *url = made_of(rows[i].text, rows[i].tenant, la_span_text(rows[i].member_id));

		assert_non_null(url);
		assert_string_equal(url, rows[i].url);
	}
	assert_string_equal(made_of("https://h/{member_id}", "default", la_span_of("a\0b", 3)), "https://h/a%00b");
}

static void
the_longest_ids_have_room(void **state)
{
	char text[LA_DIRECTORY_TEMPLATE_BYTES], id[256];
	const char *url;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "https://h/", 10);
	text[sizeof(text) - 1] = '\0';
	memset(id, 0xff, sizeof(id));
	url = made_of(text, "t", la_span_of(id, sizeof(id)));
	assert_non_null(url);
	assert_int_equal(strlen(url), sizeof(text) - 1 + strlen("?tenant=t&member_id=") + 3 * sizeof(id));
}

/* What would lead elsewhere, or to another tenant's member. */
static void
an_id_that_cannot_be_asked_for_is_refused(void **state)
{
	char longest[257];

	(void)state;
	memset(longest, 'm', sizeof(longest));
	assert_null(made_of("https://h/{member_id}", "default", la_span_text("")));
	assert_null(made_of("https://h/{member_id}", "default", la_span_text(".")));
	assert_null(made_of("https://h/{member_id}", "default", la_span_text("..")));
	assert_null(made_of("https://h/{member_id}", "default", la_span_of(longest, sizeof(longest))));
	assert_null(made_of("https://h/{member_id}", "default", la_span_of(NULL, 0)));
	assert_null(made_of("https://h/{tenant}/{member_id}", "..", la_span_text("m")));
	assert_null(made_of("https://h/{tenant}/{member_id}", "", la_span_text("m")));
	assert_null(made_of("https://h/{member_id}", "other", la_span_text("m")));
}

static void
what_is_no_url_for_members_is_refused_with_what_is_allowed(void **state)
{
	static const char *const rows[] = {"http://h/{member_id}", "http://127.0.0.1/{member_id}", "ftp://h/", "https://",
	    "https:///x", "https://h:/x", "https://h:x/", "https://h:123456/", "https://[::1/x", "https://[]/x",
	    "https://[::1]x/", "https://u@h/", "https://h/#x", "https://h/a b", "https://h/{member}", "https://h/{member_id",
	    "https://h/member_id}", "https://h/{member_id}/{member_id}", "https://h/{tenant}", "https://{tenant}/{member_id}",
	    "https://h/\"", "https://h/\x80", "https://h/?a=#"};
	struct la_directory_url url;
	struct la_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		error = (struct la_error)LA_ERROR_INIT;
		if (la_directory_url_parse(rows[i], &url, &error) != LA_ECONFIG)
			fail_msg("%s is taken", rows[i]);
		assert_ptr_equal(strstr(error.text, "recipient.url: "), error.text);
		assert_non_null(strstr(error.text, "; allowed: https://"));
	}
}

static void
a_url_names_its_server(void **state)
{
	static const char *const rows[][2] = {{"https://h.example/x", "h.example:443"}, {"https://h:8/x:9", "h:8"},
	    {"https://[2001:db8::1]", "[2001:db8::1]:443"}};
	struct la_directory_url url;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(la_directory_url_parse(rows[i][0], &url, NULL), LA_OK);
		assert_string_equal(url.name, rows[i][1]);
	}
}

static struct la_directory_answer
answer_to(long status, const char *type, const char *body)
{
	struct la_directory_answer answer = {.token = 7};

	assert_int_equal(la_directory_reply_read("h:443", status, type, la_span_text(body), &answer), LA_OK);
	assert_int_equal(answer.token, 7);
	return (answer);
}

static void
what_is_found_is_the_address_and_perhaps_the_locale(void **state)
{
	static const char *const types[] = {"application/json", "Application/JSON; charset=utf-8", "application/json ;x",
	    "application/vnd.example.v1+json"};
	struct la_directory_answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		answer = answer_to(200, types[i], " {\"x\": [1], \"email\": \"a@example.jp\", \"locale\": \"en-US\"} \r\n");
		assert_int_equal(answer.verdict, LA_DIRECTORY_FOUND);
		assert_string_equal(answer.email.bytes, "a@example.jp");
		assert_string_equal(answer.locale.bytes, "en-US");
		assert_string_equal(answer.detail, "");
	}
	answer = answer_to(200, "application/json", "{\"email\": \"a@example.jp\"}");
	assert_int_equal(answer.verdict, LA_DIRECTORY_FOUND);
	assert_false(answer.locale.present);
	answer = answer_to(200, "application/json", "{\"email\": \"\", \"locale\": null}");
	assert_int_equal(answer.verdict, LA_DIRECTORY_FOUND); /* no address: the renderer refuses it like a job's own */
	assert_true(answer.email.present && !answer.locale.present);
}

/* However it is wrong, nothing of it is told. */
static void
an_answer_means_what_its_status_and_body_say(void **state)
{
	static const char json[] = "application/json", type[] = "h:443: 200 with another Content-Type than application/json";
	static const char no_json[] = "h:443: 200 without a valid JSON object";
	static const struct {
		long status;
		const char *type, *body;
		enum la_directory_verdict verdict;
		const char *detail;
	} rows[] = {
	    {404, NULL, "", LA_DIRECTORY_NONE, "h:443: HTTP 404, no such member"},
	    {410, json, "{\"email\": \"secret@example.jp\"}", LA_DIRECTORY_NONE, "h:443: HTTP 410, no such member"},
	    {200, json, "{\"email\": null}", LA_DIRECTORY_NONE, "h:443: the member has no address"},
	    {401, json, "{\"email\": \"secret@example.jp\"}", LA_DIRECTORY_AT_FAULT,
	        "h:443: HTTP 401, it refuses us (recipient.token.file)"},
	    {403, NULL, "secret", LA_DIRECTORY_AT_FAULT, "h:443: HTTP 403, it refuses us (recipient.token.file)"},
	    {301, NULL, "secret", LA_DIRECTORY_LATER, "h:443: HTTP 301, and redirects are not followed"},
	    {204, json, "", LA_DIRECTORY_LATER, "h:443: HTTP 204"},
	    {400, json, "secret", LA_DIRECTORY_LATER, "h:443: HTTP 400"},
	    {429, json, "secret", LA_DIRECTORY_LATER, "h:443: HTTP 429"},
	    {500, json, "{\"email\": \"secret@example.jp\"}", LA_DIRECTORY_LATER, "h:443: HTTP 500"},
	    {503, "text/html", "<p>secret", LA_DIRECTORY_LATER, "h:443: HTTP 503"},
	    {200, "text/html", "{\"email\": \"secret@example.jp\"}", LA_DIRECTORY_LATER, type},
	    {200, NULL, "{\"email\": \"secret@example.jp\"}", LA_DIRECTORY_LATER, type},
	    {200, json, "", LA_DIRECTORY_LATER, no_json},
	    {200, json, "secret", LA_DIRECTORY_LATER, no_json},
	    {200, json, "[\"secret\"]", LA_DIRECTORY_LATER, no_json},
	    {200, json, "null", LA_DIRECTORY_LATER, no_json},
	    {200, json, "{\"email\": \"secret@example.jp\"}x", LA_DIRECTORY_LATER, no_json},
	    {200, json, "{\"email\": \"secret@example.jp\"", LA_DIRECTORY_LATER, no_json},
	    {200, json, "{\"email\": \"secret\", \"email\": \"secret\"}", LA_DIRECTORY_LATER, no_json},
	    {200, json, "{\"email\": \"secret\\u0000\"}", LA_DIRECTORY_LATER, no_json},
	    {200, json, "{\"email\": \"secret\xff\"}", LA_DIRECTORY_LATER, no_json},
	    {200, json, "{}", LA_DIRECTORY_LATER, "h:443: JSON without email: a string, or null"},
	    {200, json, "{\"Email\": \"secret\"}", LA_DIRECTORY_LATER, "h:443: JSON without email: a string, or null"},
	    {200, json, "{\"email\": [\"secret\"]}", LA_DIRECTORY_LATER, "h:443: JSON without email: a string, or null"},
	    {200, json, "{\"email\": \"secret\", \"locale\": 1}", LA_DIRECTORY_LATER, "h:443: JSON with a locale that is no string"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_directory_answer answer = answer_to(rows[i].status, rows[i].type, rows[i].body);

		assert_int_equal(answer.verdict, rows[i].verdict);
		assert_string_equal(answer.detail, rows[i].detail);
		assert_false(answer.email.present || answer.locale.present);
	}
}

/* A part of an address may be somebody else's. */
static void
an_address_that_is_too_long_is_not_cut(void **state)
{
	char body[400];
	struct la_directory_answer answer;

	(void)state;
	for (int size = 256; size <= 257; size++) {
		(void)snprintf(body, sizeof(body), "{\"email\": \"%0*d\"}", size, 0);
		answer = answer_to(200, "application/json", body);
		assert_int_equal(answer.verdict, size == 256 ? LA_DIRECTORY_FOUND : LA_DIRECTORY_NONE);
		assert_int_equal(answer.email.size, size == 256 ? 256 : 0);
	}
}

static void
put(struct la_recipients *recipients, const char *tenant, const char *member_id, int64_t now_ms)
{
	struct la_text email, locale = {.present = false};
	char text[80];

	(void)snprintf(text, sizeof(text), "%s+%s@example.jp", tenant, member_id);
	la_text_set(&email, la_span_text(text));
	la_recipients_put(recipients, la_span_text(tenant), la_span_text(member_id), &email, &locale, now_ms);
}

static bool
has(struct la_recipients *recipients, const char *tenant, const char *member_id, int64_t now_ms)
{
	struct la_text email, locale;
	char text[80];

	if (!la_recipients_get(recipients, la_span_text(tenant), la_span_text(member_id), now_ms, &email, &locale))
		return (false);
	(void)snprintf(text, sizeof(text), "%s+%s@example.jp", tenant, member_id);
	assert_string_equal(email.bytes, text);
	assert_false(locale.present);
	return (true);
}

static void
what_was_found_is_remembered_for_a_minute(void **state)
{
	struct la_recipients *recipients = NULL;

	(void)state;
	assert_int_equal(la_recipients_new(&recipients), LA_OK);
	assert_false(has(recipients, "t", "m", 0));
	put(recipients, "t", "m", 1000);
	put(recipients, "t", "m2", 1000);
	assert_true(has(recipients, "t", "m", 1000 + LA_RECIPIENTS_TTL_MS - 1));
	assert_true(has(recipients, "t", "m2", 1000));
	assert_false(has(recipients, "tm", "", 1000));
	assert_false(has(recipients, "", "tm", 1000));
	assert_false(has(recipients, "t", "m", 1000 + LA_RECIPIENTS_TTL_MS));
	put(recipients, "t", "m", 61000); /* asked again */
	la_recipients_sweep(recipients, 61000);
	assert_true(has(recipients, "t", "m", 61000));
	assert_false(has(recipients, "t", "m2", 0)); /* wiped: not there for any clock */
	la_recipients_free(recipients);
}

static void
only_so_many_are_remembered_and_the_newest_is_among_them(void **state)
{
	struct la_recipients *recipients = NULL;
	char member_id[16];
	int count = 0;

	(void)state;
	assert_int_equal(la_recipients_new(&recipients), LA_OK);
	for (int i = 0; i < 4 * LA_RECIPIENTS_MAX; i++) {
		(void)snprintf(member_id, sizeof(member_id), "m%d", i);
		put(recipients, "t", member_id, i);
		assert_true(has(recipients, "t", member_id, i));
	}
	for (int i = 0; i < 4 * LA_RECIPIENTS_MAX; i++) {
		(void)snprintf(member_id, sizeof(member_id), "m%d", i);
		count += has(recipients, "t", member_id, 4 * LA_RECIPIENTS_MAX);
	}
	assert_in_range(count, LA_RECIPIENTS_MAX / 2, LA_RECIPIENTS_MAX);
	la_recipients_free(recipients);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_member_has_a_url_of_its_own),
	    cmocka_unit_test(the_longest_ids_have_room),
	    cmocka_unit_test(an_id_that_cannot_be_asked_for_is_refused),
	    cmocka_unit_test(what_is_no_url_for_members_is_refused_with_what_is_allowed),
	    cmocka_unit_test(a_url_names_its_server),
	    cmocka_unit_test(what_is_found_is_the_address_and_perhaps_the_locale),
	    cmocka_unit_test(an_answer_means_what_its_status_and_body_say),
	    cmocka_unit_test(an_address_that_is_too_long_is_not_cut),
	    cmocka_unit_test(what_was_found_is_remembered_for_a_minute),
	    cmocka_unit_test(only_so_many_are_remembered_and_the_newest_is_among_them),
	};

	return (sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL));
}
