#include "common/encoder.h"

#include <avro.h>
#include <stdlib.h>
#include <string.h>

#include "common/avro_canonical.h"
#include "common/confluent.h"
#include "common/file.h"
#include "common/record_fields.h"

#define SINGLE_OBJECT_BYTES 10 /* C3 01 and the fingerprint, lowest byte first */
#define RECORDS (LA_RECORD_DELIVERY + 1)
#define USUAL_BYTES 2048 /* of a record; a longer one is measured first */

/* One record's schema, and a value of it that is filled again and again. */
struct codec {
	struct la_fields fields;
	size_t index[LA_FIELDS_MAX]; /* by row: of its field in the record, or in the recipient */
	size_t recipient;            /* index of that field */
	avro_schema_t schema;
	avro_value_iface_t *class;
	avro_value_t value;
	bool has_header;
	unsigned char header[SINGLE_OBJECT_BYTES]; /* the longest */
};

struct la_encoder {
	size_t header_size;
	avro_writer_t writer;
	struct codec codecs[RECORDS];
};

static enum la_err
broken(struct la_error *error, const char *name)
{
	return (la_error_set(error, LA_EINTERNAL, "%s: %s", name, avro_strerror()));
}

/* Our own reading of the schema: binds the struct's members and gives the fingerprint. */
static enum la_err
bind(struct codec *codec, enum la_record_type record, const char *name, struct la_span text, struct la_error *error)
{
	struct la_avro_schema *schema = NULL;
	struct la_avro_layout *layout = NULL;
	uint64_t fingerprint;
	enum la_err err = la_avro_schema_parse(&schema, name, text, error);
	int i;

	if (err == LA_OK)
		err = la_avro_layout_new(&layout, name, schema, error);
	if (err == LA_OK)
		err = la_record_fields_bind(&codec->fields, record, name, layout, error);
	if (err == LA_OK)
		err = la_avro_canonical_fingerprint(schema, &fingerprint);
	if (err == LA_OK) {
		codec->header[0] = 0xc3;
		codec->header[1] = 0x01;
		codec->has_header = true;
		for (i = 2; i < SINGLE_OBJECT_BYTES; i++, fingerprint >>= 8)
			codec->header[i] = (unsigned char)fingerprint;
	}
	la_avro_layout_free(layout);
	la_avro_schema_free(schema);
	return (err);
}

/* Where avro-c has each row's field: found once, since asking by name costs as much as writing. */
static int
find_fields(struct codec *codec)
{
	avro_value_t recipient, inside, value;

	for (size_t i = 0; i < codec->fields.count; i++) {
		const struct la_field_row *row = codec->fields.bound[i].row;
		const char *inner = la_record_fields_inner(row);

		if (inner == NULL) {
			if (avro_value_get_by_name(&codec->value, row->name, &value, &codec->index[i]) != 0)
				return (-1);
			if (row->kind == LA_FIELD_RECIPIENT)
				codec->recipient = codec->index[i];
		} else if (avro_value_get_by_name(&codec->value, "recipient", &recipient, NULL) != 0 ||
		    avro_value_set_branch(&recipient, (int)codec->fields.bound[i].guard_branch, &inside) != 0 ||
		    avro_value_get_by_name(&inside, inner, &value, &codec->index[i]) != 0) {
			return (-1);
		}
	}
	return (0);
}

static size_t
header_size(enum la_framing framing)
{
	switch (framing) {
	case LA_FRAMING_CONFLUENT:
		return (LA_CONFLUENT_HEADER_BYTES);
	case LA_FRAMING_SINGLE_OBJECT:
		return (SINGLE_OBJECT_BYTES);
	case LA_FRAMING_NONE:
		break;
	}
	return (0);
}

static enum la_err
open_codec(struct codec *codec, enum la_record_type record, const char *folder, struct la_error *error)
{
	struct la_buf path = LA_BUF_INIT, text = LA_BUF_INIT;
	enum la_err err = la_buf_printf(&path, "%s/%s.avsc", folder, la_record_fields_name(record));
	const char *name = (const char *)path.data;

	if (err == LA_OK)
		err = la_file_read(name, LA_AVRO_TEXT_MAX, &text, error);
	if (err == LA_OK)
		err = bind(codec, record, name, la_buf_span(&text), error);
	if (err != LA_OK)
		goto out;
	if (avro_schema_from_json_length((const char *)text.data, text.size, &codec->schema) != 0)
		err = la_error_set(error, LA_ECONFIG, "%s: %s", name, avro_strerror());
	else if ((codec->class = avro_generic_class_from_schema(codec->schema)) == NULL ||
	    avro_generic_value_new(codec->class, &codec->value) != 0 || find_fields(codec) != 0)
		err = broken(error, name);
out:
	la_buf_clear(&path);
	la_buf_clear(&text);
	return (err);
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
		err = open_codec(&e->codecs[i], (enum la_record_type)i, folder, error);
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
	for (i = 0; i < RECORDS; i++) {
		if (e->codecs[i].value.iface != NULL)
			avro_value_decref(&e->codecs[i].value);
		if (e->codecs[i].class != NULL)
			avro_value_iface_decref(e->codecs[i].class);
		if (e->codecs[i].schema != NULL)
			avro_schema_decref(e->codecs[i].schema);
	}
	if (e->writer != NULL)
		avro_writer_free(e->writer);
	free(e);
}

