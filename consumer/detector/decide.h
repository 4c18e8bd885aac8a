/*
 * From event to facts, from verdict to records: what run, decide and replay
 * share. Pure; holds keys, policy, labels' revision and caches of digests.
 * Not safe for use by two threads at once.
 */
#ifndef LA_DETECTOR_DECIDE_H
#define LA_DETECTOR_DECIDE_H

#include "common/event.h"
#include "common/job.h"
#include "common/seal.h"
#include "detector/facts.h"
#include "detector/policy.h"

struct la_decider;

struct la_decider_options {
	const struct la_keys *keys;     /* copied */
	const struct la_policy *policy; /* copied */
	enum la_mode mode;              /* LIVE or SHADOW; REPLAY for replay */
	int mask_keep_last;             /* member.mask=keep-last:N; a number that is not longer is all masked */
	const char *cluster_id;         /* copied; "" for stdin; at most 256 bytes count */
	const char *topic_generation;   /* copied */
	struct la_sealer *sealer;       /* the decider's once it is made; NULL: recipients stay in clear */
};

/* Errors: LA_ENOMEM; *decider is untouched then. */
LA_MUST_CHECK enum la_err la_decider_new(
    struct la_decider **decider, const struct la_decider_options *options, struct la_error *error);
void la_decider_free(struct la_decider *decider); /* wipes the keys */

/* The cluster id becomes known only after the first contact; call before the first facts. */
void la_decider_set_cluster_id(struct la_decider *decider, const char *cluster_id);

/* Epochs of the key file: the digests of an event's facts. */
size_t la_decider_epochs(const struct la_decider *decider);

const struct la_policy *la_decider_policy(const struct la_decider *decider);

/*
 * Rule 1 after decoding: the checks on values. Then labels and digests.
 * Errors: LA_EDATA: the event is REJECTED, error->text names field and limit; *facts
 * is as before.
 */
LA_MUST_CHECK enum la_err la_decider_facts(struct la_decider *decider, const struct la_login_event *event,
    const struct la_source *source, struct la_facts *facts, struct la_error *error);

/* The member's number as a job shows it. */
void la_decider_mask(const struct la_decider *decider, const struct la_login_event *event, struct la_text *out);

/*
 * The records that follow from a verdict. The job only for ALERTED. Deterministic
 * (P11), except that sealing has a random nonce. facts is NULL for the decision on a REJECTED event: its
 * member_ref is all zeroes. The job has the recipient sealed as the event brought it; else sealed with the
 * decider's sealer; without one, in clear.
 */
void la_decider_job(const struct la_decider *decider, const struct la_login_event *event,
    const struct la_source *source, const struct la_facts *facts, const struct la_verdict *verdict,
    struct la_alert_job *job);
void la_decider_decision(const struct la_decider *decider, const struct la_login_event *event,
    const struct la_source *source, const struct la_facts *facts, const struct la_verdict *verdict,
    struct la_decision *decision);

#endif
