/*
 * Confluent's framing and what a schema registry answers. Byte 0 even: a value of the bus, whose schema the rest gives by
 * id (a status and a body): it is read, or refused in one line, and the header that is written is the one that is read.
 * Odd: an answer to our own schema: only a 200 gives an id, and the log's line is one of ours.
 */
#include "fuzz.h"

#include "common/confluent.h"
#include "common/decoder_core.h"
#include "common/registry_reply.h"

static const long statuses[] = {200, 200, 200, 404, 404, 409, 422, 503};

/* What the registry says to whatever is asked. */
struct registry {
	struct la_registry_answer answer;
	long status;
	struct la_span body;
};

static enum la_err
find(void *cookie, uint32_t id, const struct la_registry_answer **answer, struct la_error *error)
{
	struct registry *registry = cookie;

	REQUIRE(id <= INT32_MAX);
	la_buf_reset(&registry->answer.schema);
	fuzz_must(la_registry_reply_schema("h:1", registry->status, registry->body, &registry->answer), NULL);
	*answer = &registry->answer;
	switch (registry->answer.verdict) {
	case LA_REGISTRY_FOUND:
		REQUIRE(registry->status == 200);
		return (LA_OK);
	case LA_REGISTRY_UNKNOWN:
		REQUIRE(registry->status == 404);
		return (la_error_set(error, LA_ENOSCHEMA, "%s", registry->answer.detail));
	case LA_REGISTRY_UNUSABLE:
		return (la_error_set(error, LA_EDATA, "%s", registry->answer.detail));
	default:
		return (la_error_set(error, LA_EUNAVAILABLE, "%s", registry->answer.detail));
	}
}

static struct la_decoder *
open_decoder(struct registry *registry)
{
	struct la_buf text = LA_BUF_INIT;
	struct la_decoder *decoder = NULL;
	struct la_error error = LA_ERROR_INIT;
	char piece[4096];
	size_t size;
	FILE *file = fopen(LA_TEST_SOURCE_DIR "/schemas/LoginEvent.avsc", "r");

	REQUIRE(file != NULL);
	while ((size = fread(piece, 1, sizeof(piece), file)) > 0)
		fuzz_must(la_buf_add(&text, piece, size), NULL);
	(void)fclose(file);
	fuzz_must(la_decoder_make(&decoder, LA_RECORD_LOGIN_EVENT, LA_FRAMING_CONFLUENT, "ours", la_buf_span(&text), &error), &error);
	fuzz_must(la_decoder_set_source(decoder, (struct la_decoder_source){.find = find, .cookie = registry}), NULL);
	la_buf_clear(&text);
	return (decoder);
}

static void
read_value(struct la_span rest)
{
	struct registry registry = {.status = statuses[fuzz_byte(&rest) % 8], .answer = {.schema = LA_BUF_INIT}};
	struct la_span body = fuzz_copy(fuzz_field(&rest)), value = fuzz_copy(rest), inside = value;
	struct la_decoder *decoder = open_decoder(&registry);
	unsigned char header[LA_CONFLUENT_HEADER_BYTES];
	struct la_error error = LA_ERROR_INIT, again = LA_ERROR_INIT;
	struct la_login_event event;
	uint32_t id;
	enum la_err err;

	registry.body = body;
	err = la_decoder_event(decoder, value, &event, &error);
	REQUIRE(la_decoder_event(decoder, value, &event, &again) == err && strcmp(error.text, again.text) == 0);
	if (err != LA_OK)
		fuzz_require_line(error.text);
	if (la_confluent_open(&inside, &id, NULL) == LA_OK) {
		la_confluent_header(id, header);
		REQUIRE(memcmp(header, value.data, sizeof(header)) == 0 && inside.size + sizeof(header) == value.size);
	} else {
		REQUIRE(err == LA_EDATA);
	}
	la_decoder_free(decoder);
	la_buf_clear(&registry.answer.schema);
	fuzz_free(body);
	fuzz_free(value);
}

static void
read_id(struct la_span rest)
{
	struct la_registry_answer answer = {.schema = LA_BUF_INIT};
	long status = statuses[fuzz_byte(&rest) % 8];
	struct la_span body = fuzz_copy(rest);

	fuzz_must(la_registry_reply_id("h:1", status, body, &answer), NULL);
	if (answer.verdict == LA_REGISTRY_FOUND) {
		REQUIRE(status == 200 && answer.id <= INT32_MAX);
	} else {
		fuzz_require_line(answer.detail);
		REQUIRE(strncmp(answer.detail, "h:1: ", 5) == 0);
	}
	fuzz_free(body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return (fuzz_either(la_span_of(data, size), read_value, read_id));
}
