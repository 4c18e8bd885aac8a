#include "common/codec.h"

#include "common/cli.h"

static enum la_err
open_decoder(const struct la_conf *conf, enum la_record_type record, const char *framing_key,
    struct la_decoder **decoder, struct la_error *error)
{
	struct la_decoder_options options = {.record = record,
	    .framing = (enum la_framing)la_conf_int(conf, framing_key),
	    .schema_dir = la_conf_text(conf, "schema.dir")};
	enum la_err err = la_cli_data_folder(LA_CLI_SCHEMAS, &options.schema_folder, error);

	return (err == LA_OK ? la_decoder_new(decoder, &options, error) : err);
}

enum la_err
la_codec_open_input(
    const struct la_conf *conf, enum la_record_type record, struct la_decoder **decoder, struct la_error *error)
{
	return (open_decoder(conf, record, "avro.framing", decoder, error));
}

enum la_err
la_codec_open_output(
    const struct la_conf *conf, enum la_record_type record, struct la_decoder **decoder, struct la_error *error)
{
	return (open_decoder(conf, record, "avro.output-framing", decoder, error));
}

enum la_err
la_codec_open(const struct la_conf *conf, enum la_record_type record, struct la_decoder **decoder,
    struct la_encoder **encoder, struct la_error *error)
{
	const char *folder;
	enum la_err err = la_codec_open_input(conf, record, decoder, error);

	if (err != LA_OK || (err = la_cli_data_folder(LA_CLI_SCHEMAS, &folder, error)) != LA_OK)
		return (err);
	return (la_encoder_new(encoder, (enum la_framing)la_conf_int(conf, "avro.output-framing"), folder, error));
}
