/*
 * The mailer's loop over a bus and a relay in memory, with the real codec and templates: what it promises when
 * something fails at any step (P1, P3, P4, P5, P6, P9).
 */
#include "delivery_world.h"

#define ALWAYS 1000000
#define MINUTE 60000

static struct world *
renew(void **state)
{
	(void)teardown(state);
	(void)setup(state);
	return (*state);
}

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
a_relay_at_fault_is_asked_by_one_mail_at_a_time_and_nothing_is_taken(void **state)
{
	static const struct rule rules[] = {{"u", LA_RELAY_AT_FAULT, LA_SMTP_AUTH, 535, 12}, {.to = NULL}};
	struct world *world = *state;
	char to[16];

	world->rules = rules;
	for (int i = 0; i < 400; i++) {
		(void)snprintf(to, sizeof(to), "u%d", i);
		add(world, i, to);
	}
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 412);
	assert_true(world->most_in_hand <= 256);
	assert_true(world->polls_while_paused > 100); /* the membership is kept */
	/* The first three went out together, then one each time. */
	for (size_t i = 3; i < 12; i++) {
		assert_true(world->sends[i].at_ms - world->sends[i - 1].at_ms >= 1000);
		assert_true(world->sends[i].at_ms - world->sends[i - 1].at_ms <= 37500 + 300);
	}
	assert_true(said("msg=waiting") >= 2);
	assert_true(said("msg=waiting") <= 1 + (int)(world->now_ms / 30000));
	assert_int_equal(said("msg=\"going on\""), 1);
	assert_int_equal(dead_letters(world), 0);
	for (int i = 0; i < 400; i++)
		assert_int_equal(delivery_of(world, i)->outcome, LA_DELIVERED_SENT);
}

/* The relay is well, but for one mail: at a rate at which no other is under way, too. */
static void
a_mail_that_only_looks_like_a_relay_at_fault_holds_up_no_other(void **state)
{
	static const struct rule rules[][2] = {{{"bad", LA_RELAY_AT_FAULT, LA_SMTP_RCPT, 530, ALWAYS}, {.to = NULL}},
	    {{"bad", LA_RELAY_AT_FAULT, LA_SMTP_END_OF_DATA, 535, ALWAYS}, {.to = NULL}},
	    {{"bad", LA_RELAY_DEFER, LA_SMTP_MAIL, 0, ALWAYS}, {.to = NULL}}};

	for (size_t r = 0; r < 2 * sizeof(rules) / sizeof(rules[0]); r++) {
		struct world *world = renew(state);
		struct la_alert_job bad = job_to(0, "bad");
		int count = r % 2 == 0 ? RECORDS : 60;

		world->rules = rules[r / 2];
		world->options.mails_per_s = r % 2 == 0 ? 0 : 2;
		reopen_loop(world);
		bad.not_after_ms = T0 + 60 * MINUTE;
		add_job(world, 0, &bad);
		for (int i = 1; i < count; i++)
			add(world, i, "u");
		assert_int_equal(run(world), LA_OK);
		assert_true(is_all_committed(world));
		assert_int_equal(outcomes(world, LA_DELIVERED_SENT), count - 1);
		assert_int_equal(delivery_of(world, 0)->outcome, LA_DELIVERED_EXPIRED);
		for (size_t i = 0; i < world->send_count; i++) {
			if (strcmp(world->sends[i].to, "u") == 0 && world->sends[i].at_ms > 2 * MINUTE)
				fail_msg("case %zu: a mail only after %lld ms", r, (long long)world->sends[i].at_ms);
		}
	}
}

static void
a_relay_that_takes_fewer_connections_is_used_as_far_as_it_goes_and_said_seldom(void **state)
{
	for (size_t limit = 1; limit < CONNECTIONS; limit++) {
		struct world *world = renew(state);

		world->limit = limit;
		for (int i = 0; i < RECORDS; i++)
			add(world, i, "u");
		assert_int_equal(run(world), LA_OK);
		assert_true(is_all_committed(world));
		assert_int_equal(outcomes(world, LA_DELIVERED_SENT), RECORDS);
		assert_true(world->now_ms < 1000 + 2 * RECORDS * 5 / (int64_t)limit); /* with rests: 293 s and 585 s */
		assert_true(world->send_count < RECORDS + 20);
		assert_int_equal(said("relay takes fewer connections"), 1);
		assert_in_range(said("msg=waiting"), 0, 1); /* when the last of the others was through before it */
	}
}

