/*
 * The world of the mailer's loop in memory: a bus of two partitions, a ledger, a
 * directory, and relays that answer by script. They check their caller: no commit of a record whose
 * outcome the broker has not acknowledged, no release twice, no more mails at a time
 * than there are connections, each mail alive until its result.
 */
#ifndef LA_TESTS_DELIVERY_WORLD_H
#define LA_TESTS_DELIVERY_WORLD_H

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailer/delivery.h"

#include "fault.h"
#include "memory_directory.h"
#include "memory_ledger.h"

#define PARTITIONS 2
#define RECORDS 1024
#define OUTPUTS 4096
#define SENDS 8192
#define CONNECTIONS 3
#define RELAYS 2
#define T0 INT64_C(1751295600000) /* 2025-07-01T00:00:00+09:00 */
#define MINUTE 60000
#define ALWAYS 1000000 /* a rule that does not end */

struct record {
	struct la_buf value;
	char job_id[LA_ID_HEX]; /* "" for what is no job */
	bool is_null, has_outcome; /* acknowledged */
	int64_t next_in_partition;
};

struct output {
	bool is_dead_letter, is_acknowledged;
	const void *headers_of; /* a dead letter: the record */
	struct la_delivery delivery;
	char headers[1024]; /* "name=value\n"… */
	size_t value_size;
	bool is_value_null;
	uint64_t batch;
};

/* Mails to this local part get this answer, so often; then they are taken. */
struct rule {
	const char *to;
	enum la_relay_outcome outcome;
	enum la_smtp_stage stage;
	int code;
	int times;
};

struct send {
	char to[64], message_id[80], language[16];
	size_t which;
	int64_t at_ms;
};

struct flight {
	bool is_used, is_withdrawn, is_over_limit;
	struct la_relay_mail mail;
	size_t which;
	int64_t done_ms;
};

struct world {
	struct la_bus bus;
	struct la_relay relay;
	struct memory_ledger ledger;
	struct memory_directory directory; /* not the loop's until a test says so */
	struct fault fault; /* of the bus and the ledger */
	int64_t now_ms, wall_offset_ms;
	atomic_int stopping;

	struct record records[PARTITIONS][RECORDS];
	int64_t count[PARTITIONS], next[PARTITIONS], committed[PARTITIONS];
	uint64_t lease[PARTITIONS];
	struct output *outputs;
	size_t output_count, acknowledged; /* so many from the start are, at least */
	bool is_paused, is_broker_away, refuses_dead_letters;
	size_t value_max; /* of the broker; 0: any */
	int refused_commits; /* so many are refused, with commit_code, before one is taken */
	enum la_err commit_code;
	bool is_committing;
	int commit_asked; /* so often was the answer asked for */
	enum la_err commit_answer;
	long in_hand, most_in_hand, polls, polls_while_paused;
	long kept, most_kept; /* records of which the headers are kept */
	size_t header_bytes; /* of each record */

	const struct rule *rules;
	int used[16];
	bool is_second_well; /* the rules are for the first relay */
	struct flight flights[RELAYS * CONNECTIONS];
	size_t in_flight, most_in_flight;
	size_t limit; /* of the relay: so many connections at once, 421 for more; 0: none */
	int64_t until_ms; /* see trust */
	int64_t latency_ms;
	bool is_relay_stuck;
	struct send sends[SENDS];
	size_t send_count;

	int64_t stop_at_ms; /* 0: once all is committed */
	void (*on_work)(struct world *world);

	struct la_decoder *decoder, *deliveries;
	struct la_encoder *encoder;
	struct la_renderer *renderer;
	struct la_brand *brand;
	struct la_delivery_options options;
	struct la_delivery_loop *loop;
};

static char log_lines[65536];

static void
keep_log(enum la_log_level level, const struct la_field *fields, size_t count)
{
	size_t used = strlen(log_lines);

	if (used + 600 < sizeof(log_lines))
		(void)la_log_format_line(
		    log_lines + used, sizeof(log_lines) - used, LA_LOG_LOGFMT, level, 0, fields, count);
}

