/*
 * The mailer's loop over a bus and a relay in memory, with the real codec and templates: what it promises when
 * something fails at any step (P1, P3, P4, P5, P6, P9).
 */
#include "delivery_world.h"

#include "common/confluent.h"
#include "support/wide_schema.h"
#include "common/decoder_core.h"
#include "common/file.h"

static void
each_job_is_mailed_once_and_committed_behind_its_record(void **state)
{
	struct world *world = *state;
	const struct la_delivery *delivery;
	char to[16], id[64];

	for (int i = 0; i < 100; i++) {
		(void)snprintf(to, sizeof(to), "u%d", i);
		add(world, i, to);
	}
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 100);
	assert_int_equal(world->output_count, 100);
	assert_int_equal(world->most_in_flight, CONNECTIONS);
	for (int i = 0; i < 100; i++) {
		delivery = delivery_of(world, i);
		assert_int_equal(delivery->outcome, LA_DELIVERED_SENT);
		assert_int_equal(delivery->smtp_code, 250);
		assert_string_equal(delivery->enhanced_code.bytes, "2.0.0");
		assert_int_equal(delivery->attempts, 1);
		assert_string_equal(delivery->relay.bytes, "relay:25");
		assert_string_equal(delivery->template_rev.bytes, world->brand->template_rev);
		(void)snprintf(id, sizeof(id), "<%032x@jal.com>", (unsigned)i);
		assert_string_equal(delivery->message_id.bytes, id);
		assert_true(delivery->at_ms >= T0);
	}
}

static void
jobs_go_in_the_order_in_which_they_came(void **state)
{
	struct world *world = *state;
	char to[16];

	for (int i = 0; i < RECORDS; i++) { /* more than there are places */
		struct la_alert_job job;

		(void)snprintf(to, sizeof(to), "u%d", i);
		job = job_to(i, to);
		add_job(world, 0, &job);
	}
	assert_int_equal(run(world), LA_OK);
	for (int i = 0; i < RECORDS; i++) {
		(void)snprintf(to, sizeof(to), "u%d", i);
		assert_string_equal(world->sends[i].to, to);
	}
	assert_true(world->most_in_hand <= 256);
}

static void
what_is_no_job_is_a_dead_letter_and_blocks_nothing(void **state)
{
	struct world *world = *state;

	add(world, 0, "a");
	assert_int_equal(la_buf_add_text(&new_record(world, 0)->value, "no job at all"), LA_OK);
	new_record(world, 0)->is_null = true;
	add(world, 2, "b");
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 2);
	assert_int_equal(dead_letters(world), 2);
	for (size_t i = 0; i < world->output_count; i++) {
		const char *headers = world->outputs[i].headers;

		if (!world->outputs[i].is_dead_letter)
			continue;
		assert_non_null(strstr(headers, "__connect.errors.topic=login-alerts\n"));
		assert_non_null(strstr(headers, "__connect.errors.partition=0\n"));
		assert_non_null(strstr(headers, "__connect.errors.stage=VALUE_CONVERTER\n"));
		assert_non_null(strstr(headers, "__connect.errors.class.name=undecodable\n"));
		assert_null(strstr(headers, "no job at all"));
	}
}

static void
only_live_jobs_in_their_time_reach_the_relay(void **state)
{
	struct world *world = *state;
	struct la_alert_job jobs[] = {
	    job_to(0, "r"), job_to(1, "s"), job_to(2, "e"), job_to(3, "edge"), job_to(4, "ok")};

	jobs[0].mode = LA_MODE_REPLAY;
	jobs[1].mode = LA_MODE_SHADOW;
	jobs[2].not_after_ms = T0 - 1;
	jobs[3].not_after_ms = T0 + world->now_ms; /* the time is over when it is reached */
	jobs[4].not_after_ms = T0 + MINUTE;
	for (int i = 0; i < 5; i++)
		add_job(world, 0, &jobs[i]);
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 1);
	assert_int_equal(sends_to(world, "ok"), 1);
	assert_int_equal(delivery_of(world, 0)->outcome, LA_DELIVERED_NOT_LIVE);
	assert_int_equal(delivery_of(world, 1)->outcome, LA_DELIVERED_NOT_LIVE);
	assert_int_equal(delivery_of(world, 2)->outcome, LA_DELIVERED_EXPIRED);
	assert_int_equal(delivery_of(world, 3)->outcome, LA_DELIVERED_EXPIRED);
	assert_int_equal(delivery_of(world, 2)->attempts, 0);
	assert_int_equal(dead_letters(world), 0);
}

