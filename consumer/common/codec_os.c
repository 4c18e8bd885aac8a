#include "common/codec.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/avro_schema.h"
#include "common/cli.h"
#include "common/clock.h"
#include "common/decoder_core.h"
#include "common/file.h"
#include "common/record_fields.h"
#include "common/registry_curl.h"

#define PATIENCE_MS 10000
#define AGAIN_MS 10

static enum la_framing
framing(const struct la_conf *conf, const char *key)
{
	return ((enum la_framing)la_conf_int(conf, key));
}

/* The registry as a decoder's source of schemas. */
struct source {
	struct la_registry_curl *curl;
	struct la_registry *registry;
	int64_t patience_ms;
};

static enum la_err
source_find(void *cookie, uint32_t id, const struct la_registry_answer **answer, struct la_error *error)
{
	struct source *source = cookie;
	int64_t until_ms = la_clock_now_ms(NULL) + source->patience_ms;
	enum la_err err;

	while (la_err_action(err = la_registry_find(source->registry, id, answer, error)) == LA_ACTION_RETRY &&
	    la_clock_now_ms(NULL) < until_ms)
		(void)poll(NULL, 0, AGAIN_MS);
	return (err);
}

static void
source_say_unknown(void *cookie, uint32_t id, struct la_error *error)
{
	la_registry_say_unknown(((struct source *)cookie)->registry, id, error);
}

static void
source_free(void *cookie)
{
	struct source *source = cookie;

	la_registry_free(source->registry);
	la_registry_curl_free(source->curl);
	free(source);
}

