#include "mailer/directory_reply.h"

#include <jansson.h>
#include <stdio.h>
#include <strings.h>

void
la_directory_reply_fail(
    const char *name, enum la_directory_verdict verdict, const char *why, struct la_directory_answer *answer)
{
	answer->verdict = verdict;
	answer->email = answer->locale = (struct la_text){.present = false};
	(void)snprintf(answer->detail, sizeof(answer->detail), "%.130s: %s", name, why);
}

/* "application/json", "application/vnd.x+json", with or without parameters (RFC 6839 section 3.1). */
static bool
is_json(const char *type)
{
	static const char plain[] = "application/json";
	size_t size = type == NULL ? 0 : strcspn(type, "; \t");

	if (size == strlen(plain) && strncasecmp(type, plain, size) == 0)
		return (true);
	return (size > 17 && strncasecmp(type, "application/", 12) == 0 && strncasecmp(type + size - 5, "+json", 5) == 0);
}

static struct la_span
string_of(const json_t *value)
{
	return (la_span_of(json_string_value(value), json_string_length(value)));
}

/* The object is one; what it says of the member. */
static void
read_member(const char *name, const json_t *object, struct la_directory_answer *answer)
{
	const json_t *email = json_object_get(object, "email"), *locale = json_object_get(object, "locale");

	if (email == NULL || (!json_is_string(email) && !json_is_null(email))) {
		la_directory_reply_fail(name, LA_DIRECTORY_LATER, "JSON without email: a string, or null", answer);
	} else if (locale != NULL && !json_is_string(locale) && !json_is_null(locale)) {
		la_directory_reply_fail(name, LA_DIRECTORY_LATER, "JSON with a locale that is no string", answer);
	} else if (json_is_null(email)) {
		la_directory_reply_fail(name, LA_DIRECTORY_NONE, "the member has no address", answer);
	} else if (json_string_length(email) > LA_TEXT_BYTES) {
		la_directory_reply_fail(name, LA_DIRECTORY_NONE, "an address of more than 256 bytes", answer);
	} else {
		answer->verdict = LA_DIRECTORY_FOUND;
		answer->detail[0] = '\0';
		la_text_set(&answer->email, string_of(email));
		la_text_set(&answer->locale, json_is_string(locale) ? string_of(locale) : la_span_of(NULL, 0));
	}
}

/* jansson's own error text quotes the input. */
static enum la_err
read_body(const char *name, struct la_span body, struct la_directory_answer *answer)
{
	json_error_t where = {.text = ""};
	json_t *root = json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES, &where);

	if (root == NULL && (where.text[0] == '\0' || json_error_code(&where) == json_error_out_of_memory))
		return (LA_ENOMEM);
	if (!json_is_object(root))
		la_directory_reply_fail(name, LA_DIRECTORY_LATER, "200 without a valid JSON object", answer);
	else
		read_member(name, root, answer);
	json_decref(root);
	return (LA_OK);
}

static void
fail_by_status(const char *name, long status, struct la_directory_answer *answer)
{
	enum la_directory_verdict verdict = LA_DIRECTORY_LATER;
	const char *words = "";
	char why[80];

	if (status == 404 || status == 410) {
		verdict = LA_DIRECTORY_NONE;
		words = ", no such member";
	} else if (status == 401 || status == 403) {
		verdict = LA_DIRECTORY_AT_FAULT;
		words = ", it refuses us (recipient.token.file)";
	} else if (status >= 300 && status < 400) {
		words = ", and redirects are not followed";
	}
	(void)snprintf(why, sizeof(why), "HTTP %ld%s", status, words);
	la_directory_reply_fail(name, verdict, why, answer);
}

enum la_err
la_directory_reply_read(const char *name, long status, const char *type, struct la_span body,
    struct la_directory_answer *answer)
{
	if (status != 200) {
		fail_by_status(name, status, answer);
		return (LA_OK);
	}
	if (!is_json(type)) {
		la_directory_reply_fail(name, LA_DIRECTORY_LATER, "200 with another Content-Type than application/json", answer);
		return (LA_OK);
	}
	return (read_body(name, body, answer));
}
