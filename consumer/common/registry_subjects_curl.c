/* What is asked by those who have nothing else to do: our own schemas, and whether a registry is there. */
#include "common/registry_internal_curl.h"

#define CHECK_ID 1 /* as good as any: that it is not known is an answer too */

static enum la_err
post(struct la_registry_curl *registry, const char *topic, bool versions, struct la_span schema, struct la_error *error)
{
	char url[LA_REGISTRY_URL_BYTES];
	enum la_err err;

	la_registry_curl_give_up(registry);
	la_buf_reset(&registry->question);
	la_registry_url_subject(&registry->url, topic, versions, url);
	if (la_registry_reply_question(schema, &registry->question) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory for the schema registry"));
	if ((err = la_registry_curl_start(registry, url, true, error)) != LA_OK)
		return (err);
	return (la_registry_curl_wait_for(registry, la_registry_reply_id, error));
}

enum la_err
la_registry_curl_look_up(struct la_registry_curl *registry, const char *topic, struct la_span schema, bool *found,
    uint32_t *id, struct la_error *error)
{
	const struct la_registry_answer *answer = &registry->answer;
	enum la_err err = post(registry, topic, false, schema, error);

	if (err != LA_OK)
		return (err);
	*found = answer->verdict == LA_REGISTRY_FOUND;
	*id = answer->id;
	if (answer->verdict == LA_REGISTRY_FOUND || answer->verdict == LA_REGISTRY_UNKNOWN)
		return (LA_OK);
	return (la_error_set(error, answer->verdict == LA_REGISTRY_AWAY ? LA_EUNAVAILABLE : LA_ECONFIG,
	    "%s (subject %s-value)", answer->detail, topic));
}

enum la_err
la_registry_curl_register(
    struct la_registry_curl *registry, const char *topic, struct la_span schema, uint32_t *id, struct la_error *error)
{
	const struct la_registry_answer *answer = &registry->answer;
	enum la_err err = post(registry, topic, true, schema, error);

	if (err != LA_OK)
		return (err);
	*id = answer->id;
	if (answer->verdict == LA_REGISTRY_FOUND)
		return (LA_OK);
	return (la_error_set(error, answer->verdict == LA_REGISTRY_REFUSED ? LA_ECONFIG : LA_EUNAVAILABLE,
	    "%s (registering a schema for subject %s-value)", answer->detail, topic));
}

enum la_err
la_registry_curl_check(struct la_registry_curl *registry, struct la_error *error)
{
	enum la_err err = la_registry_curl_ask(registry, CHECK_ID, error);

	if (err == LA_OK)
		err = la_registry_curl_wait_for(registry, la_registry_reply_schema, error);
	if (err == LA_OK && registry->answer.verdict == LA_REGISTRY_AWAY)
		err = la_error_set(error, LA_EUNAVAILABLE, "%s", registry->answer.detail);
	return (err);
}
