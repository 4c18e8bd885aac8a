#include "common/registry_url.h"

#include <stdio.h>
#include <string.h>

#define ALLOWED "allowed: http[s]://host[:port]/path"

static enum la_err
refuse(struct la_error *error, const char *what)
{
	return (la_error_set(error, LA_ECONFIG, "schema.registry.url: %s; " ALLOWED, what));
}

enum la_err
la_registry_url_parse(const char *text, struct la_registry_url *url, struct la_error *error)
{
	bool is_tls = strncmp(text, "https://", 8) == 0;
	const char *host = text + (is_tls ? 8 : 7), *path, *wrong;
	size_t size = strlen(text);

	if (!is_tls && strncmp(text, "http://", 7) != 0)
		return (refuse(error, "neither http: nor https:"));
	if (size >= sizeof(url->base))
		return (refuse(error, "longer than 1023 bytes"));
	path = host + strcspn(host, "/?#");
	if ((wrong = la_http_url_host(host, (size_t)(path - host), is_tls ? "443" : "80", url->name)) != NULL)
		return (refuse(error, wrong));
	if (path[strspn(path, LA_HTTP_PATH_BYTES)] != '\0')
		return (refuse(error, "a query, a fragment, or a byte that a path must not have"));
	while (text[size - 1] == '/')
		size--;
	(void)snprintf(url->base, sizeof(url->base), "%.*s", (int)size, text);
	return (LA_OK);
}

void
la_registry_url_schema(const struct la_registry_url *url, uint32_t id, char out[LA_REGISTRY_URL_BYTES])
{
	(void)snprintf(out, LA_REGISTRY_URL_BYTES, "%s/schemas/ids/%u", url->base, (unsigned)id);
}

void
la_registry_url_version(
    const struct la_registry_url *url, const char *subject, int32_t version, char out[LA_REGISTRY_URL_BYTES])
{
	char encoded[3 * LA_REGISTRY_SUBJECT_MAX + 1];

	*la_http_url_encode(encoded, la_span_of(subject, strnlen(subject, LA_REGISTRY_SUBJECT_MAX))) = '\0';
	(void)snprintf(out, LA_REGISTRY_URL_BYTES, "%s/subjects/%s/versions/%d?deleted=true", url->base, encoded, (int)version);
}

void
la_registry_url_subject(const struct la_registry_url *url, const char *topic, bool versions, char out[LA_REGISTRY_URL_BYTES])
{
	char subject[3 * LA_REGISTRY_TOPIC_MAX + 1];

	*la_http_url_encode(subject, la_span_of(topic, strnlen(topic, LA_REGISTRY_TOPIC_MAX))) = '\0';
	(void)snprintf(out, LA_REGISTRY_URL_BYTES, "%s/subjects/%s-value%s", url->base, subject, versions ? "/versions" : "");
}
