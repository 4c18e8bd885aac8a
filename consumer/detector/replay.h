/*
 * The run again, over records that are given one by one: decoded, decided upon with states in memory, told to whoever
 * wants to know. Pure: nothing is written anywhere (P9).
 */
#ifndef LA_DETECTOR_REPLAY_H
#define LA_DETECTOR_REPLAY_H

#include "common/bus.h"
#include "common/decoder.h"
#include "detector/decide.h"
#include "detector/store.h"

#define LA_REPLAY_SIDES 2 /* two policies at most, over the same events */
#define LA_REPLAY_LATE_MS INT64_C(86400000) /* how much later than `to` a record may have come and still be read */

struct la_replay;

/* What became of one record. Valid until the callback returns. */
struct la_replay_seen {
	struct la_source source;
	bool in_range; /* it occurred, or its record came, from `from` on and before `to` */
	const struct la_login_event *event; /* an undecodable one has an empty event_id, and nothing else */
	const struct la_facts *facts;       /* NULL: REJECTED */
	const struct la_verdict *verdict;   /* of each side */
	const struct la_decision *decision; /* of the first side; NULL unless in_range */
	const struct la_member_state *before; /* the first side's state before the event; NULL unless wants_before said so */
	const char *cause; /* of a REJECTED, one word; else NULL */
};

struct la_replay_options {
	struct la_decoder *decoder; /* all are borrowed */
	struct la_decider *decider[LA_REPLAY_SIDES];
	const struct la_store *store[LA_REPLAY_SIDES]; /* empty at the beginning */
	size_t sides;
	int64_t from_ms, to_ms;
	bool (*wants_before)(void *cookie, const struct la_login_event *event); /* NULL: never */
	enum la_err (*seen)(void *cookie, const struct la_replay_seen *seen, struct la_error *error);
	void *cookie;
};

/* Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_replay_new(
    struct la_replay **replay, const struct la_replay_options *options, struct la_error *error);
void la_replay_free(struct la_replay *replay);

/*
 * The next record. Errors: those of seen; RETRY of the decoder (nothing was decided: the same record may be given again);
 * LA_ENOMEM, LA_EINTERNAL.
 */
LA_MUST_CHECK enum la_err la_replay_take(
    struct la_replay *replay, const struct la_message *message, struct la_error *error);

/* Is the event one that the replay is about? */
bool la_replay_is_in_range(const struct la_replay_options *options, int64_t occurred_at_ms, const struct la_source *source);

#endif