static inline int
said(const char *text)
{
	int count = 0;

	for (const char *at = log_lines; (at = strstr(at, text)) != NULL; at++)
		count++;
	return (count);
}

/* ---- the bus ---- */

static bool
is_all_committed(const struct world *world)
{
	for (int p = 0; p < PARTITIONS; p++) {
		if (world->committed[p] < world->count[p])
			return (false);
	}
	return (true);
}

static enum la_err
bus_poll(void *self, int wait_ms, struct la_message *out, size_t cap, size_t *count, struct la_error *error)
{
	struct world *world = self;

	(void)wait_ms;
	*count = 0;
	world->polls++;
	world->polls_while_paused += world->is_paused;
	if (fault_before(&world->fault))
		return (fault_error(&world->fault, error));
	for (int p = 0; !world->is_paused && p < PARTITIONS; p++) {
		for (; *count < cap && world->next[p] < world->count[p]; world->next[p]++) {
			struct record *record = &world->records[p][world->next[p]];

			out[(*count)++] = (struct la_message){.topic = la_span_text("login-alerts"),
			    .partition = p,
			    .offset = world->next[p],
			    .has_timestamp = true,
			    .timestamp_ms = T0,
			    .key = la_span_text("k"),
			    .value = record->is_null ? la_span_of(NULL, 0) : la_buf_span(&record->value),
			    .lease = world->lease[p],
			    .handle = record};
		}
	}
	world->in_hand += (long)*count;
	if (world->in_hand > world->most_in_hand)
		world->most_in_hand = world->in_hand;
	return (LA_OK);
}

static void
bus_release(void *self, struct la_message *messages, size_t count)
{
	struct world *world = self;

	for (size_t i = 0; i < count; i++) {
		assert_non_null(messages[i].handle);
		world->kept -= messages[i].is_kept;
		world->in_hand -= !messages[i].is_kept;
		messages[i].handle = NULL;
	}
	assert_true(world->in_hand >= 0 && world->kept >= 0);
}

static enum la_err
bus_keep_headers(void *self, const struct la_message *message, struct la_message *kept, size_t *bytes)
{
	struct world *world = self;

	assert_false(message->is_kept);
	assert_non_null(message->handle);
	*kept = *message;
	kept->is_kept = true;
	*bytes = world->header_bytes;
	if (++world->kept > world->most_kept)
		world->most_kept = world->kept;
	return (LA_OK);
}

static void
bus_pause(void *self, bool paused)
{
	((struct world *)self)->is_paused = paused;
}

static void
keep_headers(struct output *kept, const struct la_output *output)
{
	for (size_t h = 0; h < output->header_count; h++) {
		size_t used = strlen(kept->headers);

		(void)snprintf(kept->headers + used, sizeof(kept->headers) - used, "%s=%.*s\n", output->headers[h].name,
		    (int)output->headers[h].value.size, (const char *)output->headers[h].value.data);
	}
}

static enum la_err
bus_produce(void *self, const struct la_output *output, int wait_ms, struct la_error *error)
{
	struct world *world = self;
	struct output *kept = &world->outputs[world->output_count];

	(void)wait_ms;
	if (fault_before(&world->fault))
		return (fault_error(&world->fault, error));
	assert_true(world->output_count < OUTPUTS);
	*kept = (struct output){.is_dead_letter = strcmp(output->topic, "dlq") == 0,
	    .value_size = output->value.size,
	    .is_value_null = !la_span_present(output->value),
	    .batch = output->batch};
	keep_headers(kept, output);
	if (kept->is_dead_letter) {
		assert_true(la_span_is(output->key, "k"));
		kept->headers_of = output->headers_of->handle;
		assert_non_null(kept->headers_of);
	} else {
		assert_string_equal(output->topic, "deliveries");
		assert_int_equal(
		    la_decoder_delivery(world->deliveries, output->value, &kept->delivery, error), LA_OK);
		assert_true(la_span_is(output->key, kept->delivery.member_ref));
	}
	world->output_count++;
	return (fault_after(&world->fault) ? fault_error(&world->fault, error) : LA_OK);
}

