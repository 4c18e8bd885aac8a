/*
 * Values of the bus: byte 0 says which record and which framing, the rest is the
 * value. What is read and written again is read as the same.
 */
#include "common/decoder.h"
#include "common/encoder.h"
#include "fuzz.h"

static const char schemas[] = LA_TEST_SOURCE_DIR "/schemas";

static union {
	struct la_login_event event;
	struct la_alert_job job;
	struct la_decision decision;
	struct la_delivery delivery;
} record;

static enum la_err
decode(struct la_decoder *decoder, enum la_record_type type, struct la_span value, struct la_error *error)
{
	switch (type) {
	case LA_RECORD_LOGIN_EVENT:
		return (la_decoder_event(decoder, value, &record.event, error));
	case LA_RECORD_ALERT_JOB:
		return (la_decoder_job(decoder, value, &record.job, error));
	case LA_RECORD_DECISION:
		return (la_decoder_decision(decoder, value, &record.decision, error));
	default:
		return (la_decoder_delivery(decoder, value, &record.delivery, error));
	}
}

static void
encode(struct la_encoder *encoder, enum la_record_type type, struct la_buf *out)
{
	struct la_error error = LA_ERROR_INIT;
	enum la_err err;

	if (type == LA_RECORD_LOGIN_EVENT)
		err = la_encoder_event(encoder, &record.event, out, &error);
	else if (type == LA_RECORD_ALERT_JOB)
		err = la_encoder_job(encoder, &record.job, out, &error);
	else if (type == LA_RECORD_DECISION)
		err = la_encoder_decision(encoder, &record.decision, out, &error);
	else
		err = la_encoder_delivery(encoder, &record.delivery, out, &error);
	fuzz_must(err, &error);
}

static struct la_decoder *
decoder_of(enum la_record_type type, enum la_framing framing)
{
	static struct la_decoder *decoders[4][2];
	struct la_decoder **decoder = &decoders[type][framing == LA_FRAMING_SINGLE_OBJECT];
	struct la_decoder_options options = {.record = type, .framing = framing, .schema_folder = schemas};
	struct la_error error = LA_ERROR_INIT;

	if (*decoder == NULL)
		fuzz_must(la_decoder_new(decoder, &options, &error), &error);
	return (*decoder);
}

static struct la_encoder *encoders[2];

/* At the end: what avro-c holds looks lost to valgrind. */
static void
close_encoders(void)
{
	la_encoder_free(encoders[0]);
	la_encoder_free(encoders[1]);
}

static struct la_encoder *
encoder_of(enum la_framing framing)
{
	struct la_encoder **encoder = &encoders[framing == LA_FRAMING_SINGLE_OBJECT];
	struct la_error error = LA_ERROR_INIT;

	if (encoders[0] == NULL && encoders[1] == NULL)
		REQUIRE(atexit(close_encoders) == 0);
	if (*encoder == NULL)
		fuzz_must(la_encoder_new(encoder, framing, schemas, &error), &error);
	return (*encoder);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct la_span rest = la_span_of(data, size);
	unsigned mode = fuzz_byte(&rest);
	enum la_record_type type = (enum la_record_type)(mode & 3);
	enum la_framing framing = mode & 4 ? LA_FRAMING_SINGLE_OBJECT : LA_FRAMING_NONE;
	struct la_span value = fuzz_copy(rest);
	struct la_buf once = LA_BUF_INIT, twice = LA_BUF_INIT;
	struct la_error error = LA_ERROR_INIT;
	enum la_err err = decode(decoder_of(type, framing), type, value, &error);

	if (err == LA_OK) {
		encode(encoder_of(framing), type, &once);
		fuzz_must(decode(decoder_of(type, framing), type, la_buf_span(&once), &error), &error);
		encode(encoder_of(framing), type, &twice);
		REQUIRE(fuzz_same(&once, &twice));
	} else {
		REQUIRE(la_err_action(err) == LA_ACTION_REJECT);
		fuzz_require_line(error.text);
	}
	la_buf_clear(&once);
	la_buf_clear(&twice);
	fuzz_free(value);
	return (0);
}