static void
a_relay_that_is_away_for_an_hour_loses_nothing(void **state)
{
	static const struct rule rules[] = {{"u", LA_RELAY_DEFER, LA_SMTP_CONNECT, 0, 130}, {.to = NULL}};
	struct world *world = *state;

	world->rules = rules;
	add(world, 0, "u0");
	add(world, 1, "u1");
	assert_int_equal(run(world), LA_OK);
	assert_true(world->now_ms > 60 * MINUTE);
	assert_true(is_all_committed(world));
	assert_int_equal(delivery_of(world, 0)->outcome, LA_DELIVERED_SENT);
	assert_true(delivery_of(world, 0)->attempts > 30);
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
ten_mails_in_a_row_that_data_refuses_are_the_relays_fault(void **state)
{
	static const struct rule rules[] = {{"u", LA_RELAY_REFUSED, LA_SMTP_END_OF_DATA, 554, 13}, {.to = NULL}};
	struct world *world = *state;
	char to[16];

	world->rules = rules;
	world->latency_ms = 0;
	for (int i = 0; i < 40; i++) {
		(void)snprintf(to, sizeof(to), "u%d", i);
		add(world, i, to);
	}
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_true(world->now_ms > 1000 + 1000);
	assert_true(said("10 mails in a row") >= 1);
	assert_int_equal(said("msg=\"going on\""), 1);
	for (size_t i = 12; i < 14; i++) /* one try after each rest */
		assert_true(world->sends[i].at_ms - world->sends[i - 1].at_ms >= 1000);
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

static void
revoke_first(struct world *world)
{
	if (world->now_ms < 3000 || world->lease[0] != 0)
		return;
	world->lease[0]++; /* it went to another instance, which finishes it */
	for (int64_t i = 0; i < world->count[0]; i++)
		world->records[0][i].has_outcome = true;
	world->committed[0] = world->next[0] = world->count[0];
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

/* ---- the ledger ---- */

static void
a_job_that_was_mailed_before_is_a_duplicate(void **state)
{
	struct world *world = *state;
	struct la_alert_job again = job_to(1, "a");

	add(world, 1, "a");
	add(world, 3, "b");
	add_job(world, 1, &again); /* the producer sent its event twice */
	add_job(world, 0, &again);
	memory_ledger_entry(&world->ledger, world->records[1][1].job_id)->is_sent = true; /* b: by an earlier run */
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(sends_to(world, "a"), 1);
	assert_int_equal(sends_to(world, "b"), 0);
	assert_int_equal(delivery_of(world, 3)->outcome, LA_DELIVERED_DUPLICATE);
	assert_int_equal(delivery_of(world, 3)->attempts, 0);
	assert_int_equal(outcomes(world, LA_DELIVERED_SENT), 1);
	assert_int_equal(outcomes(world, LA_DELIVERED_DUPLICATE), 3);
}

static void
marks_outlive_the_time_in_which_a_job_may_be_mailed(void **state)
{
	struct world *world = *state;
	struct la_alert_job no_limit = job_to(1, "b");

	no_limit.not_after_ms = INT64_C(4102444800000);
	add(world, 0, "a"); /* a day */
	add_job(world, 1, &no_limit);
	assert_int_equal(run(world), LA_OK);
	assert_in_range(memory_ledger_entry(&world->ledger, world->records[0][0].job_id)->ttl_s, 2 * 86400 - 10, 2 * 86400);
	assert_int_equal(memory_ledger_entry(&world->ledger, world->records[1][0].job_id)->ttl_s, 30 * 86400);
}

static void
let_other_finish(struct world *world)
{
	struct ledger_entry *entry = memory_ledger_entry(&world->ledger, world->records[0][0].job_id);

	if (world->now_ms > 6000)
		entry->is_sent = true;
}

static void
let_other_die(struct world *world)
{
	if (world->now_ms > 6000)
		world->ledger.is_other_alive = false;
}

/* After a rebalance the mailer that had the partition may still be sending: its claim is waited for, others pass. */
static void
a_job_that_a_living_mailer_claimed_waits_until_that_is_over(void **state)
{
	struct world *world = *state;

	for (int dies = 0; dies < 2; dies++) {
		world = renew(state);
		world->on_work = dies ? let_other_die : let_other_finish;
		world->ledger.is_other_alive = true;
		add(world, 0, "theirs");
		add(world, 2, "ours");
		memory_ledger_entry(&world->ledger, world->records[0][0].job_id)->owner = LEDGER_OTHER;
		assert_int_equal(run(world), LA_OK);
		assert_true(is_all_committed(world));
		assert_true(world->now_ms >= 6000);
		assert_int_equal(sends_to(world, "ours"), 1);
		assert_true(world->sends[0].at_ms < 2000);
		assert_int_equal(sends_to(world, "theirs"), dies);
		assert_int_equal(world->ledger.takeovers, dies);
		assert_int_equal(said("msg=\"mail again\""), dies);
		assert_int_equal(
		    delivery_of(world, 0)->outcome, dies ? LA_DELIVERED_SENT : LA_DELIVERED_DUPLICATE);
	}
}

static void
bring_ledger_back(struct world *world)
{
	world->ledger.is_away = world->now_ms > 2000 && world->now_ms < 100000;
}

static void
without_the_ledger_nothing_is_sent_and_nothing_is_taken(void **state)
{
	struct world *world = *state;
	char to[16];
	int late = 0;

	world->on_work = bring_ledger_back;
	world->latency_ms = 300;
	for (int i = 0; i < 300; i++) {
		(void)snprintf(to, sizeof(to), "u%d", i);
		add(world, i, to);
	}
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 300);
	for (size_t i = 0; i < world->send_count; i++) {
		late += world->sends[i].at_ms > 2000 && world->sends[i].at_ms < 100000;
		assert_true(world->sends[i].at_ms < 2000 + LEDGER_LEASE_MS || world->sends[i].at_ms >= 100000);
	}
	assert_true(late <= 2 * CONNECTIONS); /* what was claimed before */
	assert_true(world->polls_while_paused > 100);
	assert_int_equal(said("msg=waiting for=redis"), 4); /* at once, then every 30 s */
	assert_int_equal(said("msg=\"going on\" after=redis"), 1);
	for (int i = 0; i < 300; i++)
		assert_int_equal(delivery_of(world, i)->outcome, LA_DELIVERED_SENT);
}

static void
take_ledger_away_after_the_first(struct world *world)
{
	world->ledger.is_away = world->send_count > 0 && world->now_ms < 60000;
}

static void
a_mail_that_was_sent_is_committed_only_once_it_is_marked(void **state)
{
	struct world *world = *state;

	world->on_work = take_ledger_away_after_the_first;
	world->stop_at_ms = 40000;
	add(world, 0, "a");
	assert_int_equal(run(world), LA_OK);
	assert_int_equal(world->send_count, 1);
	assert_int_equal(world->committed[0], 0);
	assert_int_equal(world->output_count, 0);

	world = renew(state);
	world->on_work = take_ledger_away_after_the_first;
	add(world, 0, "a");
	assert_int_equal(run(world), LA_OK);
	assert_int_equal(world->send_count, 1);
	assert_true(is_all_committed(world));
	assert_int_equal(delivery_of(world, 0)->outcome, LA_DELIVERED_SENT);
}

static void
hang(struct world *world)
{
	if (world->send_count == CONNECTIONS && world->now_ms < 20000)
		world->now_ms += 60000; /* stopped, swapped out, … */
}

/* A mailer that hung: others may have its claims. What it had not sent to the end is withdrawn and claimed anew. */
static void
a_mailer_that_hung_past_its_lease_sends_nothing_on_old_claims(void **state)
{
	struct world *world = *state;

	world->on_work = hang;
	world->latency_ms = 500;
	for (int i = 0; i < 40; i++)
		add(world, i, "u");
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 40 + CONNECTIONS); /* each submit was checked against the ledger */
	for (int i = 0; i < 40; i++)
		assert_int_equal(delivery_of(world, i)->attempts, 1); /* what was withdrawn is no attempt */
}

/* A mail cut after its final dot keeps its claim while it waits; a partition that goes away sets it free. */
static void
a_partition_that_goes_away_leaves_no_claim_behind(void **state)
{
	static const struct rule rules[] = {{"cut", LA_RELAY_UNKNOWN, LA_SMTP_END_OF_DATA, 0, 1}, {.to = NULL}};
	struct world *world = *state;

	set_schedule(world, "1h");
	reopen_loop(world);
	world->rules = rules;
	world->on_work = revoke_first;
	add(world, 0, "cut");
	add(world, 1, "here");
	assert_int_equal(run(world), LA_OK);
	assert_int_equal(sends_to(world, "cut"), 1);
	world->stopping = 0;
	world->stop_at_ms = world->now_ms + 3000;
	world->on_work = NULL;
	assert_int_equal(run(world), LA_OK);
	assert_int_equal(memory_ledger_entry(&world->ledger, world->records[0][0].job_id)->owner, 0);
}

/* ---- the schedule, the rate, several relays ---- */

static void
jobs_that_wait_are_bounded_and_block_nothing_before(void **state)
{
	static const struct rule rules[] = {{"later", LA_RELAY_DEFER, LA_SMTP_RCPT, 450, ALWAYS}, {.to = NULL}};
	struct world *world = *state;
	char to[16];

	set_schedule(world, "10m");
	reopen_loop(world);
	world->rules = rules;
	world->stop_at_ms = 5 * MINUTE;
	for (int i = 0; i < 2 * RECORDS - 2; i++) { /* four times the places for mails under way */
		(void)snprintf(to, sizeof(to), i % 8 == 7 ? "u%d" : "later%d", i);
		add(world, i, to);
	}
	assert_int_equal(run(world), LA_OK);
	for (int i = 7; i < 2 * RECORDS - 2; i += 8) {
		(void)snprintf(to, sizeof(to), "u%d", i);
		assert_int_equal(sends_to(world, to), 1);
	}
	assert_true(world->most_in_hand <= 256); /* of the bus: it needs its memory back */
	assert_int_equal(world->committed[0], 0);
	assert_int_equal(world->committed[1], 0);
	restart(world); /* they are read again, and their attempts start anew; what was sent is not sent again */
	world->rules = NULL;
	world->stop_at_ms = 0;
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	for (int i = 7; i < 2 * RECORDS - 2; i += 8) {
		(void)snprintf(to, sizeof(to), "u%d", i);
		assert_int_equal(sends_to(world, to), 1);
	}
}

/* However many new ones come, a mail that is due again is not left behind. */
static void
what_is_due_again_goes_before_what_is_new(void **state)
{
	static const struct rule rules[] = {{"later", LA_RELAY_DEFER, LA_SMTP_RCPT, 450, 1}, {.to = NULL}};
	struct world *world = *state;
	int64_t again_ms = 0;

	world->rules = rules;
	world->latency_ms = 30; /* 100 mails a second */
	add(world, 0, "later");
	for (int i = 1; i < 1000; i++)
		add(world, i, "u");
	assert_int_equal(run(world), LA_OK);
	assert_true(world->now_ms > 8000);
	for (size_t i = 0; i < world->send_count; i++) {
		if (strcmp(world->sends[i].to, "later") == 0)
			again_ms = world->sends[i].at_ms;
	}
	assert_true(again_ms < 1000 + 1250 + 300);
}

static void
mails_go_at_the_rate_that_was_asked_for(void **state)
{
	struct world *world = *state;

	world->options.mails_per_s = 20;
	reopen_loop(world);
	for (int i = 0; i < 100; i++)
		add(world, i, "u");
	assert_int_equal(run(world), LA_OK);
	for (size_t i = 20; i < 100; i++) /* in any second */
		assert_true(world->sends[i].at_ms - world->sends[i - 20].at_ms >= 900);
	assert_in_range(world->sends[99].at_ms - world->sends[0].at_ms, 4700, 5300);
}

static void
a_second_relay_is_used_while_the_first_one_rests(void **state)
{
	static const struct rule rules[] = {{"u", LA_RELAY_AT_FAULT, LA_SMTP_STARTTLS, 0, 4}, {.to = NULL}};
	struct world *world = *state;
	int by[RELAYS] = {0};
	char to[16];

	world->relay.count = 2;
	world->is_second_well = true;
	world->latency_ms = 100;
	reopen_loop(world);
	world->rules = rules;
	for (int i = 0; i < 200; i++) {
		(void)snprintf(to, sizeof(to), "u%d", i);
		add(world, i, to);
	}
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 204);
	for (size_t i = 0; i < world->send_count; i++)
		by[world->sends[i].which]++;
	assert_in_range(by[1], 30, 120);   /* for the 3 s and more of the first one's rests */
	assert_int_equal(world->sends[203].which, 0); /* it is preferred again */
	for (int i = 0; i < 200; i++) {
		assert_int_equal(delivery_of(world, i)->outcome, LA_DELIVERED_SENT);
		assert_true(delivery_of(world, i)->attempts <= 2);
	}
	assert_string_equal(delivery_of(world, 0)->relay.bytes, "second:25");
	assert_string_equal(delivery_of(world, 199)->relay.bytes, "relay:25");
	assert_int_equal(said("msg=waiting for=relay"), 1);
}

