/*
 * The mailer's loop with jobs whose address must be asked for: what every answer means for the mail (P1, P2, P7, P9).
 */
#include "directory_world.h"

static struct world *
renew_with_directory(void **state, const struct directory_rule *rules)
{
	return (with_directory(renew(state), rules));
}

static void
nothing_asked_for_is_claimed(struct world *world)
{
	for (size_t i = 0; i < DIRECTORY_PARALLEL; i++) {
		const struct directory_question *question = &world->directory.questions[i];
		char job_id[LA_ID_HEX];

		if (!question->is_used)
			continue;
		the_id(atoi(question->member_id + 1), job_id);
		assert_int_equal(memory_ledger_entry(&world->ledger, job_id)->owner, 0);
	}
}

static void
a_job_without_an_address_is_asked_for_then_claimed_and_mailed(void **state)
{
	struct world *world = with_directory(*state, NULL);
	char name[16];

	world->on_work = nothing_asked_for_is_claimed;
	world->directory.latency_ms = 20;
	for (int i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "%c%d", i % 2 == 0 ? 'm' : 'u', i);
		if (i % 2 == 0)
			add_member(world, i, name);
		else
			add(world, i, name);
	}
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 100);
	assert_int_equal(world->directory.asked_count, 50);
	assert_int_equal(world->directory.most_at_once, DIRECTORY_PARALLEL);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "%c%d", i % 2 == 0 ? 'm' : 'u', i);
		assert_int_equal(sends_to(world, name), 1);
		assert_int_equal(delivery_of(world, i)->outcome, LA_DELIVERED_SENT);
		assert_int_equal(delivery_of(world, i)->attempts, 1);
	}
	assert_int_equal(said("level=warn"), 0);
}

static void
a_member_that_was_asked_for_lately_is_not_asked_for_again(void **state)
{
	static const struct rule rules[] = {{"m", LA_RELAY_DEFER, LA_SMTP_RCPT, 450, 7}, {.to = NULL}};
	struct world *world = with_directory(*state, NULL);

	world->rules = rules; /* due again after 1, 3, 7, 15, 31, 61 s and more */
	add_member(world, 0, "m");
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(sends_to(world, "m"), 8);
	assert_int_equal(world->directory.asked_count, 2);
	assert_in_range(world->directory.asked[1].asked_ms, 1000 + MINUTE, 1000 + MINUTE * 5 / 4 + 2000);

	world = renew_with_directory(state, NULL);
	for (int i = 0; i < 100; i++)
		add_member(world, i, "m");
	assert_int_equal(run(world), LA_OK);
	assert_int_equal(sends_to(world, "m"), 100);
	assert_true(world->directory.asked_count <= DIRECTORY_PARALLEL);
}

static void
who_is_not_known_or_has_no_usable_address_is_refused_and_a_dead_letter(void **state)
{
	static const struct directory_rule rules[] = {{"gone", LA_DIRECTORY_NONE, ALWAYS, NULL, NULL, 0},
	    {"bad", LA_DIRECTORY_FOUND, ALWAYS, "x\r\nRCPT TO:<secret@example.jp", NULL, 0},
	    {"none", LA_DIRECTORY_FOUND, ALWAYS, "", NULL, 0}, {.member_id = NULL}};
	struct world *world = with_directory(*state, rules);

	add_member(world, 0, "gone");
	add_member(world, 2, "bad");
	add_member(world, 4, "none");
	add_member(world, 6, "");
	add_member(world, 8, "well");
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->send_count, 1);
	assert_int_equal(sends_to(world, "well"), 1);
	assert_int_equal(dead_letters(world), 4);
	for (int i = 0; i < 8; i += 2) {
		assert_int_equal(delivery_of(world, i)->outcome, LA_DELIVERED_REFUSED);
		assert_int_equal(delivery_of(world, i)->attempts, 0);
	}
	for (size_t i = 0; i < world->output_count; i++) {
		const char *headers = world->outputs[i].headers;

		if (!world->outputs[i].is_dead_letter)
			continue;
		assert_non_null(strstr(headers, "__connect.errors.stage=TRANSFORMATION\n"));
		assert_null(strstr(headers, "secret"));
		assert_null(strstr(headers, "gone"));
	}
	assert_int_equal(said("example.jp") + said("gone") + said("secret"), 0);
	assert_int_equal(world->ledger.claims, 1);
}

/* As that of a job that was never put off: with key and headers. */
static void
the_dead_letter_of_a_job_that_was_put_off_is_complete(void **state)
{
	static const struct directory_rule rules[] = {{"m", LA_DIRECTORY_LATER, 2, NULL, NULL, 0},
	    {"m", LA_DIRECTORY_NONE, ALWAYS, NULL, NULL, 0}, {.member_id = NULL}};
	struct world *world = with_directory(*state, rules);

	add_member(world, 0, "m");
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->directory.asked_count, 3);
	assert_int_equal(dead_letters(world), 1);
	for (size_t i = 0; i < world->output_count; i++) {
		if (!world->outputs[i].is_dead_letter)
			continue;
		assert_ptr_equal(world->outputs[i].headers_of, &world->records[0][0]);
		assert_int_equal(world->outputs[i].value_size, world->records[0][0].value.size);
	}
	assert_int_equal(world->kept, 0);
}

