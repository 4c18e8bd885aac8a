/*
 * Confluent's framing and what a schema registry answers. Byte 0 even and below 128: a value of the bus, whose schema the rest gives by
 * id (a status and a body): it is read, or refused in one line, and the header that is written is the one that is read.
 * Odd: an answer to our own schema: only a 200 gives an id, and the log's line is one of ours. Byte 0 with bit 7: answers one
 * after the other to whatever is asked for id 7, with what it refers to: the questions come to an end, and what is found
 * is at most 17 texts and 1 MiB.
 */
#include "fuzz.h"

#include "common/confluent.h"
#include "common/decoder_core.h"
#include "common/avro_schema.h"
#include "common/registry.h"
#include "common/registry_parts.h"

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

/* Answers, a status and a body each; the clock moves with each. */
struct answers {
	struct la_registry_answer answer;
	struct la_span rest;
	int64_t now_ms;
	int asked;
};

static enum la_err
ask(void *self, uint32_t id, struct la_error *error)
{
	(void)id;
	(void)error;
	((struct answers *)self)->asked++;
	return (LA_OK);
}

static enum la_err
ask_version(void *self, const struct la_registry_reference *reference, struct la_error *error)
{
	(void)error;
	REQUIRE(reference->version > 0 && reference->subject[0] != '\0');
	((struct answers *)self)->asked++;
	return (LA_OK);
}

static enum la_err
work(void *self, int wait_ms, const struct la_registry_answer **answer, bool *done, struct la_error *error)
{
	struct answers *answers = self;
	long status = statuses[fuzz_byte(&answers->rest) % 8];

	(void)wait_ms;
	(void)error;
	la_buf_reset(&answers->answer.schema);
	fuzz_must(la_registry_reply_schema("h:1", status, fuzz_field(&answers->rest), &answers->answer), NULL);
	*answer = &answers->answer;
	*done = true;
	return (LA_OK);
}

static int64_t
now(void *cookie)
{
	return (((struct answers *)cookie)->now_ms += 500);
}

static void
check_texts(const struct la_registry_answer *answer)
{
	struct la_avro_schema *schema = NULL;
	struct la_error error = LA_ERROR_INIT;
	size_t bytes = 0;

	REQUIRE(answer->text_count != 1 && answer->text_count <= LA_REGISTRY_PARTS_MAX);
	for (size_t i = 0; i < answer->text_count; i++)
		bytes += answer->texts[i].size;
	REQUIRE(bytes <= LA_REGISTRY_PARTS_BYTES);
	if (la_avro_schema_parse_all(&schema, "schema id 7", answer->texts, answer->text_count, &error) == LA_OK)
		la_avro_schema_free(schema);
	else
		fuzz_require_line(error.text);
}

static void
find_with_parts(struct la_span rest)
{
	struct answers answers = {.rest = rest};
	const struct la_registry_port port = {&answers, "h:1", ask, ask_version, work};
	const struct la_registry_options options = {&port, now, &answers};
	struct la_registry *registry = NULL;
	const struct la_registry_answer *answer = NULL;
	struct la_error error = LA_ERROR_INIT;
	enum la_err err = LA_ETIMEOUT;

	fuzz_must(la_registry_new(&registry, &options, &error), &error);
	while (la_err_action(err) == LA_ACTION_RETRY && answers.rest.size > 0)
		err = la_registry_find(registry, 7, &answer, &error);
	if (err == LA_OK && answer->text_count > 0)
		check_texts(answer);
	else if (err != LA_OK && answers.asked > 0)
		fuzz_require_line(error.text);
	la_registry_free(registry);
	la_buf_clear(&answers.answer.schema);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && data[0] >= 128)
		find_with_parts(la_span_of(data + 1, size - 1));
	else
		(void)fuzz_either(la_span_of(data, size), read_value, read_id);
	return (0);
}