/* The record an output speaks of: of several with that job, the first one without an outcome. */
static struct record *
record_of(struct world *world, const struct output *output)
{
	struct record *found = NULL;
	int partition, offset;

	if (!output->is_dead_letter) {
		for (int p = 0; p < PARTITIONS; p++) {
			for (int64_t i = 0; i < world->count[p]; i++) {
				struct record *record = &world->records[p][i];

				if (memcmp(record->job_id, output->delivery.job_id, LA_ID_HEX) != 0)
					continue;
				if (!record->has_outcome)
					return (record);
				found = record;
			}
		}
		return (found);
	}
	if (sscanf(strstr(output->headers, "partition="), "partition=%d", &partition) != 1 ||
	    sscanf(strstr(output->headers, "offset="), "offset=%d", &offset) != 1)
		return (NULL);
	return (&world->records[partition][offset]);
}

static enum la_err
bus_await(void *self, uint64_t batch, int wait_ms, struct la_error *error)
{
	struct world *world = self;

	(void)wait_ms;
	if (fault_before(&world->fault))
		return (fault_error(&world->fault, error));
	if (world->is_broker_away)
		return (LA_ETIMEOUT);
	while (world->acknowledged < world->output_count && world->outputs[world->acknowledged].is_acknowledged)
		world->acknowledged++;
	for (size_t i = world->acknowledged; i < world->output_count; i++) {
		struct output *output = &world->outputs[i];
		struct record *record;
		bool too_large = world->value_max > 0 && output->value_size > world->value_max;

		if (output->is_acknowledged || output->batch > batch)
			continue;
		if (too_large || (output->is_dead_letter && world->refuses_dead_letters)) {
			memmove(output, output + 1, (--world->output_count - i) * sizeof(*output));
			return (la_error_set(error, too_large ? LA_ETOOLARGE : LA_EUNAVAILABLE, "refused"));
		}
		output->is_acknowledged = true;
		record = record_of(world, output);
		assert_non_null(record);
		record->has_outcome = record->has_outcome || !output->is_dead_letter || record->job_id[0] == '\0';
	}
	return (fault_after(&world->fault) ? fault_error(&world->fault, error) : LA_OK);
}

static bool
bus_holds(void *self, struct la_span topic, int32_t partition, uint64_t lease)
{
	(void)topic;
	return (((struct world *)self)->lease[partition] == lease);
}

static inline void
bus_discard(void *self)
{
	(void)self;
}

static enum la_err
bus_commit(void *self, const struct la_position_done *positions, size_t count, struct la_error *error)
{
	struct world *world = self;

	if (fault_before(&world->fault))
		return (fault_error(&world->fault, error));
	if (world->refused_commits > 0 && world->refused_commits-- > 0)
		return (la_error_set(error, world->commit_code, "refused"));
	for (size_t i = 0; i < count; i++) {
		const struct la_position_done *done = &positions[i];

		if (!bus_holds(world, done->topic, done->partition, done->lease))
			continue;
		assert_true(done->next_offset >= world->committed[done->partition]); /* equal: the answer was lost */
		for (int64_t offset = world->committed[done->partition]; offset < done->next_offset; offset++)
			assert_true(world->records[done->partition][offset].has_outcome); /* P1 */
		world->committed[done->partition] = done->next_offset;
	}
	return (fault_after(&world->fault) ? fault_error(&world->fault, error) : LA_OK);
}

/* What the broker says of a commit is there when it is asked for the second time. */
static enum la_err
bus_commit_begin(void *self, const struct la_position_done *positions, size_t count, struct la_error *error)
{
	struct world *world = self;
	enum la_err err;

	assert_false(world->is_committing);
	err = bus_commit(self, positions, count, error);
	if (la_err_action(err) == LA_ACTION_FATAL)
		return (err);
	world->is_committing = true;
	world->commit_asked = 0;
	world->commit_answer = err;
	return (LA_OK);
}

