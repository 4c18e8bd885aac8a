/*
 * A member's record as Redis gives it: what is accepted is byte for byte what would be
 * written, and every event can be decided upon it.
 */
#include "detector/decide.h"
#include "detector/keys.h"
#include "detector/policy.h"
#include "detector/state.h"
#include "fuzz.h"

static const struct la_policy policy = {.device_ttl_ms = INT64_C(31536000000),
    .cooldown_ms = 3600000, .cap_count = 10, .cap_window_ms = 3600000, .alert_max_age_ms = 86400000};

static struct la_decider *
open_decider(void)
{
	struct la_keys keys = {.count = 2, .active = 1, .key = {{.epoch = 2, .secret = {9}}, {.epoch = 1, .secret = {7}}}};
	struct la_decider_options options = {.keys = &keys, .policy = &policy, .cluster_id = "", .topic_generation = ""};
	struct la_decider *decider = NULL;

	fuzz_must(la_decider_new(&decider, &options, NULL), NULL);
	return (decider);
}

static void
decide(struct la_decider *decider, enum la_event_kind kind, const struct la_member_state *before)
{
	static unsigned char record[LA_STATE_RECORD_MAX];
	const struct la_login_event event = {.event_id = la_span_text("e"), .occurred_at_ms = INT64_C(1751295600000),
	    .kind = kind, .tenant = la_span_text("default"), .member_id = la_span_text("m"),
	    .device_token = la_span_text("t"), .device_token_origin = LA_ORIGIN_PRESENTED,
	    .user_agent = la_span_text("Firefox/1"), .ip = la_span_text("192.0.2.1")};
	const struct la_source source = {.topic = la_span_text("login-events"), .offset = 5};
	struct la_member_state state = *before, again;
	struct la_verdict verdict;
	struct la_facts facts;
	struct la_error error = LA_ERROR_INIT;
	size_t size;

	fuzz_must(la_decider_facts(decider, &event, &source, &facts, &error), &error);
	la_policy_decide(&policy, &facts, &state, &verdict);
	size = la_state_encode(&state, record);
	REQUIRE(size <= sizeof(record));
	fuzz_must(la_state_decode(la_span_of(record, size), &again, &error), &error);
	REQUIRE(la_policy_key_ttl_s(&policy, &state) > 0);
	if (!verdict.applied)
		return;
	la_policy_decide(&policy, &facts, &state, &verdict); /* it is known now, whatever came before */
	REQUIRE(!verdict.candidate || verdict.redelivered);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char record[LA_STATE_RECORD_MAX];
	static struct la_decider *decider;
	struct la_span input = fuzz_copy(la_span_of(data, size));
	struct la_error error = LA_ERROR_INIT;
	struct la_member_state state;

	if (decider == NULL)
		decider = open_decider();
	if (la_state_decode(input, &state, &error) == LA_OK) {
		REQUIRE(la_span_equal(input, la_span_of(record, la_state_encode(&state, record))));
		for (int kind = LA_KIND_LOGIN; kind <= LA_KIND_OTHER; kind++)
			decide(decider, (enum la_event_kind)kind, &state);
	} else {
		fuzz_require_line(error.text);
	}
	fuzz_free(input);
	return (0);
}