static void
what_a_relay_that_was_down_had_put_off_goes_when_it_is_back(void **state)
{
	static const struct rule rules[] = {{"u", LA_RELAY_DEFER, LA_SMTP_CONNECT, 0, 5}, {.to = NULL}};
	struct world *world = *state;

	set_schedule(world, "25s,4h");
	reopen_loop(world);
	world->rules = rules;
	for (int i = 0; i < 40; i++)
		add(world, i, "u");
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_true(world->now_ms < 12000); /* three at once, then after 1 s and 2 s; then all, those five too */
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
	    TEST(a_relay_at_fault_is_asked_by_one_mail_at_a_time_and_nothing_is_taken),
	    TEST(a_mail_that_only_looks_like_a_relay_at_fault_holds_up_no_other),
	    TEST(a_relay_that_takes_fewer_connections_is_used_as_far_as_it_goes_and_said_seldom),
	    TEST(a_relay_that_is_away_for_an_hour_loses_nothing),
	    TEST(a_cut_mail_is_sent_once_more_with_the_same_id_then_unknown),
	    TEST(a_mail_that_waits_past_its_time_is_not_sent),
	    TEST(ten_mails_in_a_row_that_data_refuses_are_the_relays_fault),
	    TEST(a_stop_finishes_what_is_under_way_and_hands_back_the_rest),
	    TEST(a_relay_that_hangs_does_not_keep_a_stop_beyond_its_time),
	    TEST(a_broker_that_is_away_holds_commits_not_mails),
	    TEST(dead_letters_that_are_refused_hold_the_commit),
	    TEST(a_dead_letter_that_is_too_large_goes_without_its_value),
	    TEST(mails_of_a_partition_that_went_away_are_not_sent_any_more),
	    TEST(a_commit_that_a_rebalance_refused_is_made_again_for_what_was_kept),
	    TEST(the_last_commit_is_tried_until_it_is_taken_or_the_time_is_over),
	    TEST(a_failing_call_is_made_again),
	    TEST(a_job_that_was_mailed_before_is_a_duplicate),
	    TEST(marks_outlive_the_time_in_which_a_job_may_be_mailed),
	    TEST(a_job_that_a_living_mailer_claimed_waits_until_that_is_over),
	    TEST(without_the_ledger_nothing_is_sent_and_nothing_is_taken),
	    TEST(a_mail_that_was_sent_is_committed_only_once_it_is_marked),
	    TEST(a_mailer_that_hung_past_its_lease_sends_nothing_on_old_claims),
	    TEST(a_partition_that_goes_away_leaves_no_claim_behind),
	    TEST(jobs_that_wait_are_bounded_and_block_nothing_before),
	    TEST(what_is_due_again_goes_before_what_is_new),
	    TEST(mails_go_at_the_rate_that_was_asked_for),
	    TEST(a_second_relay_is_used_while_the_first_one_rests),
	    TEST(what_a_relay_that_was_down_had_put_off_goes_when_it_is_back),
	    TEST(a_crash_at_any_step_loses_no_mail_and_repeats_only_what_was_claimed),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
