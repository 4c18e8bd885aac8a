/*
 * The table of configuration keys (conf_keys.c). Private to conf_*.c and its
 * tests; everybody else asks conf.h.
 */
#ifndef LA_COMMON_CONF_KEYS_H
#define LA_COMMON_CONF_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/conf.h"

enum la_conf_owner { LA_CONF_BOTH, LA_CONF_DETECTOR, LA_CONF_MAILER };

/* What `allowed` means for each type stands beside it. */
enum la_conf_type {
	LA_CONF_TEXT,     /* words for the error message */
	LA_CONF_FILE,     /* a path to a file */
	LA_CONF_FOLDER,   /* a path to a folder */
	LA_CONF_NAME,     /* most bytes; A-Z a-z 0-9 . _ - and not "." or ".." */
	LA_CONF_INT,      /* "least..most" */
	LA_CONF_RATIO,    /* "least..most" */
	LA_CONF_DURATION, /* "least..most", both durations */
	LA_CONF_TIME,     /* nothing */
	LA_CONF_CHOICE,   /* "word|word:<duration>|word:<least..most>" */
	LA_CONF_CAP,      /* nothing: N/W or 0 */
	LA_CONF_SCHEDULE, /* nothing: 30s,2m,5m*2 */
	LA_CONF_URL,      /* "scheme|scheme" */
	LA_CONF_URLS,     /* the same; one or more, with blanks or commas between */
	LA_CONF_LISTEN,   /* nothing: host:port, off */
	LA_CONF_KAFKA,    /* a family: kafka.<property> */
	LA_CONF_BRAND     /* a family: mail.brand.<tenant>; the value is a LA_CONF_NAME */
};

struct la_conf_key {
	const char *name; /* of a family, what comes before the part that varies */
	enum la_conf_owner owner;
	enum la_conf_type type;
	const char *fallback; /* the contract's default; NULL: none */
	const char *allowed;
	/*
	 * What this version does. NULL: all of the above. LA_CONF_NOT_YET: nothing
	 * reads the key, so that setting it is an error. Else the values that work, with
	 * '|' between; if the default is not among them, the first is in force.
	 */
	const char *today;
};

#define LA_CONF_NOT_YET ""

extern const struct la_conf_key la_conf_keys[];
extern const size_t la_conf_key_count;

static inline bool
la_conf_key_is_family(const struct la_conf_key *key)
{
	return (key->type == LA_CONF_KAFKA || key->type == LA_CONF_BRAND);
}

/* The row of a name for this program: its own before the other's; NULL: no such key. */
const struct la_conf_key *la_conf_key_find(const char *name, enum la_program program);
bool la_conf_key_serves(const struct la_conf_key *key, enum la_program program);

/* The known name nearest to a mistyped one, NULL when none is near. Static. */
const char *la_conf_key_nearest(const char *name, enum la_program program);

#endif
