/*
 * The replay command's parts: command_replay.c (options and order), command_replay_inputs.c (policies, what was recorded),
 * command_replay_events.c (the run again).
 */
#ifndef LA_DETECTOR_COMMAND_REPLAY_H
#define LA_DETECTOR_COMMAND_REPLAY_H

#include "common/range_kafka.h"
#include "detector/progress_os.h"
#include "detector/replay_report.h"
#include "detector/replay_time.h"
#include "detector/replay_why.h"
#include "detector/report_os.h"
#include "detector/setup.h"
#include "detector/store_memory.h"

#define LA_REPLAY_ASK_MS 5000      /* for a broker to answer what is asked first, as with check */
#define LA_REPLAY_TIMEOUT_MS 30000 /* for the next record */
#define LA_REPLAY_SHOW_EVERY 512   /* records between two looks at whether progress is to be shown */

struct la_replay_command {
	const struct la_conf *conf;
	/* as asked */
	const char *member, *policy_file, *folder;
	bool compares;
	int64_t warm_up_ms;
	/* made from that */
	struct la_conf *other_conf; /* of --policy */
	char *settings[LA_REPLAY_SIDES]; /* texts that report.settings point into */
	struct la_policy policy[LA_REPLAY_SIDES];
	struct la_decider *decider[LA_REPLAY_SIDES];
	struct la_store_memory *memory[LA_REPLAY_SIDES];
	struct la_decoder *events, *decisions, *alerts, *deliveries;
	struct la_range_kafka *range;
	struct la_compare *compare;
	struct la_replay *replay;
	struct la_replay_tally tally;
	struct la_replay_report report;
	struct la_report_folder out;
	struct la_buf line; /* of the timeline */
	struct la_progress progress;
};

/* The policies of both sides and how they are written. Errors: LA_ECONFIG (the problems of --policy are on stderr), LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_command_replay_policies(struct la_replay_command *command, struct la_error *error);

/* What was recorded, with --compare; the deliveries with --member too. Errors: those of the range and of the compare. */
LA_MUST_CHECK enum la_err la_command_replay_recorded(struct la_replay_command *command, struct la_error *error);

/* Reads and decides all events; each goes to whoever wants it. Errors: those of range, replay, compare and report. */
LA_MUST_CHECK enum la_err la_command_replay_events(struct la_replay_command *command, struct la_error *error);

#endif
