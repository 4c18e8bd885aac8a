/*
 * Schemas by id, from a registry that may be slow, away, or asked by hostile records: one question at a time, never
 * waited for longer than a moment; ids it does not know are remembered for a while; questions have a highest rate. Pure:
 * the registry is a port (registry_curl.c). What is found the caller keeps.
 *
 * No answer, and one that says nothing of the schema (HTTP 5xx, a 4xx that is not the registry's own, no JSON), may be about
 * the registry or about this id. So another id is asked for, of which it knows: if that is answered, the failure is the id's
 * own. When that has lasted LA_REGISTRY_PATIENCE_MS, or LA_REGISTRY_REFUSED_MS with a 4xx, the id is unknown. Only time in
 * which others are answered counts. A registry that fails altogether is waited for without end.
 */
#ifndef LA_COMMON_REGISTRY_H
#define LA_COMMON_REGISTRY_H

#include "common/registry_reply.h"

#define LA_REGISTRY_UNKNOWN_MS 10000  /* so long an id is not asked for again: it may be registered meanwhile */
#define LA_REGISTRY_SILENT_MS 60000   /* the same of one that gets no answer: each question holds all up for some seconds */
#define LA_REGISTRY_UNKNOWN_MAX 4096  /* such ids */
#define LA_REGISTRY_EVERY_MS 20       /* a question, in the long run */
#define LA_REGISTRY_BURST 100         /* at once */
#define LA_REGISTRY_FIRST_WAIT_MS 100 /* for an answer, once a question: most come within it */
#define LA_REGISTRY_QUIET_MS 1000     /* without an answer, before it counts as failing */
#define LA_REGISTRY_PATIENCE_MS 600000 /* with one id, while others are answered */
#define LA_REGISTRY_REFUSED_MS 120000  /* the same, of a 4xx: one of several backends may be starting */

struct la_registry_port {
	void *self;
	const char *name; /* "host:port" */
	/* Asks for the schema of an id; a question that is under way is given up. Errors: LA_ENOMEM, LA_EINTERNAL. */
	enum la_err (*ask)(void *self, uint32_t id, struct la_error *error);
	/* The same for a version of a subject. */
	enum la_err (*ask_version)(void *self, const struct la_registry_reference *reference, struct la_error *error);
	/*
	 * Works, for at most wait_ms; *done: *answer is there, its schema until the next ask. Every question is answered
	 * within a few seconds, with AWAY if need be. Errors: LA_ENOMEM, LA_EINTERNAL.
	 */
	enum la_err (*work)(void *self, int wait_ms, const struct la_registry_answer **answer, bool *done,
	    struct la_error *error);
};

struct la_registry;

struct la_registry_options {
	const struct la_registry_port *port;
	int64_t (*now_ms)(void *cookie); /* monotonic */
	void *now_cookie;
};

LA_MUST_CHECK enum la_err la_registry_new(
    struct la_registry **registry, const struct la_registry_options *options, struct la_error *error);
void la_registry_free(struct la_registry *registry);

/*
 * The answer of an id that has a schema, with those that it refers to; valid until the next call. Errors: LA_ENOSCHEMA (the registry does not know the
 * id, or fails for it alone: la_registry_say_unknown); LA_EDATA (its schema is none for us: error says why, for good); LA_ETIMEOUT (no answer yet, or no question so
 * soon: ask again in some ms); LA_EUNAVAILABLE (it fails, error says how: the same); LA_ENOMEM, LA_EINTERNAL.
 */
LA_MUST_CHECK enum la_err la_registry_find(struct la_registry *registry, uint32_t id,
    const struct la_registry_answer **answer, struct la_error *error);

/* What LA_ENOSCHEMA says of an id; known as long as it is not asked for again, else that the registry does not know it. */
void la_registry_say_unknown(struct la_registry *registry, uint32_t id, struct la_error *error);

#endif
