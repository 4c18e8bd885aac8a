#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/codec.h"
#include "detector/command_replay.h"

/* The configuration as check prints it. */
static char *
print_conf(const struct la_conf *conf)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return (NULL);
	la_conf_print(conf, out);
	if (fclose(out) != 0) {
		free(text);
		return (NULL);
	}
	return (text);
}

/* Ends each line of text that starts with policy., and lists it. */
static void
list_settings(char *text, const char **settings)
{
	size_t count = 0;

	for (char *line = strtok(text, "\n"); line != NULL && count < LA_REPLAY_SETTINGS; line = strtok(NULL, "\n")) {
		if (strncmp(line, "policy.", 7) == 0)
			settings[count++] = line;
	}
}

/* In the place of the effective one of that key, else behind them. */
static void
override(const char *setting, const char **settings)
{
	size_t size = strcspn(setting, "="), at = 0;

	while (at < LA_REPLAY_SETTINGS && settings[at] != NULL &&
	    (strncmp(settings[at], setting, size) != 0 || settings[at][size] != '='))
		at++;
	if (at < LA_REPLAY_SETTINGS)
		settings[at] = setting;
}

static bool
is_set(const struct la_conf *conf, const char *setting)
{
	char key[64];

	(void)snprintf(key, sizeof(key), "%.*s", (int)strcspn(setting, "="), setting);
	return (strcmp(key, "policy.mode") != 0 && la_conf_is_set(conf, key));
}

static enum la_err
read_other(struct la_replay_command *command, struct la_error *error)
{
	if (la_conf_new(&command->other_conf, LA_PROGRAM_DETECTOR) != LA_OK ||
	    la_conf_read_file(command->other_conf, command->policy_file) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	for (size_t i = 0; i < la_conf_problem_count(command->other_conf); i++)
		(void)fprintf(stderr, "login-alert-detector: %s\n", la_conf_problem(command->other_conf, i));
	if (la_conf_problem_count(command->other_conf) > 0)
		return (la_error_set(error, LA_ECONFIG, "--policy %s cannot be used", command->policy_file));
	return (LA_OK);
}

static enum la_err
add_other(struct la_replay_command *command, struct la_error *error)
{
	struct la_replay_report *report = &command->report;
	const char *theirs[LA_REPLAY_SETTINGS] = {NULL}, *name = strrchr(command->policy_file, '/');
	enum la_err err = read_other(command, error);

	if (err != LA_OK)
		return (err);
	command->policy[1] = command->policy[0];
	la_setup_policy_over(command->other_conf, &command->policy[1]);
	if ((command->settings[1] = print_conf(command->other_conf)) == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	list_settings(command->settings[1], theirs);
	memcpy(report->settings[1], report->settings[0], sizeof(report->settings[1]));
	for (size_t i = 0; i < LA_REPLAY_SETTINGS && theirs[i] != NULL; i++) {
		if (is_set(command->other_conf, theirs[i]))
			override(theirs[i], report->settings[1]);
	}
	report->policy_name = name == NULL ? command->policy_file : name + 1;
	report->sides = 2;
	return (LA_OK);
}

enum la_err
la_command_replay_policies(struct la_replay_command *command, struct la_error *error)
{
	struct la_replay_report *report = &command->report;
	enum la_err err = LA_OK;

	la_setup_policy(command->conf, &command->policy[0]);
	if ((command->settings[0] = print_conf(command->conf)) == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	list_settings(command->settings[0], report->settings[0]);
	report->sides = 1;
	if (command->policy_file != NULL && (err = add_other(command, error)) != LA_OK)
		return (err);
	for (size_t s = 0; s < report->sides; s++)
		la_policy_rev(&command->policy[s], report->policy_rev[s]);
	return (LA_OK);
}

/* All of an output topic since the range's first event may have come, up to now. */
static enum la_err
read_topic(struct la_replay_command *command, const char *key, enum la_difference_of what, struct la_error *error)
{
	const struct la_range_kafka_options options = {.conf = command->conf,
	    .topic = la_conf_text(command->conf, key),
	    .from_ms = command->report.from_ms - LA_REPLAY_LATE_MS,
	    .to_ms = INT64_MAX,
	    .ask_ms = LA_REPLAY_ASK_MS,
	    .timeout_ms = LA_REPLAY_TIMEOUT_MS,
	    .stopping = &la_cli_stopping};
	struct la_range_kafka *range = NULL;
	struct la_message message;
	bool found = true;
	uint64_t read = 0;
	enum la_err err = la_range_kafka_open(&range, &options, error);

	while (err == LA_OK) {
		if ((err = la_range_kafka_next(range, &message, &found, error)) != LA_OK || !found)
			break;
		err = la_compare_put(command->compare, what, message.value, error);
		if (++read % LA_REPLAY_SHOW_EVERY == 0)
			la_progress_show(
			    &command->progress, options.topic, la_range_kafka_done(range), la_range_kafka_total(range));
	}
	la_range_kafka_close(range);
	return (err);
}

static enum la_err
open_decoders(struct la_replay_command *command, struct la_error *error)
{
	enum la_err err;

	if ((err = la_codec_open_output(command->conf, LA_RECORD_DECISION, &command->decisions, error)) != LA_OK ||
	    (err = la_codec_open_output(command->conf, LA_RECORD_ALERT_JOB, &command->alerts, error)) != LA_OK)
		return (err);
	return (la_codec_open_output(command->conf, LA_RECORD_DELIVERY, &command->deliveries, error));
}

enum la_err
la_command_replay_recorded(struct la_replay_command *command, struct la_error *error)
{
	const struct la_replay_report *report = &command->report;
	struct la_compare_options options;
	enum la_err err;

	if (!command->compares && command->member == NULL)
		return (LA_OK);
	if ((err = open_decoders(command, error)) != LA_OK)
		return (err);
	options = (struct la_compare_options){.decisions = command->decisions,
	    .alerts = command->alerts,
	    .deliveries = command->deliveries,
	    .decider = command->decider[0],
	    .bounds = report->bounds,
	    .partitions = report->partitions,
	    .topic = report->topic,
	    .from_ms = report->from_ms,
	    .to_ms = report->to_ms,
	    .publish = (enum la_publish)la_conf_int(command->conf, "decisions.publish"),
	    .shadow = la_conf_int(command->conf, "policy.mode") != 0};
	if ((err = la_compare_new(&command->compare, &options, error)) != LA_OK)
		return (err);
	if (command->compares && options.publish != LA_PUBLISH_NONE &&
	    (err = read_topic(command, "topic.decisions", LA_OF_DECISION, error)) != LA_OK)
		return (err);
	if (command->compares && (err = read_topic(command, "topic.alerts", LA_OF_ALERT, error)) != LA_OK)
		return (err);
	return (read_topic(command, "topic.deliveries", LA_OF_DELIVERY, error));
}
