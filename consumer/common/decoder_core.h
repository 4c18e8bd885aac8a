/* The decoder without files: what decoder_os.c builds on, and tests use. */
#ifndef LA_COMMON_DECODER_CORE_H
#define LA_COMMON_DECODER_CORE_H

#include "common/decoder.h"
#include "common/registry_reply.h"

#define LA_DECODER_WRITERS_MAX 4096
#define LA_DECODER_WRITERS_BYTES (64u << 20) /* of memory */

/*
 * A decoder that knows one writer's schema: ours, whose text this is. name
 * stands before each message.
 * Errors: LA_ECONFIG, LA_ENOMEM; *decoder is untouched then.
 */
LA_MUST_CHECK enum la_err la_decoder_make(struct la_decoder **decoder, enum la_record_type record,
    enum la_framing framing, const char *name, struct la_span text, struct la_error *error);

/*
 * One more writer's schema, found by its fingerprint. One that is known is no
 * error; one of another record is remembered, to be refused by name.
 * Errors: LA_ECONFIG (does not parse, does not resolve to ours, too many), LA_ENOMEM; nothing is added then.
 */
LA_MUST_CHECK enum la_err la_decoder_add(
    struct la_decoder *decoder, const char *name, struct la_span text, struct la_error *error);

/* What to do when a fingerprint is not known: look adds what it finds. free is called once, with the decoder's own. */
struct la_decoder_watch {
	void (*look)(void *cookie, struct la_decoder *decoder);
	void (*free)(void *cookie);
	void *cookie;
};
void la_decoder_set_watch(struct la_decoder *decoder, struct la_decoder_watch watch);

/*
 * CONFLUENT: where the schema of an id comes from. find as la_registry_find; what it finds is compiled once, and kept
 * while it is used: LA_DECODER_IDS_MAX of them, LA_DECODER_IDS_BYTES of memory. free is called once, with the decoder's own.
 */
#define LA_DECODER_IDS_BYTES (8u << 20)
struct la_decoder_source {
	enum la_err (*find)(void *cookie, uint32_t id, const struct la_registry_answer **answer, struct la_error *error);
	void (*free)(void *cookie);
	void *cookie;
	void (*say_unknown)(void *cookie, uint32_t id, struct la_error *error); /* NULL: an id is not known, and that is all */
};
/* Errors: LA_ENOMEM; the source is not taken then. */
LA_MUST_CHECK enum la_err la_decoder_set_source(struct la_decoder *decoder, struct la_decoder_source source);

/* For tests: so many schemas are kept, fewer than LA_DECODER_IDS_MAX. The source is set. */
void la_decoder_keep_few(struct la_decoder *decoder, size_t most);

#endif