static enum la_err
bus_commit_end(void *self, int wait_ms, struct la_error *error)
{
	struct world *world = self;

	if (!world->is_committing)
		return (LA_OK);
	if (wait_ms == 0 && world->commit_asked++ == 0)
		return (la_error_set(error, LA_ETIMEOUT, "not yet"));
	world->is_committing = false;
	return (world->commit_answer == LA_OK ? LA_OK : la_error_set(error, world->commit_answer, "refused"));
}

static const char *
bus_cluster_id(void *self)
{
	(void)self;
	return ("memory");
}

/* ---- the relay ---- */

static size_t
relay_room(void *self, size_t which)
{
	const struct world *world = self;
	size_t used = 0;

	for (size_t i = 0; i < RELAYS * CONNECTIONS; i++)
		used += world->flights[i].is_used && world->flights[i].which == which;
	assert_true(used <= CONNECTIONS);
	return (CONNECTIONS - used);
}

static void
note_send(struct world *world, size_t which, const struct la_relay_mail *mail)
{
	struct send *send = &world->sends[world->send_count++];
	const char *id = memmem(mail->data.data, mail->data.size, "Message-ID: <", 13);
	const char *language = memmem(mail->data.data, mail->data.size, "Content-Language: ", 18);
	char job_id[LA_ID_HEX];

	assert_true(world->send_count < SENDS);
	assert_non_null(id);
	assert_non_null(language);
	language += strlen("Content-Language: ");
	(void)snprintf(send->language, sizeof(send->language), "%.*s", (int)strcspn(language, "\r"), language);
	(void)snprintf(send->to, sizeof(send->to), "%.*s", (int)strcspn(mail->to, "@"), mail->to);
	(void)snprintf(send->message_id, sizeof(send->message_id), "%.*s", (int)strcspn(id + 12, "\r"), id + 12);
	send->at_ms = world->now_ms;
	send->which = which;
	(void)snprintf(job_id, sizeof(job_id), "%.32s", id + 13);
	assert_true(memory_ledger_may_send(&world->ledger, job_id)); /* P2 */
}

static enum la_err
relay_submit(void *self, size_t which, const struct la_relay_mail *mail, struct la_error *error)
{
	struct world *world = self;

	(void)error;
	assert_true(relay_room(world, which) > 0);
	for (size_t i = 0; i < RELAYS * CONNECTIONS; i++) {
		if (world->flights[i].is_used)
			continue;
		world->flights[i] = (struct flight){
		    .is_used = true, .mail = *mail, .which = which, .done_ms = world->now_ms + world->latency_ms};
		if (++world->in_flight > world->most_in_flight)
			world->most_in_flight = world->in_flight;
		world->flights[i].is_over_limit = world->limit > 0 && world->in_flight > world->limit;
		note_send(world, which, mail);
		return (LA_OK);
	}
	fail_msg("more mails than connections");
	return (LA_EUNAVAILABLE);
}

static void
withdraw_flights(struct world *world)
{
	for (size_t i = 0; i < RELAYS * CONNECTIONS && world->now_ms >= world->until_ms; i++)
		world->flights[i].is_withdrawn = world->flights[i].is_used;
}

static void
relay_trust(void *self, int64_t until_ms)
{
	struct world *world = self;

	withdraw_flights(world);
	world->until_ms = until_ms;
}

static struct la_relay_result
answer(struct world *world, const struct flight *flight)
{
	struct la_relay_result result = {.token = flight->mail.token,
	    .which = flight->which,
	    .outcome = LA_RELAY_SENT,
	    .stage = LA_SMTP_END_OF_DATA,
	    .smtp_code = 250};

	assert_string_equal(flight->mail.from, "jmb_confirmation@jal.com");
	assert_true(flight->mail.data.size > 1000);
	if (flight->is_withdrawn) {
		result.outcome = LA_RELAY_WITHDRAWN;
		return (result);
	}
	(void)snprintf(result.detail, sizeof(result.detail), "as the script says");
	if (flight->is_over_limit) {
		result.outcome = LA_RELAY_DEFER;
		result.stage = LA_SMTP_BANNER;
		result.smtp_code = 421;
		return (result);
	}
	(void)snprintf(result.enhanced_code, sizeof(result.enhanced_code), "2.0.0");
	for (size_t r = 0; world->rules != NULL && world->rules[r].to != NULL; r++) {
		const struct rule *rule = &world->rules[r];
		size_t size = strlen(rule->to);

		if (strncmp(flight->mail.to, rule->to, size) != 0 || world->used[r] >= rule->times ||
		    (world->is_second_well && flight->which != 0))
			continue;
		world->used[r]++;
		result.outcome = rule->outcome;
		result.stage = rule->stage;
		result.smtp_code = rule->code;
		result.enhanced_code[0] = '\0';
		break;
	}
	return (result);
}

