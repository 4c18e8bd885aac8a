#include "detector/replay.h"

#include <stdlib.h>

#include "common/dead_letter.h"
#include "detector/solo.h"

struct la_replay {
	struct la_replay_options options;
	struct la_solo solo[LA_REPLAY_SIDES];
	struct la_facts facts[LA_REPLAY_SIDES]; /* what a policy does not ask for has no digest: each its own */
	struct la_verdict verdict[LA_REPLAY_SIDES];
	struct la_member_state before;
	struct la_decision decision;
};

enum la_err
la_replay_new(struct la_replay **out, const struct la_replay_options *options, struct la_error *error)
{
	struct la_replay *replay = calloc(1, sizeof(*replay));

	if (replay == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	replay->options = *options;
	for (size_t s = 0; s < options->sides; s++)
		la_solo_init(&replay->solo[s], options->store[s], la_decider_policy(options->decider[s]));
	*out = replay;
	return (LA_OK);
}

void
la_replay_free(struct la_replay *replay)
{
	free(replay);
}

bool
la_replay_is_in_range(const struct la_replay_options *options, int64_t occurred_at_ms, const struct la_source *source)
{
	if (occurred_at_ms >= options->from_ms && occurred_at_ms < options->to_ms)
		return (true);
	return (source->has_timestamp && source->timestamp_ms >= options->from_ms &&
	    source->timestamp_ms < options->to_ms);
}

static enum la_err
tell(struct la_replay *replay, struct la_replay_seen *seen, struct la_error *error)
{
	const struct la_replay_options *options = &replay->options;

	seen->verdict = replay->verdict;
	seen->in_range = la_replay_is_in_range(options, seen->event->occurred_at_ms, &seen->source);
	if (seen->in_range) {
		la_decider_decision(options->decider[0], seen->event, &seen->source, seen->facts, &replay->verdict[0],
		    &replay->decision);
		seen->decision = &replay->decision;
	}
	return (options->seen(options->cookie, seen, error));
}

static enum la_err
tell_rejected(struct la_replay *replay, struct la_replay_seen *seen, const char *cause, struct la_error *error)
{
	for (size_t s = 0; s < replay->options.sides; s++)
		replay->verdict[s] = (struct la_verdict){.outcome = LA_OUTCOME_REJECTED};
	seen->cause = cause;
	return (tell(replay, seen, error));
}

static enum la_err
decide(struct la_replay *replay, struct la_replay_seen *seen, struct la_error *error)
{
	const struct la_replay_options *options = &replay->options;
	enum la_err err = LA_OK;

	for (size_t s = 0; s < options->sides && err == LA_OK; s++) {
		struct la_solo *solo = &replay->solo[s];

		if ((err = la_solo_look(solo, &replay->facts[s], error)) != LA_OK)
			break;
		if (s == 0 && options->wants_before != NULL && options->wants_before(options->cookie, seen->event)) {
			replay->before = solo->state;
			seen->before = &replay->before;
		}
		err = la_solo_decide(solo, &replay->facts[s], &replay->verdict[s], error);
	}
	if (err != LA_OK)
		return (err);
	seen->facts = &replay->facts[0];
	return (tell(replay, seen, error));
}

enum la_err
la_replay_take(struct la_replay *replay, const struct la_message *message, struct la_error *error)
{
	const struct la_replay_options *options = &replay->options;
	struct la_login_event event, nothing = {.event_id = la_span_text("")};
	struct la_replay_seen seen = {.source = {.topic = message->topic,
					  .partition = message->partition,
					  .offset = message->offset,
					  .has_timestamp = message->has_timestamp,
					  .timestamp_ms = message->timestamp_ms},
	    .event = &nothing};
	struct la_error why = LA_ERROR_INIT;
	enum la_err err = LA_EDATA;

	if (la_span_present(message->value))
		err = la_decoder_event(options->decoder, message->value, &event, &why);
	if (err != LA_OK && la_err_action(err) != LA_ACTION_REJECT)
		return (la_error_set(error, err, "%s", why.text));
	if (err != LA_OK)
		return (tell_rejected(replay, &seen, la_dead_letter_cause(LA_DEAD_BYTES, err), error));
	seen.event = &event;
	for (size_t s = 0; s < options->sides && err == LA_OK; s++)
		err = la_decider_facts(options->decider[s], &event, &seen.source, &replay->facts[s], &why);
	if (err != LA_OK)
		return (tell_rejected(replay, &seen, la_dead_letter_cause(LA_DEAD_VALUES, err), error));
	return (decide(replay, &seen, error));
}
