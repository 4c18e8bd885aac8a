#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/cli.h"
#include "common/codec.h"
#include "detector/command_replay.h"

#define RETRY_MS 200 /* between two questions to a side that is away */
#define RETRIES (LA_REPLAY_TIMEOUT_MS / RETRY_MS)

static bool
is_the_member(void *cookie, const struct la_login_event *event)
{
	const struct la_replay_command *command = cookie;

	return (command->member != NULL && la_span_is(event->member_id, command->member));
}

static enum la_err
print_timeline(struct la_replay_command *command, const struct la_replay_seen *seen, struct la_error *error)
{
	const struct la_timeline_options options = {.policy = &command->policy[0],
	    .offset_ms = command->report.offset_ms,
	    .deliveries = la_compare_recorded(command->compare)};

	la_buf_reset(&command->line);
	if (la_timeline_add(&options, seen, &command->line) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	if (fwrite(command->line.data, 1, command->line.size, stdout) != command->line.size)
		return (la_error_set(error, LA_EINTERNAL, "stdout cannot be written"));
	return (LA_OK);
}

static enum la_err
write_line(struct la_replay_command *command, const struct la_replay_seen *seen, struct la_error *error)
{
	struct la_text masked = {.present = false};
	char *text = NULL;
	json_t *line;
	enum la_err err;

	if (seen->facts != NULL)
		la_decider_mask(command->decider[0], seen->event, &masked);
	line = la_replay_json_line(seen, command->report.sides, &masked);
	if (line != NULL)
		text = json_dumps(line, JSON_COMPACT);
	json_decref(line);
	err = text == NULL ? la_error_set(error, LA_ENOMEM, "out of memory")
			   : la_report_line(&command->out, la_span_text(text), error);
	free(text);
	return (err);
}

static enum la_err
see(void *cookie, const struct la_replay_seen *seen, struct la_error *error)
{
	struct la_replay_command *command = cookie;
	enum la_err err = la_replay_tally_add(&command->tally, seen, command->report.sides, error);

	if (err == LA_OK && command->compares)
		err = la_compare_seen(command->compare, seen, error);
	if (err == LA_OK && seen->in_range)
		err = write_line(command, seen, error);
	if (err == LA_OK && seen->in_range && is_the_member(command, seen->event))
		err = print_timeline(command, seen, error);
	return (err);
}

static enum la_err
make_replay(struct la_replay_command *command, struct la_error *error)
{
	struct la_replay_options options = {.sides = command->report.sides,
	    .from_ms = command->report.from_ms,
	    .to_ms = command->report.to_ms,
	    .wants_before = is_the_member,
	    .seen = see,
	    .cookie = command};
	enum la_err err = la_codec_open_input(command->conf, LA_RECORD_LOGIN_EVENT, &command->events, error);

	options.decoder = command->events;
	for (size_t s = 0; s < options.sides && err == LA_OK; s++) {
		la_decider_set_cluster_id(command->decider[s], command->report.cluster_id);
		if ((err = la_store_memory_new(&command->memory[s])) != LA_OK)
			return (la_error_set(error, err, "out of memory"));
		options.decider[s] = command->decider[s];
		options.store[s] = la_store_memory_port(command->memory[s]);
	}
	return (err == LA_OK ? la_replay_new(&command->replay, &options, error) : err);
}

/* A writer's schema may have to be asked for, at a server that is away. */
static enum la_err
take(struct la_replay_command *command, const struct la_message *message, struct la_error *error)
{
	enum la_err err;

	for (int tries = 0;; tries++) {
		err = la_replay_take(command->replay, message, error);
		if (la_err_action(err) != LA_ACTION_RETRY || tries == RETRIES)
			return (err);
		if (la_cli_stopping)
			return (la_error_set(error, LA_ESTOPPED, "stopped"));
		(void)poll(NULL, 0, RETRY_MS);
	}
}

static enum la_err
read_events(struct la_replay_command *command, struct la_error *error)
{
	struct la_message message;
	bool found = true;
	enum la_err err = LA_OK;

	while (err == LA_OK) {
		if (la_cli_stopping)
			return (la_error_set(error, LA_ESTOPPED, "stopped"));
		if ((err = la_range_kafka_next(command->range, &message, &found, error)) != LA_OK || !found)
			break;
		err = take(command, &message, error);
		if (command->tally.read % LA_REPLAY_SHOW_EVERY == 0)
			la_progress_show(&command->progress, command->report.topic, la_range_kafka_done(command->range),
			    la_range_kafka_total(command->range));
	}
	return (err);
}

enum la_err
la_command_replay_events(struct la_replay_command *command, struct la_error *error)
{
	enum la_err err = make_replay(command, error);

	return (err == LA_OK ? read_events(command, error) : err);
}