/* Until the next answer, at most wait_ms; time always goes on. */
static int64_t
till_next(const struct world *world, int wait_ms)
{
	int64_t wait = wait_ms > 0 && world->ledger.ask_count == 0 ? wait_ms : 1;

	for (size_t i = 0; i < RELAYS * CONNECTIONS && !world->is_relay_stuck; i++) {
		int64_t left = world->flights[i].done_ms - world->now_ms;

		if (world->flights[i].is_used && left < wait)
			wait = left > 0 ? left : 1;
	}
	return (wait);
}

static enum la_err
relay_work(void *self, const struct la_relay_wait *wait, struct la_relay_result *out, size_t cap, size_t *count,
    struct la_error *error)
{
	struct world *world = self;

	(void)error;
	*count = 0;
	for (size_t i = 0; i < LA_RELAY_WAIT_FDS; i++)
		assert_int_equal(wait->fds[i], -1); /* nothing in this world has one */
	withdraw_flights(world);
	for (size_t i = 0; i < RELAYS * CONNECTIONS && *count < cap; i++) {
		struct flight *flight = &world->flights[i];

		if (!flight->is_used ||
		    (!flight->is_withdrawn && (world->is_relay_stuck || flight->done_ms > world->now_ms)))
			continue;
		out[(*count)++] = answer(world, flight);
		flight->is_used = false;
		world->in_flight--;
	}
	if (*count == 0)
		world->now_ms += till_next(world, wait->ms);
	if (world->on_work != NULL)
		world->on_work(world);
	if (world->stop_at_ms == 0 ? is_all_committed(world) : world->now_ms >= world->stop_at_ms)
		world->stopping = 1;
	assert_true(world->now_ms < T0); /* it is never over: a test that hangs */
	return (LA_OK);
}

/* ---- all of it ---- */

static int64_t
world_now(void *cookie)
{
	return (((struct world *)cookie)->now_ms);
}

static int64_t
world_wall(void *cookie)
{
	struct world *world = cookie;

	return (T0 + world->wall_offset_ms + world->now_ms);
}

static const struct la_brand *
world_brand(void *cookie, struct la_span tenant)
{
	(void)tenant;
	return (((struct world *)cookie)->brand);
}

/* to is the local part; "": no recipient. */
static struct la_alert_job
job_to(int number, const char *to)
{
	struct la_alert_job job = {.mode = LA_MODE_LIVE,
	    .reason = LA_REASON_NEW_DEVICE,
	    .occurred_at_ms = T0,
	    .not_after_ms = T0 + 24 * 3600 * 1000,
	    .device_class = LA_CLASS_PC,
	    .has_recipient = true};
	char email[80];

	(void)snprintf(job.job_id, sizeof(job.job_id), "%032x", (unsigned)number);
	(void)snprintf(job.member_ref, sizeof(job.member_ref), "%032x", 7u);
	(void)snprintf(email, sizeof(email), "%s@example.jp", to);
	la_text_set(&job.event_id, la_span_text("e"));
	la_text_set(&job.tenant, la_span_text("default"));
	la_text_set(&job.member_masked, la_span_text("***1"));
	la_text_set(&job.device_label, la_span_text("Windows"));
	la_text_set(&job.browser_label, la_span_text("chrome"));
	la_text_set(&job.recipient_member_id, la_span_text("m"));
	if (to[0] != '\0')
		la_text_set(&job.recipient_email, la_span_text(email));
	la_text_set(&job.policy_rev, la_span_text("p"));
	la_text_set(&job.agent_rev, la_span_text("a"));
	la_text_set(&job.source_topic, la_span_text("login-events"));
	return (job);
}

