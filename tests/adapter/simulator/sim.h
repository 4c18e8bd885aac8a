/*
 * The simulator: instances of the real pipeline over a broker and a Redis in memory, taking turns at every call of a
 * port, with faults drawn from a seed. In the end all is settled and compared with the story's answer.
 *
 * schedule.c drives; broker.c, bus.c, redis.c, instance.c are the world; judge.c compares.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdarg.h>
#include <stdatomic.h>

#include "common/flights.h"
#include "common/registry_reply.h"
#include "detector/pipeline.h"
#include "detector/store_memory.h"

#include "simulator/fiber.h"
#include "simulator/story.h"

#define SIM_INSTANCES 3

/* A world that breaks a promise, so that the simulator is seen to notice. */
enum sim_mutation {
	SIM_RIGHT,
	SIM_ACKS_NOT_AWAITED,      /* an offset is committed before its outputs are acknowledged */
	SIM_STATES_AFTER_OUTPUTS,  /* states are written only when the outputs are acknowledged */
	SIM_WRITES_WITHOUT_COMPARE,
	SIM_WRITES_LOST,           /* a write is said to be done, and is not */
	SIM_STALE_READS,           /* a member's record as this instance has read it before */
	SIM_REFUSALS_SWALLOWED,
	SIM_OFFSETS_AHEAD,         /* commits what was read, not what was done */
	SIM_LEASES_NEVER_VOID,
	SIM_MEMO_FORGOTTEN,        /* states without memo */
	SIM_POSITIONS_FORGOTTEN,
	SIM_TRANSACTIONS_LEAK,     /* readers see outputs that are not committed */
#ifdef LA_SIM_WRAPS
	SIM_LOSSES_UNSEEN,         /* whatever Redis has lost, the pipeline finds its candidates in the memo */
#endif
	SIM_MUTATIONS
};

/* What becomes of each record, as readers of the output topics see it. */
struct sim_seen {
	int decisions, jobs, dead_letters;
	enum la_outcome outcome;
	bool has_reason, late_known, varied; /* varied: after a loss of Redis */
	enum la_reason reason;
};

/* How likely faults are, per thousand; of each schedule some are 0. */
struct sim_rates {
	int crash, stop, kick, hang, rebalance;
	int bus_error, commit_lost, refuse, slow_acks, cluster_unknown;
	int store_error, write_late;
	int forget; /* Redis loses its last writes */
	int rotate;
	int schema_slow, schema_away; /* a question for an id is not answered yet; fails */
	bool cooperative, dead_letters_refused, trickle, exactly_once, letters_too_large;
	bool registry; /* values have Confluent's framing */
};

/* An output on its way from an instance to the broker. */
struct sim_output {
	enum { SIM_TO_ALERTS, SIM_TO_DECISIONS, SIM_TO_DEAD_LETTERS } topic;
	uint64_t batch;
	int partition; /* of a dead letter's record */
	int64_t offset;
	unsigned char *value;
	size_t size;
};

struct sim_instance;

/* Offsets on their way. */
struct sim_commit {
	bool under_way, arrived, refused;
	int membership;
	struct la_position_done list[SIM_PARTITIONS];
	size_t count;
};

/* Outputs that readers see only when it is committed. */
struct sim_transaction {
	bool open;
	uint64_t voided;            /* leases, when it was opened */
	struct sim_output *outputs; /* acknowledged */
	size_t count, cap;
};

/* An instance's client of the broker. */
struct sim_bus {
	struct la_bus port;
	bool paused;
	int membership; /* of the group, as it believes */
	int generation;
	uint64_t lease[SIM_PARTITIONS]; /* 0: not ours */
	uint64_t voided;                /* leases, ever */
	int64_t next[SIM_PARTITIONS];
	int contacts; /* calls until the cluster's id is known */
	long in_hand;
	struct sim_output *outputs; /* under way */
	size_t output_count, output_cap;
	struct la_flights flights;
	struct sim_commit commit;
	struct sim_transaction transaction; /* with exactly_once */
};

/* A write on its way to Redis: a copy. */
struct sim_write {
	struct la_store_write write;
	struct la_member_key keys[LA_EPOCHS_MAX], move_from;
	unsigned char *before, *after;
	bool executed;
};

/* A read on its way. */
struct sim_read {
	struct la_member_key key[LA_EPOCHS_MAX];
	size_t key_count;
	bool executed;
	int8_t found;
	unsigned char *record;
	size_t size;
};

/* An instance's connection to Redis. */
struct sim_connection {
	struct la_store port;
	bool fetching, writing, write_is_first;
	struct la_store_read *reads;
	struct la_store_write *writes;
	size_t read_count, write_count;
	struct sim_read *asked;
	struct sim_write *sent;
	unsigned char **given; /* records of the last fetch */
	size_t given_count;
	struct { /* what was read before, for SIM_STALE_READS */
		bool known;
		int8_t found;
		unsigned char record[LA_STATE_RECORD_MAX];
		size_t size;
	} old[SIM_MEMBERS];
};

struct sim_instance {
	struct sim *sim;
	int slot;
	bool running, dead; /* dead: crashed, its calls have no effect */
	int hung_until;     /* step */
	int stage;          /* of the rotation */
	atomic_int stopping;
	struct sim_fiber *fiber;
	struct sim_bus bus;
	struct sim_connection connection;
	struct la_decoder *decoder; /* with a registry: its memory of schemas */
	struct la_registry_answer schema;
	struct la_pipeline_options options;
	enum la_err end;
	struct la_error error;
};

