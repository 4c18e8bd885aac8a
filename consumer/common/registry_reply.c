#include "common/registry_reply.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_cost.h"

#define NO_SUBJECT 40401
#define NO_VERSION 40402
#define NO_SCHEMA 40403
#define MESSAGE_BYTES 160 /* of the registry's own words about a schema of ours */

void
la_registry_reply_fail(
    const char *name, enum la_registry_verdict verdict, const char *why, struct la_registry_answer *answer)
{
	answer->verdict = verdict;
	(void)snprintf(answer->detail, sizeof(answer->detail), "%.60s: %s", name, why);
}

/* NULL: no JSON object, or a giant. jansson's own error text quotes the input. Errors: LA_ENOMEM. */
static enum la_err
read_object(struct la_span body, json_t **object)
{
	json_error_t where = {.text = ""};
	json_t *root;

	*object = NULL;
	if (la_json_cost(body) > LA_REGISTRY_JSON_BYTES_MAX)
		return (LA_OK);
	root = json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES, &where);
	if (root == NULL && (where.text[0] == '\0' || json_error_code(&where) == json_error_out_of_memory))
		return (LA_ENOMEM);
	if (json_is_object(root))
		*object = root;
	else
		json_decref(root);
	return (LA_OK);
}

static json_int_t
error_code(const json_t *object)
{
	return (json_integer_value(json_object_get(object, "error_code")));
}

/* A status that says nothing of the schema. */
static void
fail_by_status(const char *name, long status, struct la_registry_answer *answer)
{
	const char *words = "";
	char why[120];

	if (status == 401 || status == 403)
		words = ", it refuses us (schema.registry.user, schema.registry.password.file)";
	else if (status == 404)
		words = " without a registry's error code; is schema.registry.url right?";
	else if (status == 429)
		words = ", it is asked too often";
	else if (status >= 300 && status < 400)
		words = ", and redirects are not followed";
	(void)snprintf(why, sizeof(why), "HTTP %ld%s", status, words);
	la_registry_reply_fail(name, LA_REGISTRY_AWAY, why, answer);
}

static bool
take_reference(const json_t *json, struct la_registry_reference *reference)
{
	const json_t *subject = json_object_get(json, "subject"), *version = json_object_get(json, "version");
	size_t size = json_string_length(subject);

	if (size == 0 || size >= sizeof(reference->subject) || strlen(json_string_value(subject)) != size ||
	    json_integer_value(version) < 1 || json_integer_value(version) > INT32_MAX)
		return (false);
	memcpy(reference->subject, json_string_value(subject), size + 1);
	reference->version = (int32_t)json_integer_value(version);
	return (true);
}

/* NULL: all are there; else what is wrong. */
static const char *
take_references(const json_t *list, struct la_registry_answer *answer)
{
	size_t count = json_array_size(list);

	answer->reference_count = 0;
	if (list != NULL && !json_is_null(list) && !json_is_array(list))
		return ("its references are no list");
	if (count > LA_REGISTRY_REFERENCES_MAX)
		return ("it refers to more than 16 other schemas");
	for (size_t i = 0; i < count; i++) {
		if (!take_reference(json_array_get(list, i), &answer->references[i]))
			return ("it refers to another schema without subject and version");
	}
	answer->reference_count = count;
	return (NULL);
}

static enum la_err
take_schema(const char *name, const json_t *object, struct la_registry_answer *answer)
{
	const json_t *schema = json_object_get(object, "schema"), *type = json_object_get(object, "schemaType");
	const char *wrong;

	if (!json_is_string(schema)) {
		la_registry_reply_fail(name, LA_REGISTRY_AWAY, "HTTP 200 without a JSON object that has a schema", answer);
		return (LA_OK);
	}
	if (type != NULL && !json_is_null(type) && (!json_is_string(type) || strcmp(json_string_value(type), "AVRO") != 0)) {
		la_registry_reply_fail(name, LA_REGISTRY_UNUSABLE, "the schema is not of type AVRO", answer);
		return (LA_OK);
	}
	if ((wrong = take_references(json_object_get(object, "references"), answer)) != NULL) {
		la_registry_reply_fail(name, LA_REGISTRY_UNUSABLE, wrong, answer);
		return (LA_OK);
	}
	answer->verdict = LA_REGISTRY_FOUND;
	return (la_buf_add(&answer->schema, json_string_value(schema), json_string_length(schema)));
}