/* Lends the bytes to the value until the next record. avro-c counts a NUL that it never looks at. */
static int
set_string(avro_value_t *value, struct la_span text)
{
	avro_wrapped_buffer_t lent;

	if (avro_wrapped_buffer_new(&lent, text.data, text.size + 1) != 0)
		return (-1);
	return (avro_value_give_string_len(value, &lent));
}

static int
set_bytes(avro_value_t *value, struct la_span bytes)
{
	avro_wrapped_buffer_t lent;

	if (avro_wrapped_buffer_new(&lent, bytes.data, bytes.size) != 0)
		return (-1);
	return (avro_value_give_bytes(value, &lent));
}

/* The bytes of a span or text; absent for null. */
static struct la_span
text_of(const struct la_field_row *row, const unsigned char *in)
{
	const struct la_alert_job *job = (const void *)in;

	switch (row->kind) {
	case LA_FIELD_SPAN:
		return (*(const struct la_span *)(const void *)(in + row->member));
	case LA_FIELD_TEXT:
		return (la_text_span((const void *)(in + row->member)));
	case LA_FIELD_SEALED:
		return (la_span_of(job->recipient_sealed, job->recipient_sealed_size));
	default:
		return (la_span_text((const char *)in + row->member));
	}
}

static bool
is_there(const struct la_field_row *row, const unsigned char *in)
{
	return (row->has != 0 ? in[row->has] != 0 : la_span_present(text_of(row, in)));
}

/* A text that must be there and is absent is written as empty. */
static int
set_value(avro_value_t *value, const struct la_field_row *row, const unsigned char *in)
{
	struct la_span text;
	int64_t number;
	int32_t narrow;

	switch (row->kind) {
	case LA_FIELD_RECIPIENT:
		return (0); /* its fields are rows of their own */
	case LA_FIELD_LONG:
		memcpy(&number, in + row->member, sizeof(number));
		return (avro_value_set_long(value, number));
	case LA_FIELD_INT:
		memcpy(&narrow, in + row->member, sizeof(narrow));
		return (avro_value_set_int(value, narrow));
	case LA_FIELD_ENUM:
		memcpy(&narrow, in + row->member, sizeof(narrow));
		return (avro_value_set_enum(value, narrow));
	default:
		text = text_of(row, in);
		if (!la_span_present(text))
			text = la_span_text("");
		return (row->type == LA_AVRO_BYTES ? set_bytes(value, text) : set_string(value, text));
	}
}

static int
set_row(struct codec *codec, size_t i, const unsigned char *in)
{
	const struct la_field_bound *bound = &codec->fields.bound[i];
	const struct la_field_row *row = bound->row;
	bool there = !row->optional || is_there(row, in);
	avro_value_t value, branch;

	if (la_record_fields_inner(row) != NULL) {
		if (!((const struct la_alert_job *)(const void *)in)->has_recipient)
			return (0);
		if (avro_value_get_by_index(&codec->value, codec->recipient, &value, NULL) != 0 ||
		    avro_value_get_current_branch(&value, &branch) != 0 ||
		    avro_value_get_by_index(&branch, codec->index[i], &value, NULL) != 0)
			return (-1);
	} else if (avro_value_get_by_index(&codec->value, codec->index[i], &value, NULL) != 0) {
		return (-1);
	}
	if (!row->optional)
		return (set_value(&value, row, in));
	if (avro_value_set_branch(&value, (int)(there ? bound->branch : 1 - bound->branch), &branch) != 0)
		return (-1);
	return (there ? set_value(&branch, row, in) : avro_value_set_null(&branch));
}

/* Writes the value into the room behind out; false: it does not fit. */
static bool
write_into_room(struct la_encoder *e, struct codec *codec, struct la_buf *out)
{
	avro_writer_memory_set_dest(e->writer, (const char *)out->data + out->size, (int64_t)(out->cap - out->size));
	if (avro_value_write(e->writer, &codec->value) != 0)
		return (false);
	out->size += (size_t)avro_writer_tell(e->writer);
	return (true);
}

/* Appends the header and the value. */
static enum la_err
write_value(struct la_encoder *e, struct codec *codec, struct la_buf *out, struct la_error *error)
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
	return (broken(error, "encoding"));
}

static enum la_err
encode(struct la_encoder *e, enum la_record_type record, const void *in, struct la_buf *out, struct la_error *error)
{
	struct codec *codec = &e->codecs[record];
	size_t i;

	if (!codec->has_header)
		return (la_error_set(error, LA_EINTERNAL, "no id of a schema for %s", la_record_fields_name(record)));
	for (i = 0; i < codec->fields.count; i++) {
		if (set_row(codec, i, in) != 0)
			return (broken(error, codec->fields.bound[i].row->name));
	}
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