static void
a_job_without_a_usable_address_is_refused_and_a_dead_letter(void **state)
{
	struct world *world = *state;

	add(world, 0, "");
	add(world, 2, "two@at");
	add(world, 4, "x\r\nRCPT TO:<y");
	add(world, 6, "good");
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 1);
	assert_int_equal(dead_letters(world), 3);
	for (int i = 0; i < 6; i += 2)
		assert_int_equal(delivery_of(world, i)->outcome, LA_DELIVERED_REFUSED);
	assert_non_null(strstr(world->outputs[0].headers, "__connect.errors.stage=TRANSFORMATION\n"));
	for (size_t i = 0; i < world->output_count; i++) {
		assert_null(strstr(world->outputs[i].headers, "two"));
		assert_null(strstr(world->outputs[i].headers, "RCPT"));
	}
	assert_int_equal(said("example.jp"), 0);
}

static void
a_refused_mail_is_final_and_no_dead_letter(void **state)
{
	static const struct rule rules[] = {{"no", LA_RELAY_REFUSED, LA_SMTP_RCPT, 550, ALWAYS}, {.to = NULL}};
	struct world *world = *state;

	world->rules = rules;
	add(world, 0, "no");
	add(world, 1, "yes");
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(sends_to(world, "no"), 1);
	assert_int_equal(delivery_of(world, 0)->outcome, LA_DELIVERED_REFUSED);
	assert_int_equal(delivery_of(world, 0)->smtp_code, 550);
	assert_int_equal(delivery_of(world, 1)->outcome, LA_DELIVERED_SENT);
	assert_int_equal(dead_letters(world), 0);
}

/* A relay that refuses or defers everything, a topic full of garbage: seen in the log, without flooding it. */
static void
what_happens_to_many_records_is_said_once_a_second(void **state)
{
	static const struct rule rules[] = {{"no", LA_RELAY_REFUSED, LA_SMTP_RCPT, 550, ALWAYS},
	    {"later", LA_RELAY_DEFER, LA_SMTP_DATA, 0, 200}, {.to = NULL}};
	struct world *world = *state;
	int seconds;

	world->rules = rules;
	for (int i = 0; i < 600; i += 3) {
		add(world, i, "no");
		add(world, i + 1, "later");
		add(world, i + 2, "");
	}
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	seconds = (int)(world->now_ms / 1000) + 1;
	assert_in_range(said("msg=\"mail refused\""), 1, seconds);
	assert_in_range(said("msg=\"mail deferred\""), 1, seconds);
	assert_in_range(said("msg=\"dead letter\""), 1, seconds);
}

static void
a_deferred_mail_waits_longer_each_time_and_lets_others_pass(void **state)
{
	static const struct rule rules[] = {{"later", LA_RELAY_DEFER, LA_SMTP_RCPT, 450, 8}, {.to = NULL}};
	struct world *world = *state;
	int64_t waits[8], last_ms = 0;
	size_t count = 0;
	char to[16];

	world->rules = rules;
	add(world, 0, "later");
	for (int i = 2; i < 400; i += 2) {
		(void)snprintf(to, sizeof(to), "u%d", i);
		add(world, i, to);
	}
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	for (size_t i = 0; i < world->send_count; i++) {
		if (strcmp(world->sends[i].to, "later") != 0) {
			assert_true(world->sends[i].at_ms < 1000 + 1500); /* before the first retry is over */
			continue;
		}
		if (last_ms != 0)
			waits[count++] = world->sends[i].at_ms - last_ms;
		last_ms = world->sends[i].at_ms;
	}
	assert_int_equal(count, 8);
	for (size_t i = 0; i < 8; i++) {
		int64_t least = i < 5 ? INT64_C(1000) << i : 30000;

		assert_in_range(waits[i], least, least * 5 / 4 + 200);
	}
	assert_int_equal(delivery_of(world, 0)->attempts, 9);
	assert_int_equal(delivery_of(world, 0)->outcome, LA_DELIVERED_SENT);
}

