/* Between conf_value.c (numbers, times, choices) and conf_value_address.c (URLs, names, host and port). */
#ifndef LA_COMMON_CONF_VALUE_INTERNAL_H
#define LA_COMMON_CONF_VALUE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

/* A part of a text: words of a list, operands of a value. */
struct la_conf_part {
	char text[128];
};

/* Copies what stands before the separator and moves *rest behind it; false when too long. */
bool la_conf_part_next(const char **rest, char separator, struct la_conf_part *part);

/* A whole number within "least..most". */
bool la_conf_part_integer(const char *text, const char *range, int64_t *number);

/* Does text suit the type? What is allowed stands in the key: schemes as "http|https", the most bytes of a name. */
bool la_conf_parse_url(const char *text, const char *schemes);
bool la_conf_parse_urls(const char *text, const char *schemes); /* at least one */
bool la_conf_parse_name(const char *text, const char *most);
bool la_conf_parse_listen(const char *text); /* host:port or off */

#endif