static struct record *
new_record(struct world *world, int partition)
{
	assert_true(world->count[partition] < RECORDS);
	return (&world->records[partition][world->count[partition]++]);
}

static void
add_job(struct world *world, int partition, const struct la_alert_job *job)
{
	struct record *record = new_record(world, partition);
	struct la_error error = LA_ERROR_INIT;

	if (la_encoder_job(world->encoder, job, &record->value, &error) != LA_OK)
		fail_msg("%s", error.text);
	(void)snprintf(record->job_id, sizeof(record->job_id), "%s", job->job_id);
}

static inline void
add(struct world *world, int number, const char *to)
{
	struct la_alert_job job = job_to(number, to);

	add_job(world, number % PARTITIONS, &job);
}

static struct la_decoder *
open_decoder(enum la_record_type record)
{
	struct la_decoder_options options = {.record = record, .schema_folder = LA_TEST_SOURCE_DIR "/schemas"};
	struct la_error error = LA_ERROR_INIT;
	struct la_decoder *decoder = NULL;

	if (la_decoder_new(&decoder, &options, &error) != LA_OK)
		fail_msg("%s", error.text);
	return (decoder);
}

static void
open_loop(struct world *world)
{
	struct la_error error = LA_ERROR_INIT;

	if (la_delivery_new(&world->loop, &world->options, &error) != LA_OK)
		fail_msg("%s", error.text);
}

static void
set_schedule(struct world *world, const char *text)
{
	struct la_error error = LA_ERROR_INIT;

	if (la_schedule_parse(&world->options.schedule, text, &error) != LA_OK)
		fail_msg("%s", error.text);
}

/* With other options than those of setup. */
static inline void
reopen_loop(struct world *world)
{
	la_delivery_free(world->loop);
	open_loop(world);
}

static const char *const relay_names[RELAYS] = {"relay:25", "second:25"};

static int
setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct la_brand_options brand = {.folder = LA_TEST_SOURCE_DIR "/templates", .name = "jmb"};
	struct la_error error = LA_ERROR_INIT;

	log_lines[0] = '\0';
	world->outputs = calloc(OUTPUTS, sizeof(world->outputs[0]));
	world->now_ms = 1000;
	world->latency_ms = 5;
	world->bus = (struct la_bus){.self = world,
	    .poll = bus_poll,
	    .release = bus_release,
	    .keep_headers = bus_keep_headers,
	    .pause = bus_pause,
	    .produce = bus_produce,
	    .await = bus_await,
	    .discard = bus_discard,
	    .commit_begin = bus_commit_begin,
	    .commit_end = bus_commit_end,
	    .holds = bus_holds,
	    .cluster_id = bus_cluster_id};
	world->relay = (struct la_relay){world, relay_names, 1, relay_room, relay_submit, relay_trust, relay_work};
	memory_ledger_init(&world->ledger, &world->fault, &world->now_ms);
	memory_directory_init(&world->directory, &world->fault, &world->now_ms);
	world->decoder = open_decoder(LA_RECORD_ALERT_JOB);
	world->deliveries = open_decoder(LA_RECORD_DELIVERY);
	if (la_encoder_new(&world->encoder, LA_FRAMING_NONE, LA_TEST_SOURCE_DIR "/schemas", &error) != LA_OK ||
	    la_renderer_new(&world->renderer, &la_zone_system) != LA_OK ||
	    la_brand_load(&world->brand, &brand, &error) != LA_OK)
		fail_msg("%s", error.text);
	world->options = (struct la_delivery_options){.bus = &world->bus,
	    .bus_fd = -1,
	    .relay = &world->relay,
	    .ledger = &world->ledger.port,
	    .decoder = world->decoder,
	    .encoder = world->encoder,
	    .renderer = world->renderer,
	    .brand_of = world_brand,
	    .brand_cookie = world,
	    .now_ms = world_now,
	    .wall_ms = world_wall,
	    .now_cookie = world,
	    .log = keep_log,
	    .stopping = &world->stopping,
	    .shutdown_timeout_ms = 10000,
	    .topic_deliveries = "deliveries",
	    .topic_dlq = "dlq"};
	set_schedule(world, "1s,2s,4s,8s,16s,30s");
	open_loop(world);
	*state = world;
	return (0);
}