struct sim_broker {
	int generation, membership; /* counted up */
	bool rebalancing;
	int member[SIM_INSTANCES]; /* its membership; 0: not in the group */
	bool rejoined[SIM_INSTANCES];
	int owner[SIM_PARTITIONS]; /* slot; -1: nobody */
	int64_t committed[SIM_PARTITIONS], visible[SIM_PARTITIONS];
	bool refuses_dead_letters;
};

struct sim_redis {
	struct la_store_memory *memory;
	struct sim_write *late; /* writes whose connection is gone, still under way */
	size_t late_count, late_cap;
	bool has_snapshot;
	unsigned char *snapshot[SIM_MEMBERS][SIM_EPOCHS];
	size_t snapshot_size[SIM_MEMBERS][SIM_EPOCHS];
	bool lossy[SIM_MEMBERS]; /* lost something */
};

/* What happened, and what section 5 of the contract admits. */
struct sim_counts {
	long schedules, crashes, kicks, rebalances, losses, rotations, late_writes;
	long extra_after_loss, muted_after_loss, lost_of_spread, late_known;
};

struct sim {
	const struct sim_story *story;
	enum sim_mutation mutation;
	bool tracing;
	struct sim_random random;
	struct sim_rates rates;
	struct sim_broker broker;
	struct sim_redis redis;
	struct sim_instance instances[SIM_INSTANCES];
	struct sim_seen seen[SIM_RECORDS_MAX];
	struct la_buf plain; /* a job without what rotates */
	struct la_buf jobs[SIM_RECORDS_MAX]; /* the first job of each record, plain */
	struct sim_counts *counts;
	int64_t now_ms;
	uint64_t leases;
	int step;
	int stage;
	bool settling;
	char failure[512]; /* "": none yet */
};

/* Runs one schedule; false: sim->failure says what was broken. calm: without faults. */
bool sim_run(struct sim *sim, uint64_t seed, bool calm);
void sim_init(struct sim *sim, struct sim_counts *counts); /* once, for many runs */
void sim_clear(struct sim *sim);

/* hidden.c: before a run, what its mutation wants. */
void sim_hide_losses(const struct sim *sim);
/* The first failure stays. */
void sim_fail(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_trace(const struct sim *sim, int slot, const char *format, ...) __attribute__((format(printf, 3, 4)));
void sim_yield(struct sim_instance *instance);
/* A fault at this rate, in this schedule, now? Never while settling. */
bool sim_strikes(struct sim *sim, int rate);

void sim_broker_init(struct sim *sim);
void sim_broker_rebalance(struct sim *sim);
void sim_broker_leave(struct sim *sim, int slot); /* also by session time-out */
/* What a member does about the group when it polls. */
void sim_broker_serve(struct sim_instance *instance);
bool sim_broker_done(const struct sim *sim);
void sim_broker_commit(struct sim_instance *instance, const struct la_position_done *done);

void sim_bus_open(struct sim_instance *instance);
void sim_bus_close(struct sim_instance *instance);
/* Acknowledges up to count of what is under way, from the front. */
void sim_bus_deliver(struct sim_instance *instance, size_t count, bool may_refuse);
enum la_err sim_bus_produce(void *self, const struct la_output *output, int wait_ms, struct la_error *error);
enum la_err sim_bus_await(void *self, uint64_t batch, int wait_ms, struct la_error *error);
void sim_bus_discard(void *self);
void sim_bus_lose_outputs(struct sim_instance *instance); /* some of them may have arrived */
enum la_err sim_bus_commit_transaction(struct sim_instance *instance, const struct la_position_done *positions,
    size_t count, struct la_error *error);
bool sim_bus_is_member(const struct sim_instance *instance, int membership);
/* The commit that is under way reaches the broker, if there is one. */
void sim_bus_arrive(struct sim_instance *instance);
/* The process is gone: what was under way may have arrived. */
void sim_bus_crash(struct sim_instance *instance);

void sim_redis_open(struct sim *sim);
void sim_redis_close(struct sim *sim);
void sim_redis_snapshot(struct sim *sim);
void sim_redis_forget(struct sim *sim); /* back to the snapshot */
void sim_redis_late(struct sim *sim);   /* one write that was thought lost arrives, or never does */
void sim_connection_open(struct sim_instance *instance);
void sim_connection_close(struct sim_instance *instance);
void sim_connection_progress(struct sim_instance *instance); /* the server works on */
void sim_connection_flush(struct sim_instance *instance);    /* it has done all that was written */
void sim_connection_crash(struct sim_instance *instance);
/* The member's record, newest epoch; copied to out (LA_STATE_RECORD_MAX). Returns its size; 0: none. */
size_t sim_redis_read(struct sim *sim, int member, unsigned char *out, int *epoch);

/* A record's value, framed as the schedule has it, into out, which has room for LA_CONFLUENT_HEADER_BYTES more; its size. */
size_t sim_registry_frame(const struct sim *sim, const struct sim_record *record, unsigned char *out);
void sim_registry_open(struct sim_instance *instance);
void sim_registry_close(struct sim_instance *instance); /* when its pipeline is gone */

void sim_instance_start(struct sim_instance *instance);
void sim_instance_crash(struct sim_instance *instance);
bool sim_instance_resume(struct sim_instance *instance);

/* The committed records of a partition must be done; all of them in the end. */
void sim_judge_commit(struct sim *sim, int partition, int64_t from, int64_t to);
void sim_judge(struct sim *sim);
/* An output that the broker has taken. */
void sim_judge_output(struct sim *sim, const struct sim_output *output);

#endif
