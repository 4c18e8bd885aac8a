/*
 * Configuration: a table of keys (conf_keys.c), values from file,
 * environment and --set, later wins.
 *
 * Values are checked when they are set; problems are collected, each with where
 * it came from (file:line, environment variable, --set), the key, and what is
 * allowed, so that check can print them all.
 */
#ifndef LA_COMMON_CONF_H
#define LA_COMMON_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/err.h"

enum la_program { LA_PROGRAM_DETECTOR, LA_PROGRAM_MAILER };

struct la_conf;

LA_MUST_CHECK enum la_err la_conf_new(struct la_conf **conf, enum la_program program);
void la_conf_free(struct la_conf *conf);

/*
 * Each reads what it can and adds a problem for what it cannot; they return an
 * error only for LA_ENOMEM. An unknown variable with the prefix is a warning.
 */
LA_MUST_CHECK enum la_err la_conf_read_file(struct la_conf *conf, const char *path);
LA_MUST_CHECK enum la_err la_conf_read_text(
    struct la_conf *conf, const char *name, const char *text, size_t size); /* name stands for the path */
LA_MUST_CHECK enum la_err la_conf_read_environment(struct la_conf *conf, char *const *environment);
LA_MUST_CHECK enum la_err la_conf_set(struct la_conf *conf, const char *assignment); /* "key=value" */

/*
 * Reads the file of each kafka.<p>.file, whose text becomes the value of
 * property <p>, and looks whether each other file and folder that is configured can be
 * opened. What cannot becomes a problem. Errors: LA_ENOMEM.
 */
LA_MUST_CHECK enum la_err la_conf_load_files(struct la_conf *conf);

/* Looks whether this one can be opened, if it is set. */
void la_conf_probe_file(struct la_conf *conf, const char *key);

/* The host's own name, which the default of smtp.url ends with; "localhost" until it is set. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_conf_set_host(struct la_conf *conf, const char *host);

/* After all sources: what the sources together lack or contradict (a required key, a pair of files). */
void la_conf_finish(struct la_conf *conf, const char *const *required, size_t required_count);

size_t la_conf_problem_count(const struct la_conf *conf);
const char *la_conf_problem(const struct la_conf *conf, size_t index); /* one line; valid as long as conf */
size_t la_conf_warning_count(const struct la_conf *conf);
const char *la_conf_warning(const struct la_conf *conf, size_t index);

/*
 * Getters. The key must be one of the table, of the type asked for (else the
 * program aborts: a programming error). The default applies where nothing set
 * it. Strings are valid as long as conf is not changed.
 */
const char *la_conf_text(const struct la_conf *conf, const char *key); /* NULL: unset, no default */
/*
 * A whole number; for a choice the index into what conf_keys.c lists (so that
 * policy.first-login is an enum la_first_login, avro.framing an enum la_framing,
 * decisions.publish an enum la_publish, log.level an enum la_log_level …); the N
 * of policy.cap's N/W (0: off); the N of keep-last:N.
 */
int64_t la_conf_int(const struct la_conf *conf, const char *key);
#define LA_CONF_NO_TIME INT64_MIN /* a time of "none" */
int64_t la_conf_ms(const struct la_conf *conf, const char *key); /* durations, times, D of grace:D, W of N/W */
double la_conf_ratio(const struct la_conf *conf, const char *key);
bool la_conf_is_set(const struct la_conf *conf, const char *key);

/* A property of librdkafka's, with the key that set it and where, for what librdkafka says of it. */
struct la_conf_kafka_property {
	const char *name, *value; /* valid until fn returns */
	const char *path;         /* kafka.<p>.file: of the file that holds value; NULL: value was given itself */
	const char *key, *where;  /* "kafka.consumer.<p>", "file:line"; valid as long as conf is not changed */
};

/*
 * Calls fn for each kafka.<p> and kafka.consumer.<p> (or kafka.producer.<p>), in the
 * order in which later wins: kafka.* first.
 */
enum la_conf_kafka { LA_CONF_KAFKA_CONSUMER, LA_CONF_KAFKA_PRODUCER };
void la_conf_each_kafka(const struct la_conf *conf, enum la_conf_kafka which,
    void (*fn)(void *cookie, const struct la_conf_kafka_property *property), void *cookie);
/* For mail.brand.<tenant>: the value of "<prefix><suffix>", or NULL. */
const char *la_conf_text_for(const struct la_conf *conf, const char *prefix, const char *suffix, size_t suffix_size);

/* Calls fn for each key that was set and starts with prefix ("mail.brand."): what follows it, and the value. */
void la_conf_each_for(const struct la_conf *conf, const char *prefix,
    void (*fn)(void *cookie, const char *suffix, const char *value), void *cookie);

/* "key=value" lines of what is in force, defaults too, secrets masked, sorted by table order. */
void la_conf_print(const struct la_conf *conf, FILE *out);

/* Value syntax, for others that read durations and times (JSON input, --from). */
LA_MUST_CHECK enum la_err la_conf_parse_duration(const char *text, int64_t *ms);
LA_MUST_CHECK enum la_err la_conf_parse_time(const char *text, int64_t *ms); /* ISO 8601 with offset, or ms */

#endif
