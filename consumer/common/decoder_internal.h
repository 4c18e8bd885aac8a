/* What decoder.c (values, schemas by fingerprint) and decoder_id.c (schemas by id) share. */
#ifndef LA_COMMON_DECODER_INTERNAL_H
#define LA_COMMON_DECODER_INTERNAL_H

#include "common/avro_plan.h"
#include "common/decoder_core.h"
#include "common/decoder_fields.h"

struct la_writer {
	uint64_t fingerprint;
	struct la_avro_plan *plan; /* NULL: a record that is not ours */
};

struct la_decoder_ids; /* decoder_id.c */

struct la_decoder {
	enum la_record_type record;
	enum la_framing framing;
	struct la_avro_schema *schema; /* ours */
	struct la_avro_layout *layout;
	struct la_avro_slot *slots;
	struct la_fields fields;
	struct la_buf writers; /* of struct la_writer; the first is ours */
	size_t writers_bytes;  /* of their plans */
	size_t latest;         /* the writer found last */
	struct la_decoder_watch watch;
	struct la_decoder_ids *ids; /* NULL: not CONFLUENT */
};

/* The plan of a schema; *plan NULL: it is another record's. Errors: LA_ECONFIG, LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_decoder_plan(struct la_decoder *decoder, const struct la_avro_schema *schema,
    const char *name, struct la_avro_plan **plan, struct la_error *error);

/* Takes Confluent's header off *value; *plan is there. Errors: those of decoding. */
LA_MUST_CHECK enum la_err la_decoder_open_id(
    struct la_decoder *decoder, struct la_span *value, struct la_avro_plan **plan, struct la_error *error);
void la_decoder_say_unknown_id(const struct la_decoder *decoder, uint32_t id, struct la_error *error);
void la_decoder_ids_free(struct la_decoder *decoder);

#endif