static void
a_cut_mail_is_sent_once_more_with_the_same_id_then_unknown(void **state)
{
	static const struct rule rules[] = {{"once", LA_RELAY_UNKNOWN, LA_SMTP_END_OF_DATA, 0, 1},
	    {"twice", LA_RELAY_UNKNOWN, LA_SMTP_END_OF_DATA, 0, ALWAYS}, {.to = NULL}};
	struct world *world = *state;
	const char *first = NULL;

	world->rules = rules;
	add(world, 0, "once");
	add(world, 1, "twice");
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(sends_to(world, "once"), 2);
	assert_int_equal(sends_to(world, "twice"), 2);
	for (size_t i = 0; i < world->send_count; i++) {
		if (strcmp(world->sends[i].to, "once") != 0)
			continue;
		if (first != NULL)
			assert_string_equal(first, world->sends[i].message_id);
		first = world->sends[i].message_id;
	}
	assert_int_equal(delivery_of(world, 0)->outcome, LA_DELIVERED_SENT);
	assert_int_equal(delivery_of(world, 0)->attempts, 2);
	assert_int_equal(delivery_of(world, 1)->outcome, LA_DELIVERED_UNKNOWN);
	assert_false(delivery_of(world, 1)->has_smtp_code);
}

static void
a_mail_that_waits_past_its_time_is_not_sent(void **state)
{
	static const struct rule rules[] = {{"later", LA_RELAY_DEFER, LA_SMTP_RCPT, 450, ALWAYS},
	    {"cut", LA_RELAY_UNKNOWN, LA_SMTP_END_OF_DATA, 0, 1}, {"cut", LA_RELAY_DEFER, LA_SMTP_RCPT, 450, ALWAYS},
	    {.to = NULL}};
	struct world *world = *state;
	struct la_alert_job jobs[] = {job_to(0, "later"), job_to(1, "cut")};

	world->rules = rules;
	for (int i = 0; i < 2; i++) {
		jobs[i].not_after_ms = T0 + 10 * MINUTE;
		add_job(world, i, &jobs[i]);
	}
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_in_range(world->now_ms, 10 * MINUTE, 10 * MINUTE + 1000);
	assert_int_equal(delivery_of(world, 0)->outcome, LA_DELIVERED_EXPIRED);
	assert_int_equal(delivery_of(world, 0)->smtp_code, 450);
	assert_int_equal(delivery_of(world, 1)->outcome, LA_DELIVERED_UNKNOWN); /* it may have been sent */
	for (size_t i = 0; i < world->send_count; i++)
		assert_true(world->sends[i].at_ms < 10 * MINUTE);
}

static void
a_stop_finishes_what_is_under_way_and_hands_back_the_rest(void **state)
{
	static const struct rule rules[] = {{"later", LA_RELAY_DEFER, LA_SMTP_RCPT, 450, ALWAYS}, {.to = NULL}};
	struct world *world = *state;
	char to[16];

	world->rules = rules;
	world->latency_ms = 500;
	world->stop_at_ms = 1000 + 1700; /* in the middle of the fourth round */
	for (int i = 0; i < 200; i += 2) {
		(void)snprintf(to, sizeof(to), i == 2 ? "later" : "u%d", i);
		add(world, i, to);
	}
	assert_int_equal(run(world), LA_OK);
	assert_int_equal(world->committed[0], 1); /* the second is waiting */
	assert_int_equal(world->in_flight, 0);
	assert_true(world->now_ms < 1000 + 1700 + 700);
	assert_true(world->send_count < 20);
	assert_int_equal(said("msg=\"jobs handed back\""), 1);
}