static void
clear_records(struct world *world)
{
	for (int p = 0; p < PARTITIONS; p++) {
		for (int64_t i = 0; i < world->count[p]; i++)
			la_buf_clear(&world->records[p][i].value);
	}
}

static int
teardown(void **state)
{
	struct world *world = *state;

	assert_int_equal(said("@") + said("example.jp"), 0); /* P7 */
	la_delivery_free(world->loop);
	assert_int_equal(world->in_hand + world->kept, 0);
	clear_records(world);
	la_renderer_free(world->renderer);
	la_brand_free(world->brand);
	la_encoder_free(world->encoder);
	la_decoder_free(world->decoder);
	la_decoder_free(world->deliveries);
	free(world->outputs);
	free(world);
	return (0);
}

/* Another world, as setup makes it. */
static inline struct world *
renew(void **state)
{
	(void)teardown(state);
	(void)setup(state);
	return (*state);
}

static enum la_err
run(struct world *world)
{
	struct la_error error = LA_ERROR_INIT;

	return (la_delivery_run(world->loop, &error));
}

/* A process that died is started again: reading goes on at the commit. */
static inline void
restart(struct world *world)
{
	la_delivery_free(world->loop);
	assert_int_equal(world->in_hand + world->kept, 0);
	for (int p = 0; p < PARTITIONS; p++) {
		world->lease[p]++;
		world->next[p] = world->committed[p];
	}
	memory_ledger_restart(&world->ledger, true);
	memory_directory_restart(&world->directory);
	memset(world->flights, 0, sizeof(world->flights));
	world->in_flight = 0;
	world->is_committing = false;
	world->is_paused = false;
	world->stopping = 0;
	open_loop(world);
}

static inline int
sends_to(const struct world *world, const char *to)
{
	int count = 0;

	for (size_t i = 0; i < world->send_count; i++)
		count += strcmp(world->sends[i].to, to) == 0;
	return (count);
}

static void
the_id(int number, char job_id[LA_ID_HEX])
{
	(void)snprintf(job_id, LA_ID_HEX, "%032x", (unsigned)number);
}

/* The acknowledged Delivery of a job; it is the only one. */
static inline const struct la_delivery *
delivery_of(const struct world *world, int number)
{
	const struct la_delivery *found = NULL;
	char job_id[LA_ID_HEX];

	the_id(number, job_id);
	for (size_t i = 0; i < world->output_count; i++) {
		const struct output *output = &world->outputs[i];

		if (output->is_dead_letter || strcmp(output->delivery.job_id, job_id) != 0)
			continue;
		assert_null(found);
		assert_true(output->is_acknowledged);
		found = &output->delivery;
	}
	assert_non_null(found);
	return (found);
}

static inline int
outcomes(const struct world *world, enum la_delivered outcome)
{
	int count = 0;

	for (size_t i = 0; i < world->output_count; i++)
		count += !world->outputs[i].is_dead_letter && world->outputs[i].delivery.outcome == outcome;
	return (count);
}

static inline size_t
dead_letters(const struct world *world)
{
	size_t count = 0;

	for (size_t i = 0; i < world->output_count; i++)
		count += world->outputs[i].is_dead_letter;
	return (count);
}

static inline void
revoke_first(struct world *world)
{
	if (world->now_ms < 3000 || world->lease[0] != 0)
		return;
	world->lease[0]++; /* it went to another instance, which finishes it */
	for (int64_t i = 0; i < world->count[0]; i++)
		world->records[0][i].has_outcome = true;
	world->committed[0] = world->next[0] = world->count[0];
}

#endif
