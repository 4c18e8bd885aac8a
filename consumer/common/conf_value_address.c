#include <stdlib.h>
#include <string.h>

#include "common/conf_value_internal.h"

#define LISTEN_BYTES_MAX 255

static bool
has_blank(const char *text)
{
	return (strpbrk(text, " \t") != NULL);
}

/* The scheme, then no blank and, before the path, no '@': user and password have keys of their own. */
bool
la_conf_parse_url(const char *text, const char *schemes)
{
	const char *rest = strstr(text, "://");
	struct la_conf_part scheme;
	bool known = false;

	if (rest == NULL || rest[3] == '\0' || has_blank(text) || strchr(text, ',') != NULL)
		return (false);
	while (*schemes != '\0' && !known) {
		if (!la_conf_part_next(&schemes, '|', &scheme))
			return (false);
		known = strlen(scheme.text) == (size_t)(rest - text) &&
		    strncmp(text, scheme.text, (size_t)(rest - text)) == 0;
	}
	if (!known)
		return (false);
	rest += 3;
	if (strcmp(scheme.text, "unix") == 0)
		return (*rest == '/');
	return (*rest != '/' && *rest != ':' && memchr(rest, '@', strcspn(rest, "/?#")) == NULL);
}

bool
la_conf_parse_urls(const char *text, const char *schemes)
{
	char url[1024];
	size_t size, count = 0;

	for (text += strspn(text, " \t,"); *text != '\0'; text += strspn(text, " \t,")) {
		size = strcspn(text, " \t,");
		if (size >= sizeof(url))
			return (false);
		memcpy(url, text, size);
		url[size] = '\0';
		if (!la_conf_parse_url(url, schemes))
			return (false);
		text += size;
		count++;
	}
	return (count > 0);
}

bool
la_conf_parse_name(const char *text, const char *most)
{
	size_t size = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return (size > 0 && text[size] == '\0' && size <= (size_t)atoi(most) && strcmp(text, ".") != 0 &&
	    strcmp(text, "..") != 0);
}

bool
la_conf_parse_listen(const char *text)
{
	const char *colon = strrchr(text, ':');
	int64_t port;

	if (strcmp(text, "off") == 0)
		return (true);
	if (strlen(text) > LISTEN_BYTES_MAX || colon == NULL || colon == text || has_blank(text) ||
	    !la_conf_part_integer(colon + 1, "0..65535", &port))
		return (false);
	if (text[0] == '[')
		return (colon > text + 2 && colon[-1] == ']');
	return (memchr(text, ':', (size_t)(colon - text)) == NULL);
}