static void
a_relay_that_hangs_does_not_keep_a_stop_beyond_its_time(void **state)
{
	struct world *world = *state;

	world->is_relay_stuck = true;
	world->stop_at_ms = 2000;
	add(world, 0, "u");
	assert_int_equal(run(world), LA_OK);
	assert_in_range(world->now_ms, 12000, 12200);
	assert_int_equal(world->committed[0], 0);
}

static void
a_broker_that_is_away_holds_commits_not_mails(void **state)
{
	struct world *world = *state;

	world->is_broker_away = true;
	world->stop_at_ms = 5000;
	add(world, 0, "a");
	add(world, 1, "b");
	assert_int_equal(run(world), LA_OK);
	assert_int_equal(world->send_count, 2);
	assert_int_equal(world->committed[0], 0);
	assert_true(world->now_ms >= 15000); /* it waited for the broker as long as it may */
}

static void
dead_letters_that_are_refused_hold_the_commit(void **state)
{
	struct world *world = *state;

	world->refuses_dead_letters = true;
	world->stop_at_ms = 5000;
	assert_int_equal(la_buf_add_text(&new_record(world, 0)->value, "?"), LA_OK);
	add(world, 2, "b");
	assert_int_equal(run(world), LA_OK);
	assert_int_equal(sends_to(world, "b"), 1);
	assert_int_equal(world->committed[0], 0); /* P4 */
	world->refuses_dead_letters = false;
	restart(world);
	world->stop_at_ms = 0;
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
}

static void
a_dead_letter_that_is_too_large_goes_without_its_value(void **state)
{
	struct world *world = *state;
	struct record *record = new_record(world, 0);

	world->value_max = 5000;
	for (int i = 0; i < 10000; i++)
		assert_int_equal(la_buf_add_text(&record->value, "\xff"), LA_OK);
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->output_count, 1);
	assert_true(world->outputs[0].is_value_null);
	assert_non_null(strstr(world->outputs[0].headers, "login-alert.value-omitted=10000\n"));
}

/* One of them is too large itself, and is the only one without its value. */
static void
dead_letters_that_are_too_large_together_keep_their_values(void **state)
{
	static const int sizes[] = {900, 800, 10, 1001, 700};
	struct world *world = *state;

	world->together_max = 1000;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct record *record = new_record(world, (int)(i % PARTITIONS));

		for (int n = 0; n < sizes[i]; n++)
			assert_int_equal(la_buf_add_text(&record->value, "\xff"), LA_OK);
	}
	add(world, 5, "a");
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->output_count, 6);
	for (size_t i = 0; i < 6; i++) {
		const struct output *output = &world->outputs[i];

		assert_int_equal(output->is_value_null, strstr(output->headers, "login-alert.value-omitted=1001\n") != NULL);
		assert_int_equal(output->is_value_null, strstr(output->headers, "value-omitted") != NULL);
		assert_true(output->is_value_null || output->value_size > 0);
	}
}

static void
mails_of_a_partition_that_went_away_are_not_sent_any_more(void **state)
{
	static const struct rule rules[] = {{"gone", LA_RELAY_DEFER, LA_SMTP_RCPT, 450, 2},
	    {"here", LA_RELAY_DEFER, LA_SMTP_RCPT, 450, 4}, {.to = NULL}};
	struct world *world = *state;

	world->rules = rules;
	world->on_work = revoke_first;
	add(world, 0, "gone");
	add(world, 1, "here");
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(sends_to(world, "gone"), 2); /* at 1 s and 2 s, not at 4 s */
	assert_int_equal(sends_to(world, "here"), 5);
	assert_int_equal(world->output_count, 1);
	assert_int_equal(memory_ledger_entry(&world->ledger, world->records[0][0].job_id)->owner, 0); /* for the other */
}