enum la_err
la_registry_reply_schema(const char *name, long status, struct la_span body, struct la_registry_answer *answer)
{
	json_t *object;
	enum la_err err = read_object(body, &object);

	answer->status = status;
	answer->reference_count = 0;
	if (err == LA_OK && status == 200)
		err = take_schema(name, object, answer);
	else if (err == LA_OK && status == 404 && error_code(object) == NO_SCHEMA)
		la_registry_reply_fail(name, LA_REGISTRY_UNKNOWN, "it has no schema with that id", answer);
	else if (err == LA_OK && status == 404 && (error_code(object) == NO_SUBJECT || error_code(object) == NO_VERSION))
		la_registry_reply_fail(name, LA_REGISTRY_UNKNOWN, "it has no schema of that subject and version", answer);
	else
		fail_by_status(name, status, answer);
	json_decref(object);
	return (err);
}

bool
la_registry_reply_may_be(struct la_span body)
{
	size_t i = 0;

	while (i < body.size && (body.data[i] == ' ' || body.data[i] == '\t' || body.data[i] == '\r' || body.data[i] == '\n'))
		i++;
	return (i < body.size && body.data[i] == '{');
}

/* 409: incompatible; 422: no valid schema, or not allowed in this mode; in its own words, which are about our schema. */
static void
refuse(const char *name, long status, const json_t *object, struct la_registry_answer *answer)
{
	const char *words = json_string_value(json_object_get(object, "message"));
	char why[MESSAGE_BYTES + 80];

	(void)snprintf(why, sizeof(why), "HTTP %ld%s%s%.*s", status,
	    status == 409 ? ", incompatible with what the subject has"
	                  : status == 401 || status == 403 ? ", it does not let us" : "",
	    words == NULL ? "" : ": ", MESSAGE_BYTES, words == NULL ? "" : words);
	for (char *at = why; *at != '\0'; at++) {
		if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f)
			*at = '?';
	}
	la_registry_reply_fail(name, LA_REGISTRY_REFUSED, why, answer);
}

enum la_err
la_registry_reply_id(const char *name, long status, struct la_span body, struct la_registry_answer *answer)
{
	const json_t *id;
	json_t *object;
	enum la_err err = read_object(body, &object);

	id = json_object_get(object, "id");
	if (status == 200 && json_is_integer(id) && json_integer_value(id) >= 0 && json_integer_value(id) <= INT32_MAX) {
		answer->verdict = LA_REGISTRY_FOUND;
		answer->id = (uint32_t)json_integer_value(id);
	} else if (status == 200) {
		la_registry_reply_fail(name, LA_REGISTRY_AWAY, "HTTP 200 without a JSON object that has an id", answer);
	} else if (status == 404 && (error_code(object) == NO_SUBJECT || error_code(object) == NO_SCHEMA)) {
		la_registry_reply_fail(name, LA_REGISTRY_UNKNOWN, "it does not have the schema", answer);
	} else if (status == 401 || status == 403 || status == 409 || status == 422) {
		refuse(name, status, object, answer);
	} else {
		fail_by_status(name, status, answer);
	}
	json_decref(object);
	return (err);
}

enum la_err
la_registry_reply_question(struct la_span schema, struct la_buf *out)
{
	json_t *object = json_pack("{s:s%}", "schema", (const char *)schema.data, schema.size);
	char *text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
	enum la_err err = text == NULL ? LA_ENOMEM : la_buf_add(out, text, strlen(text));

	free(text);
	json_decref(object);
	return (err);
}
