/*
 * How long decoding takes: bench_decode [events]. Prints ns of CPU per event, the
 * best of ten rounds (neighbours disturb), for the plan with filling the struct,
 * in each framing, and for encoding.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/decoder_core.h"
#include "common/encoder.h"
#include "common/file.h"

#define ROUNDS 10

static int64_t
now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
}

/* About 250 bytes, as the benchmarks of the detector have them. */
static struct la_login_event
sample_event(void)
{
	return ((struct la_login_event){
	    .event_id = la_span_text("01J1MV9M7Z6Q4T8W2X3Y5Z7A9B"),
	    .occurred_at_ms = 1751295600000,
	    .tenant = la_span_text("default"),
	    .member_id = la_span_text("004812345321"),
	    .device_token = la_span_text("c2b1c8f4e0d94c6fb3a7a4d9e1f20b55"),
	    .device_token_origin = LA_ORIGIN_PRESENTED,
	    .user_agent = la_span_text("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
	                               "(KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1"),
	    .device_class = LA_CLASS_UNKNOWN,
	    .ip = la_span_text("203.0.113.77"),
	    .locale = la_span_text("ja-JP"),
	});
}

/* What is measured: one event encoded, then decoded again and again. */
struct subject {
	struct la_decoder *decoder;
	struct la_encoder *encoder;
	struct la_buf value;
	struct la_login_event event;
	struct la_error error;
};

static enum la_err
encode_once(struct subject *s)
{
	s->event = sample_event();
	la_buf_reset(&s->value);
	return (la_encoder_event(s->encoder, &s->event, &s->value, &s->error));
}

static enum la_err
decode_once(struct subject *s)
{
	return (la_decoder_event(s->decoder, la_buf_span(&s->value), &s->event, &s->error));
}

/* ns per call, the best round; below 0 when a call fails. */
static double
best_round(struct subject *s, enum la_err (*once)(struct subject *s), int64_t calls)
{
	double best = -1;
	int64_t i, start;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		double ns;

		start = now_ns();
		for (i = 0; i < calls; i++) {
			if (once(s) != LA_OK)
				return (-1);
		}
		ns = (double)(now_ns() - start) / (double)calls;
		best = best < 0 || ns < best ? ns : best;
	}
	return (best);
}

/* CONFLUENT: our schema has id 1. */
static enum la_err
find(void *cookie, uint32_t id, const struct la_registry_answer **answer, struct la_error *error)
{
	*answer = cookie;
	return (id == 1 ? LA_OK : la_error_set(error, LA_ENOSCHEMA, "no such id"));
}

static const char *const names[] = {"none", "confluent", "single-object"};

static int
measure(const char *schemas, enum la_framing framing, int64_t events)
{
	struct la_decoder_options options = {LA_RECORD_LOGIN_EVENT, framing, schemas, NULL};
	struct subject s = {.value = LA_BUF_INIT, .error = LA_ERROR_INIT};
	struct la_registry_answer answer = {.schema = LA_BUF_INIT};
	double encoded = -1, decoded = -1;

	if (la_decoder_new(&s.decoder, &options, &s.error) == LA_OK &&
	    la_file_read(LA_TEST_SOURCE_DIR "/schemas/LoginEvent.avsc", 1 << 20, &answer.schema, &s.error) == LA_OK &&
	    la_decoder_set_source(s.decoder, (struct la_decoder_source){.find = find, .cookie = &answer}) == LA_OK &&
	    la_encoder_new(&s.encoder, framing, schemas, &s.error) == LA_OK) {
		if (framing == LA_FRAMING_CONFLUENT)
			la_encoder_set_id(s.encoder, LA_RECORD_LOGIN_EVENT, 1);
		encoded = best_round(&s, encode_once, events / ROUNDS / 10);
		decoded = best_round(&s, decode_once, events / ROUNDS);
	}
	if (encoded < 0 || decoded < 0)
		(void)fprintf(stderr, "bench_decode: %s\n", s.error.text);
	else
		(void)printf("%-13s %zu bytes: decode %.0f ns, encode %.0f ns\n",
		    names[framing], s.value.size, decoded, encoded);
	la_decoder_free(s.decoder);
	la_encoder_free(s.encoder);
	la_buf_clear(&s.value);
	la_buf_clear(&answer.schema);
	return (encoded < 0 || decoded < 0);
}

int
main(int argc, char **argv)
{
	const char *schemas = LA_TEST_SOURCE_DIR "/schemas";
	int64_t events = argc > 1 ? strtoll(argv[1], NULL, 10) : 5000000;

	if (events < 1000)
		return (64);
	return (measure(schemas, LA_FRAMING_NONE, events) != 0 || measure(schemas, LA_FRAMING_CONFLUENT, events) != 0 ||
	    measure(schemas, LA_FRAMING_SINGLE_OBJECT, events) != 0);
}