/* A rebalance refuses a commit as a whole: what was kept is committed by the next one. */
static void
a_commit_that_a_rebalance_refused_is_made_again_for_what_was_kept(void **state)
{
	struct world *world = *state;

	world->refused_commits = 2;
	world->commit_code = LA_EREVOKED;
	add(world, 0, "a");
	add(world, 1, "b");
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 2);
}

static void
the_last_commit_is_tried_until_it_is_taken_or_the_time_is_over(void **state)
{
	struct world *world = *state;

	world->refused_commits = 3; /* one before the stop, two behind it */
	world->commit_code = LA_EUNAVAILABLE;
	world->stop_at_ms = 1500;
	add(world, 0, "a");
	assert_int_equal(run(world), LA_OK);
	assert_int_equal(world->committed[0], 1);

	world = renew(state);
	world->refused_commits = 1000;
	world->commit_code = LA_EUNAVAILABLE;
	world->stop_at_ms = 1500;
	add(world, 0, "a");
	assert_int_equal(run(world), LA_OK);
	assert_int_equal(world->committed[0], 0);
	assert_in_range(world->now_ms, 1500 + 10000 / 3, 1500 + 10000 / 3 + 500);
}

static void
add_mixture(struct world *world)
{
	struct la_alert_job replayed = job_to(4, "replayed");

	replayed.mode = LA_MODE_REPLAY;
	add(world, 0, "a");
	add(world, 1, "later");
	add(world, 2, "");
	add(world, 3, "b");
	add_job(world, 0, &replayed);
	assert_int_equal(la_buf_add_text(&new_record(world, 1)->value, "?"), LA_OK);
	add(world, 6, "no");
	add(world, 7, "c");
}

static const struct rule mixture_rules[] = {{"later", LA_RELAY_DEFER, LA_SMTP_RCPT, 450, 1},
    {"no", LA_RELAY_REFUSED, LA_SMTP_RCPT, 550, ALWAYS}, {.to = NULL}};

/* Every call of the bus in turn fails once: nothing is lost, and nothing committed before its time (the bus looks). */
static void
a_failing_call_is_made_again(void **state)
{
	struct world *world;
	long k = 0;

	do {
		k++;
		for (int after = 0; after < 2; after++) {
			world = renew(state);
			world->rules = mixture_rules;
			world->fault = (struct fault){.at = k, .after = after, .code = LA_EUNAVAILABLE};
			add_mixture(world);
			assert_int_equal(run(world), LA_OK);
			assert_true(is_all_committed(world));
			assert_int_equal(sends_to(world, "a"), 1);
			assert_int_equal(sends_to(world, "later"), 2);
			assert_int_equal(sends_to(world, "replayed"), 0);
		}
	} while (world->fault.hit);
	assert_true(k > 20);
}

/* The process dies at every call of bus and ledger in turn: what was claimed and not marked goes once more, nothing else. */
static void
a_crash_at_any_step_loses_no_mail_and_repeats_only_what_was_claimed(void **state)
{
	static const char *const names[] = {"a", "b", "c", "later", "no"};
	struct world *world;
	long k = 0;
	bool was_hit;
	int repeats, allowed;

	do {
		k++;
		was_hit = false;
		for (int after = 0; after < 2; after++) {
			world = renew(state);
			world->rules = mixture_rules;
			world->fault =
			    (struct fault){.at = k, .after = after, .lasting = true, .code = LA_EINTERNAL};
			add_mixture(world);
			if (run(world) != LA_OK) {
				was_hit = true;
				world->fault = (struct fault){.at = 0};
				restart(world);
				assert_int_equal(run(world), LA_OK);
			}
			assert_true(is_all_committed(world));
			assert_int_equal(sends_to(world, "replayed"), 0);
			repeats = 0;
			for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
				int least = strcmp(names[i], "later") == 0 ? 2 : 1;

				assert_true(sends_to(world, names[i]) >= least);
				repeats += sends_to(world, names[i]) - least;
			}
			/* The first attempt of "later" and the refused one leave no claim. */
			allowed = world->ledger.takeovers + 2;
			assert_true(repeats <= allowed);
			assert_true(world->ledger.marks >= 4);
		}
	} while (was_hit);
	assert_true(k > 40);
}

