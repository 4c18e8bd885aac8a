#include <string.h>

#include "common/encoder_internal_avro.h"
#include "common/job.h"

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
set_row(struct la_encoder_codec *codec, size_t i, const unsigned char *in)
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

enum la_err
la_encoder_fill(struct la_encoder_codec *codec, const void *in, struct la_error *error)
{
	for (size_t i = 0; i < codec->fields.count; i++) {
		if (set_row(codec, i, in) != 0)
			return (la_error_set(
			    error, LA_EINTERNAL, "%s: %s", codec->fields.bound[i].row->name, avro_strerror()));
	}
	return (LA_OK);
}
