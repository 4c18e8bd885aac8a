#include "mailer/relay_url.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BETWEEN " \t,"

bool
la_relay_url_next(const char **list, char url[LA_RELAY_URL_BYTES])
{
	const char *text = *list + strspn(*list, BETWEEN);
	size_t size = strcspn(text, BETWEEN);

	*list = text + size;
	(void)snprintf(url, LA_RELAY_URL_BYTES, "%.*s", (int)(size < LA_RELAY_URL_BYTES ? size : LA_RELAY_URL_BYTES - 1), text);
	return (size > 0);
}

/* Letters, digits, dots, hyphens: what can stand behind EHLO without doubt. */
static bool
is_host_name(const char *name)
{
	size_t size = strlen(name);

	return (size > 0 && size <= 255 &&
	    strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-") == size);
}

/* The path is the name for EHLO; libcurl's own choice without one is not ours to see. */
static enum la_err
set_ehlo_name(CURLU *parts, const char *path, struct la_error *error)
{
	char name[256] = "/";

	if (path[0] == '/' && path[1] == '\0') {
		if (gethostname(name + 1, sizeof(name) - 2) != 0 || !is_host_name(name + 1))
			(void)snprintf(name, sizeof(name), "/localhost");
		return (curl_url_set(parts, CURLUPART_PATH, name, 0) == CURLUE_OK
		    ? LA_OK : la_error_set(error, LA_ENOMEM, "out of memory"));
	}
	if (!is_host_name(path + 1))
		return (la_error_set(error, LA_ECONFIG, "smtp.url: what follows host and port is the name for EHLO: "
		    "letters, digits, dots and hyphens"));
	return (LA_OK);
}

enum la_err
la_relay_url_read(const char *text, char **url, char host_port[LA_RELAY_HOST_BYTES], struct la_error *error)
{
	CURLU *parts = curl_url();
	char *host = NULL, *port = NULL, *path = NULL, *whole = NULL;
	enum la_err err;

	if (parts == NULL || curl_url_set(parts, CURLUPART_URL, text, 0) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_PATH, &path, 0) != CURLUE_OK) {
		err = la_error_set(error, LA_ECONFIG, "smtp.url: smtp://host:port/name-for-EHLO is wanted");
		goto out;
	}
	if ((err = set_ehlo_name(parts, path, error)) != LA_OK)
		goto out;
	(void)snprintf(host_port, LA_RELAY_HOST_BYTES, "%s:%s", host, port);
	if (curl_url_get(parts, CURLUPART_URL, &whole, 0) != CURLUE_OK || (*url = strdup(whole)) == NULL)
		err = la_error_set(error, LA_ENOMEM, "out of memory");
out:
	curl_free(host);
	curl_free(port);
	curl_free(path);
	curl_free(whole);
	curl_url_cleanup(parts);
	return (err);
}
