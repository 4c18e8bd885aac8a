#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/avro_canonical.h"
#include "common/avro_names.h"
#include "common/confluent.h"
#include "common/decoder_internal.h"

/* Avro 1.11 specification, "Single-object encoding": C3 01 and the fingerprint, lowest byte first. */
#define SINGLE_OBJECT_BYTES 10

static struct la_writer *
writer_at(struct la_decoder *d, size_t index)
{
	return (&((struct la_writer *)(void *)d->writers.data)[index]);
}

static size_t
writer_count(const struct la_decoder *d)
{
	return (d->writers.size / sizeof(struct la_writer));
}

static struct la_writer *
find_writer(struct la_decoder *d, uint64_t fingerprint)
{
	size_t i;

	if (d->latest < writer_count(d) && writer_at(d, d->latest)->fingerprint == fingerprint)
		return (writer_at(d, d->latest));
	for (i = 0; i < writer_count(d); i++) {
		if (writer_at(d, i)->fingerprint == fingerprint) {
			d->latest = i;
			return (writer_at(d, i));
		}
	}
	return (NULL);
}

/* A schema directory may serve several readers: is this the record of another one? */
static bool
is_foreign(const struct la_decoder *d, const struct la_avro_node *root)
{
	if (root->type == LA_AVRO_UNION)
		return (false);
	return (root->type != LA_AVRO_RECORD || !la_avro_names_match(root, d->schema->root));
}

enum la_err
la_decoder_plan(struct la_decoder *d, const struct la_avro_schema *schema, const char *name, struct la_avro_plan **plan,
    struct la_error *error)
{
	*plan = NULL;
	return (is_foreign(d, schema->root) ? LA_OK : la_avro_plan_new(plan, name, schema, d->layout, error));
}

static enum la_err
add_writer(struct la_decoder *d, const struct la_writer *w, const char *name, struct la_error *error)
{
	size_t bytes = w->plan == NULL ? 0 : la_avro_plan_bytes(w->plan);

	if (writer_count(d) == LA_DECODER_WRITERS_MAX)
		return (la_error_set(error, LA_ECONFIG, "%s: more than %d schemas", name, LA_DECODER_WRITERS_MAX));
	if (bytes > LA_DECODER_WRITERS_BYTES - d->writers_bytes)
		return (la_error_set(error, LA_ECONFIG, "%s: schemas take more than %u bytes", name, LA_DECODER_WRITERS_BYTES));
	if (la_buf_add(&d->writers, w, sizeof(*w)) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "%s: out of memory", name));
	d->writers_bytes += bytes;
	return (LA_OK);
}

enum la_err
la_decoder_add(struct la_decoder *d, const char *name, struct la_span text, struct la_error *error)
{
	struct la_writer w = {0, NULL};
	struct la_avro_schema *schema = NULL;
	enum la_err err = la_avro_schema_parse(&schema, name, text, error);

	if (err == LA_OK)
		err = la_avro_canonical_fingerprint(schema, &w.fingerprint);
	if (err == LA_OK && find_writer(d, w.fingerprint) == NULL) {
		err = la_decoder_plan(d, schema, name, &w.plan, error);
		if (err == LA_OK)
			err = add_writer(d, &w, name, error);
		if (err != LA_OK)
			la_avro_plan_free(w.plan);
	}
	la_avro_schema_free(schema);
	return (err);
}

static enum la_err
make(struct la_decoder *d, const char *name, struct la_span text, struct la_error *error)
{
	enum la_err err;

	err = la_avro_schema_parse(&d->schema, name, text, error);
	if (err == LA_OK)
		err = la_avro_layout_new(&d->layout, name, d->schema, error);
	if (err == LA_OK)
		err = la_record_fields_bind(&d->fields, d->record, name, d->layout, error);
	if (err != LA_OK)
		return (err);
	d->slots = calloc(d->layout->slot_count + 1, sizeof(*d->slots));
	return (d->slots == NULL ? LA_ENOMEM : la_decoder_add(d, name, text, error));
}

enum la_err
la_decoder_make(struct la_decoder **out, enum la_record_type record, enum la_framing framing, const char *name,
    struct la_span text, struct la_error *error)
{
	struct la_decoder *d = calloc(1, sizeof(*d));
	enum la_err err = LA_ENOMEM;

	if (d != NULL) {
		d->record = record;
		d->framing = framing;
		err = make(d, name, text, error);
	}
	if (err == LA_ENOMEM)
		(void)la_error_set(error, err, "%s: out of memory", name);
	if (err == LA_OK)
		*out = d;
	else
		la_decoder_free(d);
	return (err);
}