static enum la_err
open_source(struct la_decoder *decoder, const struct la_conf *conf, int64_t patience_ms, struct la_error *error)
{
	struct source *source = calloc(1, sizeof(*source));
	struct la_registry_options options = {.now_ms = la_clock_now_ms};
	enum la_err err;

	if (source == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory for the schema registry"));
	source->patience_ms = patience_ms;
	if ((err = la_registry_curl_new(&source->curl, conf, error)) == LA_OK) {
		options.port = la_registry_curl_port(source->curl);
		err = la_registry_new(&source->registry, &options, error);
	}
	if (err == LA_OK)
		err = la_decoder_set_source(decoder, (struct la_decoder_source){source_find, source_free, source, source_say_unknown});
	if (err != LA_OK)
		source_free(source);
	return (err);
}

/* framing_key says how its values are framed. */
static enum la_err
open_decoder(const struct la_conf *conf, enum la_record_type record, const char *framing_key, int64_t patience_ms,
    struct la_decoder **decoder, struct la_error *error)
{
	struct la_decoder_options options = {
	    .record = record, .framing = framing(conf, framing_key), .schema_dir = la_conf_text(conf, "schema.dir")};
	enum la_err err = la_cli_data_folder(LA_CLI_SCHEMAS, &options.schema_folder, error);

	if (err == LA_OK)
		err = la_decoder_new(decoder, &options, error);
	if (err == LA_OK && options.framing == LA_FRAMING_CONFLUENT)
		err = open_source(*decoder, conf, patience_ms, error);
	return (err);
}

enum la_err
la_codec_open_input(
    const struct la_conf *conf, enum la_record_type record, struct la_decoder **decoder, struct la_error *error)
{
	return (open_decoder(conf, record, "avro.framing", 0, decoder, error));
}

enum la_err
la_codec_open_output(
    const struct la_conf *conf, enum la_record_type record, struct la_decoder **decoder, struct la_error *error)
{
	return (open_decoder(conf, record, "avro.output-framing", PATIENCE_MS, decoder, error));
}

enum la_err
la_codec_open(const struct la_conf *conf, enum la_record_type record, struct la_decoder **decoder,
    struct la_encoder **encoder, struct la_error *error)
{
	const char *folder = NULL;
	enum la_err err = la_codec_open_input(conf, record, decoder, error);

	if (err != LA_OK || (err = la_cli_data_folder(LA_CLI_SCHEMAS, &folder, error)) != LA_OK)
		return (err);
	return (la_encoder_new(encoder, framing(conf, "avro.output-framing"), folder, error));
}

#define OUTPUTS_MAX 2

/* A record that a program writes. */
struct output {
	enum la_record_type record;
	const char *topic;
};

/* Which they are, by what it reads. */
static size_t
outputs(const struct la_conf *conf, enum la_record_type record, struct output out[OUTPUTS_MAX])
{
	if (framing(conf, "avro.output-framing") != LA_FRAMING_CONFLUENT)
		return (0);
	if (record == LA_RECORD_ALERT_JOB) {
		out[0] = (struct output){LA_RECORD_DELIVERY, la_conf_text(conf, "topic.deliveries")};
		return (1);
	}
	out[0] = (struct output){LA_RECORD_ALERT_JOB, la_conf_text(conf, "topic.alerts")};
	out[1] = (struct output){LA_RECORD_DECISION, la_conf_text(conf, "topic.decisions")};
	return (strcmp(la_conf_text(conf, "decisions.publish"), "none") == 0 ? 1 : 2);
}

/* Our schema's text, as the file has it. */
static enum la_err
read_schema(enum la_record_type record, struct la_buf *text, struct la_error *error)
{
	struct la_buf path = LA_BUF_INIT;
	const char *folder = NULL;
	enum la_err err = la_cli_data_folder(LA_CLI_SCHEMAS, &folder, error);

	if (err == LA_OK)
		err = la_buf_printf(&path, "%s/%s.avsc", folder, la_record_fields_name(record));
	if (err == LA_OK)
		err = la_file_read((const char *)path.data, LA_AVRO_TEXT_MAX, text, error);
	la_buf_clear(&path);
	return (err);
}

/* Looks the schema of what is written up. encoder: it is made to be there, and the encoder gets its id; NULL: not. */
static enum la_err
find_id(struct la_registry_curl *curl, const struct output *output, struct la_encoder *encoder, bool *found,
    struct la_error *error)
{
	struct la_buf text = LA_BUF_INIT;
	uint32_t id = 0;
	enum la_err err = read_schema(output->record, &text, error);

	if (err == LA_OK)
		err = la_registry_curl_look_up(curl, output->topic, la_buf_span(&text), found, &id, error);
	if (err == LA_OK && !*found && encoder != NULL)
		err = la_registry_curl_register(curl, output->topic, la_buf_span(&text), &id, error);
	if (err == LA_OK && encoder != NULL)
		la_encoder_set_id(encoder, output->record, id);
	la_buf_clear(&text);
	return (err);
}

enum la_err
la_codec_register(
    const struct la_conf *conf, enum la_record_type record, struct la_encoder *encoder, struct la_error *error)
{
	struct output out[OUTPUTS_MAX];
	size_t count = outputs(conf, record, out);
	struct la_registry_curl *curl = NULL;
	enum la_err err = count == 0 ? LA_OK : la_registry_curl_new(&curl, conf, error);
	bool found;

	for (size_t i = 0; i < count && err == LA_OK; i++)
		err = find_id(curl, &out[i], encoder, &found, error);
	la_registry_curl_free(curl);
	return (err);
}

enum la_err
la_codec_check(const struct la_conf *conf, enum la_record_type record, void (*say)(const char *line), bool *asked,
    struct la_error *error)
{
	struct output out[OUTPUTS_MAX];
	size_t count = outputs(conf, record, out);
	struct la_registry_curl *curl = NULL;
	char line[400];
	bool found = false;
	enum la_err err = LA_OK;

	*asked = count > 0 || framing(conf, "avro.framing") == LA_FRAMING_CONFLUENT;
	if (*asked && (err = la_registry_curl_new(&curl, conf, error)) == LA_OK)
		err = la_registry_curl_check(curl, error);
	for (size_t i = 0; i < count && err == LA_OK; i++) {
		if ((err = find_id(curl, &out[i], NULL, &found, error)) != LA_OK || found)
			continue;
		(void)snprintf(line, sizeof(line), "%s.avsc is not registered under %s-value yet; run registers it",
		    la_record_fields_name(out[i].record), out[i].topic);
		say(line);
	}
	la_registry_curl_free(curl);
	return (err);
}
