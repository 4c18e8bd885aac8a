#include "mailer/directory_url.h"

#include <stdio.h>
#include <string.h>

#define SCHEME "https://"
#define PATH_BYTES LA_HTTP_PATH_BYTES "{}" /* and the braces of ours */
#define QUERY_BYTES PATH_BYTES "?"
#define TENANT "{tenant}"
#define MEMBER_ID "{member_id}"
#define ID_BYTES_MAX 256
#define ALLOWED "allowed: https://host[:port]/path?query, with {tenant} and {member_id} in path or query"

static enum la_err
refuse(struct la_error *error, const char *what)
{
	return (la_error_set(error, LA_ECONFIG, "recipient.url: %s; " ALLOWED, what));
}

/* Every brace belongs to one of the two words, each at most once. */
static enum la_err
parse_places(const char *rest, struct la_directory_url *url, struct la_error *error)
{
	for (; *rest != '\0'; rest++) {
		bool is_member_id = strncmp(rest, MEMBER_ID, strlen(MEMBER_ID)) == 0;
		bool is_tenant = strncmp(rest, TENANT, strlen(TENANT)) == 0;

		if (*rest != '{' && *rest != '}')
			continue;
		if ((!is_member_id && !is_tenant) || (is_member_id ? url->has_member_id : url->has_tenant))
			return (refuse(error, "unknown, doubled or unclosed {word}"));
		url->has_member_id = url->has_member_id || is_member_id;
		url->has_tenant = url->has_tenant || is_tenant;
		rest += strcspn(rest, "}");
	}
	if (url->has_tenant && !url->has_member_id)
		return (refuse(error, "{tenant} without {member_id}"));
	return (LA_OK);
}

enum la_err
la_directory_url_parse(const char *text, struct la_directory_url *url, struct la_error *error)
{
	const char *host = text + strlen(SCHEME), *path, *query, *wrong;
	enum la_err err;

	*url = (struct la_directory_url){.has_tenant = false};
	if (strncmp(text, SCHEME, strlen(SCHEME)) != 0)
		return (refuse(error, "an address is asked for over TLS only"));
	if (strlen(text) >= sizeof(url->text))
		return (refuse(error, "longer than 1023 bytes"));
	path = host + strcspn(host, "/?#");
	if ((wrong = la_http_url_host(host, (size_t)(path - host), "443", url->name)) != NULL)
		return (refuse(error, wrong));
	query = path + strspn(path, PATH_BYTES);
	if (*query == '?' ? query[1 + strspn(query + 1, QUERY_BYTES)] != '\0' : *query != '\0')
		return (refuse(error, "a byte that a path or query must not have, or a fragment"));
	if ((err = parse_places(path, url, error)) != LA_OK)
		return (err);
	(void)snprintf(url->text, sizeof(url->text), "%s", text);
	return (LA_OK);
}

/* "." and ".." would lead servers to another path, however they are encoded. */
static bool
can_be_asked_for(struct la_span id)
{
	return (id.size > 0 && id.size <= ID_BYTES_MAX && !la_span_is(id, ".") && !la_span_is(id, ".."));
}

static char *
put(char *out, const char *text, size_t size)
{
	memcpy(out, text, size);
	return (out + size);
}

static char *
put_query(char *out, const char *text, struct la_span tenant, struct la_span member_id)
{
	const char *glue = strchr(text, '?') == NULL ? "?tenant=" : text[strlen(text) - 1] == '?' ? "tenant=" : "&tenant=";

	out = la_http_url_encode(put(out, glue, strlen(glue)), tenant);
	return (la_http_url_encode(put(out, "&member_id=", strlen("&member_id=")), member_id));
}

enum la_err
la_directory_url_make(const struct la_directory_url *url, struct la_span tenant, struct la_span member_id,
    char out[LA_DIRECTORY_URL_BYTES], struct la_error *error)
{
	const char *text = url->text;

	if (!can_be_asked_for(member_id))
		return (la_error_set(error, LA_EDATA, "the job has no address, and no member id that can be asked for"));
	if (!can_be_asked_for(tenant))
		return (la_error_set(error, LA_EDATA, "the job has no address, and no tenant that can be asked for"));
	if (url->has_member_id && !url->has_tenant && !la_span_is(tenant, "default"))
		return (la_error_set(error, LA_EDATA,
		    "the job has no address; recipient.url has no {tenant}, and the job's is not default"));
	while (*text != '\0') {
		size_t size = strcspn(text, "{");

		out = put(out, text, size);
		text += size;
		if (*text == '\0')
			break;
		out = la_http_url_encode(out, text[1] == 't' ? tenant : member_id);
		text += strcspn(text, "}") + 1;
	}
	if (!url->has_member_id)
		out = put_query(out, url->text, tenant, member_id);
	*out = '\0';
	return (LA_OK);
}