void
la_decoder_free(struct la_decoder *d)
{
	size_t i;

	if (d == NULL)
		return;
	for (i = 0; i < writer_count(d); i++)
		la_avro_plan_free(writer_at(d, i)->plan);
	la_buf_clear(&d->writers);
	free(d->slots);
	la_avro_layout_free(d->layout);
	la_avro_schema_free(d->schema);
	if (d->watch.free != NULL)
		d->watch.free(d->watch.cookie);
	la_decoder_ids_free(d);
	free(d);
}

void
la_decoder_set_watch(struct la_decoder *d, struct la_decoder_watch watch)
{
	d->watch = watch;
}

/* Errors: LA_EDATA. */
static enum la_err
read_fingerprint(struct la_span value, uint64_t *fingerprint, struct la_error *error)
{
	if (value.size < SINGLE_OBJECT_BYTES || value.data[0] != 0xc3 || value.data[1] != 0x01)
		return (la_error_set(error, LA_EDATA, "byte 0: no single-object header"));
	*fingerprint = 0;
	for (int i = SINGLE_OBJECT_BYTES - 1; i >= 2; i--)
		*fingerprint = *fingerprint << 8 | value.data[i];
	return (LA_OK);
}

static enum la_err
no_fingerprint(uint64_t fingerprint, struct la_error *error)
{
	return (la_error_set(error, LA_ENOSCHEMA, "byte 2: no schema with fingerprint %016" PRIx64, fingerprint));
}

void
la_decoder_say_unknown(const struct la_decoder *d, struct la_span value, struct la_error *error)
{
	uint64_t fingerprint;
	uint32_t id;

	if (d->framing == LA_FRAMING_SINGLE_OBJECT && read_fingerprint(value, &fingerprint, error) == LA_OK)
		(void)no_fingerprint(fingerprint, error);
	else if (d->framing == LA_FRAMING_CONFLUENT && la_confluent_open(&value, &id, error) == LA_OK)
		la_decoder_say_unknown_id(d, id, error);
}

/* Takes the header off *value. */
static enum la_err
open_single_object(struct la_decoder *d, struct la_span *value, struct la_avro_plan **plan, struct la_error *error)
{
	const struct la_writer *writer;
	uint64_t fingerprint;
	enum la_err err = read_fingerprint(*value, &fingerprint, error);

	if (err != LA_OK)
		return (err);
	writer = find_writer(d, fingerprint);
	if (writer == NULL && d->watch.look != NULL) {
		d->watch.look(d->watch.cookie, d);
		writer = find_writer(d, fingerprint);
	}
	if (writer == NULL)
		return (no_fingerprint(fingerprint, error));
	if (writer->plan == NULL)
		return (la_error_set(error, LA_EDATA, "byte 2: the schema is no %s", la_record_fields_name(d->record)));
	*plan = writer->plan;
	*value = la_span_of(value->data + SINGLE_OBJECT_BYTES, value->size - SINGLE_OBJECT_BYTES);
	return (LA_OK);
}

static enum la_err
decode(struct la_decoder *d, enum la_record_type record, struct la_span value, void *out, struct la_error *error)
{
	struct la_avro_plan *plan = writer_at(d, 0)->plan;
	enum la_err err = LA_OK;

	if (record != d->record)
		return (la_error_set(error, LA_EINTERNAL, "a decoder of %s asked for a %s",
		    la_record_fields_name(d->record), la_record_fields_name(record)));
	if (!la_span_present(value))
		return (la_error_set(error, LA_EDATA, "no value"));
	if (value.size > LA_VALUE_BYTES_MAX)
		return (la_error_set(error, LA_ETOOLARGE, "a value of more than %u bytes", LA_VALUE_BYTES_MAX));
	if (d->framing == LA_FRAMING_SINGLE_OBJECT)
		err = open_single_object(d, &value, &plan, error);
	else if (d->framing == LA_FRAMING_CONFLUENT)
		err = la_decoder_open_id(d, &value, &plan, error);
	if (err == LA_OK)
		err = la_avro_plan_run(plan, value, d->slots, error);
	return (err != LA_OK ? err : la_decoder_fields_fill(&d->fields, d->slots, out, error));
}

enum la_err
la_decoder_event(struct la_decoder *d, struct la_span value, struct la_login_event *event, struct la_error *error)
{
	return (decode(d, LA_RECORD_LOGIN_EVENT, value, event, error));
}

enum la_err
la_decoder_job(struct la_decoder *d, struct la_span value, struct la_alert_job *job, struct la_error *error)
{
	return (decode(d, LA_RECORD_ALERT_JOB, value, job, error));
}

enum la_err
la_decoder_decision(struct la_decoder *d, struct la_span value, struct la_decision *decision, struct la_error *error)
{
	return (decode(d, LA_RECORD_DECISION, value, decision, error));
}

enum la_err
la_decoder_delivery(struct la_decoder *d, struct la_span value, struct la_delivery *delivery, struct la_error *error)
{
	return (decode(d, LA_RECORD_DELIVERY, value, delivery, error));
}
