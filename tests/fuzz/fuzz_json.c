/*
 * JSON input: byte 0 says what the rest is, a line of decide or the job of render
 * and send. An event goes through facts to a decision's line, and is the same
 * after Avro; a job that is written is read as the same.
 */
#include "common/decoder.h"
#include "common/encoder.h"
#include "common/json.h"
#include "detector/decide.h"
#include "detector/keys.h"
#include "detector/policy.h"
#include "fuzz.h"

static const char schemas[] = LA_TEST_SOURCE_DIR "/schemas";

static struct la_decider *
open_decider(void)
{
	const struct la_policy policy = {.device_ttl_ms = 1000000, .cooldown_ms = 1000, .alert_max_age_ms = 1000};
	struct la_keys keys = {.count = 1, .key = {{.epoch = 1, .secret = {7}}}};
	struct la_decider_options options = {
	    .keys = &keys, .policy = &policy, .mask_keep_last = 3, .cluster_id = "", .topic_generation = ""};
	struct la_decider *decider = NULL;

	fuzz_must(la_decider_new(&decider, &options, NULL), NULL);
	return (decider);
}

static char *
dump(json_t *json)
{
	char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);

	REQUIRE(text != NULL);
	json_decref(json);
	return (text);
}

static void
check_job(const struct la_alert_job *job)
{
	static struct la_alert_job again;
	struct la_error error = LA_ERROR_INIT;
	char *once = dump(la_json_write_job(job)), *twice;

	fuzz_must(la_json_read_job(la_span_text(once), &again, &error), &error);
	twice = dump(la_json_write_job(&again));
	REQUIRE(strcmp(once, twice) == 0);
	free(once);
	free(twice);
}

static struct la_encoder *encoder;

/* At the end: what avro-c holds looks lost to valgrind. */
static void
close_encoder(void)
{
	la_encoder_free(encoder);
}

/* JSON -> event -> Avro -> event: nothing changes on the way. */
static void
check_avro(const struct la_login_event *event)
{
	static struct la_decoder *decoder;
	const struct la_decoder_options options = {.record = LA_RECORD_LOGIN_EVENT, .schema_folder = schemas};
	struct la_buf once = LA_BUF_INIT, twice = LA_BUF_INIT;
	struct la_error error = LA_ERROR_INIT;
	struct la_login_event again;

	if (encoder == NULL) {
		REQUIRE(atexit(close_encoder) == 0);
		fuzz_must(la_encoder_new(&encoder, LA_FRAMING_NONE, schemas, &error), &error);
		fuzz_must(la_decoder_new(&decoder, &options, &error), &error);
	}
	fuzz_must(la_encoder_event(encoder, event, &once, &error), &error);
	fuzz_must(la_decoder_event(decoder, la_buf_span(&once), &again, &error), &error);
	fuzz_must(la_encoder_event(encoder, &again, &twice, &error), &error);
	REQUIRE(fuzz_same(&once, &twice));
	REQUIRE(la_span_equal(event->user_agent, again.user_agent) && la_span_equal(event->email, again.email) &&
	    event->occurred_at_ms == again.occurred_at_ms && event->kind == again.kind);
	la_buf_clear(&once);
	la_buf_clear(&twice);
}

static void
decide(struct la_json_event *in)
{
	static struct la_decider *decider;
	static struct la_alert_job job;
	struct la_verdict verdict = {.outcome = LA_OUTCOME_ALERTED, .has_reason = true};
	struct la_error error = LA_ERROR_INIT;
	struct la_member_state state;
	struct la_decision decision;
	struct la_facts facts;

	if (decider == NULL)
		decider = open_decider();
	if (!in->has_topic)
		in->source.topic = la_span_text("stdin");
	if (la_decider_facts(decider, &in->event, &in->source, &facts, &error) != LA_OK) {
		fuzz_require_line(error.text);
		return;
	}
	la_decider_job(decider, &in->event, &in->source, &facts, &verdict, &job);
	check_job(&job);
	la_state_init(&state);
	la_policy_decide(la_decider_policy(decider), &facts, &state, &verdict);
	la_decider_decision(decider, &in->event, &in->source, &facts, &verdict, &decision);
	free(dump(la_json_write_decision(&decision)));
}

static void
take_event(struct la_span line)
{
	struct la_json_event in = {.root = NULL};
	struct la_error error = LA_ERROR_INIT;
	enum la_err err = la_json_read_event(line, &in, &error);

	if (err == LA_OK) {
		check_avro(&in.event);
		decide(&in);
	} else {
		REQUIRE(err == LA_EDATA);
		fuzz_require_line(error.text);
	}
	la_json_event_clear(&in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct la_alert_job job;
	struct la_span input = fuzz_copy(la_span_of(data, size)), rest = input;
	struct la_error error = LA_ERROR_INIT;

	if ((fuzz_byte(&rest) & 1) == 0)
		take_event(rest);
	else if (la_json_read_job(rest, &job, &error) == LA_OK)
		check_job(&job);
	else
		fuzz_require_line(error.text);
	fuzz_free(input);
	return (0);
}
