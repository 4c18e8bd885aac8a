/*
 * A story: a policy, the records of a topic, and what must become of each. The answer is the policy's own, asked record
 * by record without a pipeline; its correctness is tested elsewhere (test_policy_random.c), here it is what a run without
 * faults gives.
 */
#ifndef SIM_STORY_H
#define SIM_STORY_H

#include "common/decoder.h"
#include "common/encoder.h"
#include "detector/decide.h"
#include "detector/store.h"

#include "simulator/random.h"

#define SIM_PARTITIONS 3
#define SIM_MEMBERS 4
#define SIM_RECORDS_MAX 100
#define SIM_STAGES 5 /* of two rotations: epoch 1; 2 is read; 2 is active; 3 is read; 3 is active */
#define SIM_EPOCHS 3
#define SIM_DEVICES 8 /* of a member of a spread story */
#define SIM_TOPIC "login-events"
#define SIM_CLUSTER "simulated"

enum sim_shape {
	SIM_KEYED,  /* a member's events are in one partition, as the contract wants it */
	SIM_CROWDED, /* keyed; far more than 32 candidates of one member */
	SIM_SPREAD, /* a member's events are in all partitions; plain logins, whose order does not matter */
	SIM_SPREAD_CROWDED
};

struct sim_record {
	int partition;
	int64_t offset, timestamp_ms;
	unsigned char *value; /* NULL: a null value */
	size_t size;
	int member; /* -1: nobody's, it is refused */
	int device; /* in a spread story */
	enum la_event_kind kind;
	/* the answer */
	enum la_outcome outcome;
	bool has_reason;
	enum la_reason reason;
	struct la_buf job; /* empty: none */
};

struct sim_codec {
	struct la_decoder *events, *jobs, *decisions;
	struct la_encoder *encoder;
	struct la_buf event_schema;
};

struct sim_story {
	struct sim_codec *codec; /* borrowed */
	enum sim_shape shape;
	bool has_timestamps;
	bool forgets; /* an event of it revokes, unlinks or erases */
	struct la_policy policy;
	struct sim_record records[SIM_RECORDS_MAX];
	int count;
	int at[SIM_PARTITIONS][SIM_RECORDS_MAX]; /* index of the record at an offset */
	int in_partition[SIM_PARTITIONS];
	struct la_decider *deciders[SIM_STAGES];
	struct la_member_key keys[SIM_MEMBERS][SIM_EPOCHS]; /* newest epoch first */
	struct la_span states[SIM_MEMBERS];                 /* the record in the end, under epoch 1; owned; absent: none */
};

void sim_codec_open(struct sim_codec *codec, const char *schema_folder);
void sim_codec_close(struct sim_codec *codec);

void sim_story_init(struct sim_story *story, struct sim_codec *codec, uint64_t seed);
void sim_story_clear(struct sim_story *story);

/* What the policy sees of a member's record at a stage of the rotation. */
void sim_story_facts(
    const struct sim_story *story, int stage, const struct sim_record *record, struct la_facts *facts);

/* A job's bytes without what a rotation changes: member_ref, key_epoch. */
void sim_story_plain_job(const struct sim_story *story, struct la_span job, struct la_buf *out);

static inline bool
sim_is_spread(const struct sim_story *story)
{
	return (story->shape == SIM_SPREAD || story->shape == SIM_SPREAD_CROWDED);
}

static inline bool
sim_is_candidate(enum la_outcome outcome)
{
	return (outcome == LA_OUTCOME_ALERTED || outcome == LA_OUTCOME_SEEDED ||
	    outcome == LA_OUTCOME_SUPPRESSED_COOLDOWN || outcome == LA_OUTCOME_SUPPRESSED_CAP);
}

#endif
