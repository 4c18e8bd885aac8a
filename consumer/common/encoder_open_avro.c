#include "common/avro_canonical.h"
#include "common/encoder_internal_avro.h"
#include "common/file.h"

/* Our own reading of the schema: binds the struct's members and gives the fingerprint. */
static enum la_err
bind(struct la_encoder_codec *codec, enum la_record_type record, const char *name, struct la_span text, struct la_error *error)
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
		for (i = 2; i < LA_SINGLE_OBJECT_BYTES; i++, fingerprint >>= 8)
			codec->header[i] = (unsigned char)fingerprint;
	}
	la_avro_layout_free(layout);
	la_avro_schema_free(schema);
	return (err);
}

/* Where avro-c has each row's field: found once, since asking by name costs as much as writing. */
static int
find_fields(struct la_encoder_codec *codec)
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

enum la_err
la_encoder_codec_open(
    struct la_encoder_codec *codec, enum la_record_type record, const char *folder, struct la_error *error)
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
		err = la_error_set(error, LA_EINTERNAL, "%s: %s", name, avro_strerror());
out:
	la_buf_clear(&path);
	la_buf_clear(&text);
	return (err);
}

void
la_encoder_codec_clear(struct la_encoder_codec *codec)
{
	if (codec->value.iface != NULL)
		avro_value_decref(&codec->value);
	if (codec->class != NULL)
		avro_value_iface_decref(codec->class);
	if (codec->schema != NULL)
		avro_schema_decref(codec->schema);
}
