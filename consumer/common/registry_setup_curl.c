/* schema.registry.* of the configuration, and what libcurl is told once. */
#include <stdlib.h>

#include "common/easy_curl.h"
#include "common/file.h"
#include "common/http_options_curl.h"
#include "common/registry_internal_curl.h"

static enum la_err
add_header(struct la_registry_curl *registry, const char *line, struct la_error *error)
{
	struct curl_slist *longer = curl_slist_append(registry->headers, line);

	if (longer == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory for the schema registry"));
	registry->headers = longer;
	return (LA_OK);
}

/* libcurl takes copies. */
static enum la_err
set_user(CURL *easy, const char *user, const char *password, struct la_error *error)
{
	LA_EASY_SET(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	LA_EASY_SET(easy, CURLOPT_USERNAME, user);
	LA_EASY_SET(easy, CURLOPT_PASSWORD, password);
	return (LA_OK);
}

static enum la_err
set_login(struct la_registry_curl *registry, const struct la_conf *conf, struct la_error *error)
{
	const char *user = la_conf_text(conf, "schema.registry.user");
	struct la_buf password = LA_BUF_INIT;
	enum la_err err;

	if (user == NULL)
		return (LA_OK);
	err = la_file_read_secret(la_conf_text(conf, "schema.registry.password.file"), &password, error);
	if (err != LA_OK)
		la_error_prefix(error, "schema.registry.password.file");
	else
		err = set_user(registry->easy, user, (const char *)password.data, error);
	la_file_wipe(&password);
	return (err);
}

static enum la_err
set_all(struct la_registry_curl *registry, const struct la_conf *conf, struct la_error *error)
{
	struct la_http_options_curl options = {.protocols = "http,https",
	    .ca_file = la_conf_text(conf, "schema.registry.ca.file"),
	    .agent = "login-alert",
	    .header_bytes = &registry->header_bytes};
	enum la_err err;

	if ((err = add_header(registry, "Accept: application/vnd.schemaregistry.v1+json, application/json", error)) != LA_OK ||
	    (err = add_header(registry, "Content-Type: application/vnd.schemaregistry.v1+json", error)) != LA_OK ||
	    (err = add_header(registry, "Expect:", error)) != LA_OK) /* a second of waiting for nothing */
		return (err);
	options.headers = registry->headers;
	if ((err = la_http_options_curl_set(registry->easy, &options, error)) != LA_OK ||
	    (err = set_login(registry, conf, error)) != LA_OK)
		return (err);
	LA_EASY_SET(registry->easy, CURLOPT_WRITEFUNCTION, la_registry_curl_take_body);
	LA_EASY_SET(registry->easy, CURLOPT_WRITEDATA, registry);
	return (LA_OK);
}

static enum la_err
open_all(struct la_registry_curl *registry, const struct la_conf *conf, struct la_error *error)
{
	const char *url = la_conf_text(conf, "schema.registry.url");
	enum la_err err;

	if (url == NULL) /* `check` goes on with a configuration that lacks it */
		return (la_error_set(
		    error, LA_ECONFIG, "schema.registry.url: not set, or not usable; framing=confluent needs it"));
	if ((err = la_registry_url_parse(url, &registry->url, error)) != LA_OK)
		return (err);
	registry->multi = curl_multi_init();
	registry->easy = curl_easy_init();
	if (registry->multi == NULL || registry->easy == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory for the schema registry"));
	return (set_all(registry, conf, error));
}

enum la_err
la_registry_curl_new(struct la_registry_curl **out, const struct la_conf *conf, struct la_error *error)
{
	struct la_registry_curl *registry = calloc(1, sizeof(*registry));
	enum la_err err;

	if (registry == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(registry);
		return (la_error_set(error, LA_ENOMEM, "out of memory for the schema registry"));
	}
	registry->timeout_ms = LA_REGISTRY_TIMEOUT_MS;
	if ((err = open_all(registry, conf, error)) != LA_OK) {
		la_registry_curl_free(registry);
		return (err);
	}
	registry->port = (struct la_registry_port){registry, registry->url.name, la_registry_curl_ask, la_registry_curl_ask_version,
	    la_registry_curl_work};
	*out = registry;
	return (LA_OK);
}

void
la_registry_curl_free(struct la_registry_curl *registry)
{
	if (registry == NULL)
		return;
	la_registry_curl_give_up(registry);
	curl_easy_cleanup(registry->easy);
	(void)curl_multi_cleanup(registry->multi);
	curl_slist_free_all(registry->headers);
	la_buf_clear(&registry->question);
	free(registry);
	curl_global_cleanup();
}

const struct la_registry_port *
la_registry_curl_port(struct la_registry_curl *registry)
{
	return (&registry->port);
}

void
la_registry_curl_set_timeout(struct la_registry_curl *registry, int timeout_ms)
{
	registry->timeout_ms = timeout_ms;
}
