#include <stdio.h>
#include <string.h>

#include "common/conf_value.h"

/* "a|b|c" -> "a, b or c" */
static void
list_choices(const char *choices, char out[LA_CONF_ALLOWED_BYTES])
{
	size_t used = 0;

	while (*choices != '\0') {
		size_t size = strcspn(choices, "|");
		const char *glue = used == 0 ? "" : choices[size] == '\0' ? " or " : ", ";

		used += (size_t)snprintf(
		    out + used, LA_CONF_ALLOWED_BYTES - used, "%s%.*s", glue, (int)size, choices);
		choices += size + (choices[size] != '\0');
	}
}

/* "least..most" -> "a whole number from least to most" */
static void
name_range(const char *kind, const char *range, const char *examples, char out[LA_CONF_ALLOWED_BYTES])
{
	const char *dots = strstr(range, "..");

	(void)snprintf(out, LA_CONF_ALLOWED_BYTES, "%s from %.*s to %s%s", kind, (int)(dots - range), range, dots + 2,
	    examples);
}

static const char *
fixed_words(const struct la_conf_key *key)
{
	switch (key->type) {
	case LA_CONF_FILE:
		return ("the path of a file");
	case LA_CONF_FOLDER:
		return ("the path of a folder");
	case LA_CONF_TIME:
		return ("a time, as 2025-07-01T00:00:00+09:00 or milliseconds since 1970, or none");
	case LA_CONF_CAP:
		return ("a count from 1 to 1000000 and a duration, as 10/1h, or 0");
	case LA_CONF_SCHEDULE:
		return ("at most 100 durations, as 30s,2m,5m*2");
	case LA_CONF_LISTEN:
		return ("host:port, [address]:port or off");
	default:
		return (key->allowed == NULL ? "" : key->allowed);
	}
}

void
la_conf_value_allowed(const struct la_conf_key *key, char out[LA_CONF_ALLOWED_BYTES])
{
	char schemes[LA_CONF_ALLOWED_BYTES];

	switch (key->type) {
	case LA_CONF_NAME:
	case LA_CONF_BRAND:
		(void)snprintf(out, LA_CONF_ALLOWED_BYTES, "1 to %s of A-Z a-z 0-9 . _ -", key->allowed);
		return;
	case LA_CONF_INT:
		name_range("a whole number", key->allowed, "", out);
		return;
	case LA_CONF_RATIO:
		name_range("a number", key->allowed, "", out);
		return;
	case LA_CONF_DURATION:
		name_range("a duration", key->allowed, ", as 10ms, 30s, 5m, 24h or 365d", out);
		return;
	case LA_CONF_CHOICE:
		list_choices(key->allowed, out);
		return;
	case LA_CONF_URL:
	case LA_CONF_URLS:
		list_choices(key->allowed, schemes);
		(void)snprintf(out, LA_CONF_ALLOWED_BYTES, "one URL%s with scheme %.100s, without user and password",
		    key->type == LA_CONF_URLS ? ", or several with blanks between, each" : "", schemes);
		return;
	default:
		(void)snprintf(out, LA_CONF_ALLOWED_BYTES, "%s", fixed_words(key));
		return;
	}
}