/* A registry that has one schema, of any id: after three questions, and each is deleted once it was told. */
struct registry {
	struct la_registry_answer answer;
	int asked;
	bool told[1 << 11];
};

static enum la_err
registry_find(void *cookie, uint32_t id, const struct la_registry_answer **answer, struct la_error *error)
{
	struct registry *registry = cookie;

	assert_in_range(++registry->asked, 1, 10000); /* not without end, while no time goes by */
	if (registry->asked <= 3)
		return (la_error_set(error, LA_ETIMEOUT, "asked"));
	if (registry->told[id])
		return (la_error_set(error, LA_ENOSCHEMA, "deleted"));
	registry->told[id] = true;
	*answer = &registry->answer;
	return (LA_OK);
}

static void
registry_free(void *cookie)
{
	la_buf_clear(&((struct registry *)cookie)->answer.schema);
}

static void
ask_for_schemas(struct world *world, struct registry *registry)
{
	struct la_decoder_options options = {.record = LA_RECORD_ALERT_JOB,
	    .framing = LA_FRAMING_CONFLUENT,
	    .schema_folder = LA_TEST_SOURCE_DIR "/schemas"};
	struct la_error error = LA_ERROR_INIT;

	*registry = (struct registry){.answer = {.verdict = LA_REGISTRY_FOUND, .schema = LA_BUF_INIT}};
	la_decoder_free(world->decoder);
	if (la_decoder_new(&world->decoder, &options, &error) != LA_OK ||
	    la_file_read(LA_TEST_SOURCE_DIR "/schemas/AlertJob.avsc", 100000, &registry->answer.schema, &error) != LA_OK ||
	    la_decoder_set_source(
		world->decoder, (struct la_decoder_source){.find = registry_find, .free = registry_free, .cookie = registry}) != LA_OK)
		fail_msg("%s", error.text);
	world->options.decoder = world->decoder;
	reopen_loop(world);
}

static void
add_framed(struct world *world, int number, const char *to, uint32_t id, bool wide)
{
	struct record *record = &world->records[number % PARTITIONS][number / PARTITIONS];
	struct la_buf framed = LA_BUF_INIT;
	unsigned char header[LA_CONFLUENT_HEADER_BYTES];

	add(world, number, to);
	la_confluent_header(id, header);
	assert_int_equal(la_buf_add(&framed, header, sizeof(header)), LA_OK);
	assert_int_equal(la_buf_add(&framed, record->value.data, record->value.size), LA_OK);
	assert_int_equal(la_buf_add(&framed, "", wide ? 1 : 0), LA_OK);
	la_buf_clear(&record->value);
	record->value = framed;
}

/* What waited for its schema takes the places that there are: no more is polled than there is room for behind it. */
static void
of_a_backlog_that_waits_for_a_schema_no_more_is_taken_than_there_is_room_for(void **state)
{
	struct world *world = *state;
	static struct registry registry; /* the decoder has it until the teardown */
	char to[16];

	ask_for_schemas(world, &registry);
	for (int i = 0; i < 600; i++) {
		(void)snprintf(to, sizeof(to), "u%d", i);
		add_framed(world, i, to, 7, false);
	}
	assert_int_equal(run(world), LA_OK);
	assert_int_equal(world->send_count, 600);
	assert_int_equal(world->most_in_hand, 256);
}