static void
the_members_locale_counts_where_the_job_has_none(void **state)
{
	static const struct directory_rule rules[] = {{"en", LA_DIRECTORY_FOUND, ALWAYS, NULL, "en-US", 0},
	    {"x", LA_DIRECTORY_FOUND, ALWAYS, NULL, "no locale\r\n", 0}, {.member_id = NULL}};
	struct world *world = with_directory(*state, rules);
	struct la_alert_job japanese = job_of(3, "en3");

	la_text_set(&japanese.locale, la_span_text("ja-JP"));
	add_member(world, 0, "m0");
	add_member(world, 1, "en1");
	add_member(world, 2, "x2");
	add_job(world, 1, &japanese);
	assert_int_equal(run(world), LA_OK);
	assert_int_equal(world->send_count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(world->sends[i].language, strcmp(world->sends[i].to, "en1") == 0 ? "en, ja" : "ja, en");
	add_member(world, 4, "en1"); /* remembered with it */
	world->stopping = 0;
	assert_int_equal(run(world), LA_OK);
	assert_string_equal(world->sends[4].language, "en, ja");
	assert_int_equal(world->directory.asked_count, 4);
}

/* P9: who is not to get a mail is not asked for. */
static void
only_for_live_jobs_in_their_time_is_anybody_asked(void **state)
{
	struct world *world = with_directory(*state, NULL);
	struct la_alert_job jobs[] = {job_of(0, "r"), job_of(1, "s"), job_of(2, "e")};

	jobs[0].mode = LA_MODE_REPLAY;
	jobs[1].mode = LA_MODE_SHADOW;
	jobs[2].not_after_ms = T0 - 1;
	for (int i = 0; i < 3; i++)
		add_job(world, 0, &jobs[i]);
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(world->directory.asked_count, 0);
	assert_int_equal(world->output_count, 3);
}

/* It may have gone to the address that the member had then. */
static void
a_mail_that_was_cut_is_unknown_when_the_member_has_no_address_any_more(void **state)
{
	static const struct rule cut[] = {{"m", LA_RELAY_UNKNOWN, LA_SMTP_END_OF_DATA, 0, 1}, {.to = NULL}};
	static const struct directory_rule rules[] = {{"m", LA_DIRECTORY_FOUND, 1, NULL, NULL, 0},
	    {"m", LA_DIRECTORY_NONE, ALWAYS, NULL, NULL, 0}, {.member_id = NULL}};
	struct world *world = *state;

	set_schedule(world, "90s"); /* longer than it is remembered */
	(void)with_directory(world, rules);
	world->rules = cut;
	add_member(world, 0, "m");
	assert_int_equal(run(world), LA_OK);
	assert_true(is_all_committed(world));
	assert_int_equal(sends_to(world, "m"), 1);
	assert_int_equal(world->directory.asked_count, 2);
	assert_int_equal(delivery_of(world, 0)->outcome, LA_DELIVERED_UNKNOWN);
	assert_int_equal(dead_letters(world), 0);
}

/* The process dies at every call of bus, ledger and directory in turn. */
static void
a_crash_at_any_step_loses_no_mail_and_refuses_nobody_twice(void **state)
{
	static const struct directory_rule rules[] = {{"late", LA_DIRECTORY_LATER, 1, NULL, NULL, 0},
	    {"gone", LA_DIRECTORY_NONE, ALWAYS, NULL, NULL, 0}, {.member_id = NULL}};
	struct world *world;
	bool was_hit;
	long k = 0;

	do {
		k++;
		was_hit = false;
		for (int after = 0; after < 2; after++) {
			world = renew_with_directory(state, rules);
			world->fault = (struct fault){.at = k, .after = after, .lasting = true, .code = LA_EINTERNAL};
			add_member(world, 0, "m");
			add_member(world, 1, "late");
			add_member(world, 2, "gone");
			add(world, 3, "u");
			if (run(world) != LA_OK) {
				was_hit = true;
				world->fault = (struct fault){.at = 0};
				restart(world);
				assert_int_equal(run(world), LA_OK);
			}
			assert_true(is_all_committed(world));
			assert_int_equal(sends_to(world, "gone"), 0);
			assert_true(sends_to(world, "m") >= 1 && sends_to(world, "late") >= 1 && sends_to(world, "u") >= 1);
			assert_true(world->send_count <= 3 + (size_t)world->ledger.takeovers);
		}
	} while (was_hit);
	assert_true(k > 30);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_job_without_an_address_is_asked_for_then_claimed_and_mailed),
	    TEST(a_member_that_was_asked_for_lately_is_not_asked_for_again),
	    TEST(who_is_not_known_or_has_no_usable_address_is_refused_and_a_dead_letter),
	    TEST(the_dead_letter_of_a_job_that_was_put_off_is_complete),
	    TEST(the_members_locale_counts_where_the_job_has_none),
	    TEST(only_for_live_jobs_in_their_time_is_anybody_asked),
	    TEST(a_mail_that_was_cut_is_unknown_when_the_member_has_no_address_any_more),
	    TEST(a_crash_at_any_step_loses_no_mail_and_refuses_nobody_twice),
	};

	return (sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL));
}
