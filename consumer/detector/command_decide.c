#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/dead_letter.h"
#include "common/json.h"
#include "detector/commands.h"
#include "detector/setup.h"
#include "detector/solo.h"
#include "detector/store_memory.h"

/* decide: one line in, one line out, states in memory. */
struct workbench {
	struct la_decider *decider;
	struct la_store_memory *memory;
	bool with_jobs;
	int64_t line_number;
	struct la_solo solo;
};

static enum la_err
print_line(json_t *line, struct la_error *error)
{
	char *text = line == NULL ? NULL : json_dumps(line, JSON_COMPACT);
	enum la_err err = LA_OK;

	json_decref(line);
	if (text == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	if (fprintf(stdout, "%s\n", text) < 0)
		err = la_error_set(error, LA_EINTERNAL, "stdout cannot be written");
	free(text);
	return (err);
}

static enum la_err
print_decision(struct workbench *bench, const struct la_json_event *in, const struct la_facts *facts,
    const struct la_verdict *verdict, struct la_error *error)
{
	struct la_decision decision;
	struct la_alert_job job;
	json_t *line, *job_line = NULL;

	la_decider_decision(bench->decider, &in->event, &in->source, facts, verdict, &decision);
	line = la_json_write_decision(&decision);
	if (line != NULL && bench->with_jobs) {
		if (verdict->outcome == LA_OUTCOME_ALERTED) {
			la_decider_job(bench->decider, &in->event, &in->source, facts, verdict, &job);
			job_line = la_json_write_job(&job);
		} else {
			job_line = json_null();
		}
		if (json_object_set_new(line, "job", job_line) != 0) {
			json_decref(line);
			line = NULL;
		}
	}
	return (print_line(line, error));
}

/* A line that is no event, or one that rule 1 refuses: its place and the cause. */
static enum la_err
print_rejected(struct workbench *bench, const struct la_json_event *in, enum la_dead_letter_stage stage,
    const struct la_error *why, struct la_error *error)
{
	const struct la_login_event nothing = {.event_id = la_span_text("")};
	const struct la_verdict verdict = {.outcome = LA_OUTCOME_REJECTED};
	struct la_decision decision;
	json_t *line;
	int failed;

	la_decider_decision(
	    bench->decider, stage == LA_DEAD_VALUES ? &in->event : &nothing, &in->source, NULL, &verdict, &decision);
	if ((line = la_json_write_decision(&decision)) == NULL)
		return (print_line(NULL, error));
	failed = json_object_set_new(line, "cause", json_string(la_dead_letter_cause(stage, why->code)));
	failed |= json_object_set_new(line, "message", json_string(why->text));
	if (bench->with_jobs)
		failed |= json_object_set_new(line, "job", json_null());
	if (failed != 0) {
		json_decref(line);
		line = NULL;
	}
	return (print_line(line, error));
}

/* What the line does not say of its place. */
static void
fill_source(struct la_json_event *in, int64_t line_number)
{
	if (!in->has_topic)
		in->source.topic = la_span_text("stdin");
	if (!in->has_partition)
		in->source.partition = 0;
	if (!in->has_offset)
		in->source.offset = line_number;
}

static enum la_err
take_line(struct workbench *bench, struct la_span line, struct la_error *error)
{
	struct la_json_event in = {.root = NULL};
	enum la_dead_letter_stage stage = LA_DEAD_BYTES;
	struct la_error why = LA_ERROR_INIT;
	struct la_verdict verdict;
	struct la_facts facts;
	enum la_err err = LA_ETOOLARGE;

	if (line.size > LA_VALUE_BYTES_MAX)
		(void)la_error_set(&why, err, "the line is over %u bytes", LA_VALUE_BYTES_MAX);
	else
		err = la_json_read_event(line, &in, &why);
	fill_source(&in, bench->line_number++);
	if (err == LA_OK) {
		stage = LA_DEAD_VALUES;
		err = la_decider_facts(bench->decider, &in.event, &in.source, &facts, &why);
	}
	why.code = err;
	if (la_err_action(err) == LA_ACTION_REJECT)
		err = print_rejected(bench, &in, stage, &why, error);
	else if (err != LA_OK)
		err = la_error_set(error, err, "%s", why.text);
	else if ((err = la_solo_look(&bench->solo, &facts, error)) == LA_OK &&
	    (err = la_solo_decide(&bench->solo, &facts, &verdict, error)) == LA_OK)
		err = print_decision(bench, &in, &facts, &verdict, error);
	la_json_event_clear(&in);
	return (err);
}

/* The next line without its end. Of one that is too long as much is kept as tells. */
static enum la_err
read_line(struct la_buf *line, bool *found, struct la_error *error)
{
	int c;

	la_buf_reset(line);
	*found = false;
	while ((c = getc_unlocked(stdin)) != EOF) {
		*found = true;
		if (c == '\n')
			break;
		if (line->size > LA_VALUE_BYTES_MAX)
			continue;
		if (line->size == line->cap && la_buf_reserve(line, 1) != LA_OK)
			return (la_error_set(error, LA_ENOMEM, "out of memory"));
		line->data[line->size++] = (unsigned char)c;
	}
	return (ferror(stdin) ? la_error_set(error, LA_EDATA, "stdin cannot be read") : LA_OK);
}

static enum la_err
take_lines(struct workbench *bench, struct la_error *error)
{
	struct la_buf line = LA_BUF_INIT;
	bool found;
	enum la_err err;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	while ((err = read_line(&line, &found, error)) == LA_OK && found) {
		if ((err = take_line(bench, la_buf_span(&line), error)) != LA_OK)
			break;
	}
	la_buf_clear(&line);
	return (err);
}

int
la_command_decide(struct la_conf *conf, int argc, char **argv)
{
	struct workbench bench = {.decider = NULL};
	struct la_error error = LA_ERROR_INIT;
	struct la_cli_args args;
	enum la_err err;

	la_cli_args_init(&args, argc, argv);
	bench.with_jobs = la_cli_flag(&args, "--jobs");
	if ((err = la_cli_args_end(&args, &error)) != LA_OK)
		goto out;
	if ((err = la_setup_decider(conf, &bench.decider, &error)) != LA_OK)
		goto out;
	if ((err = la_store_memory_new(&bench.memory)) != LA_OK) {
		(void)la_error_set(&error, err, "out of memory");
		goto out;
	}
	la_solo_init(&bench.solo, la_store_memory_port(bench.memory), la_decider_policy(bench.decider));
	err = take_lines(&bench, &error);
out:
	if (err != LA_OK)
		(void)fprintf(stderr, "login-alert-detector: %s\n", error.text);
	la_store_memory_free(bench.memory);
	la_decider_free(bench.decider);
	return (la_err_exit_code(err));
}
