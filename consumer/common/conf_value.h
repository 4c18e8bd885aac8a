/* One value of one type: the syntax that the manual pages describe. Private to conf_*.c and its tests. */
#ifndef LA_COMMON_CONF_VALUE_H
#define LA_COMMON_CONF_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/conf_keys.h"

struct la_conf_value {
	int64_t number; /* as la_conf_int says */
	int64_t ms;     /* as la_conf_ms says */
	double ratio;
};

/* Does text suit the key's type and what it allows? Then *value is what it means. */
bool la_conf_value_parse(const struct la_conf_key *key, const char *text, struct la_conf_value *value);

/* Is it a value that works today (struct la_conf_key, today)? */
bool la_conf_value_works(const struct la_conf_key *key, const struct la_conf_value *value);

#define LA_CONF_ALLOWED_BYTES 256

/* "a duration from 0 to 60s, as 10ms, 30s, 5m, 24h or 365d": for "must be …". */
void la_conf_value_allowed(const struct la_conf_key *key, char out[LA_CONF_ALLOWED_BYTES]);

#endif
