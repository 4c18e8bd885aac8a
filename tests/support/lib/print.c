#include "support/lib/print.h"

#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

struct la_print {
	struct la_decoder *decoder; /* NULL: raw */
	json_t *(*fields)(struct la_decoder *decoder, struct la_span value, struct la_error *error);
};

static json_t *
decision(struct la_decoder *decoder, struct la_span value, struct la_error *error)
{
	struct la_decision record;

	return (la_decoder_decision(decoder, value, &record, error) == LA_OK ? la_json_write_decision(&record) : NULL);
}

static json_t *
delivery(struct la_decoder *decoder, struct la_span value, struct la_error *error)
{
	struct la_delivery record;

	return (la_decoder_delivery(decoder, value, &record, error) == LA_OK ? la_json_write_delivery(&record) : NULL);
}

static json_t *
job(struct la_decoder *decoder, struct la_span value, struct la_error *error)
{
	struct la_alert_job record;

	return (la_decoder_job(decoder, value, &record, error) == LA_OK ? la_json_write_job(&record) : NULL);
}

static const struct {
	const char *name;
	enum la_record_type type;
	json_t *(*fields)(struct la_decoder *decoder, struct la_span value, struct la_error *error);
} records[] = {
    {"Decision", LA_RECORD_DECISION, decision},
    {"Delivery", LA_RECORD_DELIVERY, delivery},
    {"AlertJob", LA_RECORD_ALERT_JOB, job},
};

enum la_err
la_print_new(struct la_print **out, const struct la_tool *tool, const char *record, struct la_error *error)
{
	struct la_decoder_options options = {
	    .framing = tool->framing, .schema_folder = tool->schemas, .schema_dir = NULL};
	size_t count = sizeof(records) / sizeof(records[0]), i;
	struct la_print *print;
	enum la_err err = LA_OK;

	for (i = 0; i < count && strcmp(record, records[i].name) != 0; i++)
		continue;
	if (i == count && strcmp(record, "raw") != 0)
		return (
		    la_error_set(error, LA_EUSAGE, "--record %s: want Decision, Delivery, AlertJob or raw", record));
	print = calloc(1, sizeof(*print));
	if (print == NULL)
		return (LA_ENOMEM);
	if (i < count) {
		options.record = records[i].type;
		print->fields = records[i].fields;
		err = la_decoder_new(&print->decoder, &options, error);
	}
	if (err != LA_OK) {
		free(print);
		return (err);
	}
	*out = print;
	return (LA_OK);
}

void
la_print_free(struct la_print *print)
{
	if (print == NULL)
		return;
	la_decoder_free(print->decoder);
	free(print);
}

/* Text of outside bytes: valid UTF-8, cut to 256 bytes; null stays null. */
static json_t *
text_of(const void *bytes, size_t size)
{
	struct la_text text;

	la_text_set(&text, la_span_of(bytes, size));
	return (text.present ? json_stringn(text.bytes, text.size) : json_null());
}

static json_t *
base64_of(const void *bytes, size_t size)
{
	size_t cap = sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL);
	char *text = bytes == NULL ? NULL : malloc(cap);
	json_t *value;

	if (text == NULL)
		return (json_null());
	(void)sodium_bin2base64(text, cap, bytes, size, sodium_base64_VARIANT_ORIGINAL);
	value = json_string(text);
	free(text);
	return (value);
}

static json_t *
headers_of(const rd_kafka_message_t *message)
{
	rd_kafka_headers_t *headers = NULL;
	json_t *list = json_array();
	const char *name;
	const void *value;
	size_t i, size;

	if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (list);
	for (i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
		json_t *pair = json_array();

		(void)json_array_append_new(pair, text_of(name, strlen(name)));
		(void)json_array_append_new(pair, text_of(value, size));
		(void)json_array_append_new(list, pair);
	}
	return (list);
}

static json_t *
fields_of(struct la_print *print, const rd_kafka_message_t *message)
{
	struct la_error error = LA_ERROR_INIT;
	json_t *object = NULL;

	if (print->decoder != NULL && message->payload == NULL)
		(void)la_error_set(&error, LA_EDATA, "no value");
	else if (print->decoder != NULL)
		object = print->fields(print->decoder, la_span_of(message->payload, message->len), &error);
	if (object == NULL)
		object = json_object();
	if (error.code != LA_OK)
		(void)json_object_set_new(object, "_error", json_string(error.text));
	if (print->decoder == NULL) {
		(void)json_object_set_new(object, "_value", base64_of(message->payload, message->len));
		(void)json_object_set_new(object, "_headers", headers_of(message));
	}
	return (object);
}

enum la_err
la_print_record(struct la_print *print, const rd_kafka_message_t *message, struct la_error *error)
{
	rd_kafka_timestamp_type_t type;
	json_t *object = fields_of(print, message);
	bool written;

	if (object == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	(void)json_object_set_new(object, "_topic", json_string(rd_kafka_topic_name(message->rkt)));
	(void)json_object_set_new(object, "_partition", json_integer(message->partition));
	(void)json_object_set_new(object, "_offset", json_integer(message->offset));
	(void)json_object_set_new(object, "_timestamp", json_integer(rd_kafka_message_timestamp(message, &type)));
	(void)json_object_set_new(object, "_key", text_of(message->key, message->key_len));
	written = json_dumpf(object, stdout, 0) == 0 && putchar('\n') != EOF && fflush(stdout) == 0;
	json_decref(object);
	return (written ? LA_OK : la_error_set(error, LA_EINTERNAL, "stdout cannot be written"));
}
