/*
 * The world of the mailer's loop in memory: a bus of two partitions, a ledger, a
 * directory, and relays that answer by script. They check their caller: no commit of a record whose
 * outcome the broker has not acknowledged, no release twice, no more mails at a time
 * than there are connections, each mail alive until its result.
 */
#ifndef LA_TESTS_DELIVERY_WORLD_H
#define LA_TESTS_DELIVERY_WORLD_H

#include "delivery_relay.h"

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
