#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "detector/command_replay.h"
#include "detector/commands.h"

static enum la_err
read_time(const char *option, const char *text, int64_t *ms, struct la_error *error)
{
	if (text == NULL)
		return (la_error_set(error, LA_EUSAGE, "replay: %s is required; see --help", option));
	if (la_conf_parse_time(text, ms) != LA_OK)
		return (la_error_set(error, LA_EUSAGE,
		    "replay: %s must be ISO 8601 with an offset, as 2025-07-03T00:00:00+09:00, or ms since 1970", option));
	return (LA_OK);
}

static enum la_err
read_words(struct la_replay_command *command, int argc, char **argv, struct la_error *error)
{
	struct la_replay_report *report = &command->report;
	const char *from, *to, *warm_up;
	struct la_cli_args args;
	enum la_err err;

	la_cli_args_init(&args, argc, argv);
	from = la_cli_option(&args, "--from");
	to = la_cli_option(&args, "--to");
	warm_up = la_cli_option(&args, "--warm-up");
	command->member = la_cli_option(&args, "--member");
	command->policy_file = la_cli_option(&args, "--policy");
	command->folder = la_cli_option(&args, "--report");
	command->compares = la_cli_flag(&args, "--compare");
	if ((err = la_cli_args_end(&args, error)) != LA_OK ||
	    (err = read_time("--from", from, &report->from_ms, error)) != LA_OK ||
	    (err = read_time("--to", to, &report->to_ms, error)) != LA_OK)
		return (err);
	if (report->from_ms >= report->to_ms)
		return (la_error_set(error, LA_EUSAGE, "replay: --from must be before --to"));
	if (la_conf_parse_duration(warm_up == NULL ? "365d" : warm_up, &command->warm_up_ms) != LA_OK)
		return (la_error_set(error, LA_EUSAGE, "replay: --warm-up must be a duration, as 365d"));
	if (command->folder == NULL || command->folder[0] == '\0')
		return (la_error_set(error, LA_EUSAGE, "replay: --report is required: the folder to write to"));
	report->offset_ms = la_replay_time_offset(from);
	report->warm_up_ms = command->warm_up_ms;
	return (LA_OK);
}

/* The events: an event that occurs in the range may have come a day before it, by a clock that is wrong, or a day after. */
static enum la_err
open_events(struct la_replay_command *command, struct la_error *error)
{
	struct la_replay_report *report = &command->report;
	int64_t before_ms = command->warm_up_ms > LA_REPLAY_LATE_MS ? command->warm_up_ms : LA_REPLAY_LATE_MS;
	const struct la_range_kafka_options options = {.conf = command->conf,
	    .topic = la_conf_text(command->conf, "topic.events"),
	    .from_ms = report->from_ms - before_ms,
	    .mark_ms = report->from_ms - LA_REPLAY_LATE_MS,
	    .to_ms = report->to_ms + LA_REPLAY_LATE_MS,
	    .ask_ms = LA_REPLAY_ASK_MS,
	    .timeout_ms = LA_REPLAY_TIMEOUT_MS,
	    .stopping = &la_cli_stopping};
	enum la_err err = la_range_kafka_open(&command->range, &options, error);

	if (err != LA_OK)
		return (err);
	report->topic = options.topic;
	report->cluster_id = la_range_kafka_cluster_id(command->range);
	report->partitions = la_range_kafka_partitions(command->range);
	report->bounds = la_range_kafka_bounds(command->range, 0);
	return (LA_OK);
}

static enum la_err
write_report(struct la_replay_command *command, struct la_error *error)
{
	struct la_buf html = LA_BUF_INIT;
	json_t *summary = la_replay_json_summary(&command->report);
	char *text = summary == NULL ? NULL : json_dumps(summary, JSON_INDENT(2));
	enum la_err err = LA_ENOMEM;

	json_decref(summary);
	if (text == NULL || la_report_html(&command->report, &html) != LA_OK)
		(void)la_error_set(error, LA_ENOMEM, "out of memory for the report");
	else if ((err = la_report_end_lines(&command->out, error)) == LA_OK &&
	    (err = la_report_file(&command->out, "summary.json", la_span_text(text), error)) == LA_OK)
		err = la_report_file(&command->out, "report.html", la_buf_span(&html), error);
	free(text);
	la_buf_clear(&html);
	return (err);
}

