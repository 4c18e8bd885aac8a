#include "common/encoder.h"

#include <stdlib.h>
#include <string.h>

#include "common/confluent.h"
#include "common/encoder_internal_avro.h"

#define RECORDS (LA_RECORD_DELIVERY + 1)
#define USUAL_BYTES 2048 /* of a record; a longer one is measured first */

struct la_encoder {
	size_t header_size;
	avro_writer_t writer;
	struct la_encoder_codec codecs[RECORDS];
};

static size_t
header_size(enum la_framing framing)
{
	switch (framing) {
	case LA_FRAMING_CONFLUENT:
		return (LA_CONFLUENT_HEADER_BYTES);
	case LA_FRAMING_SINGLE_OBJECT:
		return (LA_SINGLE_OBJECT_BYTES);
	case LA_FRAMING_NONE:
		break;
	}
	return (0);
}

enum la_err
la_encoder_new(struct la_encoder **out, enum la_framing framing, const char *folder, struct la_error *error)
{
	struct la_encoder *e;
	enum la_err err = LA_OK;
	int i;

	e = calloc(1, sizeof(*e));
	if (e != NULL)
		e->writer = avro_writer_memory(NULL, 0);
	if (e == NULL || e->writer == NULL)
		err = la_error_set(error, LA_ENOMEM, "out of memory");
	for (i = 0; i < RECORDS && err == LA_OK; i++)
		err = la_encoder_codec_open(&e->codecs[i], (enum la_record_type)i, folder, error);
	for (i = 0; i < RECORDS && err == LA_OK && framing == LA_FRAMING_CONFLUENT; i++)
		e->codecs[i].has_header = false; /* la_encoder_set_id */
	if (err == LA_OK) {
		e->header_size = header_size(framing);
		*out = e;
	} else {
		la_encoder_free(e);
	}
	return (err);
}

void
la_encoder_set_id(struct la_encoder *e, enum la_record_type record, uint32_t id)
{
	la_confluent_header(id, e->codecs[record].header);
	e->codecs[record].has_header = true;
}

void
la_encoder_free(struct la_encoder *e)
{
	int i;

	if (e == NULL)
		return;
	for (i = 0; i < RECORDS; i++)
		la_encoder_codec_clear(&e->codecs[i]);
	if (e->writer != NULL)
		avro_writer_free(e->writer);
	free(e);
}

/* Writes the value into the room behind out; false: it does not fit. */
static bool
write_into_room(struct la_encoder *e, struct la_encoder_codec *codec, struct la_buf *out)
{
	avro_writer_memory_set_dest(e->writer, (const char *)out->data + out->size, (int64_t)(out->cap - out->size));
	if (avro_value_write(e->writer, &codec->value) != 0)
		return (false);
	out->size += (size_t)avro_writer_tell(e->writer);
	return (true);
}

/* Appends the header and the value. */
static enum la_err
write_value(struct la_encoder *e, struct la_encoder_codec *codec, struct la_buf *out, struct la_error *error)
{
	size_t before = out->size, size = 0;

	if (la_buf_reserve(out, e->header_size + USUAL_BYTES) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	memcpy(out->data + out->size, codec->header, e->header_size);
	out->size += e->header_size;
	if (write_into_room(e, codec, out))
		return (LA_OK);
	if (avro_value_sizeof(&codec->value, &size) == 0) {
		if (la_buf_reserve(out, size) != LA_OK) {
			out->size = before;
			return (la_error_set(error, LA_ENOMEM, "out of memory"));
		}
		if (write_into_room(e, codec, out))
			return (LA_OK);
	}
	out->size = before;
	return (la_error_set(error, LA_EINTERNAL, "encoding: %s", avro_strerror()));
}

static enum la_err
encode(struct la_encoder *e, enum la_record_type record, const void *in, struct la_buf *out, struct la_error *error)
{
	struct la_encoder_codec *codec = &e->codecs[record];
	enum la_err err;

	if (!codec->has_header)
		return (la_error_set(error, LA_EINTERNAL, "no id of a schema for %s", la_record_fields_name(record)));
	if ((err = la_encoder_fill(codec, in, error)) != LA_OK)
		return (err);
	return (write_value(e, codec, out, error));
}

enum la_err
la_encoder_event(
    struct la_encoder *e, const struct la_login_event *event, struct la_buf *out, struct la_error *error)
{
	return (encode(e, LA_RECORD_LOGIN_EVENT, event, out, error));
}

enum la_err
la_encoder_job(struct la_encoder *e, const struct la_alert_job *job, struct la_buf *out, struct la_error *error)
{
	return (encode(e, LA_RECORD_ALERT_JOB, job, out, error));
}

enum la_err
la_encoder_decision(
    struct la_encoder *e, const struct la_decision *decision, struct la_buf *out, struct la_error *error)
{
	return (encode(e, LA_RECORD_DECISION, decision, out, error));
}

enum la_err
la_encoder_delivery(
    struct la_encoder *e, const struct la_delivery *delivery, struct la_buf *out, struct la_error *error)
{
	return (encode(e, LA_RECORD_DELIVERY, delivery, out, error));
}
