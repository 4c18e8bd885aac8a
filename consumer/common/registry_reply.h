/*
 * What a schema registry answers (Confluent's Schema Registry API, which others serve too). Pure; JSON by jansson.
 * Only error code 40403 beside status 404 says that a schema is not known: a 404 without it is some other server's, or
 * another path's, and says nothing.
 */
#ifndef LA_COMMON_REGISTRY_REPLY_H
#define LA_COMMON_REGISTRY_REPLY_H

#include <stdint.h>

#include "common/buf.h"

#define LA_REGISTRY_JSON_BYTES_MAX (16u << 20) /* of an answer, as a JSON tree */

enum la_registry_verdict {
	LA_REGISTRY_FOUND,
	LA_REGISTRY_UNKNOWN,  /* it has no such schema */
	LA_REGISTRY_UNUSABLE, /* it has, and it is none for us: final, as ids never change their schema */
	LA_REGISTRY_REFUSED,  /* it takes no new schema: incompatible, read-only, not allowed */
	LA_REGISTRY_AWAY      /* no answer, or one that says nothing of the schema: to be asked again */
};

/* To another schema of the registry, whose types this one uses. */
#define LA_REGISTRY_REFERENCES_MAX 16
#define LA_REGISTRY_SUBJECT_BYTES 256
struct la_registry_reference {
	char subject[LA_REGISTRY_SUBJECT_BYTES];
	int32_t version;
};

struct la_registry_answer {
	enum la_registry_verdict verdict;
	long status;             /* HTTP; 0: there was no answer */
	struct la_buf schema;    /* FOUND by id: its text */
	struct la_registry_reference references[LA_REGISTRY_REFERENCES_MAX];
	size_t reference_count;
	const struct la_span *texts; /* with references, when all are there: theirs, then its own; in avro_schema.h's order */
	size_t text_count;           /* 0: schema is all */
	uint32_t id;             /* FOUND by text */
	char detail[300];        /* for the log, but for FOUND: "host:port: what" */
};

/* name: "host:port", for the detail. */
void la_registry_reply_fail(
    const char *name, enum la_registry_verdict verdict, const char *why, struct la_registry_answer *answer);

/* GET /schemas/ids/N, /subjects/S/versions/V. answer->schema holds nothing before. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_registry_reply_schema(
    const char *name, long status, struct la_span body, struct la_registry_answer *answer);

/* Of a body that is too long to be read: does it begin as a registry's answer does, a JSON object? */
bool la_registry_reply_may_be(struct la_span body);

/* POST /subjects/S (is it there?) and POST /subjects/S/versions (register it). Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_registry_reply_id(
    const char *name, long status, struct la_span body, struct la_registry_answer *answer);

/* The body of these two: {"schema": text}. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_registry_reply_question(struct la_span schema, struct la_buf *out);

#endif
