#include "common/codec.h"

#include "common/cli.h"

enum la_err
la_codec_open(const struct la_conf *conf, enum la_record_type record, struct la_decoder **decoder,
    struct la_encoder **encoder, struct la_error *error)
{
	struct la_decoder_options options = {.record = record,
	    .framing = (enum la_framing)la_conf_int(conf, "avro.framing"),
	    .schema_dir = la_conf_text(conf, "schema.dir")};
	enum la_err err;

	if ((err = la_cli_data_folder(LA_CLI_SCHEMAS, &options.schema_folder, error)) != LA_OK ||
	    (err = la_decoder_new(decoder, &options, error)) != LA_OK)
		return (err);
	return (la_encoder_new(
	    encoder, (enum la_framing)la_conf_int(conf, "avro.output-framing"), options.schema_folder, error));
}
