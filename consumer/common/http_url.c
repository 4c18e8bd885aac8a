#include "common/http_url.h"

#include <stdio.h>
#include <string.h>

const char *
la_http_url_host(const char *text, size_t size, const char *default_port, char name[LA_HTTP_NAME_BYTES])
{
	size_t host = strcspn(text, ":"), port;

	if (text[0] == '[') {
		host = strcspn(text, "]") + 1;
		if (host > size || host < 4 || strspn(text + 1, LA_HTTP_DIGITS "abcdefABCDEF:.") != host - 2)
			return ("bad address in brackets");
	} else if (host > size) {
		host = size;
	}
	if (host == 0 || (text[0] != '[' && strspn(text, LA_HTTP_LETTERS LA_HTTP_DIGITS ".-_") < host))
		return ("no host name");
	port = host < size ? host + 1 : size;
	if (host < size &&
	    (text[host] != ':' || port == size || size - port > 5 || strspn(text + port, LA_HTTP_DIGITS) < size - port))
		return ("bad port");
	if (size >= LA_HTTP_NAME_BYTES - 5)
		return ("host name too long");
	(void)snprintf(name, LA_HTTP_NAME_BYTES, "%.*s%s%s", (int)size, text, host == size ? ":" : "",
	    host == size ? default_port : "");
	return (NULL);
}

char *
la_http_url_encode(char *out, struct la_span text)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.size; i++) {
		unsigned char byte = text.data[i];

		if (byte != '\0' && strchr(LA_HTTP_UNRESERVED, byte) != NULL) {
			*out++ = (char)byte;
			continue;
		}
		*out++ = '%';
		*out++ = hex[byte >> 4];
		*out++ = hex[byte & 15];
	}
	return (out);
}
