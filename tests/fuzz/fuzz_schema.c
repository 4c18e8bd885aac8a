/*
 * A writer's schema and a value of it: the schema's JSON, NUL, the value. The
 * schema is read by a plan of its own and, where it fits, into a login event. A schema's
 * canonical form is the same schema.
 */
#include "common/avro_canonical.h"
#include "common/avro_plan.h"
#include "common/decoder_core.h"
#include "fuzz.h"

static struct la_buf ours; /* LoginEvent.avsc */

static void
read_ours(void)
{
	FILE *file = fopen(LA_TEST_SOURCE_DIR "/schemas/LoginEvent.avsc", "rb");

	REQUIRE(file != NULL);
	fuzz_must(la_buf_reserve(&ours, 1 << 16), NULL);
	ours.size = fread(ours.data, 1, 1 << 16, file);
	(void)fclose(file);
}

/* The canonical form keeps what identifies a schema, and is its own. */
static void
check_canonical(const struct la_avro_schema *schema)
{
	struct la_buf once = LA_BUF_INIT, twice = LA_BUF_INIT;
	struct la_avro_schema *again = NULL;
	struct la_error error = LA_ERROR_INIT;
	uint64_t fingerprint;

	fuzz_must(la_avro_canonical_form(schema, &once), NULL);
	fuzz_must(la_avro_schema_parse(&again, "canonical", la_buf_span(&once), &error), &error);
	fuzz_must(la_avro_canonical_form(again, &twice), NULL);
	REQUIRE(fuzz_same(&once, &twice));
	fuzz_must(la_avro_canonical_fingerprint(again, &fingerprint), NULL);
	REQUIRE(fingerprint == la_avro_canonical_crc64(la_buf_span(&once)));
	la_avro_schema_free(again);
	la_buf_clear(&once);
	la_buf_clear(&twice);
}

/* Borrowed bytes lie in the value or are a default: a sanitizer sees it when they do neither. */
static unsigned
touch(const struct la_avro_target *target, const struct la_avro_slot *slots)
{
	const struct la_avro_node *node = target->node;
	struct la_span bytes = slots[target->slot].bytes;
	unsigned sum = 0;

	if (node->type == LA_AVRO_UNION)
		return (touch(&target->children[slots[target->slot].integer], slots));
	if (node->type == LA_AVRO_ENUM)
		return (node->symbols[slots[target->slot].integer] != NULL);
	for (size_t i = 0; node->type == LA_AVRO_RECORD && i < node->count; i++)
		sum += touch(&target->children[i], slots);
	if (node->type == LA_AVRO_BYTES || node->type == LA_AVRO_STRING || node->type == LA_AVRO_FIXED) {
		for (size_t i = 0; i < bytes.size; i++)
			sum += bytes.data[i];
	}
	return (sum);
}

static void
read_by_itself(const struct la_avro_schema *schema, struct la_span value)
{
	struct la_avro_layout *layout = NULL;
	struct la_avro_plan *plan = NULL;
	struct la_avro_slot *slots = NULL;
	struct la_error error = LA_ERROR_INIT;
	volatile unsigned sum;

	if (la_avro_layout_new(&layout, "reader", schema, &error) == LA_OK &&
	    la_avro_plan_new(&plan, "writer", schema, layout, &error) == LA_OK) {
		slots = malloc((layout->slot_count + 1) * sizeof(*slots));
		REQUIRE(slots != NULL);
		memset(slots, 0xa5, (layout->slot_count + 1) * sizeof(*slots));
		if (la_avro_plan_run(plan, value, slots, &error) == LA_OK)
			sum = touch(layout->root, slots);
		else
			fuzz_require_line(error.text);
		(void)sum;
	} else {
		fuzz_require_line(error.text);
	}
	free(slots);
	la_avro_plan_free(plan);
	la_avro_layout_free(layout);
}

/* Behind the two bytes of single-object encoding and the fingerprint, as a record on the bus. */
static void
read_as_event(const struct la_avro_schema *schema, struct la_span text, struct la_span value)
{
	struct la_decoder *decoder = NULL;
	struct la_error error = LA_ERROR_INIT;
	struct la_login_event event;
	struct la_buf framed = LA_BUF_INIT;
	uint64_t fingerprint;

	fuzz_must(la_decoder_make(&decoder, LA_RECORD_LOGIN_EVENT, LA_FRAMING_SINGLE_OBJECT, "ours",
	    la_buf_span(&ours), &error), &error);
	if (la_decoder_add(decoder, "writer", text, &error) == LA_OK) {
		fuzz_must(la_avro_canonical_fingerprint(schema, &fingerprint), NULL);
		fuzz_must(la_buf_add(&framed, "\xc3\x01", 2), NULL);
		for (int i = 0; i < 8; i++)
			fuzz_must(la_buf_add(&framed, &(unsigned char){(unsigned char)(fingerprint >> 8 * i)}, 1), NULL);
		fuzz_must(la_buf_add(&framed, value.data, value.size), NULL);
		if (la_decoder_event(decoder, la_buf_span(&framed), &event, &error) != LA_OK)
			fuzz_require_line(error.text);
	} else {
		fuzz_require_line(error.text);
	}
	la_buf_clear(&framed);
	la_decoder_free(decoder);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct la_span rest = la_span_of(data, size);
	struct la_span text = fuzz_copy(fuzz_field(&rest)), value = fuzz_copy(rest);
	struct la_avro_schema *schema = NULL;
	struct la_error error = LA_ERROR_INIT;

	if (ours.data == NULL)
		read_ours();
	if (la_avro_schema_parse(&schema, "writer", text, &error) == LA_OK) {
		check_canonical(schema);
		read_by_itself(schema, value);
		read_as_event(schema, text, value);
	} else {
		fuzz_require_line(error.text);
	}
	la_avro_schema_free(schema);
	fuzz_free(text);
	fuzz_free(value);
	return (0);
}