static enum la_err
run(struct la_replay_command *command, struct la_error *error)
{
	struct la_replay_report *report = &command->report;
	enum la_err err;

	if ((err = la_command_replay_policies(command, error)) != LA_OK)
		return (err);
	for (size_t s = 0; s < report->sides; s++) {
		err = la_setup_replay_decider(command->conf, &command->policy[s], &command->decider[s], error);
		if (err != LA_OK)
			return (err);
	}
	la_agent_rev(report->agent_rev);
	command->tally.offset_ms = report->offset_ms;
	command->tally.max_age_ms = command->policy[0].alert_max_age_ms;
	report->tally = &command->tally;
	if ((err = la_report_open(&command->out, command->folder, error)) != LA_OK ||
	    (err = open_events(command, error)) != LA_OK ||
	    (err = la_command_replay_recorded(command, error)) != LA_OK ||
	    (err = la_command_replay_events(command, error)) != LA_OK)
		return (err);
	if (command->compares) {
		if ((err = la_compare_finish(command->compare, error)) != LA_OK)
			return (err);
		report->compare = la_compare_result(command->compare);
	}
	return (write_report(command, error));
}

static void
clear(struct la_replay_command *command)
{
	la_progress_end(&command->progress);
	la_report_close(&command->out);
	la_replay_free(command->replay);
	la_compare_free(command->compare);
	la_range_kafka_close(command->range);
	la_replay_tally_clear(&command->tally);
	for (size_t s = 0; s < LA_REPLAY_SIDES; s++) {
		la_store_memory_free(command->memory[s]);
		la_decider_free(command->decider[s]);
		free(command->settings[s]);
	}
	la_decoder_free(command->events);
	la_decoder_free(command->decisions);
	la_decoder_free(command->alerts);
	la_decoder_free(command->deliveries);
	la_conf_free(command->other_conf);
	la_buf_clear(&command->line);
}

/* One line for whoever stands at the terminal; all else is in the folder. */
static void
say(const struct la_replay_command *command)
{
	const struct la_replay_report *report = &command->report;

	(void)fprintf(stderr, "login-alert-detector: %llu events, %llu mails",
	    (unsigned long long)report->tally->in_range, (unsigned long long)report->tally->mails[0]);
	if (report->sides == 2)
		(void)fprintf(stderr, "; %llu mails by %s", (unsigned long long)report->tally->mails[1], report->policy_name);
	if (report->compare != NULL)
		(void)fprintf(stderr, "; %llu missing, %llu unexpected, %llu different",
		    (unsigned long long)la_replay_report_count(report->compare, LA_MISSING),
		    (unsigned long long)la_replay_report_count(report->compare, LA_UNEXPECTED),
		    (unsigned long long)la_replay_report_count(report->compare, LA_DIFFERENT));
	(void)fprintf(stderr, "; see %s/report.html\n", command->folder);
	if (la_replay_report_cut(report) > 0)
		(void)fprintf(stderr, "login-alert-detector: warning: %d of %d partitions have lost records of the warm-up: "
		    "devices seen only there look new\n", (int)la_replay_report_cut(report), (int)report->partitions);
}

int
la_command_replay(struct la_conf *conf, int argc, char **argv)
{
	struct la_replay_command command = {.conf = conf};
	struct la_error error = LA_ERROR_INIT;
	enum la_err err = read_words(&command, argc, argv, &error);

	la_cli_catch_signals();
	la_progress_begin(&command.progress);
	if (err == LA_OK)
		err = run(&command, &error);
	la_progress_end(&command.progress);
	if (err == LA_OK)
		say(&command);
	else
		(void)fprintf(stderr, "login-alert-detector: %s\n", error.text);
	clear(&command);
	return (la_err_exit_code(err));
}
