/* What a configuration consists of. Private to conf_*.c; everybody else asks conf.h. */
#ifndef LA_COMMON_CONF_STORE_H
#define LA_COMMON_CONF_STORE_H

#include "common/conf.h"
#include "common/conf_keys.h"
#include "common/conf_value.h"

#define LA_CONF_WHERE_BYTES 512

/* Where a value came from. */
struct la_conf_origin {
	const char *name; /* a file, "environment variable X", "--set" */
	size_t line;      /* 0: none */
};

struct la_conf_entry {
	const struct la_conf_key *key;
	char *name;     /* the whole key, of a family too; NULL: its key's name */
	char *text;     /* NULL: not set */
	char *where;    /* "file:line", for later problems; NULL: not set */
	char *secret;   /* kafka.<p>.file: what the file holds, once loaded */
	bool refused;   /* the last value was none: a problem says so */
	struct la_conf_value value;
};

/* Lines that never get lost in silence: when memory runs out, the last one says so. */
struct la_conf_lines {
	char **line;
	size_t count, cap;
	bool lost;
};

struct la_conf {
	enum la_program program;
	struct la_conf_entry *fixed; /* one for each row of the table */
	struct la_conf_entry *family; /* sorted by name */
	size_t family_count, family_cap;
	struct la_conf_lines problems, warnings;
	bool unread;    /* a file could not be read: a problem says so */
	char *smtp_url; /* the default of smtp.url */
};

void la_conf_add_problem(struct la_conf *conf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void la_conf_add_warning(struct la_conf *conf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sets one key, or adds a problem. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_conf_assign(
    struct la_conf *conf, const struct la_conf_origin *origin, const char *name, const char *text);

/* What is in force for a row: what was set, else what this version does unset; NULL: nothing. */
const char *la_conf_effective(const struct la_conf *conf, const struct la_conf_entry *entry);

/*
 * A Kafka key's property: "kafka.consumer.fetch.min.bytes" -> "fetch.min.bytes".
 * which says whom it is for.
 */
enum la_conf_client { LA_CONF_CLIENT_BOTH, LA_CONF_CLIENT_CONSUMER, LA_CONF_CLIENT_PRODUCER };
const char *la_conf_property(const char *name, enum la_conf_client *which);

/* Why this property may not be set to this value; NULL: it may. */
const char *la_conf_property_refused(const char *property, const char *value);
bool la_conf_property_is_file(const char *property); /* <p>.file */

#endif