/* Other schemas have needed all the room meanwhile, and the registry has forgotten it. */
static void
a_job_that_waits_for_its_next_try_is_mailed_though_its_schema_is_deleted(void **state)
{
	static const struct rule rules[] = {{"later", LA_RELAY_DEFER, LA_SMTP_RCPT, 450, 2}, {.to = NULL}};
	struct world *world = *state;
	static struct registry registry; /* the decoder has it until the teardown */

	ask_for_schemas(world, &registry);
	widen_schema(&registry.answer.schema);
	world->rules = rules;
	add_framed(world, 0, "later", 1, true);
	for (uint32_t id = 2; id < 2 + LA_DECODER_IDS_BYTES / WIDE_BYTES + 1; id++)
		add_framed(world, (int)id - 1, "other", id, true);
	assert_int_equal(run(world), LA_OK);
	assert_int_equal(sends_to(world, "later"), 3);
	assert_int_equal(delivery_of(world, 0)->outcome, LA_DELIVERED_SENT);
	assert_int_equal(dead_letters(world), 0);
	assert_int_equal(said("for=registry"), 0);
}

/* However a job ends; while those that wait need all the room, it is said, and no more is taken. */
static void
schemas_of_jobs_that_are_done_or_gone_make_room_for_others(void **state)
{
	static const struct rule rules[] = {{"later", LA_RELAY_DEFER, LA_SMTP_RCPT, 450, 300}, {.to = NULL}};
	struct world *world = *state;
	static struct registry registry;

	ask_for_schemas(world, &registry);
	la_decoder_keep_few(world->decoder, 1);
	world->rules = rules;
	world->on_work = revoke_first;
	world->stop_at_ms = 10 * MINUTE;
	for (int i = 0; i < 600; i++)
		add_framed(world, i, i % 3 == 0 ? "later" : "other", (uint32_t)i + 1, false);
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	for (int i = 1; i < 600; i += PARTITIONS)
		assert_int_equal(delivery_of(world, i)->outcome, LA_DELIVERED_SENT);
	assert_int_equal(dead_letters(world), 0);
	assert_true(said("for=registry why=\"records in hand need all schemas that there is room for\"") > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_job_is_mailed_once_and_committed_behind_its_record),
	    TEST(jobs_go_in_the_order_in_which_they_came),
	    TEST(what_is_no_job_is_a_dead_letter_and_blocks_nothing),
	    TEST(only_live_jobs_in_their_time_reach_the_relay),
	    TEST(a_job_without_a_usable_address_is_refused_and_a_dead_letter),
	    TEST(a_refused_mail_is_final_and_no_dead_letter),
	    TEST(what_happens_to_many_records_is_said_once_a_second),
	    TEST(a_deferred_mail_waits_longer_each_time_and_lets_others_pass),
	    TEST(a_cut_mail_is_sent_once_more_with_the_same_id_then_unknown),
	    TEST(a_mail_that_waits_past_its_time_is_not_sent),
	    TEST(a_stop_finishes_what_is_under_way_and_hands_back_the_rest),
	    TEST(a_relay_that_hangs_does_not_keep_a_stop_beyond_its_time),
	    TEST(a_broker_that_is_away_holds_commits_not_mails),
	    TEST(dead_letters_that_are_refused_hold_the_commit),
	    TEST(a_dead_letter_that_is_too_large_goes_without_its_value),
	    TEST(dead_letters_that_are_too_large_together_keep_their_values),
	    TEST(mails_of_a_partition_that_went_away_are_not_sent_any_more),
	    TEST(a_commit_that_a_rebalance_refused_is_made_again_for_what_was_kept),
	    TEST(the_last_commit_is_tried_until_it_is_taken_or_the_time_is_over),
	    TEST(a_failing_call_is_made_again),
	    TEST(of_a_backlog_that_waits_for_a_schema_no_more_is_taken_than_there_is_room_for),
	    TEST(a_job_that_waits_for_its_next_try_is_mailed_though_its_schema_is_deleted),
	    TEST(schemas_of_jobs_that_are_done_or_gone_make_room_for_others),
	    TEST(a_crash_at_any_step_loses_no_mail_and_repeats_only_what_was_claimed),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
